from schemas.complaint.assignment import Assign, ComplaintAssigned, ComplaintEscalated, Escalate
from support.scenario import ANNA, BORIS, COMPLAINANT, opened, uid


def test_a_hand_over_names_who_had_it_before() -> None:
    first = opened().when(Assign(team="claims", assignee=ANNA, reason="rule"), command_id=uid("c1"))
    after = first.then(ComplaintAssigned(subject_id=COMPLAINANT, team="claims", assignee=ANNA, reason="rule"))
    after.when(Assign(assignee=BORIS), command_id=uid("c2")).then(
        ComplaintAssigned(
            subject_id=COMPLAINANT,
            team="claims",
            assignee=BORIS,
            previous_team="claims",
            previous_assignee=ANNA,
            reason="handover",
        )
    )


def test_a_team_alone_takes_the_case_from_its_person() -> None:
    after = opened().when(Assign(team="claims", assignee=ANNA), command_id=uid("c1")).after()
    held = after.when(Assign(team="claims", reason="absent"), command_id=uid("c2")).after().case.assignment
    assert (held.team, held.assignee) == ("claims", None)


def test_a_business_unit_alone_leaves_team_and_person() -> None:
    after = opened().when(Assign(team="claims", assignee=ANNA), command_id=uid("c1")).after()
    held = after.when(Assign(business_unit="north"), command_id=uid("c2")).after().case.assignment
    assert (held.team, held.assignee, held.business_unit) == ("claims", ANNA, "north")


def test_who_has_it_already_is_not_assigned_again() -> None:
    after = opened().when(Assign(team="claims", assignee=ANNA), command_id=uid("c1")).after()
    after.when(Assign(team="claims", assignee=ANNA), command_id=uid("c2")).then_nothing()
    after.when(Assign(assignee=ANNA), command_id=uid("c2")).then_nothing()


def test_an_assignment_to_nobody_is_refused() -> None:
    opened().when(Assign()).then_refused("nothing_to_do")


def test_levels_only_rise() -> None:
    after = (
        opened()
        .when(Escalate(level=2, reason="overdue", to=BORIS), command_id=uid("c1"))
        .then(ComplaintEscalated(subject_id=COMPLAINANT, level=2, reason="overdue", to=BORIS))
    )
    after.when(Escalate(level=1, reason="overdue"), command_id=uid("c2")).then_nothing()
    after.when(Escalate(level=2, reason="threat"), command_id=uid("c2")).then_nothing()
    after.when(Escalate(level=3, reason="threat"), command_id=uid("c2")).then(
        ComplaintEscalated(subject_id=COMPLAINANT, level=3, reason="threat")
    )
