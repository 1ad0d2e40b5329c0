"""The first policy by its order that claims a complaint applies, with every clock pinned to a calendar."""

from typing import Any

import pytest

from engine.sla.policy import NoCalendar, Profile, applied_clocks, select_policy, terms_of
from schemas.configuration.policy import Policy


def policy(id: str, order: int = 1000, **when: Any) -> Policy:
    clocks = [{"kind": "first_reply", "target": "1 hour"}]
    return Policy.model_validate({"id": id, "version": 1, "order": order, "when": when or None, "clocks": clocks})


POLICIES = [
    policy("everyone"),
    policy("reviews", 500, channel=["review", "social"]),
    policy("urgent-reviews", 400, channel="review", priority="urgent"),
    policy("late-comer", 1000),
    policy("products", 600, type="product"),
]


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (Profile(), "everyone"),
        (Profile(channel="email", priority="urgent"), "everyone"),
        (Profile(channel="review"), "reviews"),
        (Profile(channel="review", priority="urgent"), "urgent-reviews"),
        (Profile(channel="social", priority="urgent", types=("product",)), "reviews"),
        (Profile(types=("service", "product")), "products"),
    ],
)
def test_the_first_by_order_whose_selection_holds_applies(profile: Profile, expected: str) -> None:
    chosen = select_policy(POLICIES, profile)

    assert chosen is not None
    assert chosen.id == expected


def test_no_policy_applies_where_none_claims_the_complaint() -> None:
    assert select_policy([policy("other", business_unit="b")], Profile(business_unit="a")) is None


def test_a_clock_is_pinned_to_its_own_calendar_then_the_policys_then_the_default() -> None:
    given = Policy.model_validate(
        {
            "id": "p",
            "version": 1,
            "calendar": "desk",
            "clocks": [
                {"kind": "first_reply", "target": "1 hour"},
                {"kind": "resolution", "target": "1 hour", "calendar": "law"},
            ],
        }
    )

    clocks = applied_clocks(given, {"desk": 3, "law": 7, "default": 1}, "default")

    assert [(one.kind, one.calendar, one.calendar_version) for one in clocks] == [
        ("first_reply", "desk", 3),
        ("resolution", "law", 7),
    ]
    assert terms_of(policy("q"), {"default": 2}, "default")[0].calendar_version == 2


@pytest.mark.parametrize(("latest", "default"), [({}, None), ({"other": 1}, "desk")])
def test_a_calendar_that_is_not_in_force_is_named(latest: dict[str, int], default: str | None) -> None:
    with pytest.raises(NoCalendar, match=r"policy 'q', clock 'first_reply': .*; name one that is"):
        terms_of(policy("q"), latest, default)


def test_what_is_applied_leaves_nothing_to_a_default() -> None:
    (clock,) = applied_clocks(policy("q"), {"desk": 1}, "desk")

    assert clock.model_dump(mode="json") == {
        "kind": "first_reply",
        "target": "1 hour",
        "calendar": "desk",
        "calendar_version": 1,
        "start": [{"event": "complaint.received", "where": []}],
        "fulfil": [
            {
                "event": "complaint.message_recorded",
                "where": [
                    {"field": "direction", "values": ["outbound"]},
                    {"field": "automated", "values": [False]},
                    {"field": "counterparty", "values": ["complainant", "representative"]},
                    {"field": "purpose", "values": ["question", "interim", "final", "public_closing", "other"]},
                ],
            },
            {"event": "complaint.replied", "where": []},
        ],
        "pause": [],
        "resume": [],
        "cancel": [],
        "reopen": "reset",
        "priority_change": "forward",
        "roll": "none",
        "warn": [],
        "escalations": None,
    }
