"""Deadlines in words: every line exact, in both languages, and no line without its words."""

import re
from typing import Any, get_args

import pytest

from engine.sla.document import judgeable
from engine.sla.explain import Applied, explain
from engine.sla.selection import Considered, Field
from engine.sla.spans import DayWhy, Why
from projections.replay.clock_words import clock_phrases, clock_words
from projections.replay.sentence import LANGUAGES, Language
from schemas.configuration.policy import UNITS
from schemas.words import SlaReason
from support.clocks import DESK, on, received, reply

WHO = Applied(
    "desk", 3, "first", None,
    (
        Considered("law", 1, 10, (Field("channel", ("letter", "call"), ("email",)), Field("segment", ("vip",), ()))),
        Considered("desk", 3, 20, (Field("channel", ("email",), ("email",)),)),
    ),
)  # fmt: skip


def words(
    clock: dict[str, Any], events: list[dict[str, Any]], at: str, language: Language = "en", **more: Any
) -> list[str]:
    known = judgeable(
        {
            "calendar": DESK,
            "policy": {"id": "desk", "version": 3, "clocks": [clock]},
            "events": events,
            "at": at,
            **more,
        }
    )
    found = explain(known.marks, known.calendars, known.at, known.known_at, {-1: WHO})
    return [line for one in found for line in clock_words(one, language)]


PAUSED = (
    {"kind": "resolution", "target": "16 working hours", "warn": [50]},
    [
        received("2024-03-07T16:00:00+03:00", channel="email"),
        on("information_requested", "2024-03-11T10:00:00+03:00", request_id="r1"),
        on("information_provided", "2024-03-11T12:30:00+03:00", request_id="r1"),
        on("resolved", "2024-03-13T09:00:30+03:00", outcome="upheld"),
    ],
    "2024-04-01T00:00:00Z",
)


def test_hours_are_told_piece_by_piece() -> None:
    assert words(*PAUSED, calendar={**DESK, "holidays": ["2024-03-08"]}) == [
        "resolution, cycle 1: missed; due 2024-03-12 16:30",
        "Promised by policy desk, version 3 (for the first time).",
        (
            "Policy law (order 10) was asked before and does not hold: channel is email, it wants letter / call; "
            "segment is not known, it wants vip."
        ),
        "Policy desk (order 20) holds: channel is email.",
        "Started 2024-03-07 16:00: A complaint arrived by e-mail.",
        (
            "Target: 16 working hours, open time of calendar desk, version 1 (Europe/Moscow), "
            "counted from 2024-03-07 16:00."
        ),
        "  2024-03-07 16:00 to 2024-03-07 18:00: 2 h counted (open)",
        "  2024-03-07 18:00 to 2024-03-08 00:00: not counted (closed)",
        "  2024-03-08 00:00 to 2024-03-09 00:00: not counted (holiday)",
        "  2024-03-09 00:00 to 2024-03-11 09:00: not counted (closed)",
        "  2024-03-11 09:00 to 2024-03-11 10:00: 1 h counted (open)",
        "  2024-03-11 10:00 to 2024-03-11 12:30: not counted (waiting)",
        "  2024-03-11 12:30 to 2024-03-11 18:00: 5 h 30 min counted (open)",
        "  2024-03-11 18:00 to 2024-03-12 09:00: not counted (closed)",
        "  2024-03-12 09:00 to 2024-03-12 16:30: 7 h 30 min counted (open)",
        "  2024-03-12 16:30 to 2024-03-12 18:00: 1 h 30 min counted (open) - after the due",
        "  2024-03-12 18:00 to 2024-03-13 09:00: not counted (closed) - after the due",
        "  2024-03-13 09:00 to 2024-03-13 09:00:30: 30 s counted (open) - after the due",
        "So it is due 2024-03-12 16:30.",
        "50 % of it are used up 2024-03-11 17:30.",
        "Used: 17 h 30 min 30 s.",
        "Waiting took 2 h 30 min of its own time.",
        "Fulfilled 2024-03-13 09:00:30: Resolved: upheld.",
        "Missed 2024-03-12 16:30, by 1 h 30 min 30 s of its own time.",
    ]


def test_days_are_told_by_date_in_russian() -> None:
    clock = {"kind": "statutory:law", "target": "10 calendar days", "roll": "next"}
    calendar = {**DESK, "covered_until": "2024-03-10"}
    events = [received("2024-02-29", channel="letter")]
    assert words(clock, events, "2024-03-04T09:00:00Z", "ru", calendar=calendar)[4:] == [
        "Начало 2024-02-29: Поступила жалоба, канал: письмо.",
        "Норма: календарные дни: 10, по календарю desk, версия 1 (Europe/Moscow); дни считаются после 2024-02-29.",
        "  2024-03-01 - 2024-03-10: 10, учтено",
        "Срок кончается в нерабочий день, 2024-03-10; по правилу «следующий рабочий день» перенесён на 2024-03-11.",
        "Итого срок до 2024-03-12 00:00.",
        "Календарь ещё не охватывает этот день: срок может сдвинуться.",
        "Использовано: 108 ч.",
        "Осталось 180 ч собственного времени.",
    ]


