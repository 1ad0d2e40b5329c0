import pytest

from schemas.complaint.base import Event
from schemas.complaint.correspondence import ComplaintReplied
from schemas.complaint.investigation import InvestigationStarted
from schemas.complaint.lifecycle import (
    AcceptOutcome,
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
    Discontinue,
    DisputeOutcome,
    InviteSurvey,
    OutcomeAccepted,
    OutcomeDisputed,
    Rate,
    Reopen,
    Resolve,
    Score,
    SurveyInvited,
)
from schemas.complaint.registration import Acknowledge, ComplaintAcknowledged
from schemas.complaint.remedies import RemedyApproved
from schemas.refusals import RefusalCode
from schemas.words import ExitReason, PointOutcome, Stage
from support.scenario import ANNA, BORIS, COMPLAINANT, INTAKE, MONDAY, NUMBER, STREAM, happened, opened, uid

STARTED = InvestigationStarted(subject_id=COMPLAINANT)
APPROVED = RemedyApproved(subject_id=COMPLAINANT, remedy_id=uid("r1"))
RESOLVED = ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld")
REPLIED = ComplaintReplied(subject_id=COMPLAINANT, message=uid("m1"), final=True)
CLOSED = ComplaintClosed(subject_id=COMPLAINANT, reason="decision", cycle=1)
EXITED = ComplaintDiscontinued(subject_id=COMPLAINANT, stage="registration", reason="clarified")
REOPENED = ComplaintReopened(subject_id=COMPLAINANT, reason="decision", cycle=2)
SCORES = (Score(parameter="overall", score=4),)
RATED = ComplaintRated(subject_id=COMPLAINANT, survey="direct", cycle=1, scores=SCORES)

