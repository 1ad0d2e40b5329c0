"""The clocks of the two real files equal those of a count that goes day by day through the files alone."""

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from consumers.files import tables, traces
from consumers.files.history import mapping_named
from consumers.files.mapping import past_case
from consumers.files.record import opened
from consumers.wiring import presets
from engine.past import PastCase
from engine.sla.calendar import compile_calendar
from engine.sla.fact import from_stored
from engine.sla.judge import Verdict, judge
from engine.sla.marks import steps
from engine.sla.policy import terms_of
from schemas.configuration import Calendar, Policy
from schemas.envelope import Envelope, RequestSource
from support.real_figures import CFPB, HELPDESK, real_data

ROME, NEW_YORK = ZoneInfo("Europe/Rome"), ZoneInfo("America/New_York")
AT = datetime(2015, 1, 1, tzinfo=UTC)
ID = UUID(int=7)


def judged(name: str, path: Path, policy: str, at: datetime) -> Iterator[tuple[str, dict[tuple[str, int], Verdict]]]:
    """The clocks of every case of a file, under a shipped policy that applies from the first event."""
    configuration = presets.in_force(None)
    calendars = [one for one in configuration if isinstance(one, Calendar)]
    chosen = next(one for one in configuration if isinstance(one, Policy) and one.id == policy)
    given = terms_of(chosen, {one.id: one.version for one in calendars})
    compiled = {(one.id, one.version): compile_calendar(one) for one in calendars}
    for case in cases(name, path):
        facts = (
            from_stored(fact.event, _envelope(fact.occurred_at, fact.precision, fact.zone), fact.occurred_at)
            for fact in case.facts
            if fact.event.NAME != "complaint.sla_applied.v1"
        )
        clocks = judge(steps(facts, given), compiled, at)
        yield case.key.removeprefix(f"{name}:"), {(one.kind, one.cycle): one for one in clocks}


def cases(name: str, path: Path) -> Iterator[PastCase]:
    mapping = mapping_named(name)
    with opened(path) as source:
        found = tables.records(source, mapping.source) if mapping.source.kind == "csv" else traces.records(source)
        for record in found:
            yield past_case(mapping, record, lambda text: uuid5(ID, text))


def _envelope(occurred_at: datetime, precision: str, zone: str | None) -> Envelope:
    return Envelope.model_validate(
        {
            "event_id": ID, "occurred_at": occurred_at, "occurred_precision": precision, "zone": zone,
            "actor": "service:import", "identity": "workload", "source": RequestSource(request=ID), "command_id": ID,
            "correlation_id": ID, "business_unit": "main", "origin": "import",
        }
    )  # fmt: skip


def tickets(path: Path) -> Iterator[tuple[str, list[tuple[datetime, str]]]]:
    """Name, and times and activities, of every trace, read without the program."""
    with gzip.open(path) as file:
        for _, element in ET.iterparse(file):  # noqa: S314 - the project's own copy of a public log
            if not element.tag.endswith("}trace"):
                continue
            name = next(one.get("value", "") for one in element if one.get("key") == "concept:name")
            events = []
            for event in element:
                if event.tag.endswith("}event"):
                    data = {one.get("key"): one.get("value", "") for one in event}
                    events.append((datetime.fromisoformat(data["time:timestamp"]), data["concept:name"]))
            element.clear()
            yield name, events


def waits_of(events: list[tuple[datetime, str]], until: datetime) -> list[tuple[datetime, datetime]]:
    """Every `Wait` lasts to the next other activity, and none longer than the first resolution."""
    found, since = [], None
    for moment, activity in [*events, (until, "")]:
        if moment > until:
            break
        if activity == "Wait":
            since = since or moment
        elif since is not None:
            found.append((since, moment))
            since = None
    return found if since is None else [*found, (since, until)]


def thirty_working_days(start: datetime, waits: list[tuple[datetime, datetime]]) -> datetime:
    """18:00 in Rome of the thirtieth weekday after the start at whose end nobody waited."""
    day, left, end = start.astimezone(ROME).date(), 30, start
    while left:
        day += timedelta(days=1)
        end = datetime.combine(day, time(18), tzinfo=ROME)
        if day.weekday() < 5 and not any(begin <= end < stop for begin, stop in waits):
            left -= 1
    return end


def test_the_help_desk_s_timers_with_waits_as_pauses_equal_a_count_day_by_day() -> None:
    path = real_data() / HELPDESK
    expected = {}
    for name, events in tickets(path):
        start, resolved = events[0][0], next((at for at, activity in events if activity == "Resolve ticket"), None)
        due = thirty_working_days(start, waits_of(events, resolved or AT))
        kept = resolved is not None and resolved <= due
        missed = not kept and (resolved or AT) > due
        ninety = datetime.combine(start.astimezone(ROME).date() + timedelta(days=91), time(), tzinfo=ROME)
        expected[name] = (start, due, "kept" if kept else "missed" if missed else "open", resolved, ninety)

    words = {"fulfilled": "kept", "missed": "missed", "running": "open", "paused": "open"}
    found = {}
    for name, clocks in judged("helpdesk", path, "helpdesk", AT):
        one, total = clocks["resolution", 1], clocks["total_resolution", 1]
        found[name] = (one.started_at, one.due_at, words[one.state], one.fulfilled_at, total.due_at)

    assert len(expected) == 4580
    assert found == expected


def test_the_bureau_s_terms_of_15_and_60_days_equal_a_count_on_the_calendar() -> None:
    path = real_data() / CFPB
    expected = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["Date received"])
            expected[row["Complaint ID"]] = tuple(
                datetime.combine(day + timedelta(days=days), time(), tzinfo=NEW_YORK) for days in (0, 16, 61)
            )

    found = {}
    for name, clocks in judged("cfpb", path, "us-cfpb", datetime(2024, 1, 1, tzinfo=UTC)):
        response, final = clocks["statutory:us-cfpb-response", 1], clocks["statutory:us-cfpb-final", 1]
        found[name] = (response.started_at, response.due_at, final.due_at)

    assert len(expected) == 1551
    assert found == expected
    assert expected["69978"][1].astimezone(UTC) == datetime(2012, 1, 29, 5, tzinfo=UTC)
