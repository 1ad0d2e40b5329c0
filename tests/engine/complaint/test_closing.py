from datetime import timedelta

import pytest

from engine.configuration.in_force import Book
from schemas.complaint.base import Event
from schemas.complaint.correspondence import ComplaintReplied, DeliveryReported, MessageRecorded
from schemas.complaint.lifecycle import (
    Close,
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
    OutcomeAccepted,
    OutcomeDisputed,
    Rate,
    Score,
)
from schemas.complaint.records import MessageMoved
from schemas.configuration.survey import Survey
from schemas.words import CloseReason, ExitReason, Purpose, Visibility
from support.scenario import COMPLAINANT, INTAKE, MONDAY, TIMER, desk, happened, opened, uid

RESOLVED = ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld")
REPLIED = ComplaintReplied(subject_id=COMPLAINANT, message=uid("m1"), final=True)
ACCEPTED = OutcomeAccepted(subject_id=COMPLAINANT)
DISPUTED = OutcomeDisputed(subject_id=COMPLAINANT)
RATED = ComplaintRated(subject_id=COMPLAINANT, survey="nps", cycle=1, scores=(Score(parameter="nps", score=1),))
MOVED = MessageMoved(subject_id=COMPLAINANT, message=uid("m1"), other=uid("other case"))
BOUNCED = DeliveryReported(subject_id=COMPLAINANT, message=uid("m1"), status="failed")
REOPENED = ComplaintReopened(subject_id=COMPLAINANT, reason="decision", cycle=2)


def exited(reason: ExitReason) -> ComplaintDiscontinued:
    return ComplaintDiscontinued(subject_id=COMPLAINANT, stage="registration", reason=reason)


def closed(reason: CloseReason = "decision", cycle: int = 1, without_reply: str | None = None) -> ComplaintClosed:
    return ComplaintClosed.model_validate(
        {"subject_id": COMPLAINANT, "reason": reason, "cycle": cycle, "without_reply": without_reply}
    )


def sent(purpose: Purpose, visibility: Visibility = "private") -> MessageRecorded:
    return MessageRecorded(
        subject_id=COMPLAINANT,
        direction="outbound",
        purpose=purpose,
        visibility=visibility,
        message=uid("m1"),
        channel="review",
    )


def test_a_cycle_ends_with_its_final_reply() -> None:
    after = opened(REPLIED, RESOLVED).when(Close(), command_id=uid("c1")).then(closed())
    after.when(Close(), command_id=uid("c2")).then_nothing()


@pytest.mark.parametrize(
    "past",
    [
        (RESOLVED,),
        (RESOLVED, REPLIED.model_copy(update={"final": False})),
        (RESOLVED, sent("final")),
        (RESOLVED, sent("notice")),
        (RESOLVED, REPLIED, BOUNCED),
        (BOUNCED, RESOLVED, REPLIED),
        (RESOLVED, REPLIED, MOVED),
        (RESOLVED, REPLIED, closed(), REOPENED, RESOLVED),
    ],
    ids=[
        "none", "interim", "message_only", "notice", "bounced", "bounced_first", "moved", "in_an_earlier_cycle",
    ],
)  # fmt: skip
def test_closing_without_a_final_reply_is_refused(past: tuple[Event, ...]) -> None:
    opened(*past).when(Close()).then_refused("no_final_reply")


@pytest.mark.parametrize("reason", ["clarified", "unfounded", "not_ours", "abusive", "anonymous", "time_barred"])
def test_an_exit_needs_a_final_reply_too(reason: ExitReason) -> None:
    opened(exited(reason)).when(Close()).then_refused("no_final_reply")
    opened(exited(reason), REPLIED).when(Close()).then(closed("exit"))


@pytest.mark.parametrize("reason", ["duplicate", "spam_or_bot", "withdrawn"])
@pytest.mark.parametrize("public", [False, True])
def test_the_named_exits_are_closed_unanswered(reason: ExitReason, *, public: bool) -> None:
    opened(exited(reason), public=public).when(Close(), by=TIMER).then(closed("exit", without_reply=reason))


