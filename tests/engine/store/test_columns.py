from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store.columns import BigIntegers, Column, Integers, Octets, Texts, Truths, Uuids, teach
from engine.store.database.pool import Pool
from support.drawing import SHARED

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
KINDS: list[tuple[type[Any], str, st.SearchStrategy[Any]]] = [
    (Uuids, "uuid", st.none() | st.uuids()),
    (Octets, "bytea", st.binary()),
    (Texts, "text", TEXT),
    (Integers, "integer", st.none() | st.integers(-(2**31), 2**31 - 1)),
    (BigIntegers, "bigint", st.none() | st.integers(-(2**63), 2**63 - 1)),
    (Truths, "boolean", st.booleans()),
]


def sent(pool: Pool, column: Column, kind: str) -> list[Any]:
    with pool.connection() as connection:
        teach(connection)
        row = connection.execute(f"SELECT %b::{kind}[]", (column,), binary=True).fetchone()
    assert row is not None
    return list(row[0])


@pytest.mark.parametrize(("column", "kind", "items"), KINDS, ids=[kind for _, kind, _ in KINDS])
def test_a_column_arrives_as_it_was_sent(
    pool: Pool, column: type[Any], kind: str, items: st.SearchStrategy[Any]
) -> None:
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=SHARED,
    )
    @given(st.lists(items, max_size=8))
    def arrives(values: list[Any]) -> None:
        assert sent(pool, column(values), kind) == values

    arrives()


def test_text_may_be_given_as_its_octets(pool: Pool) -> None:
    assert sent(pool, Texts(["да", "да".encode()]), "text") == ["да", "да"]


def test_the_nil_id_is_not_taken_for_nothing(pool: Pool) -> None:
    assert sent(pool, Uuids([UUID(int=0), None]), "uuid") == [UUID(int=0), None]
