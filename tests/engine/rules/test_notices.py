from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.wiring import presets
from engine.rules.notices import ACTOR, Because, Seen, considered, message_id, tell_from, telling, worst_mark
from schemas.complaint.assignment import ComplaintAssigned, ComplaintEscalated
from schemas.complaint.base import Event
from schemas.complaint.clocks import DeadlineExtended
from schemas.complaint.correspondence import DeliveryReported
from schemas.complaint.investigation import InvestigationStarted
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintRated, ComplaintReopened, ComplaintResolved, Score
from schemas.complaint.registration import ComplaintRegistered
from schemas.complaint.waiting import InformationRequested
from schemas.configuration.notices import NoticeRule, Notices

(SHIPPED,) = [one for one in presets.shipped() if isinstance(one, Notices)]
ID = UUID(int=1)
AT = datetime(2026, 3, 2, 9, 2, tzinfo=UTC)
SEEN = Seen(UUID(int=2), cycle=1, team="delivery", assignee="person:ann")
REGISTERED = ComplaintRegistered(number="PL-06BF1-80000")
ASKED = InformationRequested(request_id=ID)
EXTENDED = DeadlineExtended(clock="resolution", cycle=1, instance=1, due_at=AT)
CLOSED = ComplaintClosed(reason="rated", cycle=1)
ENDED = replace(SEEN, is_open=False, is_closed=True)


def told(event: Event, seen: Seen = SEEN, actor: str = "person:bob") -> list[str]:
    return [rule.rule for rule in telling(event, actor, seen, SHIPPED)]


def rated(*marks: int) -> ComplaintRated:
    return ComplaintRated(
        survey="s", cycle=1, scores=tuple(Score(parameter=f"p{n}", score=mark) for n, mark in enumerate(marks))
    )


@pytest.mark.parametrize(
    ("event", "seen", "rules"),
    [
        (REGISTERED, SEEN, ["acknowledgement"]),
        (REGISTERED, replace(SEEN, public=True), ["public-first-answer"]),
        (InvestigationStarted(), SEEN, ["investigating"]),
        (ComplaintReopened(reason="disputed", cycle=2), replace(SEEN, cycle=2), ["reopened"]),
        (EXTENDED, SEEN, ["new-date"]),
        (ASKED, SEEN, ["question"]),
        (InformationRequested(request_id=ID, from_="department"), SEEN, []),
        (CLOSED, ENDED, ["closed"]),
        (ComplaintClosed(reason="exit", cycle=1), ENDED, []),
        (ComplaintAssigned(team="delivery", assignee="person:ann", reason="rule"), SEEN, ["assigned"]),
        (ComplaintEscalated(level=0, reason="warning"), SEEN, ["due-soon"]),
        (ComplaintEscalated(level=2, reason="deadline_missed"), SEEN, ["escalated"]),
        (DeliveryReported(message=ID, status="failed"), SEEN, ["undelivered"]),
        (DeliveryReported(message=ID, status="sent"), SEEN, []),
        (ComplaintResolved(outcome="upheld"), SEEN, []),
        (ComplaintResolved(outcome="upheld"), replace(SEEN, public=True), ["public-closing"]),
        (rated(5, 4, 3), SEEN, []),
        (rated(5, 2), SEEN, ["bad-rating"]),
    ],
)
def test_the_shipped_rules_tell_whom_it_concerns(event: Event, seen: Seen, rules: list[str]) -> None:
    assert told(event, seen) == rules


