"""Marks, calendars and an instant become verdicts. Pure: any order of looking gives the same clocks."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from engine.sla.calendar import OpenTime, from_us, to_us
from engine.sla.due import Calendars, Term, cut, due_of, find, instant_of, net_time, paused_time, term_of
from engine.sla.marks import Entry, Marks
from engine.sla.runs.run import Gap, Run
from engine.sla.runs.unfold import unfold
from engine.sla.steps import StepAt, steps_at
from engine.sla.target import Pause, day_due, due_after_time, own_time

State = Literal["running", "paused", "fulfilled", "missed", "cancelled"]


class Threshold(NamedTuple):
    """A share of a clock's own time and the instant at which it is used up, as things stand."""

    percent: int
    at: datetime


class Verdict(NamedTuple):
    """One clock as of one instant. Instants are in UTC, seconds in the clock's own time, None where not applicable."""

    kind: str
    cycle: int
    instance: int
    started_at: datetime
    due_at: datetime
    """While paused, as if resumed at the instant of judging."""
    state: State
    fulfilled_at: datetime | None
    missed_at: datetime | None
    """The due, or the begin of the cycle where the due lies before it."""
    elapsed_seconds: float
    """Without pauses."""
    remaining_seconds: float | None
    overdue_seconds: float | None
    """Through pauses, up to fulfilment or closing."""
    late_evidence: bool
    """Kept only by what reached a trusted clock after the due."""
    paused_seconds: float
    provisional: bool
    """The due lies beyond what its calendar covers."""
    extended: bool
    target: str | None
    calendar: str
    calendar_version: int
    reference: str | None
    """Of a wait, promise or action: its id."""
    warnings: tuple[Threshold, ...]
    open: bool = False
    """Neither fulfilled nor cancelled; a missed one may be either."""
    escalations: tuple[StepAt, ...] = ()
    """Of a missed clock: who is called in when."""


class Counted(NamedTuple):
    """A run as of one instant with what its verdict rests on. Instants are microseconds since 1970 in UTC."""

    run: Run
    zone: OpenTime
    """The calendar under which it started: days are read in it."""
    term: Term
    waits: tuple[Pause, ...]
    """Pauses as long as they are known to last; one that holds goes beyond the instant of judging."""
    pauses: tuple[Pause, ...]
    """The same, up to ``until``; what an earlier cycle leaves out is whole."""
    begin: int
    until: int
    """The instant of judging, or the end where the clock ended before."""
    due: int


def judge(marks: Marks, calendars: Calendars, at: datetime, known_at: datetime | None = None) -> tuple[Verdict, ...]:
    """Return every clock of a complaint as of ``at``, ordered by kind, cycle and instance.

    What occurred after ``at`` is ignored, and what was stored after ``known_at`` where one is
    given. ``calendars`` holds every version that the clocks are pinned to.

    Raises:
        UnknownCalendar: a clock names one that was not handed in.
        BeyondCalendar: a term leaves the years that can be counted.
    """
    now = to_us(at)
    runs = unfold(marks, now, None if known_at is None else to_us(known_at))
    verdicts = (verdict_of(counted(run, calendars, now), now) for run in runs)
    return tuple(sorted(verdicts, key=lambda one: (one.kind, one.cycle, one.instance)))


def counted(run: Run, calendars: Calendars, now: int) -> Counted:
    """Return what the verdict on a run rests on as of ``now``; raises as ``judge``."""
    zone = find(calendars, run.terms)
    end = None if run.end is None else instant_of(zone, run.end)
    until = now if end is None else min(end, now)
    waits = tuple(_joined(zone, [*run.pauses, *run.gaps], now)) if run.pauses or run.gaps else ()
    opened = instant_of(zone, run.opened) if run.continued else until  # a day's 00:00 may come before it
    pauses = cut(waits, max(until, opened)) if waits else ()
    term = term_of(run, calendars, waits)
    return Counted(run, zone, term, waits, pauses, term.origin, until, due_of(term, pauses))


