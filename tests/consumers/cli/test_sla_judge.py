"""``plaint sla judge FILE``: however an outsider writes a document, it is judged exactly or refused with every fix."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.commandline import CommandLine

LINE = CommandLine({})
YAML = """\
calendar:
  id: desk
  version: 1
  timezone: Europe/Moscow
  week:
    mon: [09:00-13:00, 14:00-18:00]
    tue: ["09:00-24:00"]
    wed: []
    sat:
  holidays: [2024-03-11]
  exceptions:
    2024-03-09: [10:00-16:00]
policy:
  id: desk
  version: 3
  clocks:
    - {kind: first_reply, target: 10 working hours}
    - {kind: resolution, target: 2 working days}
events:
  - type: complaint.received
    occurred_at: 2024-03-04T09:00:00+03:00
    channel: email
  - type: complaint.replied
    occurred_at: 2024-03-05 09:30:00 +03:00
    final: yes
at: 2024-03-05T12:00:00Z
"""
"""Open 06:00Z to 10:00Z and 11:00Z to 15:00Z on Mondays, 06:00Z to 21:00Z on Tuesdays."""
CLOCKS = [
    {
        "kind": "first_reply",
        "cycle": 1,
        "instance": 1,
        "started_at": "2024-03-04T06:00:00Z",
        "due_at": "2024-03-05T08:00:00Z",
        "state": "fulfilled",
        "fulfilled_at": "2024-03-05T06:30:00Z",
        "missed_at": None,
        "elapsed_seconds": 30600,
        "remaining_seconds": None,
        "overdue_seconds": None,
        "late_evidence": False,
    },
    {
        "kind": "resolution",
        "cycle": 1,
        "instance": 1,
        "started_at": "2024-03-04T06:00:00Z",
        "due_at": "2024-03-09T13:00:00Z",
        "state": "running",
        "fulfilled_at": None,
        "missed_at": None,
        "elapsed_seconds": 50400,
        "remaining_seconds": 54000,
        "overdue_seconds": None,
        "late_evidence": False,
    },
]
ALL_DAY = {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


def judged(tmp_path: Path, text: str | bytes) -> list[dict[str, Any]]:
    """Return the clocks that the command prints for a file of this text, which must be all that it prints."""
    file = tmp_path / "document"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    outcome = LINE("sla", "judge", str(file), "--json")
    assert (outcome.code, outcome.err) == (0, ""), outcome.err
    printed = outcome.json()
    assert list(printed) == ["clocks"]
    clocks: list[dict[str, Any]] = printed["clocks"]
    return clocks


def refused(text: str | bytes) -> list[str]:
    """Return what the command says of a document that it does not judge."""
    outcome = LINE("sla", "judge", "-", stdin=text if isinstance(text, bytes) else text.encode())
    assert (outcome.code, outcome.out) == (1, "")
    return [one.removeprefix("plaint: ").removeprefix("standard input: ") for one in outcome.err.splitlines()]


def with_(**parts: Any) -> str:
    """Return a document as JSON, with some of its parts replaced; one that is None is left out."""
    document = {
        "calendar": {"id": "c", "version": 1, "timezone": "UTC", "week": ALL_DAY},
        "policy": {"id": "p", "version": 1, "clocks": [{"kind": "resolution", "target": "1 hour"}]},
        "events": [{"type": "complaint.received", "occurred_at": "2024-03-04T09:00:00Z"}],
        "at": "2024-03-04T09:30:00Z",
        **parts,
    }
    return json.dumps({key: value for key, value in document.items() if value is not None})


def event(type_: str, occurred_at: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"complaint.{type_}", "occurred_at": occurred_at, **fields}


RECEIVED = event("received", "2024-03-04T09:00:00Z")


def states(clocks: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["state"], one["due_at"]) for one in clocks]


# ------------------------------------------------------------------------------------------------ how it is written


def test_a_document_as_a_person_writes_it_is_judged_exactly(tmp_path: Path) -> None:
    assert judged(tmp_path, YAML) == CLOCKS


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else key.isoformat(): _as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_json(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


PLAIN = _as_json(yaml.safe_load(YAML))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PLAIN),
        json.dumps(PLAIN, indent="\t"),
        yaml.safe_dump(PLAIN),
        yaml.safe_dump(PLAIN, default_flow_style=True),
        YAML.replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + YAML.encode(),
        YAML.encode("utf-16"),
        "%YAML 1.1\n---\n" + YAML + "...\n",
        YAML.replace("2024-03-04T09:00:00+03:00", '"2024-03-04T06:00:00Z"'),
        YAML.replace("2024-03-04T09:00:00+03:00", "2024-03-04T06:00Z"),
        YAML.replace("2024-03-04T09:00:00+03:00", "2024-03-04T06:00:00.000000000Z"),
        YAML.replace("2024-03-04T09:00:00+03:00", "2024-03-04T01:00:00-0500"),
        YAML.replace("[2024-03-11]", '["2024-03-11"]'),
        YAML.replace("2024-03-09:", '"2024-03-09":'),
        YAML.replace("complaint.received", "complaint.received.v1"),
        YAML.replace("target: 10 working hours", 'target: "600 Working  Minutes", roll: ~, calendar: null, warn: []'),
        YAML.replace("    channel: email", "    fields: {channel: email, type: delivery}"),
        YAML.replace("wed: []", "wed: ~"),
        YAML.replace("  id: desk\n  version: 1\n", "  kind: calendar\n  id: desk\n  version: 1\n"),
        YAML.replace("  version: 3", "  kind: policy\n  version: 3"),
    ],
    ids=[
        "JSON", "JSON with tabs", "quoted YAML", "flow YAML", "line ends of Windows", "a byte order mark", "UTF-16",
        "directives", "UTC in quotes", "no seconds", "nanoseconds", "an offset without colon", "quoted holidays",
        "quoted exceptions", "a version in the type", "keys without a value", "fields apart", "a weekday without hours",
        "a whole calendar file",
        "a whole policy file",
    ],
)  # fmt: skip
def test_the_same_document_written_otherwise_is_judged_alike(tmp_path: Path, text: str | bytes) -> None:
    assert judged(tmp_path, text) == CLOCKS


def test_standard_input_is_read_where_a_hyphen_stands() -> None:
    assert LINE("sla", "judge", "-", "--json", stdin=YAML.encode()).json() == {"clocks": CLOCKS}


def test_without_json_a_table_is_printed() -> None:
    outcome = LINE.ok("sla", "judge", "-", stdin=YAML.encode())
    assert [" ".join(line.split()) for line in outcome.out.splitlines()] == [
        "clock cycle started due state fulfilled elapsed left over",
        "first_reply 1 2024-03-04T06:00:00Z 2024-03-05T08:00:00Z fulfilled 2024-03-05T06:30:00Z 8 h 30 min",
        "resolution 1 2024-03-04T06:00:00Z 2024-03-09T13:00:00Z running 14 h 00 min 15 h 00 min",
    ]


def test_what_may_be_left_out_is_left_out(tmp_path: Path) -> None:
    week = {"mon": ["00:00-24:00"]}
    assert states(judged(tmp_path, with_(calendar={"id": "c", "version": 1, "timezone": "UTC", "week": week}))) == [
        ("resolution", "running", "2024-03-04T10:00:00Z")
    ]
    assert judged(tmp_path, with_(events=[])) == []


# ------------------------------------------------------------------------------------------------ events


def test_unknown_events_and_unknown_fields_change_nothing(tmp_path: Path) -> None:
    events = [
        {**RECEIVED, "colour": "red", "nested": {"a": [1, None]}, "text": "x" * 500, "number": 1.5},
        {"type": "warehouse.flooded", "occurred_at": "2024-03-04T09:10:00Z", "fields": {"level": 2}},
        event("deadline_missed", "2024-03-04T09:20:00Z", clock="resolution"),
    ]
    assert states(judged(tmp_path, with_(events=events))) == [("resolution", "running", "2024-03-04T10:00:00Z")]


def test_events_out_of_order_are_taken_as_they_happened(tmp_path: Path) -> None:
    events = [event("resolved", "2024-03-04T09:59:00Z"), RECEIVED]
    clocks = judged(tmp_path, with_(events=events, at="2024-03-05T00:00:00Z"))
    assert [(one["state"], one["fulfilled_at"]) for one in clocks] == [("fulfilled", "2024-03-04T09:59:00Z")]


@pytest.mark.parametrize(
    ("order", "state"), [(["information_requested", "information_provided"], "running"),
                         (["information_provided", "information_requested"], "paused")],
)  # fmt: skip
def test_of_the_same_instant_the_stored_order_counts(tmp_path: Path, order: list[str], state: str) -> None:
    events = [RECEIVED, *(event(one, "2024-03-04T09:10:00Z") for one in order)]
    assert [one["state"] for one in judged(tmp_path, with_(events=events))] == [state]


def test_a_date_without_time_is_a_day_in_the_zone_of_the_calendar(tmp_path: Path) -> None:
    """The CFPB's file: 15 days from 13 January in New York end when the 28th has ended there."""
    calendar = {"id": "c", "version": 1, "timezone": "America/New_York", "week": ALL_DAY}
    policy = {"id": "p", "version": 1, "clocks": [{"kind": "statutory:us-cfpb", "target": "15 calendar days"}]}
    for day in (
        {"occurred_at": "2012-01-13"},
        {"occurred_at": "2012-01-13", "occurred_precision": "day"},
        {"occurred_at": "2012-01-13T00:00:00Z", "occurred_precision": "day"},
        {"occurred_at": "2012-01-13T00:00:00", "occurred_precision": "day"},
    ):
        events = [{"type": "complaint.received", **day}]
        clocks = judged(tmp_path, with_(calendar=calendar, policy=policy, events=events, at="2012-01-20T00:00:00Z"))
        assert [(one["started_at"], one["due_at"]) for one in clocks] == [
            ("2012-01-13T05:00:00Z", "2012-01-29T05:00:00Z")
        ]


