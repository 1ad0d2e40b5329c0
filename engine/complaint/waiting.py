"""Waiting for somebody's information, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.given import Circumstances, Given
from schemas.complaint.base import Event
from schemas.complaint.waiting import (
    InformationProvided,
    InformationRequested,
    ProvideInformation,
    RequestInformation,
)
from schemas.refusals import Refusal
from schemas.words import WaitFor

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = InformationRequested | InformationProvided
Commands = RequestInformation | ProvideInformation


@dataclass(frozen=True, slots=True)
class Request:
    """One open request."""

    request_id: UUID
    from_: WaitFor


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whom we wait for."""

    open: tuple[Request, ...] = ()
    over: frozenset[UUID] = frozenset()
    """Requests that were answered or fell away."""

    def waits_for(self, whom: WaitFor) -> bool:
        return any(request.from_ == whom for request in self.open)


# ------------------------------------------------------------------------------------------------ decide


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case RequestInformation():
            return _request(command, case, given)
        case ProvideInformation():
            return _provide(command, case, given)
    assert_never(command)


def _request(command: RequestInformation, case: Case, given: Given) -> tuple[Event, ...]:
    request_id = command.request_id or given.derive("request")
    if _knows(case.waiting, request_id):
        return ()
    case.lifecycle.require_open("we wait for information")
    return (
        InformationRequested(
            subject_id=case.subject(given),
            request_id=request_id,
            from_=command.from_,
            what=command.what,
            answer_by=command.answer_by,
            message=command.message,
        ),
    )


def _provide(command: ProvideInformation, case: Case, given: Given) -> tuple[Event, ...]:
    if command.request_id is not None and not _knows(case.waiting, command.request_id):
        raise Refusal("unknown_request", "nothing was asked for under this id", request=str(command.request_id))
    event = InformationProvided(
        subject_id=case.subject(given), request_id=command.request_id, from_=command.from_, message=command.message
    )
    return () if _provided(case.waiting, event) == case.waiting else (event,)


def answered_by(message: UUID, subject: UUID, part: Waiting) -> tuple[Event, ...]:
    """Return the end of all waiting for the complainant, which any word of his own brings."""
    if not part.waits_for("complainant"):
        return ()
    return (InformationProvided(subject_id=subject, from_="complainant", message=message),)


def _knows(part: Waiting, request_id: UUID) -> bool:
    return request_id in part.over or any(request.request_id == request_id for request in part.open)


# ------------------------------------------------------------------------------------------------ evolve


def evolve(part: Waiting, event: Events, _: Circumstances) -> Waiting:
    """Apply one stored fact."""
    match event:
        case InformationRequested():
            if _knows(part, event.request_id):
                return part
            return changed(part, open=(*part.open, Request(event.request_id, event.from_)))
        case InformationProvided():
            return _provided(part, event)
    assert_never(event)


def _provided(part: Waiting, event: InformationProvided) -> Waiting:
    """A request ends by its id; a provision without one ends all of its sender."""
    if event.request_id is None:
        over = tuple(request.request_id for request in part.open if request.from_ == event.from_)
    else:
        over = (event.request_id,) if event.request_id not in part.over else ()
    return _end(part, over)


def _end(part: Waiting, over: tuple[UUID, ...]) -> Waiting:
    if not over:
        return part
    return Waiting(tuple(request for request in part.open if request.request_id not in over), part.over.union(over))


def ended(part: Waiting) -> Waiting:
    """End all waiting: the case was resolved, discontinued or closed."""
    return _end(part, tuple(request.request_id for request in part.open))
