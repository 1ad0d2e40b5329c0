"""Every shipped calendar and policy is admissible, says where it comes from, and fits the others."""

import pytest

from consumers.wiring import presets
from engine.configuration.activation import expanded
from engine.sla.calendar import compile_calendar
from engine.sla.policy import Profile, applied_clocks, select_policy
from schemas.configuration import Calendar, Policy

CALENDARS = {one.item.id: one.item for one in presets.all_shipped() if isinstance(one.item, Calendar)}
POLICIES = {one.item.id: one.item for one in presets.all_shipped() if isinstance(one.item, Policy)}


def test_the_shipped_ones_are_these() -> None:
    assert sorted(CALENDARS) == [
        "always", "australia", "brussels", "desk", "england", "helpdesk", "russia", "russia-hours", "us-eastern",
    ]  # fmt: skip
    assert sorted(POLICIES) == [
        "au-asic-rg271", "au-asic-rg271-super", "default", "eu-adr", "helpdesk", "iso-10002", "reviews", "ru-442fz",
        "ru-59fz", "ru-zozpp-20", "ru-zozpp-21", "ru-zozpp-22", "uk-fca-disp", "uk-fca-psd", "us-cfpb",
        "us-cfpb-forwarded",
    ]  # fmt: skip


def test_whatever_rests_on_a_law_says_that_it_is_to_be_checked_against_it() -> None:
    ours = {"default", "reviews", "helpdesk", "iso-10002"}

    assert {name for name, one in POLICIES.items() if "check against the law" not in str(one.source)} == ours


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
    chosen = select_policy((one for one in presets.in_force(None) if isinstance(one, Policy)), profile)

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
        assert compile_calendar(expanded(calendar)).year(2026).total > 0
