import pytest

from schemas.complaint.investigation import (
    ActionAssigned,
    ActionCompleted,
    AssignAction,
    CauseEstablished,
    CompleteAction,
    EstablishCause,
    InvestigationStarted,
    StartInvestigation,
)
from schemas.complaint.lifecycle import ComplaintReopened, ComplaintResolved
from support.scenario import ANNA, COMPLAINANT, MONDAY, opened, uid

STARTED = InvestigationStarted(subject_id=COMPLAINANT)
CAUSE = CauseEstablished(subject_id=COMPLAINANT, cause="people", responsibility="company", departments=("sales",))
FINDING = EstablishCause(cause="people", responsibility="company", departments=("sales",))


def test_an_investigation_starts_once() -> None:
    after = (
        opened()
        .when(StartInvestigation(investigator=ANNA), command_id=uid("c1"))
        .then(InvestigationStarted(subject_id=COMPLAINANT, investigator=ANNA))
    )
    assert after.case.stage.name == "investigation"
    after.when(StartInvestigation(), command_id=uid("c2")).then_nothing()
    after.when(StartInvestigation(investigator="person:boris"), command_id=uid("c2")).then(
        InvestigationStarted(subject_id=COMPLAINANT, investigator="person:boris")
    )


def test_an_investigation_is_entered_again_from_corrective_action() -> None:
    history = opened(STARTED, CAUSE)
    assert history.case.stage.name == "corrective_action"
    assert history.when(StartInvestigation()).then(STARTED).case.stage.name == "investigation"


def test_a_resolved_complaint_is_not_investigated() -> None:
    resolved = ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld")
    opened(resolved).when(StartInvestigation()).then_refused("already_resolved", cycle=1)


def test_a_cause_enters_corrective_action() -> None:
    assert opened().when(FINDING).then(CAUSE).case.stage.name == "corrective_action"


def test_the_same_cause_is_new_only_where_an_investigation_goes_on() -> None:
    opened(CAUSE).when(FINDING, command_id=uid("c2")).then_nothing()
    resolved = ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld")
    reopened = ComplaintReopened(subject_id=COMPLAINANT, reason="decision", cycle=2)
    opened(CAUSE, resolved, reopened).when(FINDING).then(CAUSE)


def test_findings_in_words_are_recorded_beside_the_same_cause() -> None:
    told = FINDING.model_copy(update={"findings": "The form was lost."})
    opened(CAUSE).when(told).then(CAUSE.model_copy(update={"findings": "The form was lost."}))


@pytest.mark.parametrize("stage", ["registration", "investigation"])
def test_an_action_enters_corrective_action_and_is_known_by_its_id(stage: str) -> None:
    history = opened(STARTED) if stage == "investigation" else opened()
    assert history.case.stage.name == stage
    command = AssignAction(action_id=uid("a1"), team="repair", due=MONDAY, what="Mend it")
    after = history.when(command, command_id=uid("c1")).then(
        ActionAssigned(subject_id=COMPLAINANT, action_id=uid("a1"), team="repair", due=MONDAY, what="Mend it")
    )
    assert after.case.stage.name == "corrective_action"
    after.when(command, command_id=uid("c2")).then_nothing()


def test_an_action_is_completed_once() -> None:
    history = opened(ActionAssigned(subject_id=COMPLAINANT, action_id=uid("a1")))
    after = history.when(CompleteAction(action_id=uid("a1"), result="Done"), command_id=uid("c1")).then(
        ActionCompleted(subject_id=COMPLAINANT, action_id=uid("a1"), result="Done")
    )
    after.when(CompleteAction(action_id=uid("a1")), command_id=uid("c2")).then_nothing()
    after.when(CompleteAction(action_id=uid("a2"))).then_refused("unknown_action", action=str(uid("a2")))