def verdict_of(known: Counted, now: int) -> Verdict:
    """Return the verdict on a run as of ``now``."""
    run, zone, term, pauses = known.run, known.zone, known.term, known.pauses
    begin, until, due = known.begin, known.until, known.due
    opened = instant_of(zone, run.opened) if run.continued else begin
    state = _state(run, zone, due, now)
    missed = max(due, opened) if state == "missed" else None
    running = state in ("running", "paused")
    waited = paused_time(term.calendar, term.unit, begin, until, pauses)
    return Verdict(
        kind=run.kind,
        cycle=run.cycle,
        instance=run.instance,
        started_at=from_us(opened),
        due_at=from_us(due),
        state=state,
        fulfilled_at=from_us(instant_of(zone, run.evidence[0])) if run.evidence else None,
        missed_at=None if missed is None else from_us(missed),
        elapsed_seconds=_seconds(own_time(term.calendar, term.unit, begin, until) - waited),
        remaining_seconds=_seconds(own_time(term.calendar, term.unit, now, due)) if running else None,
        overdue_seconds=None if missed is None else _seconds(own_time(term.calendar, term.unit, missed, until)),
        late_evidence=state == "fulfilled" and _is_late(run, zone, due),
        paused_seconds=_seconds(waited),
        provisional=term.calendar.covered_until is not None
        and day_due(term.calendar, due) > term.calendar.covered_until,
        extended=any(change.what == "extension" for change in run.changes),
        target=None if term.terms.target is None else str(term.terms.target),
        calendar=term.calendar.id,
        calendar_version=term.calendar.version,
        reference=run.reference,
        warnings=_warnings(term, begin, due, pauses),
        open=run.open,
        escalations=() if missed is None else steps_at(term.terms.escalations, term.calendar, missed),
    )


def _joined(calendar: OpenTime, gaps: Iterable[Gap], now: int) -> list[Pause]:
    """Return the pauses as sorted, separate spans of instants; an open one lasts beyond ``now``."""
    spans = sorted(
        (instant_of(calendar, begin), now + 1 if end is None else instant_of(calendar, end)) for begin, end in gaps
    )
    joined: list[Pause] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        elif begin < end:
            joined.append((begin, end))
    return joined


def _state(run: Run, calendar: OpenTime, due: int, now: int) -> State:
    if run.continued and instant_of(calendar, run.opened) > due:
        return "missed"
    if run.evidence:
        return "fulfilled" if _in_time(calendar, run.evidence[0], due) else "missed"
    if run.stop is not None:
        return "cancelled" if _in_time(calendar, run.stop, due) else "missed"
    if now > due:
        return "missed"
    return "paused" if any(end is None for _, end in run.pauses) else "running"


def _in_time(calendar: OpenTime, entry: Entry, due: int) -> bool:
    """A day is in time when it is not after the date of the due, whatever the time of either."""
    if entry.day is not None:
        return entry.day <= day_due(calendar, due)
    return entry.at <= due


def _is_late(run: Run, calendar: OpenTime, due: int) -> bool:
    kept = [one for one in run.evidence if _in_time(calendar, one, due)]
    return all(one.trusted is not None and one.trusted > due for one in kept)


def _warnings(term: Term, begin: int, due: int, pauses: Sequence[Pause]) -> tuple[Threshold, ...]:
    if not term.terms.warn:
        return ()
    whole = net_time(term.calendar, term.unit, begin, due, pauses)
    return tuple(
        Threshold(percent, from_us(due_after_time(term.calendar, term.unit, begin, -(-whole * percent // 100), pauses)))
        for percent in sorted(term.terms.warn)
    )


def _seconds(us: int) -> float:
    return us // 1_000_000 if us % 1_000_000 == 0 else us / 1_000_000


def row(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as one row of ``plaint sla judge --json``: instants in UTC with ``Z``."""
    return {
        "kind": verdict.kind,
        "cycle": verdict.cycle,
        "instance": verdict.instance,
        "started_at": _text(verdict.started_at),
        "due_at": _text(verdict.due_at),
        "state": verdict.state,
        "fulfilled_at": _text(verdict.fulfilled_at),
        "missed_at": _text(verdict.missed_at),
        "elapsed_seconds": verdict.elapsed_seconds,
        "remaining_seconds": verdict.remaining_seconds,
        "overdue_seconds": verdict.overdue_seconds,
        "late_evidence": verdict.late_evidence,
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")