def test_silence_of_the_customer_ends_with_the_notice() -> None:
    opened(exited("customer_unresponsive")).when(Close()).then_refused("no_final_reply")
    opened(exited("customer_unresponsive"), sent("notice")).when(Close()).then(closed("exit"))
    bounced = opened(exited("customer_unresponsive"), sent("notice"), BOUNCED)
    bounced.when(Close()).then_refused("no_final_reply")


def test_a_persons_written_reason_stands_for_the_reply() -> None:
    opened(RESOLVED).when(Close(), why=True).then(closed(without_reply="written_reason"))
    opened(RESOLVED).when(Close(), by=INTAKE, why=True).then_refused("no_final_reply")
    opened(RESOLVED).when(Close(), why=True, identity="claimed").then_refused("no_final_reply")
    opened(RESOLVED, REPLIED).when(Close(), why=True).then(closed())


@pytest.mark.parametrize("reason", ["decision", "exit", "outcome_accepted", "rated", "term_elapsed"])
def test_what_is_neither_resolved_nor_discontinued_is_not_closed(reason: CloseReason) -> None:
    opened(REPLIED).when(Close(reason=reason)).then_refused("not_resolved", stage="registration")


def test_a_public_complaint_ends_in_public() -> None:
    opened(REPLIED, RESOLVED, public=True).when(Close()).then_refused("public_reply_missing")
    private = opened(REPLIED, RESOLVED, sent("public_closing"), public=True)
    private.when(Close()).then_refused("public_reply_missing")
    opened(REPLIED, RESOLVED, sent("public_closing", "public"), public=True).when(Close()).then(closed())
    opened(REPLIED, RESOLVED, public=True).when(Close(), why=True).then(closed())


@pytest.mark.parametrize(
    ("past", "reason"),
    [
        ((), "outcome_accepted"),
        ((DISPUTED,), "outcome_accepted"),
        ((ACCEPTED, DISPUTED), "outcome_accepted"),
        ((), "rated"),
        ((ACCEPTED,), "term_elapsed"),
        ((DISPUTED,), "term_elapsed"),
        ((), "exit"),
    ],
)
def test_the_reason_must_be_what_the_complaint_shows(past: tuple[Event, ...], reason: CloseReason) -> None:
    asked = opened(REPLIED, RESOLVED, *past).when(Close(reason=reason), at=MONDAY + timedelta(days=60))
    asked.then_refused("reason_differs", close=reason)


@pytest.mark.parametrize(("past", "reason"), [((ACCEPTED,), "outcome_accepted"), ((RATED,), "rated"), ((), "decision")])
def test_a_reason_that_the_complaint_shows_is_recorded(past: tuple[Event, ...], reason: CloseReason) -> None:
    opened(REPLIED, RESOLVED, *past).when(Close(reason=reason)).then(closed(reason))


def test_the_term_for_the_complainants_word_runs_out_once() -> None:
    history = opened(REPLIED, happened(RESOLVED, at=MONDAY)).under(Book(desk=desk(satisfaction_term_days=14)))
    term = MONDAY + timedelta(days=14)
    early = history.when(Close(reason="term_elapsed"), by=TIMER, at=term - timedelta(microseconds=1))
    early.then_refused("not_due", days=14)
    history.when(Close(reason="term_elapsed"), by=TIMER, at=term).then(closed("term_elapsed"))


def test_a_good_mark_ends_the_cycle_and_after_a_bad_one_somebody_sees_to_it_first() -> None:
    survey = Survey.model_validate(
        {
            "id": "after",
            "version": 1,
            "title": {"en": "-"},
            "intro": {"en": "-"},
            "questions": [{"parameter": "overall", "text": {"en": "-"}}],
            "send": {"en": "-"},
            "thanks": {"en": "-"},
            "follow_up": {"within": "4 hours", "calendar": "desk"},
        }
    )
    history = opened(REPLIED, RESOLVED).under(Book(surveys={"after": survey}))

    def ends(survey: str, score: int) -> bool:
        marks = (Score(parameter="overall", score=score),)
        return len(history.when(Rate(survey=survey, scores=marks), by=INTAKE).decided()) == 2

    assert [ends("after", score) for score in (5, 3, 2, 1)] == [True, True, False, False]
    assert [ends("direct", score) for score in (3, 2)] == [True, False]
