from decimal import Decimal

import pytest

from engine.configuration.in_force import Book
from schemas.complaint.classification import ComplaintClassified
from schemas.complaint.investigation import CauseEstablished
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintReopened, ComplaintResolved
from schemas.complaint.remedies import (
    AcceptRemedies,
    ApproveRemedy,
    Compensate,
    ComplaintCompensated,
    OfferRemedies,
    ProposeRemedy,
    QuestionRemedies,
    RefuseRemedies,
    RejectRemedy,
    RemediesQuestioned,
    RemedyAccepted,
    RemedyApproved,
    RemedyOffered,
    RemedyProposed,
    RemedyRefused,
    RemedyRejected,
    RemedyReversed,
    ReverseRemedy,
    Unusual,
)
from schemas.configuration.remedies import RemedyRules
from schemas.words import Money, Point, RuleRef
from support.scenario import ANNA, BORIS, COMPLAINANT, INTAKE, MONDAY, TIMER, History, desk, happened, opened, uid

TABLE = RemedyRules.model_validate(
    {
        "id": "remedies",
        "version": 3,
        "grounds": {"company": "fault", "nobody": "no_fault"},
        "limits": {"no_fault": {"RUB": "500"}, "exception": {}},
        "rules": [
            {
                "rule": "objective",
                "when": {"nature": "objective"},
                "ground": "fault",
                "propose": [{"demand": "in_full"}, {"form": "repair"}],
            },
            {"rule": "unknown", "first": ["study_history"]},
        ],
    }
)
LIMITED = Book(desk=desk(remedy_limits={"RUB": "5000", "EUR": "50"}))


def money(amount: str, currency: str = "RUB") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def proposed(label: str, amount: str | None = "4900") -> RemedyProposed:
    return RemedyProposed(
        subject_id=COMPLAINANT,
        remedy_id=uid(label),
        form="refund" if amount else "repair",
        ground="fault",
        amount=money(amount) if amount else None,
    )


def approved(label: str, amount: str | None = "4900") -> RemedyApproved:
    return RemedyApproved(subject_id=COMPLAINANT, remedy_id=uid(label), amount=money(amount) if amount else None)


def given_(label: str, amount: str | None = "4900") -> ComplaintCompensated:
    return ComplaintCompensated(subject_id=COMPLAINANT, remedy_id=uid(label), amount=money(amount) if amount else None)


def propose(label: str, amount: str, currency: str = "RUB") -> ProposeRemedy:
    return ProposeRemedy(remedy_id=uid(label), form="refund", ground="fault", amount=money(amount, currency))


def pending(amount: str | None = "9000") -> History:
    return opened(happened(proposed("r1", amount), by=ANNA)).under(LIMITED)


def allowed(amount: str | None = "4900") -> History:
    return opened(happened(proposed("r1", amount), by=ANNA), happened(approved("r1", amount), by=BORIS)).under(LIMITED)


def test_within_the_limit_the_rule_approves_at_once() -> None:
    after = (
        opened()
        .under(LIMITED)
        .when(propose("r1", "5000"))
        .then(
            proposed("r1", "5000"),
            approved("r1", "5000").model_copy(update={"limits": ("RUB:5000",)}),
        )
    )
    assert after.case.stage.name == "corrective_action"


def test_above_the_limit_a_proposal_waits_for_a_person() -> None:
    after = opened().under(LIMITED).when(propose("r1", "5000.01")).then(proposed("r1", "5000.01"))
    assert after.case.stage.name == "registration"


def test_two_of_4900_under_a_limit_of_5000_need_approval() -> None:
    after = opened().under(LIMITED).when(propose("r1", "4900"), command_id=uid("c1")).after()
    after.when(propose("r2", "4900"), command_id=uid("c2")).then(proposed("r2", "4900"))


def test_the_limit_holds_over_all_cycles() -> None:
    ended = (
        ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld"),
        ComplaintClosed(subject_id=COMPLAINANT, reason="decision", cycle=1),
        ComplaintReopened(subject_id=COMPLAINANT, reason="decision", cycle=2),
    )
    history = opened(proposed("r1"), approved("r1"), given_("r1"), *ended).under(LIMITED)
    history.when(propose("r2", "101")).then(proposed("r2", "101"))
    assert len(history.when(propose("r2", "100")).decided()) == 2


