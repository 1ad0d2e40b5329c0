"""How each deadline came about, as data: by whose promise, from which event, through which time, up to which end.

Pure, like judging. The words to it are ``projections/replay/clock_words``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from engine.sla.calendar import OpenTime, from_us, to_us
from engine.sla.due import Calendars, Term, cut, due_of, instant_of, terms_through
from engine.sla.judge import Counted, Verdict, counted, row, verdict_of
from engine.sla.kinds import Terms
from engine.sla.marks import Entry, Marks
from engine.sla.runs.run import Change
from engine.sla.runs.unfold import unfold
from engine.sla.selection import Considered
from engine.sla.spans import Days, Span, condensed, days, due_by_time, spans
from engine.sla.target import end_of_day, rolled

Measure = Literal["open_time", "real_time", "days", "stated"]


@dataclass(frozen=True, slots=True)
class Applied:
    """Which policy promised the clocks, why, and which were asked before it."""

    policy: str
    version: int
    reason: str
    since: datetime | None
    """None where it holds without an event, as in a plain file."""
    considered: tuple[Considered, ...] | None = None
    """The policies in force at the time, as they were asked, up to the one that applied; None where not known."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event that had to do with the clock."""

    type: str
    at: datetime
    day: date | None
    """Of an event with a date only."""
    fields: Mapping[str, Any]
    trusted_at: datetime | None
    """When it reached a trusted clock, where that is another instant."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Something that came in between and may have moved the due."""

    what: Literal["terms", "extension", "merge"]
    by: Happened
    reason: str | None
    target: str | None
    due_before: datetime
    due_after: datetime
    too_late: bool
    """It came after the due, which then stays."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One clock: the verdict and everything it rests on."""

    verdict: Verdict
    applied: tuple[Applied, ...]
    """Whose promises held for it, in order."""
    measure: Measure
    amount: float
    """What is counted to the due: seconds, or a number of days."""
    start: Happened
    opened: Happened | None
    """The reopening by which it goes on, where it carries an earlier cycle's clock on."""
    counted_from: datetime
    counted_after: date
    """Days are counted after this date."""
    zone: str
    spans: tuple[Span, ...]
    days: tuple[Days, ...]
    rolled: tuple[date, date] | None
    """From the closed day on which the term ended, to the day on which it ends."""
    not_before: datetime | None
    due_at: datetime
    """As the pieces above add up to it."""
    moved: tuple[Moved, ...]
    fulfilled_by: Happened | None
    stopped_by: Happened | None
    roll: str = "none"
    pieces: tuple[Span, ...] = field(default=(), repr=False)
    """The spans before they were condensed."""


def explain(
    marks: Marks,
    calendars: Calendars,
    at: datetime,
    known_at: datetime | None = None,
    applied: Mapping[int, Applied] | None = None,
) -> tuple[Explanation, ...]:
    """Return every clock as ``judge`` does, each with how it came about.

    ``applied`` tells of the facts in stored order which policy each ``complaint.sla_applied``
    names; -1 stands for the policy of a plain file.

    Raises:
        UnknownCalendar, BeyondCalendar: as ``judge``.
    """
    now = to_us(at)
    runs = unfold(marks, now, None if known_at is None else to_us(known_at))
    found = [_explained(counted(run, calendars, now), calendars, now, marks, applied or {}) for run in runs]
    return tuple(sorted(found, key=lambda one: (one.verdict.kind, one.verdict.cycle, one.verdict.instance)))


def _explained(
    known: Counted, calendars: Calendars, now: int, marks: Marks, applied: Mapping[int, Applied]
) -> Explanation:
    run, term = known.run, known.term
    pieces = spans(known)
    measure = _measure(term)
    dates = days(term, known.pauses) if measure == "days" else ()
    moved_day = _rolled(term, dates) if dates else None
    return Explanation(
        verdict=verdict_of(known, now),
        applied=_promises(marks, run.kind, known, now, applied),
        measure=measure,
        amount=term.left if measure == "days" else _seconds(term.left),
        start=_happened(run.start, known.zone),
        opened=_happened(run.opened, known.zone) if run.continued else None,
        counted_from=from_us(term.start),
        counted_after=date.fromordinal(term.start_day),
        zone=term.calendar.zone.key,
        spans=condensed(pieces),
        days=dates,
        rolled=moved_day,
        not_before=None if term.floor is None else from_us(term.floor),
        due_at=from_us(_due(known, measure, pieces, dates, moved_day)),
        moved=_moved(known, calendars),
        fulfilled_by=_happened(run.evidence[0], known.zone) if run.evidence else None,
        stopped_by=_happened(run.stop, known.zone) if run.stop is not None and not run.evidence else None,
        roll=term.terms.roll,
        pieces=pieces,
    )


def _measure(term: Term) -> Measure:
    target = term.terms.target
    if term.fixed is not None or target is None:
        return "stated"
    if target.in_days:
        return "days"
    return "open_time" if target.unit.startswith("working") else "real_time"


def _rolled(term: Term, dates: Sequence[Days]) -> tuple[date, date] | None:
    last = dates[-1].last
    moved = rolled(term.calendar, term.terms.roll, term.first_day, last)
    return None if moved == last else (date.fromordinal(last), date.fromordinal(moved))


