"""When is a run due: its term from the start through every change of terms, extension and merge.

What lies after a due never moves it, and nothing dates a due before the change that moved it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from math import ceil
from typing import NamedTuple, Protocol, assert_never

from engine.sla.calendar import OpenTime, to_us
from engine.sla.fact import as_day
from engine.sla.kinds import Terms
from engine.sla.marks import Entry
from engine.sla.runs.run import Change, Run
from engine.sla.target import (
    Pause,
    add_own,
    counts_after,
    day_due,
    day_ends_between,
    days_of,
    due_after_time,
    duration,
    end_day,
    end_of_day,
    nth_day,
    own_time,
    rolled,
)  # fmt: skip
from schemas.configuration.policy import CARRY_DUE, Target, Unit

Calendars = Mapping[tuple[str, int], OpenTime]
"""Compiled calendars by id and version."""


class UnknownCalendar(LookupError):
    """A clock is pinned to a calendar version that was not handed in."""

    def __init__(self, id: str, version: int) -> None:
        self.id = id
        self.version = version
        super().__init__(f"calendar '{id}' version {version} is not known; hand in every version that clocks name")


class Term(NamedTuple):
    """How a due is counted from here on. Instants are microseconds, days ordinals."""

    terms: Terms
    calendar: OpenTime
    origin: int
    """Where the clock started, whatever it is counted from now."""
    origin_day: int
    start: int
    day: int
    """The date of the start: it counts only where the target itself says so."""
    start_day: int
    """The date after which days count."""
    left: int
    """Microseconds of own time, or days; 0: nothing was left when terms changed, so it is due at its start."""
    whole: int
    """The whole target in the same measure, for shares."""
    fixed: int | None = None
    """A due that an event states, instead of one that is counted."""
    floor: int | None = None
    """The due is not before this."""

    @property
    def unit(self) -> Unit:
        """The unit of the target; a stated due without target is in real time."""
        return self.terms.target.unit if self.terms.target else "hours"

    @property
    def first_day(self) -> int:
        """The local date from which it is counted: no roll reaches before it."""
        return self.calendar.day_of(self.start)

    @property
    def by(self) -> int | None:
        """The time of day that a relative target names."""
        return self.terms.target.by if self.terms.target else None


def instant_of(calendar: OpenTime, entry: Entry) -> int:
    """Return when an entry occurred; a day is read in the clock's calendar, as its 00:00."""
    return entry.at if entry.day is None else calendar.begin_of(entry.day)


def find(calendars: Calendars, terms: Terms) -> OpenTime:
    """Return the calendar that the terms are pinned to.

    Raises:
        UnknownCalendar: it was not handed in.
    """
    found = calendars.get((terms.calendar, terms.calendar_version))
    if found is None:
        raise UnknownCalendar(terms.calendar, terms.calendar_version)
    return found


def term_of(run: Run, calendars: Calendars, pauses: Sequence[Pause]) -> Term:
    """Return the term that holds for ``run`` after all its changes, given its pauses."""
    term = _begin(run, find(calendars, run.terms))
    for change in run.changes:
        term = after_change(term, change, calendars, pauses)
    return term


def terms_through(run: Run, calendars: Calendars, pauses: Sequence[Pause]) -> tuple[Term, ...]:
    """Return the term of ``run`` at its start and after each of its changes; see ``term_of``."""
    terms = [_begin(run, find(calendars, run.terms))]
    for change in run.changes:
        terms.append(after_change(terms[-1], change, calendars, pauses))
    return tuple(terms)


def after_change(term: Term, change: Change, calendars: Calendars, pauses: Sequence[Pause]) -> Term:
    """Return the term after a change; one that comes after the due leaves it as it is."""
    at = instant_of(term.calendar, change.by)
    known = cut(pauses, at)
    return term if due_of(term, known) < at else _changed(term, change, at, calendars, known)


def cut(pauses: Sequence[Pause], until: int) -> tuple[Pause, ...]:
    """Return the pauses as far as they are known at ``until``: one that holds then ends then."""
    return tuple((begin, min(end, until)) for begin, end in pauses if begin < until)


def due_of(term: Term, pauses: Sequence[Pause]) -> int:
    """Return the due instant, with pauses that are cut at the instant of judging."""
    if term.fixed is not None:
        due = _moved(term, term.fixed, pauses)
    elif not term.left:
        due = term.start
    elif term.terms.target is not None and term.terms.target.in_days:
        day = end_day(term.calendar, term.unit, term.start_day, term.left, pauses, term.by)
        day = rolled(term.calendar, term.terms.roll, term.first_day, day)
        due = end_of_day(term.calendar, term.unit, day, term.by)
    else:
        due = due_after_time(term.calendar, term.unit, term.start, term.left, pauses)
    return due if term.floor is None else max(due, term.floor)


def _moved(term: Term, due: int, pauses: Sequence[Pause]) -> int:
    """Return a stated due, moved by what pauses since it was stated take of it."""
    days = term.terms.target is not None and term.terms.target.in_days
    for begin, end in pauses:
        if begin > due:
            break
        since = max(begin, term.start)
        if days:
            skipped = day_ends_between(term.calendar, term.unit, since, end, term.by)
            if skipped:
                day = nth_day(term.calendar, term.unit, day_due(term.calendar, due), skipped)
                due = end_of_day(term.calendar, term.unit, day, term.by)
        else:
            due = add_own(term.calendar, term.unit, due, own_time(term.calendar, term.unit, since, end))
    return due


def _begin(run: Run, calendar: OpenTime) -> Term:
    term = _whole(run.terms, calendar, run.start)
    stated = stated_due(calendar, run.start.fields.get("due")) if run.kind in CARRY_DUE else None
    return term if stated is None else term._replace(fixed=stated)


