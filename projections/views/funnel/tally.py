"""What the funnel counts of one case, and what a change of its rows changes of the numbers.

Both follow from the rows of the case alone: a change moves the numbers by what is counted after it less what
was counted before it, in the transaction that writes the rows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from projections.views.funnel.narrow import DIMENSIONS
from projections.views.funnel.tables import CaseRow, Passage
from projections.views.funnel.times import Key
from projections.views.funnel.times import of as times_of

EVER: Final = date(1, 1, 1)
"""The first day of all time."""
T = TypeVar("T")
Words = tuple[str, ...]
"""Values in the order of ``DIMENSIONS``; empty: unknown."""


class Counted(NamedTuple):
    """What is counted of one case; nothing is named that is 0."""

    day: date
    """Of receipt."""
    words: Words
    complainant: UUID | None
    things: Mapping[str, int]
    entered: Mapping[tuple[date, str], int]
    """Of its passages, by the day of entering the stage."""
    times: Mapping[Key, int]


@dataclass(frozen=True, slots=True)
class Moved:
    """How the numbers change by changes of some cases; what cancels out is 0."""

    received: Counter[tuple[date, Words, str]] = field(default_factory=Counter)
    entered: Counter[tuple[date, str]] = field(default_factory=Counter)
    people: Counter[tuple[UUID, date, str]] = field(default_factory=Counter)
    times: Counter[Key] = field(default_factory=Counter)


def of(row: CaseRow, passages: Sequence[Passage]) -> Counted:
    """Return what is counted of one case."""
    things = _of_feedback(row) if row.kind == "feedback" else _of_complaint(row, passages)
    return Counted(
        row.received_on,
        tuple(getattr(row, name) or "" for name in DIMENSIONS),
        row.complainant if row.kind == "complaint" else None,
        _added(things),
        _added(((one.entered_on, what), n) for one in passages if one.entered_on for what, n in _of_passage(one)),
        _added((key, 1) for one in passages for key in times_of(one)),
    )


def moved(before: Iterable[Counted], after: Iterable[Counted]) -> Moved:
    """Return what the cases count now, less what they counted before."""
    found = Moved()
    for sign, counted in ((1, after), (-1, before)):
        for one in counted:
            _add(found, one, sign)
    return found


def _add(found: Moved, one: Counted, sign: int) -> None:
    for what, number in one.things.items():
        found.received[one.day, one.words, what] += sign * number
    for key, number in one.entered.items():
        found.entered[key] += sign * number
    for time, number in one.times.items():
        found.times[time] += sign * number
    if one.complainant is not None:
        found.people[one.complainant, one.day.replace(day=1), "received"] += sign
        for what, number in _of_person(one.things):
            found.people[one.complainant, EVER, what] += sign * number


def _of_person(things: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """What a person is counted in: complaints, and of every stage entered, passed, exited and there now."""
    yield "received", 1
    for what, number in things.items():
        stage, slash, how = what.partition("/")
        ended = how.partition("/")[0]
        if slash and ended in {"passed", "exited", "there_now"}:
            yield f"{stage}/entered", number
            yield f"{stage}/{ended}", number


def _added(things: Iterable[tuple[T, int]]) -> dict[T, int]:
    counted: dict[T, int] = {}
    for what, number in things:
        if number:
            counted[what] = counted.get(what, 0) + number
    return counted


def _of_feedback(row: CaseRow) -> Iterable[tuple[str, int]]:
    return (f"feedback/{row.sense}", 1), ("became", int(row.became is not None))


def _of_complaint(row: CaseRow, passages: Sequence[Passage]) -> Iterable[tuple[str, int]]:
    yield "received", 1
    yield "registered", int(row.registered)
    yield "converted", int(any(one.stage == "closed" and one.entries > 0 for one in passages))
    yield "reopened", int(row.reopenings > 0)
    yield "reopenings", row.reopenings
    yield "waited", int(row.waits > 0)
    yield "waits", row.waits
    yield "rated", int(row.rated)
    yield "satisfied", int(row.satisfied is True)
    yield "dissatisfied", int(row.satisfied is False)
    for stage in {one.stage for one in passages}:
        yield f"reached/{stage}", 1
    for one in passages:
        yield from _of_passage(one)


def _of_passage(one: Passage) -> Iterable[tuple[str, int]]:
    yield f"{one.stage}/{one.ended or 'there_now'}/{one.exit_reason or ''}", 1
    yield f"{one.stage}/skipped/", int(one.entries == 0)
