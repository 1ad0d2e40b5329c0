"""Promises of time: which hold, which were missed, moved or kept. The arithmetic is ``engine.sla``'s.

The state keeps no journal of its own for the clocks: who asks about one hands the history in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, assert_never
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.correspondence import knows
from engine.complaint.given import Circumstances, Given
from engine.sla.calendar import compile_calendar
from engine.sla.fact import from_stored
from engine.sla.judge import Verdict, judge
from engine.sla.marks import steps
from engine.sla.policy import NoCalendar, Profile, applied_clocks, repinned, select_policy
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Event
from schemas.complaint.classification import ComplaintClassified, ComplaintPrioritised
from schemas.complaint.clocks import (
    ComplaintPromised,
    DeadlineExtended,
    DeadlineMissed,
    ExtendDeadline,
    KeepPromise,
    MakePromise,
    PromiseKept,
    ReapplySla,
    ReportMiss,
    SlaApplied,
)
from schemas.complaint.registration import ComplaintReceived
from schemas.refusals import Refusal
from schemas.unchecked import unchecked
from schemas.words import SlaReason

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = SlaApplied | DeadlineMissed | DeadlineExtended | ComplaintPromised | PromiseKept
Commands = ReportMiss | ReapplySla | ExtendDeadline | MakePromise | KeepPromise
_new_sla_applied = unchecked(SlaApplied)


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise with a date; its words stay sealed."""

    promise_id: UUID
    due: datetime
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Deadline:
    """The due of one clock, as an entry in the record states it."""

    clock: str
    cycle: int
    instance: int
    due_at: datetime

    @property
    def clock_key(self) -> tuple[str, int, int]:
        return self.clock, self.cycle, self.instance


@dataclass(frozen=True, slots=True)
class Clocks:
    """Which policy holds, and what the record says of its clocks."""

    policy: str | None = None
    policy_version: int | None = None
    promises: tuple[Promise, ...] = ()
    missed: tuple[Deadline, ...] = ()
    extended: tuple[Deadline, ...] = ()
    """The last extension of each clock."""


# ------------------------------------------------------------------------------------------------ decide


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case ReportMiss():
            return _miss(command, case, given)
        case ReapplySla():
            return _reapply(case, given)
        case ExtendDeadline():
            return _extend(command, case, given)
        case MakePromise():
            return _promise(command, case, given)
        case KeepPromise():
            return _keep(command, case, given)
    assert_never(command)


def _miss(command: ReportMiss, case: Case, given: Given) -> tuple[Event, ...]:
    """Who proposes a miss may look early or late; only the clock as judged now decides."""
    if any(entry.clock_key == (command.clock, command.cycle, command.instance) for entry in case.clocks.missed):
        return ()
    clock = clock_of(command.clock, command.cycle, command.instance, given)
    if clock.state != "missed":
        raise Refusal("not_due", "the clock has not run out", clock=clock.kind, state=clock.state)
    return (
        DeadlineMissed(
            subject_id=case.subject(given),
            clock=clock.kind,
            cycle=clock.cycle,
            instance=clock.instance,
            due_at=clock.due_at,
            detected_at=given.now,
        ),
    )


def _reapply(case: Case, given: Given) -> tuple[Event, ...]:
    """Pin what is open to the newest calendars that hold for it. What was missed stays missed, see ``engine.sla.due``.

    A complaint is open here while it is worked on or a clock of it runs: a statutory one outlives the outcome.
    """
    applied = [stored.event for stored in given.history if isinstance(stored.event, SlaApplied)]
    if not applied:
        return ()
    held = applied[-1]
    clocks = repinned(held.clocks, given.book.calendars)
    if clocks == held.clocks or not (case.lifecycle.is_open or _any_runs(given)):
        return ()
    return (
        SlaApplied(
            subject_id=case.subject(given),
            reason="calendar",
            policy=held.policy,
            policy_version=held.policy_version,
            clocks=clocks,
        ),
    )


def _any_runs(given: Given) -> bool:
    return any(clock.state in ("running", "paused") for clock in judged(given))


def _extend(command: ExtendDeadline, case: Case, given: Given) -> tuple[Event, ...]:
    clock = clock_of(command.clock, command.cycle or case.cycle, command.instance, given)
    if Deadline(clock.kind, clock.cycle, clock.instance, command.due_at) in case.clocks.extended:
        return ()
    if command.notice is not None and not knows(case, command.notice):
        raise Refusal("unknown_message", "the notice was not recorded", message=str(command.notice))
    if clock.state in ("fulfilled", "cancelled"):
        raise Refusal("unknown_clock", "the clock has ended", clock=clock.kind, state=clock.state)
    if given.at > clock.due_at:
        raise Refusal("extension_too_late", "the due has passed", clock=clock.kind, due_at=clock.due_at.isoformat())
    if command.due_at <= clock.due_at:
        raise Refusal("extension_not_later", "it is not later", clock=clock.kind, due_at=clock.due_at.isoformat())
    return (
        DeadlineExtended(
            subject_id=case.subject(given),
            clock=clock.kind,
            cycle=clock.cycle,
            instance=clock.instance,
            due_at=command.due_at,
            notice=command.notice,
        ),
    )