@pytest.mark.parametrize(
    ("event", "seen", "actor", "because"),
    [
        (REGISTERED, replace(SEEN, sent=30), "person:bob", "too_many"),
        (REGISTERED, replace(SEEN, exit="spam_or_bot"), "person:bob", "left"),
        (REGISTERED, replace(SEEN, suspected=True), "person:bob", "suspected"),
        (REGISTERED, SEEN, ACTOR, "by_ourselves"),
        (InvestigationStarted(), replace(SEEN, opted_out=True), "person:bob", "opted_out"),
        (InvestigationStarted(), ENDED, "person:bob", "moved_on"),
        (CLOSED, replace(SEEN, cycle=2), "person:bob", "moved_on"),
        (ASKED.model_copy(update={"message": ID}), SEEN, "person:bob", "told_by_message"),
        (EXTENDED.model_copy(update={"notice": ID}), SEEN, "person:bob", "told_by_message"),
        (ComplaintAssigned(assignee="person:ann", reason="handover"), SEEN, "person:ann", "own_act"),
        (ComplaintAssigned(assignee="person:cid", reason="handover"), SEEN, "person:bob", "moved_on"),
        (rated(5), SEEN, "person:bob", "marks_are_better"),
    ],
)
def test_who_is_not_told_is_not_told_for_a_reason(event: Event, seen: Seen, actor: str, because: Because) -> None:
    found = [one.because for one in considered(event, actor, seen, SHIPPED) if one.because != "public_differs"]
    assert found == [because]


def test_whoever_opted_out_still_learns_that_it_arrived_and_what_is_asked_of_him() -> None:
    seen = replace(SEEN, opted_out=True)
    assert told(REGISTERED, seen) + told(ASKED, seen) == ["acknowledgement", "question"]


def test_a_notice_has_one_id_for_its_event_or_for_its_cycle() -> None:
    acknowledgement, due_soon = (
        next(one for one in SHIPPED.rules if one.rule == rule) for rule in ("acknowledgement", "due-soon")
    )
    assert (acknowledgement.rule, due_soon.rule) == ("acknowledgement", "due-soon")
    other, later = UUID(int=9), replace(SEEN, cycle=2)
    assert message_id(acknowledgement, ID, SEEN) == message_id(acknowledgement, other, SEEN)
    assert message_id(acknowledgement, ID, SEEN) != message_id(acknowledgement, ID, later)
    assert message_id(due_soon, ID, SEEN) == message_id(due_soon, ID, later) != message_id(due_soon, other, SEEN)


# ------------------------------------------------------------------------------------------------ when


def rule(**more: object) -> NoticeRule:
    given = {"rule": "r", "event": "complaint.rated", "tell": "team", "template": "t", **more}
    return NoticeRule.model_validate(given)


def never(calendar: str, at: datetime) -> datetime:
    raise AssertionError(calendar)


def opens_at_ten(calendar: str, at: datetime) -> datetime:
    assert calendar == "desk"
    return max(at, AT.replace(hour=10, minute=0))


def test_without_hours_and_bundles_somebody_is_told_at_once() -> None:
    assert tell_from(rule(), AT, never) is None


def test_outside_of_delivery_hours_nobody_is_told_before_they_begin() -> None:
    assert tell_from(rule(hours="desk"), AT, opens_at_ten) == AT.replace(hour=10, minute=0)
    assert tell_from(rule(hours="desk"), AT.replace(hour=11), opens_at_ten) is None


def test_what_the_event_says_nobody_is_to_be_told_before_holds() -> None:
    assert tell_from(rule(), AT, never, at_least=AT + timedelta(hours=1)) == AT + timedelta(hours=1)
    assert tell_from(rule(), AT, never, at_least=AT - timedelta(hours=1)) is None


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 # hypothesis adds the zone
       st.integers(1, 60))  # fmt: skip
def test_what_falls_into_one_stretch_is_told_together_and_never_before_its_end(at: datetime, minutes: int) -> None:
    bundled = tell_from(rule(bundle_minutes=minutes), at, never) or at
    assert timedelta(0) <= bundled - at < timedelta(minutes=minutes)
    assert (tell_from(rule(bundle_minutes=minutes), bundled, never) or bundled) == bundled


def test_the_worst_mark_is_a_share_of_its_scale() -> None:
    scores = (Score(parameter="a", score=4, out_of=5), Score(parameter="b", score=6, out_of=10))
    assert worst_mark(ComplaintRated(survey="s", cycle=1, scores=scores)) == 60
    assert worst_mark(REGISTERED) is None
