"""Calendars in force, asked: are we open, how much open time is that, when is a target due."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from engine.configuration.in_force import Book
from engine.sla.calendar import BeyondCalendar, compile_calendar
from engine.sla.document import BadDocument, verdicts
from engine.sla.worktime import working_time
from projections.answers import Answer, Moment
from schemas.configuration import Calendar

_AT_ONCE = timedelta(microseconds=1)
_KIND = "resolution"


class NoSuchCalendar(LookupError):
    """No calendar of this id is in force; names those that are."""


class BadTarget(ValueError):
    """The target cannot be counted from there; says what to write."""


class CalendarRow(Answer):
    """A calendar in its latest version."""

    id: str
    version: int
    timezone: str
    covered_until: date | None
    """What is due later is provisional, since later holidays are not known yet."""


class OpenQuestion(BaseModel):
    """An instant, and perhaps a later one."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    at: AwareDatetime
    until: AwareDatetime | None = None


class OpenAnswer(Answer):
    """Whether it is open at ``at``; from there until ``until`` so many seconds of open time."""

    calendar: str
    version: int
    at: Moment
    open: bool
    open_seconds: float | None


class DueQuestion(BaseModel):
    """A target, and the instant that it begins at."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    start: AwareDatetime
    target: Annotated[str, Field(max_length=60)]
    """As in a policy: ``10 working hours``, ``3 working days``, ``30 days``."""


class DueAnswer(Answer):
    """When it is due. ``provisional``: holidays of then are not known yet."""

    calendar: str
    version: int
    start: Moment
    target: str
    due_at: Moment
    provisional: bool


def listed(book: Book) -> tuple[CalendarRow, ...]:
    """Return the calendars in force, by id."""
    found = (book.calendar(name) for name in sorted(book.latest_calendar))
    return tuple(
        CalendarRow(id=one.id, version=one.version, timezone=str(one.timezone), covered_until=one.covered_until)
        for one in found
    )


def opened(book: Book, calendar: str, asked: OpenQuestion) -> OpenAnswer:
    """Return whether it is open, and how long.

    Raises:
        NoSuchCalendar: none of this id is in force.
        BadTarget: an instant lies outside of the years that can be counted.
    """
    known = _calendar(book, calendar)
    time = compile_calendar(known)
    try:
        now = bool(working_time(time, asked.at, asked.at + _AT_ONCE))
        spent = None if asked.until is None else working_time(time, asked.at, asked.until).total_seconds()
    except (BeyondCalendar, OverflowError) as error:
        raise BadTarget(f"at, until: {error}") from None
    return OpenAnswer(calendar=known.id, version=known.version, at=asked.at, open=now, open_seconds=spent)


def due(book: Book, calendar: str, asked: DueQuestion) -> DueAnswer:
    """Return when a target is due that begins at an instant, as a clock of a case would be.

    Raises:
        NoSuchCalendar: none of this id is in force.
        BadTarget: the target is none, or leaves the years that can be counted.
    """
    known = _calendar(book, calendar)
    received = {"type": "complaint.received", "occurred_at": asked.start.isoformat(), "channel": "other"}
    policy = {"id": "asked", "version": 1, "clocks": [{"kind": _KIND, "target": asked.target}]}
    content = known.model_dump(mode="json", by_alias=True, exclude_none=True)
    document = {"calendar": content, "policy": policy, "events": [received], "at": asked.start.isoformat()}
    try:
        (clock,) = verdicts(document)
    except (BadDocument, BeyondCalendar, OverflowError) as error:
        raise BadTarget(f"target, start: {error}") from None
    return DueAnswer(
        calendar=known.id,
        version=known.version,
        start=asked.start,
        target=asked.target,
        due_at=clock.due_at,
        provisional=clock.provisional,
    )


def _calendar(book: Book, id: str) -> Calendar:
    try:
        return book.calendar(id)
    except KeyError:
        names = ", ".join(sorted(book.latest_calendar)) or "none"
        raise NoSuchCalendar(f"no such calendar is in force; there is {names}") from None