def test_currencies_are_counted_apart_and_one_without_a_limit_needs_a_person() -> None:
    history = allowed()
    assert len(history.when(propose("r2", "50", "EUR")).decided()) == 2
    assert len(history.when(propose("r2", "1", "USD")).decided()) == 1


def test_what_was_taken_back_frees_the_limit() -> None:
    reversed_ = RemedyReversed(subject_id=COMPLAINANT, remedy_id=uid("r1"), amount=money("4900"))
    history = opened(proposed("r1"), approved("r1"), given_("r1"), reversed_).under(LIMITED)
    assert len(history.when(propose("r2", "5000")).decided()) == 2


def test_money_given_without_an_approval_in_an_imported_history_counts_too() -> None:
    history = opened(given_("old", "4000")).under(LIMITED)
    history.when(propose("r1", "1001")).then(proposed("r1", "1001"))


@pytest.mark.parametrize("within", [True, False])
def test_the_desk_says_whether_a_remedy_without_money_needs_a_person(*, within: bool) -> None:
    history = opened().under(Book(desk=desk(approve_without_money=within)))
    command = ProposeRemedy(remedy_id=uid("r1"), form="repair", ground="fault")
    follows = (approved("r1", None).model_copy(update={"limits": ("without-money",)}),) if within else ()
    history.when(command).then(proposed("r1", None), *follows)


@pytest.mark.parametrize("form", ["refund", "price_reduction", "reimbursement", "payment"])
@pytest.mark.parametrize("amount", [None, money("0")])
def test_a_sum_of_money_needs_its_amount(form: str, amount: Money | None) -> None:
    command = ProposeRemedy.model_validate({"form": form, "ground": "fault", "amount": amount})
    opened().when(command).then_refused("amount_required", form=form)


def test_a_remedy_is_known_by_its_id() -> None:
    pending().when(propose("r1", "1"), command_id=uid("c2")).then_nothing()


def test_a_remedy_may_name_a_point_that_exists() -> None:
    opened().when(propose("r1", "1").model_copy(update={"point": 2})).then(
        proposed("r1", "1").model_copy(update={"point": 2})
    )
    opened().when(propose("r1", "1").model_copy(update={"point": 3})).then_refused("unknown_point", point=3)


def test_a_closed_complaint_is_reopened_before_a_remedy_is_proposed() -> None:
    closed = ComplaintClosed(subject_id=COMPLAINANT, reason="decision", cycle=1)
    opened(closed).when(propose("r1", "1")).then_refused("already_closed", cycle=1)


def test_a_second_person_approves() -> None:
    after = (
        pending().when(ApproveRemedy(remedy_id=uid("r1")), by=BORIS, command_id=uid("c1")).then(approved("r1", "9000"))
    )
    assert after.case.stage.name == "corrective_action"
    after.when(ApproveRemedy(remedy_id=uid("r1")), by=ANNA, command_id=uid("c2")).then_nothing()


def test_who_proposed_does_not_approve() -> None:
    pending().when(ApproveRemedy(remedy_id=uid("r1")), by=ANNA).then_refused("self_approval", remedy=str(uid("r1")))


def test_a_service_a_rule_or_a_person_merely_named_does_not_approve() -> None:
    command = ApproveRemedy(remedy_id=uid("r1"))
    pending().when(command, by=INTAKE).then_refused("person_required")
    pending().when(command, by=TIMER).then_refused("person_required")
    pending().when(command, by=BORIS, identity="claimed").then_refused("person_required")


def test_four_eyes_see_through_a_program_that_works_for_a_person() -> None:
    command = ApproveRemedy(remedy_id=uid("r1"))
    by_program = opened(happened(proposed("r1", "9000"), by=INTAKE, on_behalf_of=ANNA)).under(LIMITED)
    by_program.when(command, by=ANNA).then_refused("self_approval")
    by_program.when(command, by=BORIS, on_behalf_of=ANNA).then_refused("self_approval")
    by_program.when(command, by=BORIS).then(approved("r1", "9000"))
    pending().when(command, by=BORIS, on_behalf_of=ANNA).then_refused("self_approval")


def test_who_was_only_named_by_a_program_may_be_the_approver_himself() -> None:
    named = opened(happened(proposed("r1", "9000"), by=ANNA, identity="claimed")).under(LIMITED)
    named.when(ApproveRemedy(remedy_id=uid("r1")), by=BORIS).then_refused("person_required", remedy=str(uid("r1")))
    named.when(RejectRemedy(remedy_id=uid("r1")), by=BORIS).then(
        RemedyRejected(subject_id=COMPLAINANT, remedy_id=uid("r1"))
    )


