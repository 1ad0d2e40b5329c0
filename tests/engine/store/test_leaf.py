"""One hash of a row, the same in Python and in the database, and the same for ever."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.leaf import SQL, leaf
from schemas.complaint.correspondence import AddNote
from support.drawing import SHARED
from support.installation import Desk

LEAVES_SQL = Path(__file__).resolve().parents[3] / "deploy" / "postgres" / "leaves.sql"
COLUMNS = "position, recorded_at, stream, version, name, state"
ROW = (7, datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC), UUID(int=1), 3, "complaint.received.v1", b"\x00state")


@pytest.fixture
def connection(database: str) -> Iterator[Connection[TupleRow]]:
    with psycopg.connect(database) as opened:
        yield opened


def by_hand(octets: str) -> str:
    return hashlib.sha256(bytes.fromhex(octets.replace(" ", "").replace("\n", ""))).hexdigest()


def test_the_octets_are_those_that_are_documented() -> None:
    octets = """
        00 706c61696e74206c6561662031 00
        0000000000000007 00064c06cfcd6640
        00000000000000000000000000000001 00000003
        00000015 636f6d706c61696e742e72656365697665642e7631
        00000006 007374617465
    """
    assert leaf(*ROW).hex() == by_hand(octets)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (ROW, "ae95793582bcdc185cb6eea11beabe3071b5557141c97bd6a0e86f171c69e864"),
        (
            (1, datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0), 1, "", b""),
            "821ef76d4a8fa3ca3400e6dfeababb6fa83ced999118886d2e53a22f3b0e6ef6",
        ),
        (
            (
                2**63 - 1,
                datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
                UUID(int=2**128 - 1),
                2**31 - 1,
                "ж",
                b"\xff" * 9,
            ),
            "6f07d32af44a6f90caf851962e3e59d5a42270ef3528dc9018f4ce6fcb6a9028",
        ),
    ],
)
def test_leaves_never_change(row: tuple[int, datetime, UUID, int, str, bytes], expected: str) -> None:
    assert leaf(*row).hex() == expected


def test_an_instant_has_one_leaf_in_every_zone() -> None:
    elsewhere = ROW[1].astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert leaf(ROW[0], elsewhere, *ROW[2:]) == leaf(*ROW)
    with pytest.raises(ValueError, match="has no time zone"):
        leaf(ROW[0], ROW[1].replace(tzinfo=None), *ROW[2:])


@pytest.mark.parametrize(
    "other",
    [
        (8, *ROW[1:]),
        (7, ROW[1] + timedelta(microseconds=1), *ROW[2:]),
        (*ROW[:2], UUID(int=2), *ROW[3:]),
        (*ROW[:3], 4, *ROW[4:]),
        (*ROW[:4], "complaint.received.v1\x00", b"state"),
        (*ROW[:5], b"\x00stat"),
    ],
)
def test_every_part_of_the_row_and_every_border_counts(other: tuple[int, datetime, UUID, int, str, bytes]) -> None:
    assert leaf(*other) != leaf(*ROW)


@settings(max_examples=60, deadline=None, suppress_health_check=SHARED)
@given(
    position=st.integers(1, 2**63 - 1),
    at=st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 -- hypothesis adds the zone
    stream=st.uuids(),
    version=st.integers(1, 2**31 - 1),
    name=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40),
    state=st.binary(max_size=200),
)
def test_the_database_computes_the_same(
    connection: Connection[TupleRow], position: int, at: datetime, stream: UUID, version: int, name: str, state: bytes
) -> None:
    row = (position, at, stream, version, name, state)
    values = "%s::bigint, %s::timestamptz, %s::uuid, %s::int, %s::text, %s::bytea"
    query = f"SELECT {SQL} FROM (VALUES ({values})) AS e ({COLUMNS})"
    assert connection.execute(query.encode(), row).fetchone() == (leaf(*row),)


@pytest.mark.skipif(not LEAVES_SQL.exists(), reason="judges the checkout; these tests run outside of one")
def test_the_documented_query_gives_the_leaves_of_real_rows(desk: Desk, connection: Connection[TupleRow]) -> None:
    stream = desk.opened(channel="web_form", id="1", text="It broke. I demand a new one.")
    desk.give(stream, AddNote(note="Called back."))
    rows = connection.execute(f"SELECT {COLUMNS} FROM plaint.events ORDER BY position".encode()).fetchall()
    assert len(rows) > 3
    asked = connection.execute(LEAVES_SQL.read_bytes()).fetchall()
    assert asked == [(row[0], leaf(*row).hex()) for row in rows]
    assert SQL in LEAVES_SQL.read_text("utf-8")
