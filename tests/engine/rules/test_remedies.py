from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.rules.remedies import Demand, Option, RemedyFacts, advise, fits, limit_that_allows, limits, relation
from engine.rules.remedy_cases import Failed, failed
from schemas.configuration.remedies import RemedyRules
from schemas.words import (
    ComplaintType,
    Informed,
    Money,
    Nature,
    Outcome,
    RemedyForm,
    RemedyGround,
    Responsibility,
    RuleRef,
)  # fmt: skip
from support.remedies import table

TABLE = table()
EUR_300 = Money(amount=Decimal(300), currency="EUR")
FRIDGE = Demand(1, "refund", EUR_300)


def test_objective_is_the_demand_in_full_with_alternatives_beside_it() -> None:
    facts = RemedyFacts(nature="objective", responsibility="company", demands=(FRIDGE,))

    advice = advise(facts, TABLE)

    assert advice.rule == RuleRef(rule_set="remedies", version=TABLE.version, rule="objective")
    assert (advice.ground, advice.ground_by, advice.also) == ("fault", "responsibility", ("unknown",))
    assert advice.options == (
        Option("refund", "fault", "price", EUR_300, 1),
        Option("replacement", "fault", alternative=True),
        Option("repair", "fault", alternative=True),
    )


def test_every_point_is_met_and_moral_damages_only_where_claimed() -> None:
    distress = Money(amount=Decimal(50), currency="EUR")
    facts = RemedyFacts(nature="objective", demands=(FRIDGE, Demand(2, None, EUR_300, distress), Demand(3, "repair")))

    options = advise(facts, TABLE).options

    assert [(one.form, one.head, one.point) for one in options if not one.alternative] == [
        ("refund", "price", 1),
        ("refund", "price", 2),
        ("repair", None, 3),
        ("payment", "distress", 2),
    ]
    assert options[3].amount == distress


@pytest.mark.parametrize(
    ("responsibility", "outcome", "ground", "by"),
    [
        ("company", None, "fault", "responsibility"),
        ("nobody", None, "no_fault", "responsibility"),
        ("third_party", None, "no_fault", "responsibility"),
        ("complainant", None, "exception", "responsibility"),
        (None, None, "fault", "rule"),
        ("company", "partly_upheld", "fault", "responsibility"),
        ("company", "not_upheld", "no_fault", "outcome"),
        ("complainant", "not_upheld", "exception", "responsibility"),
    ],
)
def test_who_answers_for_it_says_on_which_ground(
    responsibility: Responsibility | None, outcome: Outcome | None, ground: RemedyGround, by: str
) -> None:
    facts = RemedyFacts(nature="objective", responsibility=responsibility, outcome=outcome, demands=(FRIDGE,))

    advice = advise(facts, TABLE)

    assert (advice.ground, advice.ground_by) == (ground, by)
    assert {option.ground for option in advice.options} == {ground}


def test_what_nobody_knows_is_studied_before_anything_is_proposed() -> None:
    advice = advise(RemedyFacts(nature="subjective", informed="unknown", demands=(FRIDGE,)), TABLE)

    assert (advice.first, advice.options) == (("study_history",), ())
    assert relation(Option("refund", "fault", "price", EUR_300, 1), advice) == "unstudied"


def test_a_share_of_what_is_claimed_is_a_sum_in_one_currency_and_open_in_two() -> None:
    rules = RemedyRules.model_validate(
        {
            "id": "r",
            "version": 1,
            "grounds": {},
            "rules": [{"rule": "a", "propose": [{"form": "discount", "percent": 15}]}],
        }
    )
    roubles = Demand(2, "refund", Money(amount=Decimal("99.99"), currency="RUB"))

    (one,) = advise(RemedyFacts(demands=(roubles,)), rules).options
    (two,) = advise(RemedyFacts(demands=(FRIDGE, roubles)), rules).options

    assert one.amount == Money(amount=Decimal("15.00"), currency="RUB")
    assert two.amount is None


@pytest.mark.parametrize(
    ("proposed", "stands"),
    [
        (Option("refund", "fault", "price", EUR_300, 1), "followed"),
        (Option("refund", "fault", None, EUR_300), "followed"),
        (Option("replacement", "fault"), "alternative"),
        (Option("refund", "fault", "price", Money(amount=Decimal(299), currency="EUR"), 1), "overruled"),
        (Option("refund", "no_fault", None, EUR_300, 1), "overruled"),
        (Option("replacement", "fault", customer_pays=True), "overruled"),
        (Option("payment", "fault", "distress", EUR_300), "overruled"),
        (Option("discount", "fault"), "overruled"),
    ],
)
def test_a_proposal_follows_takes_an_alternative_or_overrules(proposed: Option, stands: str) -> None:
    advice = advise(RemedyFacts(nature="objective", responsibility="company", demands=(FRIDGE,)), TABLE)
    assert relation(proposed, advice) == stands