STAGES: dict[str, tuple[Event, ...]] = {
    "registration": (),
    "investigation": (STARTED,),
    "corrective_action": (STARTED, APPROVED),
    "satisfaction_check": (RESOLVED,),
    "exited": (EXITED,),
    "closed": (RESOLVED, REPLIED, CLOSED),
    "closed after exit": (EXITED, REPLIED, CLOSED),
}
OPEN: list[Stage] = ["registration", "investigation", "corrective_action"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_is_entered_as_the_table_says(stage: str) -> None:
    assert opened(*STAGES[stage]).case.stage.name == stage.removesuffix(" after exit")


@pytest.mark.parametrize("stage", OPEN)
def test_an_outcome_may_be_stated_from_every_open_stage(stage: str) -> None:
    found = (PointOutcome(point=1, outcome="upheld"), PointOutcome(point=2, outcome="not_upheld"))
    command = Resolve(outcome="partly_upheld", points=found, findings="Half of it was ours.")
    event = ComplaintResolved(
        subject_id=COMPLAINANT, outcome="partly_upheld", points=found, findings="Half of it was ours."
    )
    after = opened(*STAGES[stage]).when(command, command_id=uid("c1")).then(event)
    assert after.case.stage.name == "satisfaction_check"
    after.when(command, command_id=uid("c2")).then_nothing()


def test_an_outcome_is_not_changed_without_reopening() -> None:
    opened(RESOLVED).when(Resolve(outcome="not_upheld")).then_refused("already_resolved", cycle=1)
    opened(*STAGES["closed"]).when(Resolve(outcome="not_upheld")).then_refused("already_closed", cycle=1)
    opened(*STAGES["closed"]).when(Resolve(outcome="upheld")).then_nothing()
    opened(EXITED).when(Resolve(outcome="upheld")).then_refused("exited", exit="clarified")
    opened().when(Resolve(outcome="upheld", points=(PointOutcome(point=9, outcome="upheld"),))).then_refused(
        "unknown_point", point=9
    )


@pytest.mark.parametrize("stage", OPEN)
def test_an_exit_states_the_stage_it_was_taken_from(stage: Stage) -> None:
    after = (
        opened(*STAGES[stage])
        .when(Discontinue(reason="not_ours", to="insurer"), command_id=uid("c1"))
        .then(ComplaintDiscontinued(subject_id=COMPLAINANT, stage=stage, reason="not_ours", to="insurer"))
    )
    after.when(Discontinue(reason="not_ours"), command_id=uid("c2")).then_nothing()
    after.when(Discontinue(reason="abusive"), command_id=uid("c2")).then_refused("exited", exit="not_ours")


@pytest.mark.parametrize(
    ("stage", "code"),
    [("satisfaction_check", "already_resolved"), ("closed", "already_closed"), ("closed after exit", "already_closed")],
)
def test_there_is_no_exit_after_the_end(stage: str, code: RefusalCode) -> None:
    opened(*STAGES[stage]).when(Discontinue(reason="withdrawn")).then_refused(code)


def test_the_exit_that_was_taken_still_holds_after_closing() -> None:
    opened(*STAGES["closed after exit"]).when(Discontinue(reason="clarified")).then_nothing()


def test_a_complaint_is_no_duplicate_of_itself() -> None:
    opened().when(Discontinue(reason="duplicate", of=STREAM)).then_refused("self_link")


@pytest.mark.parametrize("stage", ["satisfaction_check", "exited", "closed", "closed after exit"])
def test_what_has_ended_may_be_reopened(stage: str) -> None:
    after = (
        opened(*STAGES[stage])
        .when(Reopen(reason="mistake"), command_id=uid("c1"))
        .then(ComplaintReopened(subject_id=COMPLAINANT, reason="mistake", cycle=2))
    )
    case = after.case
    assert (case.stage.name, case.cycle, case.lifecycle.outcome, case.lifecycle.accepted) == (
        "investigation", 2, None, None,
    )  # fmt: skip
    after.when(Reopen(), command_id=uid("c2")).then_nothing()


@pytest.mark.parametrize("stage", OPEN)
def test_what_is_open_is_not_reopened(stage: str) -> None:
    opened(*STAGES[stage]).when(Reopen()).then_refused("not_closed", stage=stage)


def test_a_new_cycle_asks_for_its_own_reply_and_acknowledgement() -> None:
    told = ComplaintAcknowledged(subject_id=COMPLAINANT, number=NUMBER, channel="email")
    history = opened(told, *STAGES["closed"], REOPENED)
    assert not history.case.correspondence.final_reply(())
    history.when(Acknowledge(channel="email")).then(told)


def test_the_complainants_word_is_recorded_in_both_directions() -> None:
    disputed = (
        opened(RESOLVED)
        .when(DisputeOutcome(grounds="Not enough."), command_id=uid("c1"))
        .then(OutcomeDisputed(subject_id=COMPLAINANT, grounds="Not enough."))
    )
    disputed.when(DisputeOutcome(), command_id=uid("c2")).then_nothing()
    accepted = disputed.when(AcceptOutcome(message=uid("m")), command_id=uid("c3")).then(
        OutcomeAccepted(subject_id=COMPLAINANT, message=uid("m"))
    )
    accepted.when(AcceptOutcome(), command_id=uid("c4")).then_nothing()


@pytest.mark.parametrize("command", [AcceptOutcome(), DisputeOutcome()], ids=lambda command: command.NAME)
@pytest.mark.parametrize(
    ("stage", "code"),
    [
        ("registration", "not_resolved"),
        ("corrective_action", "not_resolved"),
        ("exited", "exited"),
        ("closed after exit", "exited"),
    ],
)
def test_without_an_outcome_there_is_no_word_on_it(
    command: AcceptOutcome | DisputeOutcome, stage: str, code: RefusalCode
) -> None:
    opened(*STAGES[stage]).when(command).then_refused(code)


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (AcceptOutcome(), OutcomeAccepted(subject_id=COMPLAINANT)),
        (Rate(scores=SCORES), RATED),
    ],
    ids=["accepted", "rated"],
)
def test_the_complainants_word_closes_what_was_answered(command: AcceptOutcome | Rate, event: Event) -> None:
    reason = "outcome_accepted" if isinstance(command, AcceptOutcome) else "rated"
    after = (
        opened(REPLIED, RESOLVED)
        .when(command, by=INTAKE)
        .then(event, ComplaintClosed.model_validate({"subject_id": COMPLAINANT, "reason": reason, "cycle": 1}))
    )
    assert after.case.stage.name == "closed"
    assert opened(RESOLVED).when(command, by=INTAKE).then(event).case.stage.name == "satisfaction_check"
    opened(REPLIED, RESOLVED, public=True).when(command, by=INTAKE).then(event)


def test_a_rating_of_what_is_disputed_closes_nothing() -> None:
    disputed = OutcomeDisputed(subject_id=COMPLAINANT)
    opened(REPLIED, RESOLVED, disputed).when(Rate(scores=SCORES), by=INTAKE).then(RATED)


