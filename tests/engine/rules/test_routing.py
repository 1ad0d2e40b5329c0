from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from consumers.wiring import presets
from engine.rules import routing_cases
from engine.rules.conditions import Checked, Facts, check, holds
from engine.rules.routing import route, window
from schemas.configuration.routing import RoutingRules, When
from schemas.words import Money, RuleRef

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FACTS = Facts(
    received_at=MONDAY,
    channel="email",
    type=("product", "delivery"),
    product=("kettle-2",),
    segment="vip",
    language="en",
    business_unit="main",
    tone="calm",
    party=("complainant",),
    claimed=(Money(amount=Decimal(900), currency="EUR"),),
    subject="Broken kettle",
    text="Dear director, the kettle exploded.",
    earlier=(MONDAY - timedelta(days=90),),
)


def rules(*ones: Mapping[str, Any], **more: Any) -> RoutingRules:
    content = {"id": "routing", "version": 4, "concern": "routing", "rules": list(ones), **more}
    return RoutingRules.model_validate(content)


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"channel": "email"}, True),
        ({"channel": ["call", "email"]}, True),
        ({"channel": "call"}, False),
        ({"type": "delivery"}, True),
        ({"location": "riga"}, False),
        ({"words": "explod~"}, True),
        ({"words": "explod"}, False),
        ({"words": ["fire", "BROKEN"]}, True),
        ({"words": "broken kettle"}, True),
        ({"words": "kettle broken"}, False),
        ({"addressed_to": "director"}, True),
        ({"public": False}, True),
        ({"vulnerable": True}, False),
        ({"claimed": {"at_least": 900, "currency": "EUR"}}, True),
        ({"claimed": {"at_least": 901, "currency": "EUR"}}, False),
        ({"claimed": {"at_least": 1, "currency": "USD"}}, False),
        ({"earlier": {"at_least": 1, "within_days": 90}}, True),
        ({"earlier": {"at_least": 1, "within_days": 89}}, False),
        ({"same_product": {"at_least": 1, "within_days": 7}}, False),
        ({"segment": "vip", "channel": "call"}, False),
        ({"any": [{"channel": "call"}, {"segment": "vip"}]}, True),
        ({"any": [{"channel": "call"}]}, False),
        ({"none": [{"channel": "call"}, {"segment": "loyal"}]}, True),
        ({"none": [{"channel": "email"}]}, False),
    ],
)
def test_a_condition_holds_where_every_field_that_it_names_does(
    when: dict[str, Any],
    fits: bool,  # noqa: FBT001 # a row of the table
) -> None:
    assert holds(check(When.model_validate(when), FACTS)) is fits


def test_a_finding_says_what_was_wanted_and_what_was_there_but_no_words_beside_those_asked_for() -> None:
    when = When.model_validate({"words": ["explod~", "fire"], "channel": ["call", "email"]})
    assert check(when, FACTS) == (
        Checked("channel", ("call", "email"), ("email",), fits=True),
        Checked("words", ("explod~", "fire"), ("explod~",), fits=True),
    )


def test_words_that_were_erased_fit_nothing() -> None:
    erased = replace(FACTS, readable=False, text=None, subject=None)
    (found,) = check(When.model_validate({"words": "kettle"}), erased)
    assert found == Checked("words", ("kettle",), ("(erased)",), fits=False)


def test_the_first_rule_that_holds_gives_a_field_and_tags_add_up() -> None:
    found = route(
        rules(
            {"rule": "calls", "when": {"channel": "call"}, "then": {"priority": "low", "team": "phone"}},
            {"rule": "vip", "when": {"segment": "vip"}, "then": {"priority": "high", "tags": ["vip"]}},
            {"rule": "kettles", "when": {"product": "kettle-2"}, "then": {"priority": "urgent", "tags": ["k", "vip"]}},
            {"rule": "rest", "then": {"team": "first-line"}},
        ),
        FACTS,
    )  # fmt: skip
    assert found.given == {"priority": "high", "tags": ("vip", "k"), "team": "first-line"}
    assert found.ref("priority") == RuleRef(rule_set="routing", version=4, rule="vip")
    told = [(one.rule, one.holds, one.gave, one.too_late) for one in found.tried]
    assert told == [
        ("calls", False, (), ()),
        ("vip", True, ("priority", "tags"), ()),
        ("kettles", True, ("tags",), (("priority", "vip"),)),
        ("rest", True, ("team",), ()),
    ]


def test_a_call_is_promised_only_where_a_number_is_known() -> None:
    known = rules({"rule": "call", "then": {"call_back": {"within": "4 working hours"}}}, calendar="desk")
    assert route(known, FACTS).call_back is None
    promised = route(known, replace(FACTS, has_phone=True)).call_back
    assert promised is not None
    assert str(promised.within) == "4 working hours"


def test_others_about_a_product_are_looked_for_as_far_back_as_any_rule_counts() -> None:
    near = {"same_product": {"at_least": 1, "within_days": 7}}
    far = {"none": [{"same_product": {"at_least": 9, "within_days": 30}}]}
    assert window(rules({"rule": "a", "when": near, "then": {"tags": "a"}})) == timedelta(days=7)
    assert window(rules({"rule": "a", "when": {**near, **far}, "then": {"tags": "a"}})) == timedelta(days=30)
    assert window(rules({"rule": "a", "then": {"tags": "a"}})) == timedelta(0)


def shipped() -> RoutingRules:
    (found,) = [one for one in presets.shipped() if isinstance(one, RoutingRules)]
    return found


@pytest.mark.parametrize("outcome", routing_cases.run(shipped()), ids=lambda one: one.case)
def test_the_shipped_rules_do_what_their_cases_say(outcome: routing_cases.Outcome) -> None:
    assert outcome.differs == ()


def test_every_shipped_rule_gives_something_in_some_case() -> None:
    given = {one.rule for outcome in routing_cases.run(shipped()) for one in outcome.route.tried if one.gave}
    assert {one.rule for one in shipped().rules} == given


def test_a_case_that_differs_says_in_what() -> None:
    then = {"priority": "low", "tags": ["vip", "a"], "rules": "vip"}
    case = {"case": "wrong", "given": {"segment": "vip"}, "then": then}
    vip = {"rule": "vip", "when": {"segment": "vip"}, "then": {"priority": "high", "tags": ["vip"]}}
    known = rules(vip, cases=[case])
    (found,) = routing_cases.run(known)
    assert sorted(found.differs) == [("priority", "low", "high"), ("tags", ("vip", "a"), ("vip",))]