def test_what_moved_a_due_is_told() -> None:
    events = [
        received(channel="email"),
        on("deadline_extended", "2024-03-05T10:00:00+03:00", clock="resolution", due_at="2024-03-20"),
        on("deadline_extended", "2024-03-25T10:00:00+03:00", clock="resolution", due_at="2024-03-30"),
    ]
    told = words({"kind": "resolution", "target": "2 working days"}, events, "2024-03-26T00:00:00Z")
    assert [line for line in told if line.startswith(("2024", "The due", "So"))] == [
        "The due was stated by an event; calendar desk, version 1 (Europe/Moscow).",
        "2024-03-05 10:00, extended: due 2024-03-06 18:00 became 2024-03-21 00:00.",
        "2024-03-25 10:00: complaint.deadline_extended - after the due 2024-03-21 00:00, which stays.",
        "So it is due 2024-03-21 00:00.",
    ]


def test_late_evidence_and_what_was_no_longer_needed_are_told() -> None:
    events = [received(channel="email"), reply("2024-03-04T09:30:00+03:00", received_at="2024-03-05T00:00:00Z")]
    told = words({"kind": "first_reply", "target": "1 working hour"}, events, "2024-03-06T00:00:00Z")
    assert told[6:] == [
        "  2024-03-04 09:00 to 2024-03-04 09:30: 30 min counted (open)",
        "  2024-03-04 09:30 to 2024-03-04 10:00: 30 min counted (open) - not needed any more",
        "So it is due 2024-03-04 10:00.",
        "Used: 30 min.",
        "Fulfilled 2024-03-04 09:30: complaint.message_recorded.",
        "It counts as kept only by what reached a trusted clock 2024-03-05 03:00, after the due (late evidence).",
    ]


def test_who_is_called_in_after_a_miss_is_told() -> None:
    steps = [{"after": "1 working hour", "level": 1, "to": "lead"}]
    told = words(
        {"kind": "first_reply", "target": "1 working hour", "escalations": steps},
        [received(channel="email")],
        "2024-03-04T09:00:00Z",
    )
    assert told[-2:] == [
        "Missed 2024-03-04 10:00, by 2 h of its own time.",
        "Level 1 is called in 2024-03-04 11:00: lead.",
    ]


def test_a_long_time_is_told_in_few_lines() -> None:
    calendar = {**DESK, "holidays": ["2024-05-01"]}
    told = words(
        {"kind": "resolution", "target": "500 working hours"},
        [received(channel="email")],
        "2024-05-02T06:00:00Z",
        calendar=calendar,
    )
    assert [line for line in told if line.startswith("  ")] == [
        "  2024-03-04 09:00 to 2024-05-01 00:00: 378 h counted (regular hours)",
        "  2024-05-01 00:00 to 2024-05-02 00:00: not counted (holiday)",
        "  2024-05-02 00:00 to 2024-05-02 09:00: not counted (regular hours)",
        "  2024-05-02 09:00 to 2024-05-21 14:00: 122 h counted (regular hours) - still to come",
    ]


def test_a_repeated_hour_is_told_apart_by_its_time_in_utc() -> None:
    calendar = {"id": "b", "version": 1, "timezone": "Europe/Berlin", "week": {"mon": ["09:00-17:00"]}}
    told = words(
        {"kind": "resolution", "target": "1 hour"},
        [received("2024-10-27T00:30:00Z", channel="email")],
        "2024-10-27T00:45:00Z",
        calendar=calendar,
    )
    assert told[0] == "resolution, cycle 1: running; due 2024-10-27 02:30 (01:30Z)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_has_its_phrase(language: Language) -> None:
    known = clock_phrases(language)
    assert set(known.words["why"]) == set(get_args(Why))
    assert set(known.words["days"]) == set(get_args(DayWhy))
    assert set(known.words["reason"]) == set(get_args(SlaReason))
    assert set(known.words["state"]) == {"running", "paused", "fulfilled", "missed", "cancelled"}
    assert set(known.words["unit"]) == {unit.removesuffix("s") for unit in UNITS}


def test_both_languages_fill_in_the_same() -> None:
    english, russian = (clock_phrases(language).lines for language in LANGUAGES)
    names = {
        language: {line: sorted(re.findall(r"\{(\w+)\}", text)) for line, text in lines.items()}
        for language, lines in (("en", english), ("ru", russian))
    }
    assert names["en"] == names["ru"]
