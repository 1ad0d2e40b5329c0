"""A policy that could not be judged by is refused, with the place and the fix."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.catalogue import EVENTS, unversioned
from schemas.configuration.policy import UNJUDGED_EVENTS, ClockRule, Condition, Policy, Target, is_kind, parse_target


@pytest.mark.parametrize(
    ("text", "target", "again"),
    [
        ("8 working hours", Target(8, "working hours"), "8 working hours"),
        ("1 working hour", Target(1, "working hours"), "1 working hour"),
        ("90 Minutes", Target(90, "minutes"), "90 minutes"),
        ("3  working days", Target(3, "working days"), "3 working days"),
        ("15 calendar days", Target(15, "calendar days"), "15 calendar days"),
        ("1 month", Target(1, "months"), "1 month"),
        ("8 weeks", Target(8, "weeks"), "8 weeks"),
        ("Next working day by 16:00", Target(1, "working days", 960), "next working day by 16:00"),
        ("1 working day by 16:00", Target(1, "working days", 960), "next working day by 16:00"),
        ("same working day by 09:05", Target(0, "working days", 545), "same working day by 09:05"),
        ("3 working days by 24:00", Target(3, "working days", 1440), "3 working days by 24:00"),
    ],
)
def test_a_target_is_read_and_written(text: str, target: Target, again: str) -> None:
    assert (parse_target(text), str(target)) == (target, again)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3 days", "say which days: 'working days' or 'calendar days'"),
        ("1.5 hours", "write a whole number and one of: minutes, hours, working minutes"),
        ("soon", "write a whole number and one of"),
        (8, "write a whole number and one of"),
        ("0 hours", "the number of hours must be from 1 to 90000"),
        ("4000 working days", "the number of working days must be from 1 to 3660"),
        ("0 working days by 16:00", "the number of working days must be from 1 to 3660"),
        ("next working day by 16:60", "there is no such time of day; write one from 00:01 to 24:00"),
        ("next working day by 24:01", "there is no such time of day; write one from 00:01 to 24:00"),
        ("next working day by 00:00", "there is no such time of day; write one from 00:01 to 24:00"),
        ("next day by 16:00", "write for example 'next working day by 16:00'"),
        ("next working day by 4 pm", "write for example 'next working day by 16:00'"),
        ("tomorrow", "or for example 'next working day by 16:00'"),
    ],
)
def test_what_is_no_target_is_refused_with_the_fix(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_target(text)


@pytest.mark.parametrize("text", ["8 working hours", "next working day by 16:00", "12 working days by 09:30"])
def test_what_a_target_may_be_is_in_the_exported_schema(text: str) -> None:
    pattern = Policy.model_json_schema()["$defs"]["ClockRule"]["properties"]["target"]["anyOf"][0]["pattern"]

    assert re.search(pattern, text)
    assert not re.search(pattern, f"{text} or so")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("resolution", True), ("stage:investigation", True), ("statutory:us-cfpb", True), ("stage:thinking", False),
        ("statutory:", False), ("statutory:No Such", False), ("hurry", False), ("resolution:x", False),
    ],
)  # fmt: skip
def test_kinds_are_a_closed_list_with_stages_and_presets(name: str, *, known: bool) -> None:
    assert is_kind(name) is known


def test_conditions_may_be_written_briefly() -> None:
    rule = ClockRule.model_validate(
        {
            "kind": "resolution",
            "target": "1 hour",
            "start": "complaint.registered",
            "fulfil": ["first_reply", {"event": "complaint.closed", "where": {"reason": "decision"}}],
        }
    )

    assert rule.start == (Condition(event="complaint.registered"),)
    assert rule.fulfil == (
        Condition(event="first_reply"),
        Condition(event="complaint.closed", where={"reason": ("decision",)}),
    )


def test_events_that_no_clock_may_depend_on_exist() -> None:
    assert {unversioned(name) for name in EVENTS} >= UNJUDGED_EVENTS


CLOCK = {"kind": "resolution", "target": "1 hour"}


@pytest.mark.parametrize(
    ("clock", "path", "message"),
    [
        ({"kind": "resolutoin"}, ("kind",), "there is no such kind of clock; one of: registration"),
        ({"target": None}, (), "target: is missing"),
        ({"target": "3 days"}, ("target",), "say which days"),
        ({"tarjet": "3 hours"}, ("tarjet",), "Extra inputs are not permitted"),
        ({"kind": "remedy"}, (), "start: is missing"),
        ({"start": []}, (), "start: is empty"),
        ({"fulfil": []}, (), "fulfil: is empty"),
        ({"fulfil": ["complaint.resolved.v1"]}, ("fulfil", 0, "event"), "leave the version out"),
        ({"fulfil": ["resolved"]}, ("fulfil", 0, "event"), "write a stored name such as 'complaint.resolved'"),
        ({"fulfil": ["complaint.deadline_missed"]}, ("fulfil", 0, "event"), "no clock may depend on this event"),
        (
            {"fulfil": [{"event": "first_reply", "where": {"final": True}}]},
            ("fulfil", 0),
            "stands for its own conditions",
        ),
        (
            {"fulfil": [{"event": "complaint.replied", "where": {"signed_by": "x"}}]},
            ("fulfil", 0),
            "no condition may name persons or free text",
        ),
        (
            {"fulfil": [{"event": "complaint.replied", "whre": {}}]},
            ("fulfil", 0, "whre"),
            "Extra inputs are not permitted",
        ),
        ({"kind": "statutory:x", "pause": ["resolution"]}, (), "pause: a statutory clock is never paused"),
        ({"kind": "next_reply", "reopen": "continue"}, (), "reopen: cannot be chosen for this kind"),
        ({"kind": "stage:investigation", "reopen": "reset"}, (), "reopen: cannot be chosen for this kind"),
        ({"roll": "next"}, (), "roll: moves a day that a term ends on"),
        ({"pause": ["complaint.escalated"]}, (), "resume: is missing"),
        ({"warn": [0]}, ("warn", 0), "greater than or equal to 1"),
        ({"warn": [101]}, ("warn", 0), "less than or equal to 100"),
    ],
)
def test_a_wrong_clock_is_refused_with_place_and_fix(
    clock: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Policy.model_validate({"id": "p", "version": 1, "clocks": [{**CLOCK, **clock}]})

    error = refused.value.errors()[0]
    assert (error["loc"], message in error["msg"]) == (("clocks", 0, *path), True), error["msg"]


@pytest.mark.parametrize(
    ("policy", "path", "message"),
    [
        ({"clocks": []}, ("clocks",), "at least 1 item"),
        ({"clocks": [CLOCK, CLOCK]}, (), "clocks.1.kind: 'resolution' stands twice"),
        ({"clocks": [CLOCK], "when": {"mood": "bad"}}, ("when", "mood"), "Extra inputs are not permitted"),
        ({"clocks": [CLOCK], "when": {"priority": "max"}}, ("when", "priority", 0), "Input should be 'low'"),
    ],
)
def test_a_wrong_policy_is_refused_with_place_and_fix(
    policy: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Policy.model_validate({"id": "p", "version": 1, **policy})

    (error,) = refused.value.errors()
    assert (error["loc"], message in error["msg"]) == (path, True), error["msg"]


def test_a_policy_is_what_its_plain_form_says() -> None:
    policy = Policy.model_validate(
        {"id": "p", "version": 1, "when": {"channel": "review"}, "clocks": [{**CLOCK, "fulfil": "complaint.closed"}]}
    )

    assert Policy.model_validate(policy.model_dump(mode="json")) == policy
    assert policy.model_dump(mode="json")["clocks"][0]["target"] == "1 hour"
