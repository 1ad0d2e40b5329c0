"""A dead letter tried again has its effect once and is gone with it, or stays with one more attempt."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest

from consumers.kafka.protocol import PlainRecord
from consumers.kafka.records import Limits, Origin, Purpose, Reader
from consumers.kafka.replay import Replay, Replayed
from engine.incoming import Arrived, Done, Incoming, Parked, Result, Sender
from engine.service import Service
from engine.store.batch import SourceMove
from schemas.published.dead_letter import DeadLetter, LeftOut
from support.installation import Desk
from support.letters import AT, bury, letter

INBOUND, COMMANDS = "complaints.inbound", "complaints.commands"
PURPOSES: dict[str, Purpose] = {INBOUND: "messages", COMMANDS: "commands"}
FORM = {"channel": "web_form", "form": "site", "id": "1", "text": "The kettle leaks!"}
LATER = AT + timedelta(hours=5)


def reader_of(cluster: str, topic: str, topic_id: UUID) -> Reader | None:
    if topic not in PURPOSES:
        return None
    sender = Sender(f"kafka/{topic}", "service:kafka", "workload")
    origin = Origin(cluster, topic, topic_id, PURPOSES[topic], sender, "plaint", "2")
    return Reader(origin, Limits(), lambda: LATER)


def replay(desk: Desk, what: DeadLetter, service: Service | None = None, *, force: bool = False) -> Replayed:
    return Replay(desk.store, service or desk.service, reader_of, lambda: LATER).again(what.id, force=force)


def of(fields: dict[str, Any], offset: int = 4, **changes: object) -> DeadLetter:
    """Return the letter of a record that is good now."""
    return letter(offset, value=orjson.dumps(fields), key=None, **changes)


def read(desk: Desk, fields: dict[str, Any], offset: int) -> Result:
    """Have a record its effect as a consumer does."""
    reader = reader_of("c1", INBOUND, UUID(int=3))
    assert reader is not None
    what = of(fields, offset)
    record = PlainRecord(INBOUND, 0, offset, -1, 0, None, what.value)
    item = reader.read(record, SourceMove("kafka:c1/3/0", None, offset + 1))
    assert item is not None
    return desk.service.submit([item], LATER)[0]


def kept(desk: Desk) -> list[DeadLetter]:
    return [
        DeadLetter.from_octets(desk.store.set_aside.show(row.id)[1])
        for row in desk.store.set_aside.listed("dead_letter")
    ]


def test_what_succeeds_now_is_released_and_counts_from_when_it_came(desk: Desk) -> None:
    what = of(FORM)
    bury(desk, what)
    done = replay(desk, what)
    assert (done.status, kept(desk)) == ("done", [])
    first = desk.history(UUID(done.reason))[0]
    assert (first.envelope.occurred_at, first.envelope.received_at) == (AT, AT)
    assert first.envelope.source.model_dump() == {
        "kind": "kafka", "cluster": "c1", "topic": INBOUND, "partition": 0, "offset": 4,
    }  # fmt: skip


def test_what_had_its_effect_meanwhile_has_no_second(desk: Desk) -> None:
    what = of(FORM)
    bury(desk, what)
    stream = desk.opened(**FORM)
    before = desk.store.read.head().position
    assert replay(desk, what) == Replayed(what.id, "already", str(stream))
    assert (desk.store.read.head().position, kept(desk)) == (before, [])


def test_what_fails_again_stays_whole_with_one_more_attempt_and_lives_no_longer(desk: Desk) -> None:
    what = letter(error_class="codec", code="other")
    bury(desk, what)
    (until,) = [row.until for row in desk.store.set_aside.listed()]
    assert replay(desk, what) == Replayed(what.id, "failed", "syntax not_json (column 2)")
    (now,) = kept(desk)
    assert (now.attempts, now.first_failed_at, now.last_failed_at, now.engine_version) == (2, AT, LATER, "2")
    assert (now.key, now.value) == (what.key, what.value)
    assert [row.until for row in desk.store.set_aside.listed()] == [until]


def test_a_command_that_the_case_refuses_stays_and_one_that_it_takes_is_released(desk: Desk) -> None:
    stream = desk.opened(**FORM)
    good = {"id": "c1", "stream": str(stream), "name": "complaint.start_investigation"}
    bury(desk, of(good, 7, topic=COMMANDS), of({**good, "id": "c2", "stream": str(UUID(int=9))}, 8, topic=COMMANDS))
    results = [replay(desk, one) for one in kept(desk)]
    assert sorted(one.status for one in results) == ["done", "failed"], results
    (left,) = kept(desk)
    assert (left.error_class, left.code, left.attempts) == ("semantic", "unknown_complaint", 2)
    assert [one.answered for one in results] == [False, False]
    assert replay(desk, left) == Replayed(left.id, "failed", "semantic unknown_complaint", answered=True)
    assert [one.attempts for one in kept(desk)] == [3]


class Broken(Service):
    """A service with a mistake."""

    def submit(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        if any(isinstance(item, Arrived) for item in items):
            raise ZeroDivisionError
        return super().submit(items, now)


def test_a_fault_of_our_own_is_kept_as_one(desk: Desk) -> None:
    what = of(FORM)
    bury(desk, what)
    assert replay(desk, what, Broken(desk.store)) == Replayed(what.id, "failed", "internal zero_division_error")
    assert [(one.error_class, one.attempts) for one in kept(desk)] == [("internal", 2)]


MESSENGER = {"channel": "chat", "system": "s", "thread": "t1", "sent_at": "2026-03-02T09:00:00Z"}


def test_what_a_later_message_of_its_conversation_has_overtaken_needs_force(desk: Desk) -> None:
    what = of({**MESSENGER, "id": "1", "text": "The kettle leaks!"}, 4)
    bury(desk, what)
    later = read(desk, {**MESSENGER, "id": "2", "text": "It leaks still, this is bad!"}, 9)
    assert isinstance(later, Done)
    told = replay(desk, what)
    assert told == Replayed(what.id, "overtaken", f"{later.stream}/1")
    assert [one.attempts for one in kept(desk)] == [1]
    assert replay(desk, what, force=True) == Replayed(what.id, "done", str(later.stream))


def test_an_earlier_message_of_its_conversation_overtakes_nothing(desk: Desk) -> None:
    earlier = read(desk, {**MESSENGER, "id": "1", "text": "The kettle leaks!"}, 3)
    assert isinstance(earlier, Done)
    what = of({**MESSENGER, "id": "2", "text": "It leaks still, this is bad!"}, 4)
    bury(desk, what)
    assert replay(desk, what) == Replayed(what.id, "done", str(earlier.stream))


def made_anew(desk: Desk, at: datetime) -> None:
    """Have a topic be the one of its name since then, after another one."""
    desk.store.topics.admitted("c1", {INBOUND: UUID(int=2)})
    desk.store.topics.adopt(INBOUND, "c1", UUID(int=3))
    with psycopg.connect(desk.conninfo) as connection:
        for topic_id, since in ((UUID(int=2), at - timedelta(days=9)), (UUID(int=3), at)):
            connection.execute("UPDATE plaint.topics SET since = %s WHERE topic_id = %s", (since, topic_id))


def test_offsets_of_a_topic_and_of_the_one_made_anew_under_its_name_are_not_compared(desk: Desk) -> None:
    made_anew(desk, AT + timedelta(hours=1))
    old = of({**MESSENGER, "id": "1", "text": "The kettle leaks!"}, 5000, topic_id=UUID(int=2))
    bury(desk, old)
    new = read(desk, {**MESSENGER, "id": "2", "text": "It leaks still, this is bad!"}, 3)
    assert isinstance(new, Done)
    assert replay(desk, old) == Replayed(old.id, "overtaken", f"{new.stream}/1")


def test_what_stood_far_behind_in_a_topic_that_is_no_more_overtakes_nothing_of_the_new_one(desk: Desk) -> None:
    old = read(desk, {**MESSENGER, "id": "1", "text": "The kettle leaks!"}, 5000)
    assert isinstance(old, Done)
    made_anew(desk, LATER + timedelta(hours=1))
    new = of({**MESSENGER, "id": "2", "text": "It leaks still!"}, 3, first_failed_at=LATER + timedelta(hours=2))
    bury(desk, new)
    assert replay(desk, new) == Replayed(new.id, "done", str(old.stream))


def test_within_the_topic_made_anew_the_offset_decides(desk: Desk) -> None:
    made_anew(desk, AT)
    earlier = read(desk, {**MESSENGER, "id": "1", "text": "The kettle leaks!"}, 3)
    assert isinstance(earlier, Done)
    what = of({**MESSENGER, "id": "2", "text": "It leaks still, this is bad!"}, 4)
    bury(desk, what)
    assert replay(desk, what) == Replayed(what.id, "done", str(earlier.stream))


def test_a_reply_whose_opener_is_unknown_waits_for_it_and_is_a_dead_letter_no_more(desk: Desk) -> None:
    raw = "From: Ann <ann@example.com>\nMessage-ID: <2@example.com>\nIn-Reply-To: <1@example.com>\n\nBroken!\n"
    what = of({"channel": "email", "raw": raw})
    bury(desk, what)
    assert replay(desk, what).status == "parked"
    assert [row.kind for row in desk.store.set_aside.listed()] == ["parked"]


@pytest.mark.parametrize(
    ("what", "status"),
    [
        (letter(value=None, left_out=LeftOut(size=9, sha256="0" * 64)), "not_kept"),
        (letter(topic="another.topic"), "not_read"),
    ],
)
def test_what_cannot_be_tried_stays_as_it_is(desk: Desk, what: DeadLetter, status: str) -> None:
    bury(desk, what)
    assert (replay(desk, what).status, kept(desk)) == (status, [what])


def test_what_is_not_there_or_is_parked_is_gone(desk: Desk) -> None:
    assert replay(desk, letter()).status == "gone"
    raw = "From: Ann <ann@example.com>\nMessage-ID: <2@example.com>\nIn-Reply-To: <1@example.com>\n\nBroken!\n"
    parked = desk.hear(channel="email", raw=raw)
    assert isinstance(parked, Parked)
    assert Replay(desk.store, desk.service, reader_of, lambda: LATER).again(parked.id).status == "gone"
