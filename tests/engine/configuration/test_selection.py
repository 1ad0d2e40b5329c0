"""Each field that a policy may select by decides alone and with others; unnamed fields do not matter."""

from typing import Any

import pytest

from engine.sla.policy import Profile, select_policy
from schemas.configuration import Policy


def policy(id: str, order: int, when: Any = None) -> Policy:
    clocks = [{"kind": "first_reply", "target": "1 hour", "calendar": "c"}]
    return Policy.model_validate({"id": id, "version": 1, "order": order, "when": when, "clocks": clocks})


FULL: dict[str, Any] = {
    "channel": "email",
    "types": ("product", "delivery"),
    "subtypes": ("leaking",),
    "segment": "vip",
    "priority": "urgent",
    "regulations": ("uk-fca-disp",),
    "business_unit": "north",
}


@pytest.mark.parametrize(
    ("when", "without"),
    [
        ({"channel": "email"}, "channel"),
        ({"type": "delivery"}, "types"),
        ({"subtype": "leaking"}, "subtypes"),
        ({"segment": "vip"}, "segment"),
        ({"priority": ["high", "urgent"]}, "priority"),
        ({"regulation": "uk-fca-disp"}, "regulation"),
        ({"business_unit": ["south", "north"]}, "business_unit"),
    ],
)
def test_every_field_decides_alone(when: dict[str, Any], without: str) -> None:
    policies = [policy("rest", 1000), policy("chosen", 1, when)]
    left: dict[str, Any] = {
        name: value for name, value in FULL.items() if name.removesuffix("s") != without.removesuffix("s")
    }

    with_it, without_it = select_policy(policies, Profile(**FULL)), select_policy(policies, Profile(**left))

    assert with_it is not None
    assert without_it is not None
    assert (with_it.id, without_it.id) == ("chosen", "rest")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "all"),
        ({"channel": "call"}, "rest"),
        ({"types": ("service",)}, "rest"),
        ({"segment": "usual"}, "rest"),
        ({"priority": "low"}, "rest"),
        ({"regulations": ()}, "rest"),
        ({"business_unit": None}, "rest"),
    ],
)
def test_all_that_a_policy_names_must_hold(changed: dict[str, Any], expected: str) -> None:
    when = {
        "channel": "email", "type": "product", "segment": "vip", "priority": "urgent", "regulation": "uk-fca-disp",
        "business_unit": "north",
    }  # fmt: skip

    chosen = select_policy([policy("rest", 1000), policy("all", 1, when)], Profile(**{**FULL, **changed}))

    assert chosen is not None
    assert chosen.id == expected


def test_the_lowest_order_goes_first_whatever_the_order_of_activation() -> None:
    three = [policy("c", 30), policy("a", 10, {"channel": "call"}), policy("b", 20, {"segment": "vip"})]

    for policies in (three, three[::-1]):
        chosen = select_policy(policies, Profile(**FULL))
        assert chosen is not None
        assert chosen.id == "b"