def stated_due(calendar: OpenTime, value: object) -> int | None:
    """Return a due that an event states: an instant, or a date and then its 24:00 in the clock's calendar."""
    day = as_day(value)
    if day is not None:
        return calendar.begin_of(date.toordinal(day) + 1)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return to_us(value) if isinstance(value, datetime) else None


def _whole(terms: Terms, calendar: OpenTime, entry: Entry) -> Term:
    at = instant_of(calendar, entry)
    return _from(terms, calendar, at, calendar.day_of(at) if entry.day is None else entry.day)


def _from(terms: Terms, calendar: OpenTime, at: int, day: int) -> Term:
    """Return the whole target counted from an instant and its local date."""
    target = terms.target
    amount, after = 0, day
    if target is not None and target.in_days:
        amount, after = days_of(target, day), counts_after(calendar, target, at, day)
    elif target is not None:
        amount = duration(target)
    return Term(terms, calendar, at, day, at, day, after, left=amount, whole=amount)


def _changed(term: Term, change: Change, at: int, calendars: Calendars, pauses: Sequence[Pause]) -> Term:
    match change.what:
        case "extension":
            due = stated_due(term.calendar, change.due)
            return term if due is None else term._replace(fixed=due, start=at, floor=None)
        case "merge":
            return term if change.start is None else _received_before(term, change.start, at)
        case "terms":
            if change.terms is None:
                return term
            return _new_terms(term, change, change.terms, at, calendars, pauses)
    assert_never(change.what)


def _received_before(term: Term, receipt: Entry, at: int) -> Term:
    """Return the term counted from another's receipt, if that came before all others; an announced due stays."""
    earlier = _whole(term.terms, term.calendar, receipt)
    if earlier.origin >= term.origin:
        return term
    if term.fixed is not None:
        return term._replace(origin=earlier.origin, origin_day=earlier.origin_day)
    return earlier._replace(floor=at)


def _new_terms(
    term: Term, change: Change, terms: Terms, at: int, calendars: Calendars, pauses: Sequence[Pause]
) -> Term:
    calendar = find(calendars, terms)
    if term.fixed is not None:  # a stated or announced due stays: it was told to somebody
        return term._replace(terms=terms, calendar=calendar)
    of_its_own = change.by.fields.get("reason") not in ("calendar", "merge")
    resets = of_its_own and terms.priority_change == "reset"
    if (terms.target, terms.roll) == (term.terms.target, term.terms.roll) and terms.target is not None and not resets:
        same = term._replace(terms=terms, calendar=calendar)
        return same if calendar is term.calendar else _by_its_calendar(same, terms.target, at)
    if not of_its_own or terms.priority_change == "retroactive":
        return _from(terms, calendar, term.origin, term.origin_day)._replace(floor=at)
    whole = _from(terms, calendar, at, calendar.day_of(at))._replace(origin=term.origin, origin_day=term.origin_day)
    return whole if resets else _forward(term, whole, at, pauses)


def _by_its_calendar(term: Term, target: Target, at: int) -> Term:
    """Return a term whose calendar has changed: whether the day of the start counts is asked of the new one."""
    after = counts_after(term.calendar, target, term.start, term.day) if target.in_days else term.start_day
    return term._replace(start_day=after, floor=at)


def _forward(old: Term, new: Term, at: int, pauses: Sequence[Pause]) -> Term:
    """Return ``new`` with the share of it that was unused of ``old``; days are rounded up to whole ones."""
    if old.terms.target is None or new.terms.target is None:
        return new
    if not old.terms.target.in_days:
        share = Fraction(max(0, old.left - net_time(old.calendar, old.unit, old.start, at, pauses)), old.whole)
        return new._replace(left=ceil(share * new.whole))
    first = end_of_day(old.calendar, old.unit, old.start_day, old.by) + 1
    used = day_ends_between(old.calendar, old.unit, first, at + 1, old.by)
    used -= sum(day_ends_between(old.calendar, old.unit, max(begin, first), end, old.by) for begin, end in pauses)
    left = ceil(Fraction(max(0, old.left - used), old.whole) * new.whole)
    if not new.terms.target.in_days:
        return new._replace(left=left)
    after = _counted_from(old, new, at)
    return new._replace(left=left, day=min(after, new.day), start_day=after)


def _counted_from(old: Term, new: Term, at: int) -> int:
    """Return the day after which days count on: the day of the change still counts if it has not ended."""
    if new.start_day <= old.day or end_of_day(new.calendar, new.unit, new.start_day, new.by) <= at:
        return new.start_day
    return new.start_day - 1


def net_time(calendar: OpenTime, unit: Unit, start: int, end: int, pauses: Sequence[Pause]) -> int:
    """Return the own time in [start, end) outside of the pauses."""
    return own_time(calendar, unit, start, end) - paused_time(calendar, unit, start, end, pauses)


def paused_time(calendar: OpenTime, unit: Unit, start: int, end: int, pauses: Sequence[Pause]) -> int:
    """Return the own time in [start, end) within the pauses."""
    return sum(own_time(calendar, unit, max(begin, start), min(stop, end)) for begin, stop in pauses) if pauses else 0


class Judged(Protocol):
    """What is needed to know when a clock asks for attention next."""

    @property
    def state(self) -> str: ...
    @property
    def due_at(self) -> datetime: ...


def next_due(clocks: Iterable[Judged]) -> datetime | None:
    """Return the earliest due of the running clocks, or None; a paused clock comes due only after it resumes."""
    return min((clock.due_at for clock in clocks if clock.state == "running"), default=None)
