"""(marks, fact) -> marks: what a complaint's clocks need to remember of its events, in world order.

Marks know no calendar and no present. They are a compact journal rather than finished starts and
stops, because a fact may arrive late, void an earlier one (a bounce, a moved message) or bring
new terms: the clocks are unfolded from them by ``engine.sla.runs`` whenever somebody asks.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson

from engine.sla.calendar import to_us
from engine.sla.fact import Fact, as_day
from engine.sla.kinds import Terms, Value, from_stored, to_stored
from engine.sla.same import Same
from schemas.complaint.clocks import AppliedClock
from schemas.configuration.policy import UNJUDGED_EVENTS, UNJUDGED_FIELDS

APPLIED: Final = "complaint.sla_applied"
_DEFAULTS: Final[Mapping[str, Mapping[str, Value]]] = {
    "complaint.message_recorded": {
        "counterparty": "complainant",
        "automated": False,
        "purpose": "other",
        "visibility": "private",
    },
    "complaint.information_requested": {"from": "complainant"},
    "complaint.information_provided": {"from": "complainant"},
}
_LONGEST_TEXT: Final = 120  # a code has no more characters; longer text is no field of a condition
_SHORTEST_DATE: Final = 10
_AS_IT_IS: Final = frozenset({bool, int, float})
_MONEY: Final = frozenset({"amount", "currency"})
_NO_DEFAULTS: Final[Mapping[str, Value]] = {}


class Entry(NamedTuple):
    """One fact as it is remembered. Times are microseconds since 1970 in UTC."""

    order: int
    """Its place in world time; a day-precise fact stands after what was stored of that day before it."""
    seq: int
    """Its place in stored order, from 0."""
    at: int
    """When it occurred; of a day-precise fact the 00:00 of its day where it was written."""
    type: str
    id: str | None = None
    fields: Mapping[str, Any] = MappingProxyType({})
    day: int | None = None
    """The date of a day-precise fact, as an ordinal."""
    trusted: int | None = None
    """When it reached a trusted clock; absent for imported history and where that is when it occurred."""
    recorded: int | None = None
    """When it was stored; absent where that is when it occurred."""
    terms: tuple[Terms, ...] | None = None
    """What ``complaint.sla_applied`` states."""

    @property
    def key(self) -> tuple[int, int]:
        """Its place among the facts of the complaint."""
        return self.order, self.seq


@dataclass(frozen=True, slots=True)
class Marks:
    """What is remembered of a complaint: its facts in world order, and the terms that hold without an event."""

    entries: tuple[Entry, ...] = ()
    given: tuple[Terms, ...] | None = None
    """Of a plain file: its policy applies from the first event."""
    stepped: int = 0
    """How many facts were seen, remembered or not."""


def initial(given: Iterable[Terms] | None = None) -> Marks:
    """Return the marks of a complaint of which nothing is known yet."""
    return Marks(given=None if given is None else tuple(given))


def step(marks: Marks, fact: Fact) -> Marks:
    """Return the marks after the next fact in stored order; it may have occurred before others.

    Never refuses. Facts that no clock may depend on (``complaint.deadline_missed``, notes) leave the entries alone.
    """
    return stepped(marks, (fact,))


def steps(facts: Iterable[Fact], given: Iterable[Terms] | None = None) -> Marks:
    """Return the marks after all ``facts``, in stored order."""
    return stepped(initial(given), facts)


def stepped(marks: Marks, facts: Iterable[Fact]) -> Marks:
    """Return the marks after the next ``facts``, in stored order: those of one ``step`` after the other."""
    entries, seen = list(marks.entries), marks.stepped
    for fact in facts:
        _remember(entries, fact, seen)
        seen += 1
    return Marks(tuple(entries), marks.given, seen)


def _remember(entries: list[Entry], fact: Fact, seq: int) -> None:
    """Put the fact to its place in world order, unless no clock may depend on it."""
    if fact.type in UNJUDGED_EVENTS:
        return
    entry = _entry(fact, seq, entries)
    if not entries or entries[-1].key < entry.key:
        entries.append(entry)
    else:
        insort(entries, entry, key=lambda one: one.key)


def _entry(fact: Fact, seq: int, earlier: Sequence[Entry]) -> Entry:
    at = order = to_us(fact.occurred_at)
    day = None
    if fact.occurred_precision == "day":
        day = fact.occurred_at.toordinal()
        next_day = datetime.combine(fact.occurred_at.date() + timedelta(days=1), time(), tzinfo=fact.occurred_at.tzinfo)
        end = to_us(next_day)
        order = max((one.order for one in earlier if at <= one.order < end), default=at)
    recorded = None if fact.recorded_at is None else to_us(fact.recorded_at)
    received = None if fact.received_at is None else to_us(fact.received_at)
    trusted = None if fact.origin == "import" else (recorded if received is None else received)
    applied = fact.type == APPLIED
    return Entry(
        order,
        seq,
        at,
        fact.type,
        fact.id,
        {"reason": fact.fields.get("reason", "first")} if applied else _kept(fact),
        day,
        None if trusted == at else trusted,
        None if recorded == at else recorded,
        _applied(fact) if applied else None,
    )


def _applied(fact: Fact) -> tuple[Terms, ...]:
    """Return what ``complaint.sla_applied`` states."""
    if fact.clocks is not None:
        return _all_terms(Same(fact.clocks))
    return tuple(from_stored(clock) for clock in fact.fields.get("clocks", ()))


@lru_cache(maxsize=256)
def _all_terms(clocks: Same[tuple[AppliedClock, ...]]) -> tuple[Terms, ...]:
    return _shared(tuple(Same(from_stored(one.model_dump(mode="json", exclude_none=True))) for one in clocks.of))


def _kept(fact: Fact) -> dict[str, Any]:
    """Return the fields that conditions may name; a text is none, and money keeps its two parts."""
    kept: dict[str, Any] = {}
    for name, value in fact.fields.items():
        if value is None or name in UNJUDGED_FIELDS:
            continue
        if value.__class__ in _AS_IT_IS or (value.__class__ is str and len(value) < _SHORTEST_DATE):
            kept[name] = value
        elif _is_plain(value):
            kept[name] = _plain(value)
    for name, value in _DEFAULTS.get(fact.type, _NO_DEFAULTS).items():
        kept.setdefault(name, value)
    return kept


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT
    if isinstance(value, list | tuple):
        return all(isinstance(one, str) and len(one) <= _LONGEST_TEXT for one in value)
    if isinstance(value, Mapping):
        return set(value) == _MONEY
    return value is None or isinstance(value, bool | int | float) or hasattr(value, "isoformat")


def _plain(value: object) -> object:
    """Return a plain file's date or instant as text, its money with a text as amount, all else as it is."""
    if isinstance(value, Mapping):
        return {"amount": str(value["amount"]), "currency": str(value["currency"])}
    if isinstance(value, list | tuple):
        return list(value)
    day = as_day(value)
    if day is not None:
        return day.isoformat()
    return value.isoformat() if isinstance(value, datetime) else value


