from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from consumers.reactions.following import (
    PUT_BEHIND,
    THE_PAST,
    Follower,
    Overtaken,
    Pace,
    Reaction,
    World,
    on_schedule,
    proposed,
)  # fmt: skip
from engine.incoming import Asked, Incoming, Result
from engine.past import PastCase, PastFact
from engine.store.batch import Recorded, SourceMove
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL
from projections.runtime import owner
from projections.runtime.progress import NotYet
from schemas.complaint.classification import ComplaintPrioritised, Prioritise
from schemas.complaint.registration import ComplaintReceived
from schemas.envelope import RuleSource
from schemas.words import RuleRef
from support.following import follower, react, world
from support.installation import MONDAY, Desk

RECEIVED = frozenset({ComplaintReceived.NAME})
RULE = RuleRef(rule_set="desk-rules", version=3, rule="urgent-words")


def urgent(events: Sequence[Recorded], world: World) -> list[Asked]:
    """React to "danger" in a first message with a high priority."""
    found = [one for one in events if "danger" in str(getattr(one.event, "body", ""))]
    return [proposed("urgent", one, Prioritise(priority="urgent"), world, what="priority", rule=RULE) for one in found]


URGENT = Reaction("urgent", RECEIVED, urgent, texts=True)


def opened(desk: Desk, name: str = "1", text: str = "Broken, and a danger to all of us.") -> UUID:
    return desk.opened(channel="web_form", system="shop", id=name, text=text, hints={"sense": "complaint"})


def prioritised(desk: Desk, stream: UUID) -> list[Recorded]:
    return [one for one in desk.history(stream) if isinstance(one.event, ComplaintPrioritised)]