def test_a_table_without_a_fitting_rule_says_nothing() -> None:
    rules = RemedyRules.model_validate(
        {"id": "r", "version": 1, "grounds": {}, "rules": [{"rule": "a", "when": {"nature": "objective"}}]}
    )
    advice = advise(RemedyFacts(nature="subjective"), rules)
    assert (advice.rule, advice.options) == (None, ())
    assert relation(Option("refund", "fault"), advice) is None


def _facts() -> st.SearchStrategy[RemedyFacts]:
    money = st.none() | st.builds(Money, amount=st.decimals(1, 500, places=2), currency=st.sampled_from(["EUR", "RUB"]))
    demand = st.builds(
        Demand, point=st.integers(1, 3), form=st.none() | st.sampled_from(get_args(RemedyForm)), claimed=money,
        distress=money,
    )  # fmt: skip
    maybe = {
        name: st.none() | st.sampled_from(get_args(words))
        for name, words in (
            ("nature", Nature), ("informed", Informed), ("responsibility", Responsibility), ("type", ComplaintType),
            ("outcome", Outcome),
        )
    }  # fmt: skip
    return st.builds(RemedyFacts, demands=st.lists(demand, max_size=3).map(tuple), **maybe)


@given(_facts())
def test_whatever_is_known_one_rule_fires_every_option_follows_it_and_exceptions_come_last(facts: RemedyFacts) -> None:
    advice = advise(facts, TABLE)

    assert advice.rule is not None
    assert advice.rule.rule not in advice.also
    assert all(fits(option._replace(alternative=False), option) for option in advice.options)
    assert all(relation(option, advice) in ("followed", "alternative") for option in advice.options)
    order = [("fault", "no_fault", "exception").index(option.ground) for option in advice.options]
    assert order == sorted(order)
    owed = [option for option in advice.options if option.ground == "fault"]
    assert not owed or (facts.outcome != "not_upheld" and facts.responsibility in (None, "company"))


def test_limits_of_a_ground_go_before_the_desks_and_an_exception_always_needs_a_person() -> None:
    desk = {"EUR": Decimal(100)}
    euros = Money(amount=Decimal(60), currency="EUR")

    by_desk = limits("fault", TABLE, desk, without_money=True)
    exception = limits("exception", TABLE, desk, without_money=True)

    assert limit_that_allows(euros, Decimal(40), by_desk) == "EUR:100"
    assert limit_that_allows(euros, Decimal("40.01"), by_desk) is None
    assert limit_that_allows(None, Decimal(0), by_desk) == "without-money"
    assert (by_desk.by_table, exception.by_table) == (False, True)
    assert limit_that_allows(euros, Decimal(0), exception) is None
    assert limit_that_allows(None, Decimal(0), exception) is None


def test_the_cases_of_the_shipped_table_hold() -> None:
    assert list(failed(TABLE)) == []
    assert {case.then.rule for case in TABLE.cases} == {rule.rule for rule in TABLE.rules}


def test_a_case_that_comes_out_otherwise_is_told_field_by_field() -> None:
    case = TABLE.cases[0].model_copy(
        update={"then": TABLE.cases[0].then.model_copy(update={"ground": "no_fault", "propose": ("refund 300 EUR",)})}
    )
    assert list(failed(TABLE.model_copy(update={"cases": (case,)}))) == [
        Failed(case.case, "ground", "no_fault", "fault"),
        Failed(case.case, "propose", "refund 300 EUR", "refund 300 EUR, replacement, repair"),
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rules": [{"rule": "a"}, {"rule": "b"}]}, "rules.0.when: holds for every complaint"),
        (
            {"rules": [{"rule": "a", "when": {"nature": "objective"}}, {"rule": "a"}]},
            "rules.1.rule: 'a' stands twice",
        ),
        ({"rules": [{"rule": "a", "propose": [{"form": "refund", "demand": "in_full"}]}]}, "name either a form or"),
        ({"rules": [{"rule": "a", "propose": [{"demand": "in_full", "percent": 5}]}]}, "leave percent, head"),
        (
            {"cases": [{"case": "x", "given": {}, "then": {"rule": "z", "ground": "fault"}}]},
            "cases.0.then.rule: there is no rule 'z'; one of: a",
        ),
    ],
)
def test_a_table_that_cannot_mean_what_it_says_is_refused(change: dict[str, Any], told: str) -> None:
    whole = {"id": "r", "version": 1, "grounds": {}, "rules": [{"rule": "a"}], **change}
    with pytest.raises(ValidationError) as refused:
        RemedyRules.model_validate(whole)
    assert told in str(refused.value)