def test_what_a_service_proposed_of_itself_one_person_approves() -> None:
    history = opened(happened(proposed("r1", "9000"), by=INTAKE, identity="workload")).under(LIMITED)
    history.when(ApproveRemedy(remedy_id=uid("r1")), by=BORIS).then(approved("r1", "9000"))


def test_less_than_proposed_may_be_approved_but_not_more() -> None:
    pending().when(ApproveRemedy(remedy_id=uid("r1"), amount=money("3000")), by=BORIS).then(approved("r1", "3000"))
    more = ApproveRemedy(remedy_id=uid("r1"), amount=money("9000.01"))
    pending().when(more, by=BORIS).then_refused("amount_exceeds_proposal", bound="9000")
    other = ApproveRemedy(remedy_id=uid("r1"), amount=money("1", "EUR"))
    pending().when(other, by=BORIS).then_refused("currency_differs", expected="RUB", got="EUR")
    nothing = ApproveRemedy(remedy_id=uid("r1"), amount=money("0"))
    pending().when(nothing, by=BORIS).then_refused("amount_required")
    pending(None).when(ApproveRemedy(remedy_id=uid("r1"), amount=money("1")), by=BORIS).then_refused(
        "amount_exceeds_proposal"
    )


def test_what_is_decided_is_not_decided_otherwise() -> None:
    rejected = RemedyRejected(subject_id=COMPLAINANT, remedy_id=uid("r1"))
    allowed().when(RejectRemedy(remedy_id=uid("r1")), by=BORIS).then_refused("remedy_already_decided")
    allowed().when(ApproveRemedy(remedy_id=uid("r1"), amount=money("1")), by=BORIS).then_refused(
        "remedy_already_decided"
    )
    after = pending().when(RejectRemedy(remedy_id=uid("r1")), by=BORIS, command_id=uid("c1")).then(rejected)
    after.when(RejectRemedy(remedy_id=uid("r1")), by=BORIS, command_id=uid("c2")).then_nothing()
    after.when(ApproveRemedy(remedy_id=uid("r1")), by=BORIS).then_refused("remedy_already_decided", status="rejected")


def test_a_remedy_that_nobody_proposed_is_unknown() -> None:
    unknown = uid("r9")
    for command in (
        ApproveRemedy(remedy_id=unknown),
        RejectRemedy(remedy_id=unknown),
        OfferRemedies(remedy_ids=(unknown,)),
        AcceptRemedies(remedy_ids=(unknown,)),
        RefuseRemedies(remedy_ids=(unknown,)),
        Compensate(remedy_id=unknown),
        ReverseRemedy(remedy_id=unknown),
    ):
        allowed().when(command, by=BORIS).then_refused("unknown_remedy", remedy=str(unknown))


def test_alternatives_are_offered_and_the_complainant_answers() -> None:
    history = opened(*(e for label in ("r1", "r2") for e in (proposed(label), approved(label))))
    ids = (uid("r1"), uid("r2"))
    offered = history.when(OfferRemedies(remedy_ids=ids, until=MONDAY), command_id=uid("c1")).then(
        RemedyOffered(subject_id=COMPLAINANT, remedy_ids=ids, until=MONDAY)
    )
    offered.when(OfferRemedies(remedy_ids=ids, until=MONDAY), command_id=uid("c2")).then_nothing()
    accepted = offered.when(AcceptRemedies(remedy_ids=ids[:1]), command_id=uid("c3")).then(
        RemedyAccepted(subject_id=COMPLAINANT, remedy_ids=ids[:1])
    )
    refused = accepted.when(RefuseRemedies(remedy_ids=ids[1:], reason="Too late"), command_id=uid("c4")).then(
        RemedyRefused(subject_id=COMPLAINANT, remedy_ids=ids[1:], reason="Too late")
    )
    assert [remedy.answer for remedy in refused.case.remedies.known] == ["accepted", "refused"]
    history.when(OfferRemedies(remedy_ids=())).then_refused("nothing_to_do")


def test_only_what_is_approved_is_offered_accepted_or_given() -> None:
    for command in (
        OfferRemedies(remedy_ids=(uid("r1"),)),
        AcceptRemedies(remedy_ids=(uid("r1"),)),
        Compensate(remedy_id=uid("r1")),
    ):
        pending().when(command).then_refused("remedy_not_approved", status="proposed")