def test_a_rating_counts_for_the_latest_cycle_that_ended() -> None:
    opened(*STAGES["closed"]).when(Rate(scores=SCORES), by=INTAKE).then(RATED)
    opened(*STAGES["closed"], REOPENED).when(Rate(scores=SCORES), by=INTAKE).then(RATED)
    second = opened(*STAGES["closed"], REOPENED, RESOLVED)
    second.when(Rate(scores=SCORES), by=INTAKE).then(RATED.model_copy(update={"cycle": 2}))
    second.when(Rate(scores=SCORES, cycle=1), by=INTAKE).then(RATED)


def test_a_cycle_that_has_not_ended_is_not_rated() -> None:
    opened().when(Rate(scores=SCORES)).then_refused("unknown_cycle", cycle=0, latest=0)
    opened(*STAGES["closed"]).when(Rate(scores=SCORES, cycle=2)).then_refused("unknown_cycle", cycle=2, latest=1)


def test_a_cycle_is_rated_once() -> None:
    history = opened(*STAGES["closed"], RATED)
    history.when(Rate(scores=SCORES), by=INTAKE).then_nothing()
    worse = (Score(parameter="overall", score=1),)
    history.when(Rate(scores=worse), by=INTAKE).then_refused("already_rated", cycle=1)


def test_who_worked_on_the_complaint_does_not_rate_it() -> None:
    history = opened(happened(STARTED, by=ANNA), happened(RESOLVED, by=ANNA))
    history.when(Rate(scores=SCORES), by=ANNA).then_refused("own_rating", cycle=1)
    history.when(Rate(scores=SCORES), by=INTAKE, on_behalf_of=ANNA).then_refused("own_rating", cycle=1)
    history.when(Rate(scores=SCORES), by=BORIS, identity="claimed").then_refused("person_required")
    history.when(Rate(scores=SCORES), by=BORIS).then(RATED)


def test_a_reminder_follows_an_invitation_once_and_never_an_answer() -> None:
    first, reminder = InviteSurvey(survey="nps"), InviteSurvey(survey="nps", cycle=1, until=MONDAY, reminder=1)
    opened(RESOLVED).when(reminder).then_nothing()
    invited = opened(RESOLVED).when(first, command_id=uid("c1")).after()
    reminded = invited.when(reminder, command_id=uid("c2")).then(
        SurveyInvited(subject_id=COMPLAINANT, survey="nps", survey_version=1, cycle=1, until=MONDAY, reminder=1)
    )
    reminded.when(reminder, command_id=uid("c3")).then_nothing()
    reminded.when(first, command_id=uid("c4")).then_nothing()
    opened(RESOLVED, RATED).when(first).then_nothing()
    past = InviteSurvey(survey="nps", cycle=2)
    opened(RESOLVED).when(past).then_refused("not_resolved")


def test_a_survey_is_sent_once_in_a_cycle_that_has_ended() -> None:
    command = InviteSurvey(survey="nps", survey_version=3)
    after = (
        opened(RESOLVED)
        .when(command, command_id=uid("c1"))
        .then(SurveyInvited(subject_id=COMPLAINANT, survey="nps", survey_version=3, cycle=1))
    )
    after.when(InviteSurvey(survey="nps"), command_id=uid("c2")).then_nothing()
    opened().when(command).then_refused("not_resolved", stage="registration")


@pytest.mark.parametrize("reason", ["duplicate", "clarified", "spam_or_bot"])
def test_the_stage_of_an_exit_is_remembered_with_its_reason(reason: ExitReason) -> None:
    case = opened(STARTED).when(Discontinue(reason=reason)).after().case
    assert repr(case.stage) == f"Exited(at='investigation', reason='{reason}', name='exited')"


def test_no_end_is_undone_by_what_an_imported_history_stores_late() -> None:
    assert opened(CLOSED, RESOLVED).case.stage.name == "closed"
    assert opened(CLOSED, APPROVED, STARTED).case.stage.name == "closed"
    assert opened(CLOSED, EXITED).case.stage.name == "closed"


def test_a_closing_recorded_twice_by_an_import_keeps_the_exit_before_it() -> None:
    gone = ComplaintDiscontinued(subject_id=COMPLAINANT, stage="registration", reason="withdrawn")
    closed = ComplaintClosed(subject_id=COMPLAINANT, reason="exit", cycle=1)
    once = opened(happened(gone), happened(closed)).case
    twice = opened(happened(gone), happened(closed), happened(closed)).case
    assert twice.lifecycle == once.lifecycle
