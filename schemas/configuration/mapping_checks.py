"""Does a mapping fit the catalogue and itself? Every misfit with the path of the value and the fix."""

import types
from collections.abc import Iterator
from collections.abc import Mapping as Table
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Final, Union, get_args, get_origin
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas.catalogue import EVENTS, unversioned
from schemas.complaint.base import Event
from schemas.configuration.document import Path
from schemas.configuration.mapping import Mapping, Rule
from schemas.configuration.mapping_values import (
    ActorOf,
    FixedId,
    Form,
    FromColumn,
    LatestId,
    NewId,
    ObjectOf,
    OfCase,
    OldestId,
    SubjectOf,
    Value,
)  # fmt: skip
from schemas.words import Money

Problem = tuple[Path, str]

_ID: Final = UUID(int=1)
_PROBES: Final[Table[Form, Any]] = {
    "text": "Some text, as a person types it!",
    "code": "some-code",
    "bool": True,
    "date": date(2000, 1, 31),
    "integer": 1,
    "money": Money(amount=Decimal(1), currency="EUR"),
}
_FORM_HINT: Final = "text goes into personal fields, 'as: code' into coded ones, a closed list needs a 'table'"


@cache
def newest(word: str) -> type[Event] | None:
    """Return the class of the newest version of an event, or None if there is none of that name."""
    versions = {int(name.rsplit(".v", 1)[1]): cls for name, cls in EVENTS.items() if unversioned(name) == word}
    return versions[max(versions)] if versions else None


def problems_of(mapping: Mapping) -> Iterator[Problem]:
    """Yield every misfit of a mapping whose shape is right."""
    yield from _times(mapping)
    yield from _people(mapping)
    yield from _source(mapping)
    for index, rule in enumerate(mapping.events):
        yield from _Rule(mapping, rule, ("events", index)).problems()
    if not mapping.events:
        yield ("events",), "no rule; the first one makes complaint.received"
        return
    first = mapping.events[0]
    if newest(first.event) is None:
        return
    if first.event != "complaint.received" or (mapping.source.kind == "xes" and first.when.first is not True):
        yield ("events", 0), "the first rule must make complaint.received, of a trace `when: {first: true}`"


def _source(mapping: Mapping) -> Iterator[Problem]:
    yield from _column(mapping, mapping.source.id, ("source", "id"))
    for column in mapping.source.known:
        yield from _column(mapping, column, ("source", "known", column))
    for index, external in enumerate(mapping.external):
        yield from _column(mapping, external.column, ("external", index, "column"))


def _times(mapping: Mapping) -> Iterator[Problem]:
    for label, time in mapping.times.items():
        yield from _column(mapping, time.column, ("times", label, "column"))
        if time.zone is not None and not _zone_exists(time.zone):
            yield ("times", label, "zone"), f"unknown time zone '{time.zone}'; name one of the IANA list: Europe/Berlin"


def _zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _people(mapping: Mapping) -> Iterator[Problem]:
    yield from _one_of(mapping.subject, mapping.people, "people", ("subject",))
    for label, person in mapping.people.items():
        if person.by is not None:
            yield from _column(mapping, person.by, ("people", label, "by"))


def _column(mapping: Mapping, column: str, path: Path) -> Iterator[Problem]:
    yield from _one_of(column, mapping.source.columns, "source.columns", path)


def _one_of(name: str, known: Any, where: str, path: Path) -> Iterator[Problem]:
    if name not in known:
        near = get_close_matches(name, list(known), n=1)
        yield path, f"'{name}' is not in {where}; " + (f"did you mean '{near[0]}'?" if near else "add it there")