def test_what_is_approved_may_be_given_in_parts_but_never_more() -> None:
    part = Compensate(remedy_id=uid("r1"), amount=money("2000"), reference="tx 1")
    first = (
        allowed().when(part, command_id=uid("c1")).then(given_("r1", "2000").model_copy(update={"reference": "tx 1"}))
    )
    second = first.when(part, command_id=uid("c2")).then(given_("r1", "2000").model_copy(update={"reference": "tx 1"}))
    second.when(part, command_id=uid("c3")).then_refused("amount_exceeds_approval", used="4000", bound="4900")
    full = second.when(Compensate(remedy_id=uid("r1")), command_id=uid("c4")).then(given_("r1", "900"))
    full.when(Compensate(remedy_id=uid("r1")), command_id=uid("c5")).then_nothing()


def test_30000_on_an_approval_of_3000_is_refused() -> None:
    allowed("3000").when(Compensate(remedy_id=uid("r1"), amount=money("30000"))).then_refused("amount_exceeds_approval")
    allowed("3000").when(Compensate(remedy_id=uid("r1"), amount=money("1", "EUR"))).then_refused("currency_differs")
    allowed(None).when(Compensate(remedy_id=uid("r1"), amount=money("1"))).then_refused("amount_exceeds_approval")


def test_a_remedy_without_money_is_given_once() -> None:
    after = allowed(None).when(Compensate(remedy_id=uid("r1")), command_id=uid("c1")).then(given_("r1", None))
    after.when(Compensate(remedy_id=uid("r1")), command_id=uid("c2")).then_nothing()


def test_no_more_is_taken_back_than_was_given() -> None:
    history = opened(proposed("r1"), approved("r1"), given_("r1", "3000"))
    part = history.when(ReverseRemedy(remedy_id=uid("r1"), amount=money("1000")), command_id=uid("c1")).then(
        RemedyReversed(subject_id=COMPLAINANT, remedy_id=uid("r1"), amount=money("1000"))
    )
    part.when(ReverseRemedy(remedy_id=uid("r1"), amount=money("2000.01")), command_id=uid("c2")).then_refused(
        "amount_exceeds_given", used="1000"
    )
    rest = part.when(ReverseRemedy(remedy_id=uid("r1")), command_id=uid("c2")).then(
        RemedyReversed(subject_id=COMPLAINANT, remedy_id=uid("r1"), amount=money("2000"))
    )
    rest.when(ReverseRemedy(remedy_id=uid("r1")), command_id=uid("c3")).then_nothing()
    allowed().when(ReverseRemedy(remedy_id=uid("r1"))).then_refused("amount_exceeds_given")


@pytest.mark.parametrize("amount", ["4900", None])
def test_what_was_taken_back_is_not_given_again_under_the_same_approval(amount: str | None) -> None:
    taken = RemedyReversed(subject_id=COMPLAINANT, remedy_id=uid("r1"), amount=money(amount) if amount else None)
    history = opened(proposed("r1", amount), approved("r1", amount), given_("r1", amount), taken)
    history.when(Compensate(remedy_id=uid("r1"))).then_refused("amount_exceeds_approval")


# ------------------------------------------------------------------------------------------------ what the rule says

RULED = Book(desk=desk(remedy_limits={"RUB": "5000"}), rule_sets={"remedies": TABLE})
OBJECTIVE = ComplaintClassified(
    subject_id=COMPLAINANT,
    nature="objective",
    points=(Point(point=1, claimed=money("4900"), remedy_sought="refund"),),
)
UNUSUAL = Unusual(measure="number", against="limit", value=Decimal(7), bound=Decimal(6), cases=5, days=365)
QUESTIONED = RemediesQuestioned(subject_id=COMPLAINANT, unusual=(UNUSUAL,))


def advised(remedy: RemedyProposed, advice: str, rule: str = "objective") -> RemedyProposed:
    ref = RuleRef(rule_set="remedies", version=3, rule=rule)
    return remedy.model_copy(update={"advice": advice, "advised_by": ref})


def gesture(label: str, amount: str = "400") -> ProposeRemedy:
    return ProposeRemedy(remedy_id=uid(label), form="payment", ground="no_fault", amount=money(amount))


