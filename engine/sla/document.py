"""A plain file (calendar, policy, events, at) is judged without any database: how outsiders check the arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from engine.sla.calendar import compile_calendar
from engine.sla.document_events import Setting, facts, not_in_file, read_instant
from engine.sla.document_problems import BadDocument, Path, Problem, built
from engine.sla.due import Calendars
from engine.sla.judge import Verdict, judge, row
from engine.sla.kinds import Terms
from engine.sla.marks import Marks, steps
from engine.sla.policy import terms_of
from schemas.configuration.calendar import Calendar
from schemas.configuration.policy import Policy

_HIGHEST: Final = 2**31 - 1
"""Of a calendar's version, which every clock is stored with."""
KEYS: Final = ("calendar", "calendars", "policy", "events", "at", "known_at")

__all__ = ["BadDocument", "Judgeable", "judge_document", "judgeable", "verdicts"]


@dataclass(frozen=True, slots=True)
class Judgeable:
    """A document in the form in which clocks are judged."""

    policy: Policy
    calendars: Calendars
    marks: Marks
    at: datetime
    known_at: datetime | None


def judge_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{"clocks": [...]}`` as ``plaint sla judge --json`` prints it.

    Raises:
        BadDocument: naming every place that is wrong, and its fix.
        BeyondCalendar: a term leaves the years that can be counted.
    """
    return {"clocks": [row(verdict) for verdict in verdicts(document)]}


def verdicts(document: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """Return the clocks of a document in full; see ``judge_document``."""
    known = judgeable(document)
    return judge(known.marks, known.calendars, known.at, known.known_at)


def judgeable(document: Mapping[str, Any]) -> Judgeable:
    """Return a document ready to be judged or explained.

    Raises:
        BadDocument: naming every place that is wrong, and its fix.
    """
    problems: list[Problem] = [
        ((str(key),), f"unknown; write only {', '.join(KEYS)}") for key in document if key not in KEYS
    ]
    default, calendars = _calendars(document, problems)
    policy = built(Policy, _policy(document.get("policy")), ("policy",), problems)
    setting = Setting(policy, calendars, default)
    given = _given(setting, problems)
    found = facts(document.get("events"), setting, problems)
    at = read_instant(document.get("at"), "at", problems)
    known_at = None if document.get("known_at") is None else read_instant(document["known_at"], "known_at", problems)
    if problems or policy is None or at is None:
        raise BadDocument(problems)
    compiled = {pin: compile_calendar(calendar) for pin, calendar in calendars.items()}
    return Judgeable(policy, compiled, steps(found, given), at, known_at)


def _calendars(
    document: Mapping[str, Any], problems: list[Problem]
) -> tuple[Calendar | None, dict[tuple[str, int], Calendar]]:
    default = _dated(document.get("calendar"), ("calendar",), problems)
    found = {} if default is None else {(default.id, default.version): default}
    further = document.get("calendars")
    if further is None:
        return default, found
    if not isinstance(further, list | tuple):
        problems.append((("calendars",), "write a list of calendars"))
        return default, found
    for index, data in enumerate(further):
        path: Path = ("calendars", index)
        one = _dated(data, path, problems)
        if one is not None and found.setdefault((one.id, one.version), one) != one:
            problems.append((path, f"'{one.id}' version {one.version} stands twice and differs; give it another"))
    return default, found


def _dated(data: object, path: Path, problems: list[Problem]) -> Calendar | None:
    """Return the calendar with dates for the public holidays that it names."""
    found = built(Calendar, _calendar(data), path, problems)
    if found is not None and found.version > _HIGHEST:
        problems.append(((*path, "version"), f"write a whole number, at most {_HIGHEST}"))
        return None
    if found is None or found.public_holidays is None:
        return found
    from engine.configuration.activation import NoSuchHolidays, expanded  # noqa: PLC0415 # holidays load slowly

    try:
        return expanded(found)
    except NoSuchHolidays as error:
        problems.append(((*path, *error.field.split(".")), error.fix))
        return None


def _calendar(data: object) -> object:
    """Return a calendar with dates as text, as errors name them, and without weekdays that have no value."""
    if not isinstance(data, Mapping):
        return data
    plain = _of_kind("calendar", data)
    if isinstance(plain.get("week"), Mapping):
        plain["week"] = {day: hours for day, hours in plain["week"].items() if hours is not None}
    if isinstance(plain.get("exceptions"), Mapping):
        plain["exceptions"] = {_date_text(day): hours for day, hours in plain["exceptions"].items()}
    return plain


def _date_text(day: object) -> object:
    return day.isoformat() if isinstance(day, date) else day


def _policy(data: object) -> object:
    """Return a policy whose clocks have no keys without a value."""
    if not isinstance(data, Mapping) or not isinstance(data.get("clocks"), list | tuple):
        return data
    clocks = [_filled(one) if isinstance(one, Mapping) else one for one in data["clocks"]]
    return {**_of_kind("policy", data), "clocks": clocks}


def _of_kind(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a configuration file of this kind holds, which may be put into a document as it is."""
    return {key: value for key, value in data.items() if (key, value) != ("kind", kind)}


def _filled(clock: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in clock.items() if value is not None}


def _given(setting: Setting, problems: list[Problem]) -> tuple[Terms, ...]:
    """Return the policy's clocks in full, each pinned to a calendar of the document."""
    policy, default = setting.policy, setting.default
    if policy is None or default is None:
        return ()
    latest = {name: version for name, _ in setting.calendars if (version := setting.version(name)) is not None}
    wrong: dict[Path, str] = {}
    for index, rule in enumerate(policy.clocks):
        calendar = rule.calendar or policy.calendar or default.id
        if calendar not in latest:
            place: Path = ("policy", "clocks", index, "calendar") if rule.calendar else ("policy", "calendar")
            wrong[place] = not_in_file(setting, calendar)
    problems.extend(wrong.items())
    return () if wrong else terms_of(policy, latest, default.id)
