"""The events of a plain document as facts; every field on which a clock may depend is looked at beforehand."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from engine.sla.calendar import FIRST_YEAR, LAST_YEAR
from engine.sla.document_problems import Path, Problem, built
from engine.sla.fact import CLOSED, BadFact, Fact, as_day, from_plain, instant
from engine.sla.kinds import terms, to_stored
from engine.sla.marks import APPLIED
from schemas.configuration.calendar import Calendar
from schemas.configuration.policy import ClockRule, Policy, is_kind
from schemas.words import SlaReason

_HARMLESS: Final[Mapping[str, object]] = {"type": "other.event", "occurred_at": "2000-01-01T00:00:00Z"}
"""Stands for a value that cannot be read, so that the errors behind it are found too."""
_YEARS: Final = f"the year must be from {FIRST_YEAR + 1} to {LAST_YEAR - 1}"
_AMOUNT: Final = "write a number, or amount and currency such as {amount: '40.00', currency: EUR}"
_DUE: Final = "write an instant with its zone, such as 2024-03-01T09:30:00Z, or a date"


@dataclass(frozen=True, slots=True)
class Setting:
    """What the events of a document are read with."""

    policy: Policy | None
    calendars: Mapping[tuple[str, int], Calendar]
    default: Calendar | None
    """The one that is called ``calendar``."""

    def version(self, id: str) -> int | None:
        """Return the version that a clock gets which names none: of the default one its own, else the highest."""
        if self.default is not None and id == self.default.id:
            return self.default.version
        return max((version for name, version in self.calendars if name == id), default=None)


def facts(events: object, setting: Setting, problems: list[Problem]) -> list[Fact]:
    """Return the events as facts, in the order of the document; what is wrong goes to ``problems``."""
    if not isinstance(events, list | tuple):
        problems.append((("events",), "is missing; write a list of events (it may be empty)"))
        return []
    zone = ZoneInfo(setting.default.timezone if setting.default else "UTC")
    found = (_fact(event, ("events", index), zone, setting, problems) for index, event in enumerate(events))
    return [one for one in found if one is not None]


def _fact(event: object, path: Path, zone: ZoneInfo, setting: Setting, problems: list[Problem]) -> Fact | None:
    if not isinstance(event, Mapping):
        problems.append((path, "write a mapping with type and occurred_at"))
        return None
    inner = event.get("fields")
    if inner is not None and not isinstance(inner, Mapping):
        problems.append(((*path, "fields"), "write a mapping of key: value, or leave it out"))
    data = {key: value for key, value in event.items() if value is not None}
    fact, faults = _read(data, zone)
    nested = inner if isinstance(inner, Mapping) else {}
    problems.extend(
        ((*path, *(("fields",) if name in nested else ()), name), fix) for name, fix in (*faults, *_wrong(fact))
    )
    if fact.type != APPLIED:
        return fact
    place = (*path, "fields") if "clocks" in nested else path
    return _with_terms(fact, place, setting, problems)


def _read(data: dict[str, Any], zone: ZoneInfo) -> tuple[Fact, list[tuple[str, str]]]:
    """Return the fact and every fault of it; a fault's field is read as if something harmless stood there."""
    faults: list[tuple[str, str]] = []
    while True:
        try:
            return from_plain(data, "", zone), faults
        except BadFact as error:
            name = error.path.removeprefix(".")
            faults.append((name, str(error).removeprefix(f"{error.path}: ")))
            data = _mended(data, name)


def _mended(data: dict[str, Any], name: str) -> dict[str, Any]:
    inner = data.get("fields")
    flat = {key: value for key, value in data.items() if key not in (name, "fields")}
    flat |= {key: value for key, value in inner.items() if key != name} if isinstance(inner, Mapping) else {}
    words = next((words for (_, field), words in CLOSED.items() if field == name), None)
    if words is not None:
        return {**flat, name: words[0]}
    return {**flat, name: _HARMLESS[name]} if name in _HARMLESS else flat


def _wrong(fact: Fact) -> Iterator[tuple[str, str]]:
    """Yield the fields beyond the words of closed lists with which a clock could not be judged."""
    for name in ("occurred_at", "received_at", "recorded_at"):
        if not _is_countable(getattr(fact, name)):
            yield name, _YEARS
    for name, check in _CHECKS.get(fact.type, {}).items():
        fix = check(fact.fields.get(name))
        if fix is not None:
            yield name, fix


def _is_countable(when: date | None) -> bool:
    return when is None or FIRST_YEAR < when.year < LAST_YEAR


Check = Callable[[object], str | None]


def _instant_at_most(value: object) -> str | None:
    return None if value is None else _stated(value, days=False)


def _due_at_most(value: object) -> str | None:
    return None if value is None else _stated(value, days=True)


def _due(value: object) -> str | None:
    return _DUE if value is None else _stated(value, days=True)


def _stated(value: object, *, days: bool) -> str | None:
    when: date | None = as_day(value) if days else None
    if when is None:
        try:
            when = instant(value, "")
        except BadFact as error:
            return _DUE if days else str(error).removeprefix(": ")
    return None if _is_countable(when) else _YEARS


def _clock(value: object) -> str | None:
    return None if isinstance(value, str) and is_kind(value) else "write a kind of clock, such as resolution"


