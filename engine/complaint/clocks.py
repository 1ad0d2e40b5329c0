"""Promises of time: which hold, which were missed, moved or kept. The arithmetic is ``engine.sla``'s."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from engine.complaint.given import Circumstances, Given
from schemas.complaint.base import Event
from schemas.complaint.clocks import (
    ComplaintPromised,
    DeadlineExtended,
    DeadlineMissed,
    ExtendDeadline,
    KeepPromise,
    MakePromise,
    PromiseKept,
    ReportMiss,
    SlaApplied,
)
from schemas.refusals import Refusal

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = SlaApplied | DeadlineMissed | DeadlineExtended | ComplaintPromised | PromiseKept
Commands = ReportMiss | ExtendDeadline | MakePromise | KeepPromise


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise with a date; its words stay sealed."""

    promise_id: UUID
    due: datetime
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Missed:
    """A miss that stands in the record."""

    clock: str
    cycle: int
    instance: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Clocks:
    """What was promised, and what was missed."""

    policy: str | None = None
    policy_version: int | None = None
    promises: tuple[Promise, ...] = ()
    missed: tuple[Missed, ...] = ()


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case ReportMiss() | ExtendDeadline():
            raise Refusal("unknown_clock", "no policy applies to this complaint", clock=command.clock)
        case MakePromise():
            return _promise(command, case, given)
        case KeepPromise():
            return _keep(command, case, given)
    assert_never(command)


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


def reapplied(case: Case, events: tuple[Event, ...], given: Given) -> tuple[Event, ...]:
    """Return the promises that hold from here on, where these events (which ``case`` knows) change them."""
    return ()


def evolve(part: Clocks, event: Events, _: Circumstances) -> Clocks:
    """Apply one stored fact."""
    match event:
        case SlaApplied():
            return replace(part, policy=event.policy, policy_version=event.policy_version)
        case DeadlineMissed():
            return replace(part, missed=(*part.missed, Missed(event.clock, event.cycle, event.instance, event.due_at)))
        case DeadlineExtended():
            return part
        case ComplaintPromised():
            others = tuple(promise for promise in part.promises if promise.promise_id != event.promise_id)
            return replace(part, promises=(*others, Promise(event.promise_id, event.due)))
        case PromiseKept():
            return replace(part, promises=tuple(_kept(promise, event) for promise in part.promises))
    assert_never(event)


def _kept(promise: Promise, event: PromiseKept) -> Promise:
    return replace(promise, kept=True) if promise.promise_id == event.promise_id else promise
