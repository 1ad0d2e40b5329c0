"""What waited long enough opens a case of its own; nothing waits for ever, and one message stops no other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from structlog.testing import capture_logs

from consumers.reactions import parked
from engine import parking
from engine.incoming import Done, Parked
from engine.store.batch import Batch, SetAside
from support.installation import Desk

MAIL = (
    "From: Ann <ann@example.com>\nMessage-ID: <m{n}@example.com>\nIn-Reply-To: <m0@example.com>\n\nStill broken {n}!\n"
)


def park(desk: Desk, n: int) -> UUID:
    result = desk.hear(channel="email", raw=MAIL.format(n=n))
    assert isinstance(result, Parked)
    return result.id


def waiting(desk: Desk) -> list[UUID]:
    return [row.id for row in desk.store.set_aside.listed("parked")]


def test_what_still_may_be_answered_waits_on(desk: Desk) -> None:
    desk.at = datetime.now(UTC)
    ids = [park(desk, 1)]
    assert parked.take_up(desk.store, desk.service, desk.at + timedelta(minutes=30)) == 0
    assert waiting(desk) == ids


def test_what_waited_long_enough_opens_a_case_once(desk: Desk) -> None:
    park(desk, 1)
    desk.later(days=3)
    assert parked.take_up(desk.store, desk.service, desk.at) == 1
    assert parked.take_up(desk.store, desk.service, desk.at) == 0
    assert waiting(desk) == []
    stream = desk.opened_stream()
    assert desk.names(stream) == ["received", "registered", "sla_applied"]
    again = desk.hear(channel="email", raw=MAIL.format(n=1))
    assert isinstance(again, Done)
    assert (again.stream, again.already) == (stream, True)


def damage(desk: Desk, id: UUID) -> None:
    """Change a bit of what is sealed."""
    with psycopg.connect(desk.conninfo) as connection:
        query = "UPDATE plaint.set_aside SET box = set_byte(box, 20, get_byte(box, 20) # 1) WHERE id = %s"
        connection.execute(query, (id,))


@pytest.mark.parametrize("octets", [b"{", b"[]", b"{}", b'{"payload": 7}'])
def test_octets_that_are_no_parked_message_end_nothing_and_are_told(desk: Desk, octets: bytes) -> None:
    foreign = SetAside(
        "parked", UUID(int=1), b"1" * 32, "opener_unknown", "file", octets, until=desk.at - timedelta(days=9)
    )
    desk.store.commit(Batch(set_aside=(foreign,)))
    park(desk, 1)
    with capture_logs() as said:
        assert parked.take_up(desk.store, desk.service, desk.at) == 1
    assert [(one["event"], one["id"]) for one in said] == [("parked_unreadable", str(foreign.id))]
    assert waiting(desk) == [foreign.id]


def test_a_broken_seal_ends_nothing_and_is_told_without_what_it_holds(desk: Desk) -> None:
    broken = park(desk, 1)
    park(desk, 2)
    damage(desk, broken)
    desk.later(days=3)
    with capture_logs() as said:
        assert parked.take_up(desk.store, desk.service, desk.at) == 1
    assert said == [{"event": "parked_unreadable", "log_level": "error", "id": str(broken), "reason": "SealBroken"}]
    assert waiting(desk) == [broken]


@pytest.mark.parametrize("octets", [b"{", b"{}", None], ids=["no JSON", "another object", "broken seal"])
def test_what_waits_and_cannot_be_read_blocks_no_message_of_its_conversation(desk: Desk, octets: bytes | None) -> None:
    waits = park(desk, 1)
    if octets is None:
        damage(desk, waits)
    else:
        (row,) = desk.store.set_aside.listed("parked")
        again = SetAside("parked", UUID(int=1), b"1" * 32, row.reason, row.source, octets, row.keys, row.until)
        desk.store.commit(Batch(set_aside=(again,), released=(waits,)))
    opener = MAIL.format(n=0).replace("In-Reply-To: <m0@example.com>\n", "")
    heard = desk.hear(channel="email", raw=opener)
    assert isinstance(heard, Done)
    assert heard.opened
    assert len(waiting(desk)) == 1


def test_a_message_that_can_no_longer_be_read_stays_visible_and_stops_no_other(desk: Desk) -> None:
    arrived = desk.message(channel="email", raw=MAIL.format(n=9))
    unreadable = SetAside(
        kind="parked",
        id=UUID(int=1),
        fingerprint=b"1" * 32,
        reason="opener_unknown",
        source="file",
        payload=parking.pack(replace(arrived, payload=b'{"channel": "telex"}')),
        keys=(b"2" * 32,),
        until=desk.at - timedelta(days=9),
    )
    desk.store.commit(Batch(set_aside=(unreadable,)))
    park(desk, 1)
    assert parked.take_up(desk.store, desk.service, desk.at) == 1
    assert waiting(desk) == [unreadable.id]