def test_what_the_rule_proposes_is_taken_without_a_word_and_says_which_rule() -> None:
    history = opened(OBJECTIVE).under(RULED)
    followed = history.when(propose("r1", "4900"), by=INTAKE, identity="workload", command_id=uid("c1")).then(
        advised(proposed("r1"), "followed"),
        approved("r1").model_copy(update={"limits": ("RUB:5000",)}),
    )
    repair = ProposeRemedy(remedy_id=uid("r2"), form="repair", ground="fault")
    assert followed.when(repair, command_id=uid("c2")).decided()[0] == advised(proposed("r2", None), "alternative")


def test_what_the_rule_does_not_propose_overrules_it_by_a_verified_person_with_a_reason() -> None:
    history = opened(OBJECTIVE).under(RULED)
    less = propose("r1", "4000")
    history.when(less, by=ANNA).then_refused("reason_required", rule="objective")
    history.when(less, by=ANNA, identity="claimed", why=True).then_refused("person_required", rule="objective")
    history.when(less, by=INTAKE, why=True).then_refused("person_required", rule="objective")
    assert history.when(less, by=ANNA, why=True).decided()[0] == advised(proposed("r1", "4000"), "overruled")


def test_before_the_case_is_studied_a_proposal_is_marked_and_not_refused() -> None:
    history = opened().under(RULED)
    assert history.when(propose("r1", "100")).decided()[0] == advised(proposed("r1", "100"), "unstudied", "unknown")


def test_what_the_investigation_found_changes_the_ground() -> None:
    cause = CauseEstablished(subject_id=COMPLAINANT, cause="external", responsibility="nobody")
    history = opened(OBJECTIVE, cause).under(RULED)
    history.when(propose("r1", "4900"), by=ANNA).then_refused("reason_required")
    bonus = ProposeRemedy(remedy_id=uid("r2"), form="refund", ground="no_fault", amount=money("4900"), point=1)
    (event,) = history.when(bonus, by=ANNA).decided()
    assert isinstance(event, RemedyProposed)
    assert event.advice == "followed"


def test_a_ground_has_limits_of_its_own_and_an_exception_is_a_second_persons() -> None:
    history = opened().under(RULED)
    assert len(history.when(gesture("r1", "500")).decided()) == 2
    assert len(history.when(gesture("r1", "500.01")).decided()) == 1
    exception = ProposeRemedy(remedy_id=uid("r1"), form="repair", ground="exception")
    assert len(history.when(exception).decided()) == 1


# -------------------------------------------------------------------------------------------------- a word of warning


def test_a_warning_is_said_once_and_carries_its_figures() -> None:
    command = QuestionRemedies(unusual=(UNUSUAL,))
    after = opened().when(command, by=TIMER, command_id=uid("c1")).then(QUESTIONED)
    after.when(command, by=TIMER, command_id=uid("c2")).then_nothing()


def test_after_a_warning_a_gesture_needs_a_reason_and_what_is_owed_does_not() -> None:
    history = opened(QUESTIONED).under(LIMITED)
    history.when(gesture("r1"), by=ANNA).then_refused("reason_required", ground="no_fault")
    assert len(history.when(gesture("r1"), by=ANNA, why=True).decided()) == 2
    assert len(history.when(propose("r1", "4900"), by=ANNA).decided()) == 2


def test_a_warning_that_comes_after_the_proposal_holds_up_what_follows_until_there_is_a_reason() -> None:
    bonus = proposed("r1", "9000").model_copy(update={"ground": "no_fault"})
    waiting = opened(happened(bonus, by=ANNA), QUESTIONED).under(LIMITED)
    waiting.when(ApproveRemedy(remedy_id=uid("r1")), by=BORIS).then_refused("reason_required")
    allowed_ = waiting.when(ApproveRemedy(remedy_id=uid("r1")), by=BORIS, why=True).then(approved("r1", "9000"))
    allowed_.when(Compensate(remedy_id=uid("r1"))).then_refused("reason_required")
    allowed_.when(Compensate(remedy_id=uid("r1")), why=True).then(given_("r1", "9000"))
    owed = opened(happened(proposed("r1", "9000"), by=ANNA), QUESTIONED).under(LIMITED)
    after = owed.when(ApproveRemedy(remedy_id=uid("r1")), by=BORIS).then(approved("r1", "9000"))
    after.when(Compensate(remedy_id=uid("r1"))).then(given_("r1", "9000"))