def to_json(marks: Marks) -> dict[str, Any]:
    """Return the marks as plain JSON data, for a row of a view."""
    return _data(marks, lambda terms: [dict(_stored(Same(one))) for one in terms.of])


def to_text(marks: Marks) -> bytes:
    """Return the same as JSON; terms that many complaints share are written out once."""
    return orjson.dumps(_data(marks, _written))


@lru_cache(maxsize=256)
def _written(terms: Same[tuple[Terms, ...]]) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps([_stored(Same(one)) for one in terms.of]))


@lru_cache(maxsize=4096)
def _stored(one: Same[Terms]) -> dict[str, Any]:
    return to_stored(one.of).model_dump(mode="json")


def _data(marks: Marks, told: Callable[[Same[tuple[Terms, ...]]], Any]) -> dict[str, Any]:
    return {
        "format": 2,
        "stepped": marks.stepped,
        "given": None if marks.given is None else told(Same(marks.given)),
        "entries": [_entry_json(one, told) for one in marks.entries],
    }


def _entry_json(entry: Entry, told: Callable[[Same[tuple[Terms, ...]]], Any]) -> dict[str, Any]:
    data: dict[str, Any] = {"seq": entry.seq, "at": entry.at, "type": entry.type}
    if entry.order != entry.at:
        data["order"] = entry.order
    usual = _DEFAULTS.get(entry.type, _NO_DEFAULTS)
    fields = {name: value for name, value in entry.fields.items() if usual.get(name) != value}
    if fields:
        data["fields"] = fields
    for name in ("id", "day", "trusted", "recorded"):
        if getattr(entry, name) is not None:
            data[name] = getattr(entry, name)
    if entry.terms is not None:
        data["terms"] = told(Same(entry.terms))
    return data


def from_json(data: Mapping[str, Any]) -> Marks:
    """Return the marks that ``to_json`` made ``data`` of.

    Raises:
        ValueError: another version wrote it; the view has to be rebuilt.
    """
    if data.get("format") != 2:
        raise ValueError(f"marks of format {data.get('format')!r} cannot be read; rebuild the view that keeps them")
    given = data["given"]
    return Marks(
        entries=tuple(_entry_of(one) for one in data["entries"]),
        given=None if given is None else tuple(from_stored(one) for one in given),
        stepped=data["stepped"],
    )


def _entry_of(data: Mapping[str, Any]) -> Entry:
    terms = data.get("terms")
    return Entry(
        order=data.get("order", data["at"]),
        seq=data["seq"],
        at=data["at"],
        type=data["type"],
        id=data.get("id"),
        fields={**_DEFAULTS.get(data["type"], {}), **data.get("fields", {})},
        day=data.get("day"),
        trusted=data.get("trusted"),
        recorded=data.get("recorded"),
        terms=None if terms is None else _shared(tuple(Same(from_stored(one)) for one in terms)),
    )


@lru_cache(maxsize=256)
def _shared(terms: tuple[Same[Terms], ...]) -> tuple[Terms, ...]:
    """Return the same object for the same terms, so that what follows from them is worked out once."""
    return tuple(one.of for one in terms)