def _number(value: object) -> str | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return None if value is None or whole else "write a whole number, from 1"


def _amount(value: object) -> str | None:
    if isinstance(value, Mapping):
        if set(value) != {"amount", "currency"} or value["amount"] is None:
            return _AMOUNT
        value = value["amount"]
    try:
        return None if value is None or Decimal(str(value)).is_finite() else _AMOUNT
    except InvalidOperation:
        return _AMOUNT


def _named(what: str) -> Check:
    def check(value: object) -> str | None:
        if value is None:
            return f"is missing; write {what}"
        return f"write a text: {what}" if isinstance(value, list | tuple | Mapping | bool) else None

    return check


def _list(value: object) -> str | None:
    return None if value is None or isinstance(value, list | tuple) else "write a list, in [ ]"


def _reason(value: object) -> str | None:
    known: tuple[str, ...] = get_args(SlaReason)
    return None if value is None or value in known else f"write one of: {', '.join(known)}"


_CHECKS: Final[Mapping[str, Mapping[str, Check]]] = {
    "complaint.promised": {"due": _due_at_most},
    "complaint.action_assigned": {"due": _due_at_most},
    "complaint.deadline_extended": {"clock": _clock, "due_at": _due, "cycle": _number, "instance": _number},
    "complaint.linked": {"other_received_at": _instant_at_most, "other_replied_at": _instant_at_most},
    "complaint.remedy_approved": {"amount": _amount},
    "complaint.compensated": {"amount": _amount},
    "complaint.remedy_reversed": {"amount": _amount},
    "complaint.remedy_offered": {"remedy_ids": _list},
    "complaint.remedy_accepted": {"remedy_ids": _list},
    "complaint.remedy_refused": {"remedy_ids": _list},
    "complaint.corrected": {"event_id": _named("the id of the entry that was wrong")},
    "complaint.message_moved": {"message": _named("the message that was moved, as its entry names it")},
    "complaint.delivery_reported": {"message": _named("the message that was delivered or not, as its entry names it")},
    APPLIED: {"reason": _reason},
}


def _with_terms(fact: Fact, path: Path, setting: Setting, problems: list[Problem]) -> Fact | None:
    """Return the fact with its clocks in full, where a document states them as briefly as a policy does."""
    clocks = fact.fields.get("clocks")
    if not isinstance(clocks, list | tuple) or not clocks:
        problems.append(((*path, "clocks"), "is missing; write the list of clocks that hold from now on"))
        return None
    stored: list[dict[str, Any]] = []
    for index, clock in enumerate(clocks):
        place: Path = (*path, "clocks", index)
        found = _stored_clock(clock, place, setting, problems)
        if found is not None:
            stored.append(found)
    return fact._replace(fields={"reason": fact.fields.get("reason") or "priority", "clocks": stored})


def _stored_clock(clock: object, place: Path, setting: Setting, problems: list[Problem]) -> dict[str, Any] | None:
    plain = dict(clock) if isinstance(clock, Mapping) else clock
    version = plain.pop("calendar_version", None) if isinstance(plain, dict) else None
    rule = built(ClockRule, _as_rule(plain), place, problems)
    default = setting.default.id if setting.default else None
    calendar = None if rule is None else rule.calendar or (setting.policy.calendar if setting.policy else None)
    calendar = calendar or default
    if rule is None or calendar is None:
        return None
    pinned = setting.version(calendar) if version is None else version
    if not isinstance(pinned, int) or (calendar, pinned) not in setting.calendars:
        problems.append(((*place, "calendar"), not_in_file(setting, calendar, version)))
        return None
    return to_stored(terms(rule, calendar, pinned)).model_dump(mode="json")


def not_in_file(setting: Setting, calendar: str, version: object = None) -> str:
    """Return what to write where a clock names a calendar that the document does not hold."""
    there = ", ".join(f"{name} version {number}" for name, number in setting.calendars) or "none"
    which = f"calendar '{calendar}'" + ("" if version is None else f" version {version}")
    return f"{which} is not in the file; add it to calendars, or name one that is: {there}"


def _as_rule(plain: object) -> object:
    """Return a clock as a policy writes it, also where it is written as the store does."""
    if not isinstance(plain, dict):
        return plain
    if plain.get("reopen") == "none":
        del plain["reopen"]
    for slot in ("start", "fulfil", "pause", "resume", "cancel"):
        if isinstance(plain.get(slot), list):
            plain[slot] = [_condition(one) for one in plain[slot]]
    return plain


def _condition(one: object) -> object:
    where = one.get("where") if isinstance(one, Mapping) else None
    if not isinstance(one, Mapping) or not isinstance(where, list | tuple):
        return one
    if not all(isinstance(part, Mapping) and isinstance(part.get("field"), str) for part in where):
        return one
    return {**one, "where": {part["field"]: part.get("values") for part in where}}


def read_instant(value: object, name: str, problems: list[Problem]) -> datetime | None:
    """Return an instant that the document needs or may have at its top."""
    try:
        when = instant(value, name)
    except BadFact as error:
        fix = str(error).removeprefix(f"{name}: ")
        problems.append(((name,), fix if value is not None else f"is missing; {fix}"))
        return None
    if not _is_countable(when):
        problems.append(((name,), _YEARS))
    return when