def clock_of(kind: str, cycle: int, instance: int | None, given: Given) -> Verdict:
    """Return one clock as judged now; without ``instance`` the latest of its cycle."""
    found = [
        clock
        for clock in judged(given)
        if (clock.kind, clock.cycle) == (kind, cycle) and instance in (None, clock.instance)
    ]
    if not found:
        raise Refusal("unknown_clock", "no such clock runs", clock=kind, cycle=cycle, instance=instance)
    return max(found, key=lambda clock: clock.instance)


def judged(given: Given) -> tuple[Verdict, ...]:
    """Return every clock of the complaint as of now, by its history and the calendars that it is pinned to."""
    applied = (stored.event for stored in given.history if isinstance(stored.event, SlaApplied))
    pins = {(clock.calendar, clock.calendar_version) for event in applied for clock in event.clocks}
    calendars = {pin: compile_calendar(given.book.calendars[pin]) for pin in pins if pin in given.book.calendars}
    if missing := sorted(pins - set(calendars)):
        raise Refusal(
            "unknown_clock", "a clock is pinned to a calendar that was never activated", calendar=missing[0][0]
        )
    facts = (from_stored(stored.event, stored.envelope, stored.recorded_at) for stored in given.history)
    return judge(steps(facts), calendars, given.now)


def _promise(command: MakePromise, case: Case, given: Given) -> tuple[Event, ...]:
    promise_id = command.promise_id or given.derive("promise")
    if any(promise.promise_id == promise_id for promise in case.clocks.promises):
        return ()
    return (
        ComplaintPromised(subject_id=case.subject(given), promise_id=promise_id, what=command.what, due=command.due),
    )


def _keep(command: KeepPromise, case: Case, given: Given) -> tuple[Event, ...]:
    for promise in case.clocks.promises:
        if promise.promise_id == command.promise_id:
            return () if promise.kept else (PromiseKept(subject_id=case.subject(given), promise_id=promise.promise_id),)
    raise Refusal("unknown_promise", "nothing was promised under this id", promise=str(command.promise_id))


# ------------------------------------------------------------------------------------------------ the policy

_CHANGES: Final[tuple[tuple[type[Event], SlaReason], ...]] = (
    (ComplaintReceived, "first"),
    (ComplaintPrioritised, "priority"),
    (ComplaintClassified, "reclassified"),
    (ComplaintAssigned, "reclassified"),
)
"""Events that may bring another policy into force, with the reason that the record then gives."""


def reapplied(case: Case, events: tuple[Event, ...], given: Given) -> tuple[Event, ...]:
    """Return the promises that hold from here on, where these events (which ``case`` knows) select another policy.

    A newer version of the same policy does not: it holds for new complaints. A policy that names a calendar
    which is not in force applies to nobody, since a message must not be lost over it; activation refuses one.
    """
    reason = next((reason for kind, reason in _CHANGES for event in events if isinstance(event, kind)), None)
    if reason is None or not case.lifecycle.is_open:
        return ()
    policy = select_policy(given.book.policies.values(), profile_of(case, given.business_unit))
    if policy is None or policy.id == case.clocks.policy:
        return ()
    try:
        applied = applied_clocks(policy, given.book.latest_calendar)
    except NoCalendar:
        return ()
    return (
        _new_sla_applied(
            subject_id=case.subject(given),
            reason="first" if case.clocks.policy is None else reason,
            policy=policy.id,
            policy_version=policy.version,
            clocks=applied,
        ),
    )


def profile_of(case: Case, business_unit: str | None) -> Profile:
    """Return what policies are selected by; ``business_unit`` is that of who reports, until one is assigned."""
    taken_for, points = case.classification, case.points
    return Profile(
        channel=case.registration.channel,
        types=tuple(kind for kind in (taken_for.type, *(point.type for point in points)) if kind),
        subtypes=tuple(kind for kind in (taken_for.subtype, *(point.subtype for point in points)) if kind),
        segment=case.registration.customer_segment,
        priority=taken_for.priority,
        regulations=(taken_for.regulation,) if taken_for.regulation else (),
        business_unit=case.assignment.business_unit or business_unit,
    )


# ------------------------------------------------------------------------------------------------ evolve


def evolve(part: Clocks, event: Events, _: Circumstances) -> Clocks:
    """Apply one stored fact."""
    match event:
        case SlaApplied():
            return changed(part, policy=event.policy, policy_version=event.policy_version)
        case DeadlineMissed():
            return changed(part, missed=(*part.missed, _deadline(event)))
        case DeadlineExtended():
            moved = _deadline(event)
            others = tuple(entry for entry in part.extended if entry.clock_key != moved.clock_key)
            return changed(part, extended=(*others, moved))
        case ComplaintPromised():
            kept = tuple(promise for promise in part.promises if promise.promise_id != event.promise_id)
            return changed(part, promises=(*kept, Promise(event.promise_id, event.due)))
        case PromiseKept():
            return changed(part, promises=tuple(_kept(promise, event) for promise in part.promises))
    assert_never(event)


def _deadline(event: DeadlineMissed | DeadlineExtended) -> Deadline:
    return Deadline(event.clock, event.cycle, event.instance, event.due_at)


def _kept(promise: Promise, event: PromiseKept) -> Promise:
    return changed(promise, kept=True) if promise.promise_id == event.promise_id else promise