class _Rule:
    """The checks of one rule."""

    def __init__(self, mapping: Mapping, rule: Rule, path: Path) -> None:
        self._mapping, self._rule, self._path = mapping, rule, path
        self._labels = {label for other in mapping.events for label in _new_labels(tuple(other.fields.values()))}

    def problems(self) -> Iterator[Problem]:
        rule = self._rule
        yield from _one_of(rule.at, self._mapping.times, "times", (*self._path, "at"))
        yield from self._when()
        if rule.actor is not None:
            yield from _column(self._mapping, rule.actor.actor, (*self._path, "actor", "actor"))
        if rule.settles is not None:
            yield from self._label(rule.settles, (*self._path, "settles"))
        event = newest(rule.event)
        if event is None:
            yield from _one_of(rule.event, _event_words(), "the catalogue of events", (*self._path, "event"))
        else:
            yield from self._fields(event, rule.fields, (*self._path, "fields"))

    def _when(self) -> Iterator[Problem]:
        when, path = self._rule.when, (*self._path, "when")
        for column in when.columns:
            yield from _column(self._mapping, column, (*path, "columns", column))
        for index, column in enumerate(when.changed):
            yield from _column(self._mapping, column, (*path, "changed", index))
        words = {"seen": when.seen, "unseen": when.unseen}
        words |= {"at_least": (when.at_least.event,)} if when.at_least else {}
        words |= {"less_than": (when.less_than.event,)} if when.less_than else {}
        for key, names in words.items():
            for name in names:
                yield from _one_of(name, _event_words(), "the catalogue of events", (*path, key))
        if when.open is not None:
            yield from self._label(when.open, (*path, "open"))
        if when.none_open is not None:
            yield from self._label(when.none_open, (*path, "none_open"))

    def _label(self, label: str, path: Path) -> Iterator[Problem]:
        if label not in self._labels:
            yield path, f"no rule makes an id as `new: {label}`"

    def _fields(self, model: type[BaseModel], fields: Table[str, Value], path: Path) -> Iterator[Problem]:
        names = {field.alias or name: field for name, field in model.model_fields.items()}
        if issubclass(model, Event):
            names.pop("subject_id")  # every event of a case is its subject's
        for name, value in fields.items():
            if name in names:
                yield from self._value(value, _annotation(names[name]), (*path, name))
            else:
                near = get_close_matches(name, names, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"it has: {', '.join(names)}"
                yield (*path, name), f"{_called(model)} has no field '{name}'; {hint}"
        for name, field in names.items():
            if field.is_required() and name not in fields:
                yield path, f"{_called(model)} needs the field '{name}'"

    def _value(self, value: Value, wanted: Any, path: Path) -> Iterator[Problem]:
        match value:
            case FromColumn():
                yield from self._from_column(value, wanted, path)
            case tuple():
                item = _item_type(wanted)
                if item is None:
                    yield path, "this field takes one value, not a list"
                for index, part in enumerate(value if item is not None else ()):
                    yield from self._value(part, item, (*path, index))
            case ObjectOf():
                yield from self._object(value, wanted, path)
            case FixedId() | NewId():
                yield from _fits(wanted, _ID, path, "this field takes no id")
            case OldestId(oldest=label) | LatestId(latest=label):
                yield from self._label(label, path)
                yield from _fits(wanted, _ID, path, "this field takes no id")
            case SubjectOf():
                yield from _one_of(value.person, self._mapping.people, "people", path)
                yield from _fits(wanted, _ID, path, "this field takes no data subject")
            case ActorOf():
                yield from _column(self._mapping, value.actor, path)
                yield from _fits(wanted, "person:x", path, "this field takes no actor")
            case OfCase():
                probe: Any = "PL-00000-00000" if value.case == "number" else 2
                yield from _fits(wanted, probe, path, f"this field takes no {value.case} of the case")
            case _:
                yield from _fits(wanted, value, path, f"'{value}' is not allowed here")

    def _from_column(self, value: FromColumn, wanted: Any, path: Path) -> Iterator[Problem]:
        yield from _column(self._mapping, value.column, (*path, "column"))
        if value.as_ is not None:
            yield from _fits(wanted, _PROBES[value.as_], path, f"this field takes no {value.as_}; {_FORM_HINT}")
        if value.table is not None:
            yield from _one_of(value.table, self._mapping.tables, "tables", (*path, "table"))
            for key, constant in self._mapping.tables.get(value.table, {}).items():
                place = ("tables", value.table, key)
                yield from _fits(wanted, constant, place, f"'{constant}' does not fit {path[-1]}")
        if value.otherwise is not None:
            yield from _fits(wanted, value.otherwise, (*path, "otherwise"), f"'{value.otherwise}' is not allowed here")

    def _object(self, value: ObjectOf, wanted: Any, path: Path) -> Iterator[Problem]:
        model = next((part for part in _parts(wanted) if isinstance(part, type) and issubclass(part, BaseModel)), None)
        if model is None:
            yield path, "this field takes a value, not an object"
            return
        if value.unless_empty is not None:
            yield from _column(self._mapping, value.unless_empty, (*path, "unless_empty"))
        yield from self._fields(model, value.object, (*path, "object"))


def _new_labels(values: tuple[Value, ...]) -> Iterator[str]:
    for value in values:
        match value:
            case NewId():
                yield value.new
            case ObjectOf():
                yield from _new_labels(tuple(value.object.values()))
            case tuple():
                yield from _new_labels(value)
            case _:
                continue


@cache
def _event_words() -> tuple[str, ...]:
    return tuple(sorted({unversioned(name) for name in EVENTS if name.startswith("complaint.")}))


def _called(model: type[BaseModel]) -> str:
    return unversioned(model.NAME) if issubclass(model, Event) else model.__name__.lower()


def _annotation(field: Any) -> Any:
    """Return a field's type with the limits that pydantic moved aside."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _parts(wanted: Any) -> Iterator[Any]:
    """Yield the alternatives of a type, without annotations and ``None``."""
    origin = get_origin(wanted)
    if origin is Annotated:
        yield from _parts(get_args(wanted)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(wanted):
            yield from _parts(part)
    elif wanted is not types.NoneType:
        yield wanted


def _item_type(wanted: Any) -> Any:
    return next((get_args(part)[0] for part in _parts(wanted) if get_origin(part) is tuple), None)


def _fits(wanted: Any, probe: Any, path: Path, complaint: str) -> Iterator[Problem]:
    try:
        TypeAdapter(wanted).validate_python(probe)
    except ValidationError as error:
        yield path, f"{complaint} ({error.errors()[0]['msg']})"
