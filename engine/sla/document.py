"""A plain file (calendar, policy, events, at) is judged without any database: how outsiders check the arithmetic."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from engine.sla.calendar import compile_calendar
from engine.sla.due import UnknownCalendar
from engine.sla.fact import BadFact, Fact, from_plain, instant
from engine.sla.judge import Verdict, judge, row
from engine.sla.kinds import terms, to_stored
from engine.sla.marks import APPLIED, steps
from engine.sla.policy import NoCalendar, terms_of
from schemas.configuration.calendar import Calendar
from schemas.configuration.policy import ClockRule, Policy

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]
KEYS: Final = frozenset({"calendar", "calendars", "policy", "events", "at", "known_at"})


class BadDocument(ValueError):
    """A document cannot be judged as it is. ``problems`` holds a path and what to write there, for each error."""

    def __init__(self, problems: Sequence[tuple[Path, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{'.'.join(map(str, path)) or 'document'}: {fix}" for path, fix in problems))


def judge_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{"clocks": [...]}`` as ``plaint sla judge --json`` prints it.

    Raises:
        BadDocument: naming each place and its fix.
        BeyondCalendar: a term leaves the years that can be counted.
    """
    return {"clocks": [row(verdict) for verdict in verdicts(document)]}


def verdicts(document: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """Return the clocks of a document in full; see ``judge_document``."""
    unknown = sorted(str(key) for key in document if key not in KEYS)
    if unknown:
        raise BadDocument([((key,), f"unknown; write only {', '.join(sorted(KEYS))}") for key in unknown])
    calendars = _calendars(document)
    default = calendars[0]
    policy = _model(Policy, document.get("policy"), ("policy",))
    at = _instant(document.get("at"), "at")
    known_at = None if document.get("known_at") is None else _instant(document["known_at"], "known_at")
    latest: dict[str, int] = {}
    for one in calendars:
        latest[one.id] = max(one.version, latest.get(one.id, 0))
    latest[default.id] = default.version
    try:
        given = terms_of(policy, latest, default.id)
        facts = _facts(document.get("events"), policy, latest, default)
        compiled = {(one.id, one.version): compile_calendar(one) for one in calendars}
        return judge(steps(facts, given), compiled, at, known_at)
    except (NoCalendar, UnknownCalendar) as error:
        raise BadDocument([(("policy",), str(error))]) from error


def _calendars(document: Mapping[str, Any]) -> list[Calendar]:
    further = document.get("calendars", [])
    if not isinstance(further, list):
        raise BadDocument([(("calendars",), "write a list of calendars")])
    found = [_model(Calendar, document.get("calendar"), ("calendar",))]
    found.extend(_model(Calendar, one, ("calendars", index)) for index, one in enumerate(further))
    return found


def _model(model: type[M], data: object, path: Path) -> M:
    if not isinstance(data, Mapping):
        raise BadDocument([(path, "is missing; write a mapping")])
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise BadDocument([((*path, *one["loc"]), one["msg"]) for one in error.errors()]) from error


def _instant(value: object, path: str) -> datetime:
    try:
        return instant(value, path)
    except BadFact as error:
        raise BadDocument([((path,), str(error).removeprefix(f"{path}: "))]) from error


def _facts(events: object, policy: Policy, latest: Mapping[str, int], default: Calendar) -> list[Fact]:
    if not isinstance(events, list):
        raise BadDocument([(("events",), "is missing; write a list of events")])
    zone = ZoneInfo(default.timezone)
    found: list[Fact] = []
    for index, event in enumerate(events):
        path: Path = ("events", index)
        if not isinstance(event, Mapping):
            raise BadDocument([(path, "write a mapping with type and occurred_at")])
        try:
            fact = from_plain(event, "", zone)
        except BadFact as error:
            field, _, fix = str(error).partition(": ")
            raise BadDocument([((*path, field.removeprefix(".")), fix)]) from error
        found.append(_with_terms(fact, path, policy, latest, default) if fact.type == APPLIED else fact)
    return found


def _with_terms(fact: Fact, path: Path, policy: Policy, latest: Mapping[str, int], default: Calendar) -> Fact:
    """Return the fact with its clocks in full, where a file states them as briefly as a policy does."""
    clocks = fact.fields.get("clocks")
    if not isinstance(clocks, list | tuple) or not clocks:
        raise BadDocument([((*path, "clocks"), "is missing; write the list of clocks that hold from now on")])
    stored: list[dict[str, Any]] = []
    for index, clock in enumerate(clocks):
        place: Path = (*path, "clocks", index)
        plain = {key: value for key, value in dict(clock).items() if value is not None}
        version = plain.pop("calendar_version", None)
        if plain.get("reopen") == "none":
            del plain["reopen"]
        for slot in ("start", "fulfil", "pause", "resume", "cancel"):
            if slot in plain:
                plain[slot] = [_condition(one) for one in plain[slot]] if isinstance(plain[slot], list) else plain[slot]
        rule = _model(ClockRule, plain, place)
        calendar = rule.calendar or policy.calendar or default.id
        if calendar not in latest:
            raise BadDocument(
                [((*place, "calendar"), f"calendar '{calendar}' is not in the file; add it to calendars")]
            )
        stored.append(to_stored(terms(rule, calendar, version or latest[calendar])).model_dump(mode="json"))
    fields = {"reason": fact.fields.get("reason", "priority"), "clocks": stored}
    return Fact(
        type=fact.type,
        occurred_at=fact.occurred_at,
        occurred_precision=fact.occurred_precision,
        received_at=fact.received_at,
        recorded_at=fact.recorded_at,
        origin=fact.origin,
        fields=fields,
    )


def _condition(one: object) -> object:
    """Return a condition with ``where`` as a mapping, also where it is written as the store does."""
    if isinstance(one, Mapping) and isinstance(one.get("where"), list | tuple):
        return {**one, "where": {part["field"]: part["values"] for part in one["where"]}}
    return one
