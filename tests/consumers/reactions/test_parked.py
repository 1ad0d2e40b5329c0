"""What waited long enough opens a case of its own; nothing waits for ever, and one message stops no other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

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
