"""Rows packed for COPY stand in the log as they were given."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.copying import FEW, copy_events, insert_events
from engine.store.database.pool import Pool
from engine.store.mapper import Sealed
from engine.store.store import Store

AT = datetime(2026, 3, 2, 9, 0, 0, 123_457, tzinfo=UTC)


def rows(count: int) -> list[Sealed]:
    return [
        Sealed(UUID(int=number), number + 1, f"имя.{number % 3}", bytes([number % 256]) * number)
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 2500])
def test_every_row_stands_where_it_was_put_octet_for_octet(store: Store, pool: Pool, count: int) -> None:
    before = store.read.head().position
    with pool.connection() as connection:
        copy_events(connection, before, AT, rows(count))

        found = _found(connection, before)

    assert found == [(before + number, AT, *row) for number, row in enumerate(rows(count), start=1)]


@pytest.mark.parametrize("count", [0, 1, FEW])
def test_a_few_rows_are_inserted_as_they_would_be_copied(store: Store, pool: Pool, count: int) -> None:
    before = store.read.head().position
    with pool.connection() as connection:
        with connection.pipeline():
            insert_events(connection, before, AT, rows(count))

        found = _found(connection, before)

    assert found == [(before + number, AT, *row) for number, row in enumerate(rows(count), start=1)]


def test_a_recorded_time_before_postgresqls_own_epoch_is_kept(pool: Pool, store: Store) -> None:
    early = datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC) - timedelta(days=4000)
    before = store.read.head().position
    with pool.connection() as connection:
        copy_events(connection, before, early, rows(1))

        assert _found(connection, before)[0][1] == early
        connection.rollback()


def _found(connection: Connection[TupleRow], after: int) -> list[TupleRow]:
    query = (
        "SELECT position, recorded_at, stream, version, name, state FROM plaint.events WHERE position > %s ORDER BY 1"
    )
    return connection.execute(query, (after,)).fetchall()
