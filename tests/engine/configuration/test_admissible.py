"""What does not fit together is told whole: every error, at its field, with what to write there."""

from typing import Any

import pytest

from engine.configuration.admissible import problems
from schemas.configuration import Calendar, Policy

CALENDAR = Calendar.model_validate({"id": "desk", "version": 1, "timezone": "UTC", "week": {"mon": ["09:00-18:00"]}})
CLOCK = {"kind": "first_reply", "target": "1 hour", "calendar": "desk"}


def policy(id: str = "p", order: int = 1, when: Any = None, **clock: Any) -> Policy:
    return Policy.model_validate({"id": id, "version": 1, "order": order, "when": when, "clocks": [{**CLOCK, **clock}]})


def told(*policies: Policy) -> list[tuple[str, str, str]]:
    return [(one.item.id, ".".join(map(str, one.path)), one.fix) for one in problems([CALENDAR, *policies], ["always"])]


@pytest.mark.parametrize(
    ("given", "path", "fix"),
    [
        (policy(calendar="law"), "clocks.0.calendar", "is not in force; add a file with it, or name one of: always"),
        (policy(calendar=None), "clocks.0.calendar", "is missing, and the policy names none either"),
        (policy(fulfil="complaint.resolvd"), "clocks.0.fulfil.0.event", "event; did you mean complaint.resolved?"),
        (policy(start="complaint.zzz"), "clocks.0.start.0.event", "there is no such event"),
        (
            policy(fulfil=[{"event": "complaint.replied", "where": {"finnal": True}}]),
            "clocks.0.fulfil.0.where.finnal",
            "complaint.replied has no such field; one of: apology, articles, checks, final, message",
        ),
    ],
)  # fmt: skip
def test_a_policy_that_could_not_be_judged_by_is_named_with_field_and_fix(given: Policy, path: str, fix: str) -> None:
    ((_, found, text),) = told(given)

    assert found == path
    assert fix in text


def test_a_calendar_in_force_beside_the_files_and_fields_with_aliases_are_known() -> None:
    where = [{"event": "complaint.information_requested", "where": {"from": "complainant"}}]

    assert told(policy(calendar="always", cancel=where)) == []


def test_every_error_is_told_at_once() -> None:
    found = told(policy("a", calendar="law"), policy("b", fulfil="complaint.nothing"))

    assert [one[:2] for one in found] == [
        ("a", "clocks.0.calendar"),
        ("b", "clocks.0.fulfil.0.event"),
        ("b", "order"),
    ]


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        (None, None, True),
        (None, {"channel": "review"}, True),
        ({"channel": "review"}, {"channel": ["social", "review"]}, True),
        ({"channel": "review"}, {"channel": "social"}, False),
        ({"channel": "review"}, {"regulation": "us-cfpb"}, True),
        ({"regulation": "us-cfpb"}, {"regulation": "uk-fca-disp"}, False),
        ({"segment": "vip"}, {"segment": "usual"}, False),
        ({"priority": "high"}, {"priority": "low"}, False),
        ({"business_unit": "north"}, {"business_unit": "south"}, False),
        ({"channel": "review", "priority": "high"}, {"channel": "review", "priority": "low"}, False),
        ({"type": "product"}, {"type": "service"}, True),  # a complaint of several points may have both
        ({"subtype": "a"}, {"subtype": "b"}, True),
    ],
)
def test_two_policies_of_one_order_that_may_claim_the_same_complaint_are_refused(
    one: Any, other: Any, *, meets: bool
) -> None:
    found = told(policy("a", 5, one), policy("b", 5, other))

    fix = "policy 'a' has the same order and may claim the same complaints; the lowest goes first"
    assert found == ([("b", "order", f"{fix}: give one of them another number")] if meets else [])
    assert told(policy("a", 5, one), policy("b", 6, other)) == []