def test_unquoted_dates_are_days_too(tmp_path: Path) -> None:
    text = YAML.replace("2024-03-04T09:00:00+03:00", "2024-03-03").replace("2024-03-05 09:30:00 +03:00", "2024-03-04")
    assert [(one["started_at"], one["fulfilled_at"]) for one in judged(tmp_path, text)] == [
        ("2024-03-02T21:00:00Z", "2024-03-03T21:00:00Z"),
        ("2024-03-02T21:00:00Z", None),
    ]


def test_what_reached_a_trusted_clock_after_the_due_is_late_evidence(tmp_path: Path) -> None:
    late = {"received_at": "2024-03-04T10:00:01Z"}
    for more, expected in (
        (late, True),
        ({"recorded_at": "2024-03-04T10:00:01Z"}, True),
        ({"received_at": "2024-03-04T10:00:00Z", "recorded_at": "2024-03-05T00:00:00Z"}, False),
        ({**late, "origin": "import"}, False),
        ({}, False),
    ):
        events = [RECEIVED, event("resolved", "2024-03-04T09:59:00Z", **more)]
        clocks = judged(tmp_path, with_(events=events, at="2024-03-06T00:00:00Z"))
        assert [(one["state"], one["late_evidence"]) for one in clocks] == [("fulfilled", expected)], more


