from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from consumers.reactions.remedies import REMEDIES
from engine.incoming import Done, Refused
from engine.store.database.pool import Pool
from projections.answers import Views
from projections.replay.as_of import NoSuchCase
from projections.runtime.projection import Projection
from projections.views.funnel.rows import Funnel
from projections.views.remedies.advice import CaseRemedies, case_remedies
from projections.views.remedies.ask import NAMES
from projections.views.remedies.rows import Remedies
from schemas.complaint.classification import Classify
from schemas.complaint.remedies import Compensate, ProposeRemedy, RemediesQuestioned, Unusual
from schemas.words import Money, RuleRef
from support.following import react
from support.installation import Desk, derived
from support.remedies import table

VIEWS: list[Projection] = [Funnel(), Remedies()]
ANN = {"name": "Ann", "contacts": [{"kind": "email", "value": "ann@example.org"}]}


@pytest.fixture
def strict(desk: Desk) -> Desk:
    """A desk whose table says a word from the second remedy of a person on."""
    once = table().person_limit.model_copy(update={"remedies": 1})
    desk.service.activate([table().model_copy(update={"version": 9, "person_limit": once})], desk.around(), desk.at)
    return desk


def opened(desk: Desk, name: str, **more: Any) -> UUID:
    text = "Broken, I want my money back"
    return desk.opened(channel="web_form", system="shop", id=name, text=text, author=ANN, **more)


def euros(amount: int) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def gift(desk: Desk, stream: UUID, label: str, **more: Any) -> Done | Refused:
    wish = ProposeRemedy(remedy_id=derived(label), form="payment", ground="no_fault", amount=euros(5))
    result = desk.give(stream, wish, **more)
    assert isinstance(result, Done | Refused)
    return result


def given(desk: Desk, name: str) -> UUID:
    stream = opened(desk, name)
    gift(desk, stream, name)
    desk.give(stream, Compensate(remedy_id=derived(name)))
    return stream


def advised(desk: Desk, pool: Pool, stream: UUID) -> CaseRemedies:
    with Views(pool, pause=lambda _: None).snapshot(NAMES) as seen:
        return case_remedies(seen, stream, desk.history(stream, open=False), desk.at)


def test_a_proposal_for_who_was_given_unusually_much_is_questioned_with_figures_by_the_rule(
    strict: Desk, pool: Pool
) -> None:
    first, second = given(strict, "1"), given(strict, "2")
    assert react(strict, pool, REMEDIES, views=VIEWS).acted == {"remedies": 2}
    third = opened(strict, "3")
    gift(strict, third, "3")
    assert react(strict, pool, REMEDIES, views=VIEWS).acted == {"remedies": 1}
    assert react(strict, pool, REMEDIES, views=VIEWS).acted == {}
    for stream, label in ((first, "1"), (second, "2"), (third, "3")):
        (questioned,) = [one for one in strict.history(stream) if isinstance(one.event, RemediesQuestioned)]
        assert questioned.event == RemediesQuestioned(
            subject_id=strict.case(stream).complainant,
            remedy_id=derived(label),
            unusual=(
                Unusual(measure="number", against="limit", value=Decimal(2), bound=Decimal(1), cases=2, days=365),
            ),
        )
        assert questioned.envelope.decided_by == RuleRef(rule_set="remedies", version=9, rule="person-limit")
        assert questioned.envelope.actor == "rule:remedies"


def test_after_the_warning_a_gesture_goes_on_with_a_reason_only_and_what_is_owed_is_given(
    strict: Desk, pool: Pool
) -> None:
    given(strict, "1")
    given(strict, "2")
    third = opened(strict, "3")
    gift(strict, third, "3")
    react(strict, pool, REMEDIES, views=VIEWS)
    payment = Compensate(remedy_id=derived("3"))
    refused = strict.give(third, payment)
    assert isinstance(refused, Refused)
    assert refused.code == "reason_required"
    assert isinstance(strict.give(third, payment, why="His fridge burnt down."), Done)
    owed = ProposeRemedy(remedy_id=derived("owed"), form="repair", ground="fault")
    assert isinstance(strict.give(third, owed), Done)
    assert isinstance(strict.give(third, Compensate(remedy_id=derived("owed"))), Done)


def test_whoever_was_given_what_others_are_given_is_not_questioned(desk: Desk, pool: Pool) -> None:
    stream = given(desk, "1")
    assert react(desk, pool, REMEDIES, views=VIEWS).acted == {}
    assert "remedies_questioned" not in desk.names(stream)


def test_the_advice_for_a_case_names_rule_inputs_limits_and_the_warning(strict: Desk, pool: Pool) -> None:
    given(strict, "1")
    given(strict, "2")
    stream = opened(strict, "3", hints={"claimed": {"amount": "300", "currency": "EUR"}, "remedy_sought": "refund"})
    strict.give(stream, Classify(nature="objective"))
    react(strict, pool, REMEDIES, views=VIEWS)
    found = advised(strict, pool, stream)
    assert found.rule == RuleRef(rule_set="remedies", version=9, rule="objective")
    assert (found.ground, found.ground_by, found.first, found.also) == ("fault", "rule", ("apologise",), ("unknown",))
    assert found.inputs.model_dump(exclude={"demands"}) == {
        "nature": "objective", "informed": None, "responsibility": None, "type": None, "outcome": None,
    }  # fmt: skip
    assert [(one.option, one.form, one.amount, one.approved_by, one.limit) for one in found.options] == [
        (1, "refund", euros(300), "person", None),
        (2, "replacement", None, "rule", "without-money"),
        (3, "repair", None, "rule", "without-money"),
    ]
    assert [(one.measure, one.value, one.bound) for one in found.warnings] == [("number", Decimal(2), Decimal(1))]


def test_what_is_no_complaint_has_no_advice(desk: Desk, pool: Pool) -> None:
    thanks = desk.opened(channel="web_form", system="shop", id="t", text="Thank you, everything is wonderful!")
    react(desk, pool, REMEDIES, views=VIEWS)
    with pytest.raises(NoSuchCase):
        advised(desk, pool, thanks)
