"""What is wrong with configurations that are each well formed, but do not fit one another or the words."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from pydantic import BaseModel

from engine.configuration.activation import Configuration, NoSuchHolidays, expanded
from schemas.catalogue import EVENTS
from schemas.configuration.calendar import Calendar
from schemas.configuration.fields import Fields
from schemas.configuration.policy import Condition, Policy, Selection

Path = tuple[str | int, ...]
_MEETING = ("channel", "segment", "priority", "regulation", "business_unit")
"""A complaint has one of each of these, but may have several types and subtypes."""


class Problem(NamedTuple):
    """One error: in which configuration, at which field, and what to write there."""

    item: Configuration
    path: Path
    fix: str


class NotAdmissible(Exception):
    """Configurations that would not fit together: none of them comes into force. Names every field and fix."""

    def __init__(self, found: Sequence[Problem]) -> None:
        self.problems = tuple(found)
        told = (f"{type(one.item).__name__.lower()} '{one.item.id}': {_dotted(one.path)}: {one.fix}" for one in found)
        super().__init__("\n".join(told))


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def refuse(items: Sequence[Configuration], calendars: Iterable[str] = ()) -> None:
    """Refuse configurations that ``problems`` says anything of.

    Raises:
        NotAdmissible: naming every error.
    """
    if found := problems(items, calendars):
        raise NotAdmissible(found)


def problems(items: Sequence[Configuration], calendars: Iterable[str] = ()) -> list[Problem]:
    """Return every error of these configurations taken together; ``calendars`` are in force beside them."""
    known = {*calendars, *(one.id for one in items if isinstance(one, Calendar))}
    policies = [one for one in items if isinstance(one, Policy)]
    found = [problem for one in items if isinstance(one, Calendar) for problem in _of_calendar(one)]
    found.extend(problem for one in policies for problem in (*_of_calendars(one, known), *_of_conditions(one)))
    found.extend(_of_order(policies))
    found.extend(_of_fields([one for one in items if isinstance(one, Fields)]))
    return found


def _of_calendar(calendar: Calendar) -> Iterator[Problem]:
    try:
        expanded(calendar)
    except NoSuchHolidays as error:
        yield Problem(calendar, tuple(error.field.split(".")), error.fix)


def _of_calendars(policy: Policy, known: set[str]) -> Iterator[Problem]:
    fix = f"is not in force; add a file with it, or name one of: {', '.join(sorted(known)) or 'none is there'}"
    if policy.calendar is not None and policy.calendar not in known:
        yield Problem(policy, ("calendar",), f"calendar '{policy.calendar}' {fix}")
    for index, clock in enumerate(policy.clocks):
        if clock.calendar is not None and clock.calendar not in known:
            yield Problem(policy, ("clocks", index, "calendar"), f"calendar '{clock.calendar}' {fix}")
        elif clock.calendar is None and policy.calendar is None:
            fix_here = "is missing, and the policy names none either; name the calendar that it counts by"
            yield Problem(policy, ("clocks", index, "calendar"), fix_here)


def _of_conditions(policy: Policy) -> Iterator[Problem]:
    for index, clock in enumerate(policy.clocks):
        for slot in ("start", "fulfil", "pause", "resume", "cancel"):
            for number, condition in enumerate(getattr(clock, slot) or ()):
                for path, fix in _of_condition(condition):
                    yield Problem(policy, ("clocks", index, slot, number, *path), fix)


def _of_condition(condition: Condition) -> Iterator[tuple[Path, str]]:
    if "." not in condition.event:
        return
    model = _EVENTS.get(condition.event)
    if model is None:
        near = difflib.get_close_matches(condition.event, _EVENTS, n=1)
        yield ("event",), f"there is no such event{f'; did you mean {near[0]}?' if near else ''}"
        return
    fields = {info.alias or name for name, info in model.model_fields.items()}
    for name in condition.where:
        if name not in fields:
            yield ("where", name), f"{condition.event} has no such field; one of: {', '.join(sorted(fields))}"


_EVENTS: dict[str, type[BaseModel]] = {name.rpartition(".v")[0]: model for name, model in EVENTS.items()}


def _of_order(policies: Sequence[Policy]) -> Iterator[Problem]:
    """Two policies that may both claim a complaint need different places, else it would hang on who came first."""
    for one, other in combinations(policies, 2):
        if one.order == other.order and _may_meet(one.when, other.when):
            fix = f"policy '{one.id}' has the same order and may claim the same complaints; the lowest goes first"
            yield Problem(other, ("order",), f"{fix}: give one of them another number")


def _of_fields(sets: Sequence[Fields]) -> Iterator[Problem]:
    """A field is declared once, else its type would hang on who came first."""
    for one, other in combinations(sets, 2):
        declared = {field.name for field in one.fields}
        for index, field in enumerate(other.fields):
            if one.id != other.id and field.name in declared:
                yield Problem(other, ("fields", index, "name"), f"'{field.name}' is declared by fields '{one.id}', too")


def _may_meet(one: Selection | None, other: Selection | None) -> bool:
    """Whether some complaint satisfies both selections."""
    if one is None or other is None:
        return True
    pairs = ((set(getattr(one, name)), set(getattr(other, name))) for name in _MEETING)
    return all(not mine or not theirs or mine & theirs for mine, theirs in pairs)