def test_known_at_leaves_out_what_was_recorded_later(tmp_path: Path) -> None:
    events = [RECEIVED, event("resolved", "2024-03-04T09:59:00Z", recorded_at="2024-03-05T00:00:00Z")]
    at = "2024-03-06T00:00:00Z"
    known = judged(tmp_path, with_(events=events, at=at, known_at="2024-03-04T23:59:59Z"))
    later = judged(tmp_path, with_(events=events, at=at, known_at="2024-03-05T00:00:00Z"))
    assert [one["state"] for one in (*known, *later)] == ["missed", "fulfilled"]


def test_clocks_name_further_calendars(tmp_path: Path) -> None:
    law = {"id": "law", "version": 2, "timezone": "UTC", "week": {"thu": ["00:00-24:00"]}}
    clocks = [{"kind": "resolution", "target": "1 working hour", "calendar": "law"}]
    policy = {"id": "p", "version": 1, "clocks": clocks}
    assert states(judged(tmp_path, with_(policy=policy, calendars=[law]))) == [
        ("resolution", "running", "2024-03-07T01:00:00Z")
    ]


def test_new_terms_in_the_file_hold_from_then_on(tmp_path: Path) -> None:
    """Half an hour of one hour is left, half of the new four: two hours from the change."""
    applied = event("sla_applied", "2024-03-04T09:30:00Z", reason="priority")
    applied["clocks"] = [{"kind": "resolution", "target": "4 hours"}]
    assert states(judged(tmp_path, with_(events=[RECEIVED, applied], at="2024-03-04T10:00:00Z"))) == [
        ("resolution", "running", "2024-03-04T11:30:00Z")
    ]