def _due(
    known: Counted, measure: Measure, pieces: Sequence[Span], dates: Sequence[Days], moved: tuple[date, date] | None
) -> int:
    term = known.term
    if measure == "stated":
        return due_of(term, known.pauses)
    if measure == "days" and not term.left:
        due = term.start
    elif measure == "days":
        last = moved[1].toordinal() if moved else dates[-1].last
        due = end_of_day(term.calendar, term.unit, last, term.by)
    else:
        found = due_by_time(known, pieces)
        due = known.due if found is None else found
    return due if term.floor is None else max(due, term.floor)


def _promises(marks: Marks, kind: str, known: Counted, now: int, applied: Mapping[int, Applied]) -> tuple[Applied, ...]:
    """Return whose terms held for the clock: those it began under, and those that came while it ran."""
    sets = [(marks.given, -1), *((entry.terms, entry.seq) for entry in marks.entries if entry.at <= now)]
    found = [(_of_kind(terms, kind), applied[seq]) for terms, seq in sets if terms is not None and seq in applied]
    held = {id(one) for one in (known.run.terms, *(change.terms for change in known.run.changes)) if one is not None}
    return tuple(who for terms, who in found if terms is not None and id(terms) in held)


def _of_kind(terms: Sequence[Terms], kind: str) -> Terms | None:
    return next((one for one in terms if one.kind == kind), None)


def _moved(known: Counted, calendars: Calendars) -> tuple[Moved, ...]:
    terms = terms_through(known.run, calendars, known.waits)
    found: list[Moved] = []
    for change, before, after in zip(known.run.changes, terms, terms[1:], strict=False):
        at = instant_of(before.calendar, change.by)
        pauses = cut(known.waits, at)
        due = due_of(before, pauses)
        found.append(_change(change, known.zone, due, due_of(after, pauses), too_late=due < at))
    return tuple(found)


def _change(change: Change, zone: OpenTime, before: int, after: int, *, too_late: bool) -> Moved:
    target = None if change.terms is None or change.terms.target is None else str(change.terms.target)
    reason = change.by.fields.get("reason") if change.what == "terms" else None
    return Moved(change.what, _happened(change.by, zone), reason, target, from_us(before), from_us(after), too_late)


def _happened(entry: Entry, zone: OpenTime) -> Happened:
    return Happened(
        type=entry.type,
        at=from_us(instant_of(zone, entry)),
        day=None if entry.day is None else date.fromordinal(entry.day),
        fields=dict(entry.fields),
        trusted_at=None if entry.trusted is None else from_us(entry.trusted),
    )


def _seconds(us: int) -> float:
    return us // 1_000_000 if us % 1_000_000 == 0 else us / 1_000_000


def data(one: Explanation) -> dict[str, Any]:
    """Return an explanation as plain JSON data: the row of ``plaint sla judge``, and beneath what it rests on."""
    verdict = one.verdict
    return {
        **row(verdict),
        "reference": verdict.reference,
        "promised_by": [_applied_data(who) for who in one.applied],
        "calendar": {"id": verdict.calendar, "version": verdict.calendar_version, "timezone": one.zone},
        "target": verdict.target,
        "roll": one.roll,
        "measure": one.measure,
        "amount": one.amount,
        "start": _happened_data(one.start),
        "continued_by": None if one.opened is None else _happened_data(one.opened),
        "counted_from": _text(one.counted_from),
        "counted_after": one.counted_after.isoformat(),
        "spans": [_span_data(span) for span in one.spans],
        "days": [_days_data(stretch) for stretch in one.days],
        "rolled": None if one.rolled is None else [day.isoformat() for day in one.rolled],
        "not_before": None if one.not_before is None else _text(one.not_before),
        "changes": [_moved_data(change) for change in one.moved],
        "fulfilled_by": None if one.fulfilled_by is None else _happened_data(one.fulfilled_by),
        "stopped_by": None if one.stopped_by is None else _happened_data(one.stopped_by),
        "paused_seconds": verdict.paused_seconds,
        "provisional": verdict.provisional,
        "warnings": [{"percent": warning.percent, "at": _text(warning.at)} for warning in verdict.warnings],
        "escalations": [{"level": step.level, "to": step.to, "at": _text(step.at)} for step in verdict.escalations],
    }


def _applied_data(who: Applied) -> dict[str, Any]:
    considered = None if who.considered is None else [one.data() for one in who.considered]
    since = None if who.since is None else _text(who.since)
    return {
        "policy": who.policy,
        "version": who.version,
        "reason": who.reason,
        "since": since,
        "considered": considered,
    }


def _happened_data(one: Happened) -> dict[str, Any]:
    day = None if one.day is None else one.day.isoformat()
    trusted = None if one.trusted_at is None else _text(one.trusted_at)
    return {"type": one.type, "at": _text(one.at), "day": day, "trusted_at": trusted}


def _span_data(one: Span) -> dict[str, Any]:
    return {
        "from": _text(from_us(one.begin)),
        "to": _text(from_us(one.end)),
        "why": one.why,
        "counted_seconds": _seconds(one.counted),
        "ahead": one.ahead,
        "overdue": one.overdue,
    }


def _days_data(one: Days) -> dict[str, Any]:
    return {
        "first": date.fromordinal(one.first).isoformat(),
        "last": date.fromordinal(one.last).isoformat(),
        "days": one.last - one.first + 1,
        "why": one.why,
    }


def _moved_data(one: Moved) -> dict[str, Any]:
    return {
        "what": one.what,
        "by": _happened_data(one.by),
        "reason": one.reason,
        "target": one.target,
        "due_before": _text(one.due_before),
        "due_after": _text(one.due_after),
        "too_late": one.too_late,
    }


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
