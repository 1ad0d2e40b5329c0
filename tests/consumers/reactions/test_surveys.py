from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from consumers.reactions.surveys import SURVEYS, look
from engine.incoming import Done, Refused
from engine.store.database.pool import Pool
from schemas.complaint.assignment import Assign, ComplaintEscalated
from schemas.complaint.classification import SetField
from schemas.complaint.correspondence import Reply
from schemas.complaint.investigation import ActionAssigned
from schemas.complaint.lifecycle import Discontinue, InviteSurvey, Rate, Reopen, Resolve, Score, SurveyInvited
from schemas.words import RuleRef
from support.following import react, world
from support.installation import MONDAY, Desk

RULE = "survey:after-cycle"


def opened(desk: Desk, name: str = "1", **more: Any) -> UUID:
    return desk.opened(channel="web_form", system="shop", id=name, text="Broken, I want my money back", **more)


def answered(desk: Desk, name: str = "1", **more: Any) -> UUID:
    """A complaint with an outcome and a final reply."""
    stream = opened(desk, name, **more)
    desk.give(stream, Reply(final=True, channel="email", body="We are sorry."))
    desk.give(stream, Resolve(outcome="upheld"))
    return stream


def invited(desk: Desk, stream: UUID) -> list[SurveyInvited]:
    return [one.event for one in desk.history(stream) if isinstance(one.event, SurveyInvited)]


def rate(desk: Desk, stream: UUID, score: int, **more: Any) -> Done | Refused:
    result = desk.give(stream, Rate(survey="after-cycle", scores=(Score(parameter="overall", score=score),)), **more)
    assert isinstance(result, Done | Refused)
    return result


def test_who_has_an_outcome_and_his_final_reply_is_asked_once_in_a_cycle(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    desk.give(stream, Resolve(outcome="upheld"))
    assert react(desk, pool, SURVEYS).acted == {}
    desk.give(stream, Reply(final=True, channel="email", body="We are sorry."))
    assert react(desk, pool, SURVEYS).acted == {"surveys": 1}
    assert react(desk, pool, SURVEYS).acted == {}
    (event,) = invited(desk, stream)
    assert (event.survey, event.survey_version, event.cycle, event.until, event.reminder) == (
        "after-cycle", 1, 1, MONDAY + timedelta(days=30), None,
    )  # fmt: skip
    around = desk.history(stream)[-1].envelope
    assert (around.actor, around.decided_by) == (
        "rule:surveys", RuleRef(rule_set=RULE, version=1, rule="after-cycle"),
    )  # fmt: skip


def test_each_cycle_is_asked_about(desk: Desk, pool: Pool) -> None:
    stream = answered(desk)
    react(desk, pool, SURVEYS)
    desk.give(stream, Reopen(reason="disputed"))
    desk.give(stream, Reply(final=True, channel="email", body="We looked again."))
    desk.give(stream, Resolve(outcome="not_upheld"))
    react(desk, pool, SURVEYS)
    assert [one.cycle for one in invited(desk, stream)] == [1, 2]


def test_who_opted_out_or_left_as_spam_is_not_asked(desk: Desk, pool: Pool) -> None:
    quiet = opened(desk, "1")
    desk.give(quiet, SetField(field="surveys", value="none"))
    desk.give(quiet, Reply(final=True, channel="email", body="We are sorry."))
    desk.give(quiet, Resolve(outcome="upheld"))
    spam = opened(desk, "2")
    desk.give(spam, Reply(final=True, channel="email", body="No."))
    desk.give(spam, Discontinue(reason="spam_or_bot"))
    clarified = opened(desk, "3")
    desk.give(clarified, Reply(final=True, channel="email", body="It is like this."))
    desk.give(clarified, Discontinue(reason="clarified"))
    react(desk, pool, SURVEYS)
    assert [len(invited(desk, stream)) for stream in (quiet, spam, clarified)] == [0, 0, 1]


def test_who_has_not_answered_is_reminded_once_when_it_is_due(desk: Desk, pool: Pool) -> None:
    silent, told, again = (answered(desk, name) for name in ("1", "2", "3"))
    react(desk, pool, SURVEYS)
    at = desk.history(silent)[-1].recorded_at
    rate(desk, told, 5, by="person:ben")
    desk.give(again, Reopen(reason="disputed"))
    for days, expected in ((6.9, 0), (7.1, 1), (7.5, 1), (8.1, 0)):
        asked = look(world(desk, pool, now=lambda by=days: at + timedelta(days=by)))  # type: ignore[misc] # bound now
        assert [one.stream for one in asked] == [silent] * expected
        desk.service.submit(asked, desk.at)
    first, second = invited(desk, silent)
    assert (second.reminder, second.until, second.cycle) == (1, first.until, 1)
    assert len(invited(desk, told)) == len(invited(desk, again)) == 1


def test_a_bad_mark_is_followed_up_at_once_and_the_cycle_does_not_end(desk: Desk, pool: Pool) -> None:
    stream = answered(desk)
    desk.give(stream, Assign(team="kitchen", assignee="person:k7"))
    assert isinstance(rate(desk, stream, 2, by="person:phone"), Done)
    assert desk.case(stream).stage.name == "satisfaction_check"
    react(desk, pool, SURVEYS)
    history = desk.history(stream)
    (task,) = [one for one in history if isinstance(one.event, ActionAssigned)]
    (called,) = [one for one in history if isinstance(one.event, ComplaintEscalated)]
    assert isinstance(task.event, ActionAssigned)
    assert isinstance(called.event, ComplaintEscalated)
    assert (task.event.kind, task.event.team, task.event.owner, task.event.what) == (
        "task", "kitchen", "person:k7", "Call the complainant: he gave a bad mark",
    )  # fmt: skip
    assert task.event.due == datetime(2026, 3, 3, 15, tzinfo=UTC)
    assert (called.event.level, called.event.reason, called.event.team) == (1, "bad-rating", "kitchen")
    assert task.envelope.decided_by == RuleRef(rule_set=RULE, version=1, rule="bad-mark")
    assert react(desk, pool, SURVEYS).acted == {}


def test_a_good_mark_ends_the_cycle_and_calls_nobody(desk: Desk, pool: Pool) -> None:
    stream = answered(desk)
    rate(desk, stream, 5, by="person:phone")
    react(desk, pool, SURVEYS)
    assert desk.names(stream)[-1] == "closed"
    assert not {"action_assigned", "escalated", "survey_invited"} & set(desk.names(stream))


def test_who_answers_by_phone_may_not_be_the_one_who_handled_it(desk: Desk) -> None:
    stream = answered(desk)
    refused = rate(desk, stream, 5, by="person:ann")
    assert isinstance(refused, Refused)
    assert refused.code == "own_rating"
    assert isinstance(rate(desk, stream, 5, by="person:ben"), Done)


def test_what_is_rated_is_not_asked_for_again(desk: Desk) -> None:
    stream = answered(desk)
    rate(desk, stream, 5, by="person:ben")
    desk.give(stream, InviteSurvey(survey="after-cycle"), by="rule:surveys")
    assert invited(desk, stream) == []