def test_stages_are_clocks_of_their_own(tmp_path: Path) -> None:
    clocks = [{"kind": f"stage:{stage}", "target": "1 hour"} for stage in ("registration", "investigation")]
    events = [RECEIVED, event("investigation_started", "2024-03-04T09:10:00Z")]
    assert states(judged(tmp_path, with_(policy={"id": "p", "version": 1, "clocks": clocks}, events=events))) == [
        ("stage:investigation", "running", "2024-03-04T10:10:00Z"),
        ("stage:registration", "fulfilled", "2024-03-04T10:00:00Z"),
    ]


# ------------------------------------------------------------------------------------------------ what is refused


def test_every_error_is_named_at_once_with_line_field_and_fix() -> None:
    text = (
        YAML.replace("10 working hours", "3 days")
        .replace("tue: [", "tue: [18:00-09:00, ")
        .replace("[2024-03-11]", "[2024-02-30]")
        .replace("complaint.replied\n    occurred_at: 2024-03-05 09:30:00 +03:00", "replied\n    occured_at: 1")
        .replace("at: 2024-03-05T12:00:00Z", "at: 2024-03-05")
    )
    assert refused(text) == [
        "line 7: calendar.week.tue.0: it runs over midnight; end it at 24:00 and begin the next day at 00:00",
        "line 10: calendar.holidays.0: write a date such as 2024-03-09",
        "line 17: policy.clocks.0.target: say which days: 'working days' or 'calendar days'",
        "line 23: events.1.type: write a stored name such as 'complaint.received'",
        "line 23: events.1.occurred_at: write an instant with its zone, such as 2024-03-01T09:30:00Z",
        "line 26: at: write an instant with its zone, such as 2024-03-01T09:30:00Z",
    ]