def test_what_a_reaction_proposes_is_recorded_once_with_the_rule_and_what_it_reacted_to(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    assert react(desk, pool, URGENT).acted == {"urgent": 1}
    assert react(desk, pool, URGENT).acted == {}
    (found,) = prioritised(desk, stream)
    first = desk.history(stream)[0].envelope.event_id
    around = found.envelope
    assert (around.actor, around.identity, around.decided_by) == ("rule:urgent", "workload", RULE)
    assert (around.source, around.causation_id) == (RuleSource(event_id=first), first)


def test_a_reaction_gets_the_events_it_asked_for_in_order_whatever_the_size_of_a_batch(desk: Desk, pool: Pool) -> None:
    streams = [opened(desk, str(number)) for number in range(5)]
    seen: list[list[UUID]] = []

    def watch(events: Sequence[Recorded], world: World) -> tuple[Asked, ...]:
        assert {one.name for one in events} == RECEIVED
        seen.append([one.stream for one in events])
        return ()

    follower(desk, pool, Reaction("watch", RECEIVED, watch), batch=2).once()
    assert seen == [streams[:2], streams[2:4], streams[4:]]
    assert desk.store.positions.look_up(["reaction:watch"]) == {"reaction:watch": desk.store.read.head().position}


def test_an_end_between_the_command_and_the_position_changes_nothing(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)

    def submit(items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        desk.service.submit(items, now)
        raise DatabaseUnavailable("gone after the commit")

    dies = Follower(pool, world(desk, pool), submit, [URGENT], Pace())
    with pytest.raises(DatabaseUnavailable):
        dies.once()
    assert desk.store.positions.look_up([URGENT.source]) == {}
    assert react(desk, pool, URGENT).acted == {}
    assert len(prioritised(desk, stream)) == 1
    assert desk.store.positions.look_up([URGENT.source]) == {URGENT.source: desk.store.read.head().position}


def test_one_that_lost_its_lock_unawares_cannot_move_the_position(desk: Desk, pool: Pool) -> None:
    opened(desk)

    def overtaken(events: Sequence[Recorded], world: World) -> tuple[Asked, ...]:
        assert desk.store.positions.move_alone(SourceMove("reaction:slow", None, 1))
        return ()

    with pytest.raises(Overtaken):
        follower(desk, pool, Reaction("slow", RECEIVED, overtaken)).once()
    assert desk.store.positions.look_up(["reaction:slow"]) == {"reaction:slow": 1}


def test_imported_history_causes_nothing(desk: Desk, pool: Pool) -> None:
    event = ComplaintReceived(subject_id=UUID(int=78), channel="letter", message=UUID(int=79), body="danger")
    assert desk.service.record([PastCase("register:1", (PastFact(event, desk.at),), 1)], desk.around()).added == 1
    assert react(desk, pool, URGENT).acted == {}


def test_what_reached_us_long_ago_causes_nothing(desk: Desk, pool: Pool) -> None:
    old = opened(desk, "old")
    desk.at = MONDAY + THE_PAST + timedelta(seconds=1)
    new = opened(desk, "new")
    assert react(desk, pool, URGENT).acted == {"urgent": 1}
    assert [len(prioritised(desk, stream)) for stream in (old, new)] == [0, 1]


def test_a_reaction_that_begins_takes_up_the_last_day_and_no_more(desk: Desk, pool: Pool) -> None:
    desk.at = datetime.now(UTC) + timedelta(days=2)
    opened(desk)
    assert react(desk, pool, URGENT).acted == {}
    opened(desk, "2")
    assert react(desk, pool, URGENT).acted == {"urgent": 1}


def test_an_event_that_a_reaction_fails_at_is_told_and_passed_over_alone(desk: Desk, pool: Pool) -> None:
    for number in range(3):
        opened(desk, str(number))
    spoilt = desk.store.read.log(0, 1000, names=RECEIVED)[1]

    def fails(events: Sequence[Recorded], world: World) -> list[Asked]:
        if any(one.stream == spoilt.stream for one in events):
            raise ValueError("the words of somebody")
        return urgent(events, world)

    with capture_logs() as logs:
        assert react(desk, pool, Reaction("urgent", RECEIVED, fails, texts=True)).acted == {"urgent": 2}
    (told,) = [one for one in logs if one["event"] == "reaction_failed"]
    assert told.pop("at").startswith("test_following.py:")
    assert told == {
        "event": "reaction_failed", "log_level": "error", "name": "urgent", "kind": "ValueError",
        "position": spoilt.position, "case": str(spoilt.stream),
    }  # fmt: skip


def test_a_reaction_whose_views_lag_is_put_off_alone_and_asked_again(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    lags = True

    def waits(events: Sequence[Recorded], world: World) -> list[Asked]:
        if lags:
            raise NotYet(9, 3, 1.0)
        return [proposed("waits", one, Prioritise(priority="low"), world, what="p") for one in events]

    waiting = Reaction("waits", RECEIVED, waits)
    found = react(desk, pool, waiting, URGENT)
    assert (found.acted, list(found.put_off)) == ({"urgent": 1}, ["waits"])
    lags = False
    assert react(desk, pool, waiting, URGENT).acted == {"waits": 1}
    assert [one.event.priority for one in prioritised(desk, stream)] == ["urgent", "low"]  # type: ignore[attr-defined]


def test_who_goes_first_takes_an_event_before_those_that_follow_him_but_holds_them_up_for_seconds_only(
    desk: Desk, pool: Pool
) -> None:
    desk.at = datetime.now(UTC)
    stream = opened(desk)
    lags = True

    def first(events: Sequence[Recorded], world: World) -> list[Asked]:
        if lags:
            raise NotYet(9, 3, 1.0)
        return [proposed("first", one, Prioritise(priority="low"), world, what="p") for one in events]

    reactions = Reaction("first", RECEIVED, first), replace(URGENT, follows=("first", "nobody-here"))
    assert react(desk, pool, *reactions).acted == {}
    lags = False
    assert react(desk, pool, *reactions).acted == {"first": 1, "urgent": 1}
    lags = True
    late = opened(desk, "2")
    assert react(desk, pool, *reactions).acted == {}
    desk.at = datetime.now(UTC) + PUT_BEHIND
    assert react(desk, pool, *reactions).acted == {"urgent": 1}
    told = [[one.event.priority for one in prioritised(desk, each)] for each in (stream, late)]  # type: ignore[attr-defined]
    assert told == [["low", "urgent"], ["urgent"]]


def test_what_is_recorded_during_a_round_is_for_all_reactions_of_the_next_one(desk: Desk, pool: Pool) -> None:
    opened(desk)

    def slow(events: Sequence[Recorded], world: World) -> list[Asked]:
        opened(desk, f"beside-{len(events)}-{world.store.read.head().position}")
        return []

    reactions = Reaction("slow", RECEIVED, slow), URGENT
    assert [react(desk, pool, *reactions).acted for _ in range(2)] == [{"urgent": 1}, {"urgent": 1}]


def test_what_the_case_refuses_is_told_once_and_the_log_is_followed_on(desk: Desk, pool: Pool) -> None:
    opened(desk)

    def wrong(events: Sequence[Recorded], world: World) -> list[Asked]:
        from schemas.complaint.lifecycle import Close

        return [proposed("wrong", one, Close(reason="decision"), world, what="close") for one in events]

    with capture_logs() as logs:
        assert react(desk, pool, Reaction("wrong", RECEIVED, wrong)).acted == {}
    told: list[Any] = [one for one in logs if one["event"] == "reaction_refused"]
    assert [(one["name"], one["command"], one["code"]) for one in told] == [
        ("wrong", "complaint.close", "not_resolved")
    ]


def test_what_the_calendar_asks_for_is_asked_every_so_often_and_acts_once(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    looks: list[datetime] = []

    def look(world: World) -> list[Asked]:
        looks.append(world.now())
        return [on_schedule("daily", stream, Prioritise(priority="high"), world, id=f"raise/{stream}")]

    daily = follower(desk, pool, Reaction("daily", look=look, every=timedelta(hours=1)))
    acted = []
    for _ in range(3):
        passed = daily.once()
        assert passed is not None
        acted.append(dict(passed.acted))
        desk.later(minutes=40)
    assert looks == [MONDAY, MONDAY + timedelta(minutes=80)]
    assert acted == [{"daily": 1}, {}, {}]


def test_a_replica_leaves_the_work_to_the_one_that_has_the_lock(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    with owner.sole(pool, "reactions") as link:
        assert link is not None
        assert follower(desk, pool, URGENT).once() is None
    assert prioritised(desk, stream) == []


def test_it_follows_until_it_is_stopped_and_survives_trouble_of_the_database(desk: Desk, pool: Pool) -> None:
    troubles = [DatabaseUnavailable("a moment")]
    stop, reacted = Flag(), Flag()

    def submit(items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        if troubles:
            raise troubles.pop()
        results = desk.service.submit(items, now)
        reacted.set()
        return results

    waiter = Waiter(desk.conninfo, CHANNEL)
    works = Follower(pool, world(desk, pool), submit, [URGENT], Pace(poll_seconds=0.05))
    thread = Thread(target=works.run, args=(stop, waiter))
    thread.start()
    try:
        stream = opened(desk)
        assert reacted.wait(20)
    finally:
        stop.set()
        thread.join(20)
        waiter.close()
    assert not thread.is_alive()
    assert len(prioritised(desk, stream)) == 1
