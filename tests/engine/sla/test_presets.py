"""Every shipped calendar and policy is admissible, says where it comes from, and fits the others."""

from importlib.resources import files

import pytest

from engine.sla.calendar import compile_calendar
from engine.sla.policy import Profile, applied_clocks, select_policy
from schemas.configuration import Calendar, Policy, load

PRESETS = files("engine.configuration").joinpath("presets")
CALENDARS = {
    one.id: one
    for entry in PRESETS.joinpath("calendars").iterdir()
    if isinstance(one := load(entry.read_text(encoding="utf-8"), entry.name), Calendar)
}
POLICIES = {
    one.id: one
    for entry in PRESETS.joinpath("policies").iterdir()
    if isinstance(one := load(entry.read_text(encoding="utf-8"), entry.name), Policy)
}


def test_the_shipped_ones_are_these() -> None:
    assert sorted(CALENDARS) == ["always", "desk", "helpdesk", "us-eastern"]
    assert sorted(POLICIES) == ["default", "helpdesk", "reviews", "us-cfpb"]


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_a_policy_names_its_source_and_calendars_that_are_shipped(policy: Policy) -> None:
    latest = {one.id: one.version for one in CALENDARS.values()}

    assert policy.source
    assert len(applied_clocks(policy, latest)) == len(policy.clocks)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (Profile(channel="email"), "default"),
        (Profile(channel="review"), "reviews"),
        (Profile(channel="web_form", regulations=("us-cfpb",)), "us-cfpb"),
        (Profile(business_unit="helpdesk"), "helpdesk"),
    ],
)
def test_each_complaint_finds_its_policy(profile: Profile, expected: str) -> None:
    chosen = select_policy(POLICIES.values(), profile)

    assert chosen is not None
    assert chosen.id == expected


def test_a_first_reply_is_due_in_one_working_hour_and_to_a_review_in_three() -> None:
    targets = {
        name: {str(one.target) for one in POLICIES[name].clocks if one.kind == "first_reply"}
        for name in ("default", "reviews")
    }

    assert targets == {"default": {"1 working hour"}, "reviews": {"3 working hours"}}


def test_every_calendar_can_be_laid_out() -> None:
    for calendar in CALENDARS.values():
        assert compile_calendar(calendar).year(2026).total > 0
