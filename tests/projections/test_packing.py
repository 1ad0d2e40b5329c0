"""Rows packed by us stand in the database as psycopg would have put them there."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from engine.store.database.pool import Pool
from projections import packing, sql
from support.drawing import SHARED

EVERY = Table(
    "every",
    MetaData(schema="public"),
    Column("stream", Uuid),
    Column("word", Text),
    Column("small", Integer),
    Column("big", BigInteger),
    Column("truth", Boolean),
    Column("at", DateTime(timezone=True)),
    Column("day", Date),
    Column("share", Double),
    Column("document", JSONB),
    Column("words", ARRAY(Text)),
    Column("times", ARRAY(DateTime(timezone=True))),
)
MONEY = Table("money", MetaData(schema="public"), Column("stream", Uuid), Column("amount", Numeric))

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
instants = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001 -- Hypothesis wants its bounds without a zone
    datetime(2200, 1, 1),  # noqa: DTZ001 -- as above
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)
documents = st.dictionaries(texts, st.none() | st.booleans() | st.integers(-9, 9) | texts).map(
    lambda one: orjson.dumps(one).decode()
)
lines = st.tuples(
    st.uuids(),
    *(
        st.none() | values
        for values in (
            texts,
            st.integers(-(2**31), 2**31 - 1),
            st.integers(-(2**63), 2**63 - 1),
            st.booleans(),
            instants,
            st.dates(),
            st.floats(allow_nan=False) | st.integers(0, 9),
            documents,
            st.lists(st.none() | texts),
            st.lists(instants),
        )
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=SHARED)
@given(rows=st.lists(lines, max_size=6))
def test_what_is_packed_is_read_back_as_it_was(pool: Pool, rows: list[tuple[Any, ...]]) -> None:
    with pool.connection() as connection:
        sql.create(connection, EVERY)
        connection.execute("TRUNCATE every")
        sql.copy_in(connection, EVERY, rows)
        found = connection.execute("SELECT * FROM every").fetchall()
    assert found == [
        tuple(_read(value, column) for value, column in zip(row, EVERY.columns, strict=True)) for row in rows
    ]


def _read(value: Any, column: Column[Any]) -> Any:
    return orjson.loads(value) if isinstance(column.type, JSONB) and value is not None else value


def test_many_rows_are_sent_in_several_pieces(pool: Pool) -> None:
    rows = [(UUID(int=number), "word", number, number, *[None] * 7) for number in range(1500)]
    octets = packing.packed(EVERY, rows)
    assert octets is not None
    assert len(list(octets)) == 4
    with pool.connection() as connection:
        sql.create(connection, EVERY)
        sql.copy_in(connection, EVERY, iter(rows))
        assert connection.execute("SELECT * FROM every ORDER BY big").fetchall() == rows


def test_a_table_with_a_column_of_another_type_is_left_to_psycopg(pool: Pool) -> None:
    rows = [(UUID(int=1), Decimal("10.50")), (UUID(int=2), None)]
    assert packing.packed(MONEY, rows) is None
    with pool.connection() as connection:
        sql.create(connection, MONEY)
        sql.copy_in(connection, MONEY, rows)
        assert connection.execute("SELECT * FROM money ORDER BY stream").fetchall() == rows


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ((UUID(int=1), "a\0b", *[None] * 9), psycopg.DataError),
        ((UUID(int=1), "a", "no number", *[None] * 8), Exception),
        ((UUID(int=1), "a"), ValueError),
    ],
    ids=["nul", "type", "too_short"],
)
def test_what_does_not_fit_is_refused_and_no_row_is_written(
    pool: Pool, row: tuple[Any, ...], error: type[Exception]
) -> None:
    with pool.connection() as connection:
        sql.create(connection, EVERY)
        connection.commit()
        with pytest.raises(error):
            sql.copy_in(connection, EVERY, [(UUID(int=2), *[None] * 10), row])
        connection.rollback()
        assert connection.execute("SELECT * FROM every").fetchall() == []


def test_days_count_from_the_first_of_january_2000() -> None:
    table = Table("days", MetaData(), Column("day", Date))
    octets = packing.packed(table, [(date(2000, 1, 2),)])
    assert octets is not None
    assert b"".join(octets)[19:] == b"\0\1\0\0\0\4\0\0\0\1\xff\xff"