CALENDAR = {"id": "c", "version": 1, "timezone": "UTC", "week": ALL_DAY}
RULE = {"kind": "resolution", "target": "1 hour"}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"calendar": None}, "calendar: is missing; write a mapping"),
        ({"policy": None}, "policy: is missing; write a mapping"),
        ({"events": None}, "events: is missing; write a list of events (it may be empty)"),
        ({"at": None}, "at: is missing; write an instant with its zone, such as 2024-03-01T09:30:00Z"),
        ({"now": 1}, "now: unknown; write only calendar, calendars, policy, events, at, known_at"),
        ({"at": "2024-03-04T09:30:00"}, "at: write an instant with its zone, such as 2024-03-01T09:30:00Z"),
        ({"at": "9999-01-01T00:00:00Z"}, "at: the year must be from 1901 to 2399"),
        ({"known_at": "soon"}, "known_at: write an instant with its zone, such as 2024-03-01T09:30:00Z"),
        ({"calendar": {**CALENDAR, "timezone": "Mars"}}, "calendar.timezone: there is no such time zone; "),
        ({"calendar": {**CALENDAR, "week": {}}}, "calendar.week: no weekday is open, so no working time would ever "),
        ({"calendar": {**CALENDAR, "week": {"Mon": []}}}, "calendar.week.Mon: unknown; write only mon, tue, wed, thu"),
        ({"calendar": {**CALENDAR, "week": {"mon": "09:00-18:00"}}}, "calendar.week.mon: write a list, in [ ]"),
        ({"calendar": {**CALENDAR, "exceptions": {"2024-03-09": ["9-18"]}}}, "calendar.exceptions.2024-03-09.0: write"),
        ({"calendar": {**CALENDAR, "version": "first"}}, "calendar.version: write a whole number"),
        ({"calendar": {**CALENDAR, "version": 2**31}}, "calendar.version: write a whole number, at most 2147483647"),
        ({"policy": {"version": 1, "clocks": [RULE]}}, "policy.id: is missing; add it"),
        ({"policy": {"id": "p", "version": 1, "clocks": [{**RULE, "pausing": 1}]}}, "policy.clocks.0.pausing: unknown"),
        ({"policy": {"id": "p", "version": 1, "clocks": [RULE, RULE]}}, "policy.clocks.1.kind: 'resolution' stands "),
        ({"policy": {"id": "p", "version": 1, "clocks": [{**RULE, "calendar": "law"}]}}, "policy.clocks.0.calendar: "),
        ({"policy": {"id": "p", "version": 1, "clocks": [{"kind": "reply", "target": "1 hour"}]}},
            "policy.clocks.0.kind: there is no such kind of clock; one of: registration, "),
        ({"calendars": [{**CALENDAR, "timezone": "Asia/Tokyo"}]}, "calendars.0: 'c' version 1 stands twice"),
        ({"events": {}}, "events: is missing; write a list of events (it may be empty)"),
        ({"events": ["received"]}, "events.0: write a mapping with type and occurred_at"),
        ({"events": [{**RECEIVED, "fields": 1}]}, "events.0.fields: write a mapping of key: value, or leave it out"),
        ({"events": [{**RECEIVED, "received_at": "now"}]}, "events.0.received_at: write an instant with its zone"),
        ({"events": [{**RECEIVED, "origin": "moon"}]}, "events.0.origin: write 'live' or 'import'"),
        ({"events": [event("received", "1830-01-01")]}, "events.0.occurred_at: the year must be from 1901 to 2399"),
        ({"events": [event("message_recorded", "2024-03-04")]}, "events.0.direction: write one of: inbound, outbound"),
        ({"events": [event("message_recorded", "2024-03-04", fields={"direction": "in"})]},
            "events.0.fields.direction: write one of: inbound, outbound"),
        ({"events": [event("promised", "2024-03-04", due="soon")]}, "events.0.due: write an instant with its zone, "),
        ({"events": [event("deadline_extended", "2024-03-04", clock="resolution")]}, "events.0.due_at: write an "),
        ({"events": [event("deadline_extended", "2024-03-04", due_at="2024-03-09")]}, "events.0.clock: write a kind "),
        ({"events": [event("linked", "2024-03-04", other_received_at="2024-03-04T00:00:00")]},
            "events.0.other_received_at: write an instant with its zone"),
        ({"events": [event("compensated", "2024-03-04", amount="much")]}, "events.0.amount: write a number, or amount"),
        ({"events": [event("compensated", "2024-03-04", amount={"amount": None, "currency": "EUR"})]},
            "events.0.amount: write a number, or amount and currency"),
        ({"events": [event("sla_applied", "2024-03-04", clocks=[{**RULE, "calendar_version": {}}])]},
            "events.0.clocks.0.calendar: calendar 'c' version {} is not in the file"),
        ({"events": [event("remedy_offered", "2024-03-04", remedy_ids="r1")]}, "events.0.remedy_ids: write a list"),
        ({"events": [event("sla_applied", "2024-03-04")]}, "events.0.clocks: is missing; write the list of clocks"),
        ({"events": [event("sla_applied", "2024-03-04", clocks=["resolution"])]}, "events.0.clocks.0: write a mapping"),
        ({"events": [event("sla_applied", "2024-03-04", reason="mood", clocks=[RULE])]}, "events.0.reason: write one "),
        ({"events": [event("sla_applied", "2024-03-04", clocks=[{**RULE, "calendar_version": 2}])]},
            "events.0.clocks.0.calendar: calendar 'c' version 2 is not in the file"),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_with_its_line_its_field_and_what_to_write(parts: dict[str, Any], says: str) -> None:
    (told,) = refused(with_(**parts))
    assert told.startswith(f"line 1: {says}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("[1, 2]", "line 1: document: write a mapping with calendar, policy, events and at"),
        ("just words", "line 1: document: write a mapping with calendar, policy, events and at"),
        ("at: 1\nat: 2\n", "line 2: key 'at' stands twice; remove one"),
        ('{"at": 1,\n "at": 2}', "line 2: key 'at' stands twice; remove one"),
        ('{"at": 1,\n "policy": ]', "line 2: is neither JSON nor YAML: Expecting value (column 12)"),
        ("at: [1\n", "line 2: is not YAML: expected ',' or ']', but got '<stream end>' (column 1)"),
        ("at: !!python/object:os.system x\n", "line 1: is not YAML: could not determine a constructor for the tag"),
        ("a: 1\n---\nb: 2\n", "line 2: is not YAML: but found another document (column 1)"),
        (b"at: 1\nx: \xff\xfe\n", "line 2: is not utf-8; save the file as UTF-8"),
        ("at: \x00\n", "is not YAML: unacceptable character #x0000"),
        ("[" * 100_000, "is nested too deep, or contains itself; write it flat"),
        ("at: &a [*a]\ncalendar: *a\n", "line 1: at: write an instant with its zone"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_told_so(text: str | bytes, says: str) -> None:
    assert any(one.startswith(says) for one in refused(text)), refused(text)


def test_a_line_is_named_in_json_of_many_lines_too() -> None:
    text = json.dumps(json.loads(with_(at="now")), indent="\t")
    line = text[: text.index('"at"')].count("\n") + 1
    assert refused(text) == [f"line {line}: at: write an instant with its zone, such as 2024-03-01T09:30:00Z"]


def test_a_term_beyond_the_years_that_can_be_counted_is_told_so() -> None:
    """A Saturday only by exception, long ago: there is no further working day."""
    calendar = {"id": "c", "version": 1, "timezone": "UTC", "week": {"mon": ["09:00-10:00"]}}
    policy = {"id": "p", "version": 1, "clocks": [{"kind": "resolution", "target": "90000 working hours"}]}
    assert refused(with_(calendar=calendar, policy=policy)) == [
        "calendar 'c': a term reaches the year 2401, beyond 1900 to 2400; shorten the target, or correct the times"
    ]


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    outcome = LINE("sla", "judge", str(tmp_path / "none.yaml"))
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.endswith("none.yaml: No such file or directory; name a file that can be read, or -\n")


def test_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "document.yaml"
    file.write_text(YAML)
    heavy = "{'fastapi', 'sqlalchemy', 'psycopg', 'eventsourcing', 'cryptography', 'structlog', 'kafka', 'holidays'}"
    program = (
        "import sys; from consumers.cli.main import run\n"
        f"run(['sla', 'judge', {str(file)!r}, '--json'])\nprint(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_explanation_is_the_row_of_the_judge_and_what_it_rests_on() -> None:
    chain = [{"after": "1 hour", "level": 2, "to": "lead"}]
    text = with_(policy={"id": "p", "version": 1, "clocks": [RULE], "escalations": chain}, at="2024-03-04T11:00:00Z")
    (clock,) = LINE.ok("sla", "judge", "-", "--explain", "--json", stdin=text.encode()).json()["clocks"]
    (plain,) = LINE.ok("sla", "judge", "-", "--json", stdin=text.encode()).json()["clocks"]

    assert {name: clock[name] for name in plain} == plain
    assert {name: clock[name] for name in clock if name not in plain} == {
        "reference": None,
        "promised_by": [{"policy": "p", "version": 1, "reason": "first", "since": None, "considered": None}],
        "calendar": {"id": "c", "version": 1, "timezone": "UTC"},
        "target": "1 hour",
        "roll": "none",
        "measure": "real_time",
        "amount": 3600,
        "start": {"type": "complaint.received", "at": "2024-03-04T09:00:00Z", "day": None, "trusted_at": None},
        "continued_by": None,
        "counted_from": "2024-03-04T09:00:00Z",
        "counted_after": "2024-03-04",
        "spans": [
            {
                "from": "2024-03-04T09:00:00Z",
                "to": "2024-03-04T10:00:00Z",
                "why": "real_time",
                "counted_seconds": 3600,
                "ahead": False,
                "overdue": False,
            },
            {
                "from": "2024-03-04T10:00:00Z",
                "to": "2024-03-04T11:00:00Z",
                "why": "real_time",
                "counted_seconds": 3600,
                "ahead": False,
                "overdue": True,
            },
        ],
        "days": [],
        "rolled": None,
        "not_before": None,
        "changes": [],
        "fulfilled_by": None,
        "stopped_by": None,
        "paused_seconds": 0,
        "provisional": False,
        "warnings": [],
        "escalations": [{"level": 2, "to": "lead", "at": "2024-03-04T11:00:00Z"}],
        "words": [
            "resolution, cycle 1: missed; due 2024-03-04 10:00",
            "Promised by policy p, version 1 (for the first time).",
            "Started 2024-03-04 09:00: complaint.received.",
            "Target: 1 hour, around the clock, counted from 2024-03-04 09:00.",
            "  2024-03-04 09:00 to 2024-03-04 10:00: 1 h counted (around the clock)",
            "  2024-03-04 10:00 to 2024-03-04 11:00: 1 h counted (around the clock) - after the due",
            "So it is due 2024-03-04 10:00.",
            "Used: 2 h.",
            "Missed 2024-03-04 10:00, by 1 h of its own time.",
            "Level 2 is called in 2024-03-04 11:00: lead.",
        ],
    }


def test_an_explanation_calls_an_event_by_its_name_where_its_fields_make_no_sentence() -> None:
    """Money that is no number is no business of the judge's, where no remedy is."""
    odd = {**RECEIVED, "public": {"amount": "much", "currency": "EUR"}}
    told = LINE.ok("sla", "judge", "-", "--explain", stdin=with_(events=[odd]).encode()).out
    assert told.splitlines()[2] == "Started 2024-03-04 09:00: complaint.received."
