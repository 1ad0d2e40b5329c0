"""What every door tells of a person: where his texts are, what his erasure did, what it cannot reach."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any, Literal
from uuid import UUID

from engine.erased import Erased, Held, OthersText, Scope
from engine.store.vault.fingerprint import Fingerprint, opaque_id
from projections.answers import Answer, Moment
from projections.runtime.reach import Unreached, What
from schemas.streams.subject import ErasureReason, SubjectErased

Outcome = Literal["erased", "partly_held", "held"]


class Found(Answer):
    """The person whom a contact reaches; texts name persons by this id."""

    subject: UUID


class HeldCase(Answer):
    """A case that a legal hold keeps, with those who hold it; nobody: it goes shortly."""

    stream: UUID
    holders: tuple[str, ...]


class TextOfOthers(Answer):
    """Text of somebody else in a case of the person, which an erasure leaves: for a person to decide."""

    stream: UUID
    version: int
    name: str
    subject: UUID


class TextThatMayName(TextOfOthers):
    """Such a text, as the erasure saw it. ``names_him``: a contact or his name stands in it, letter for letter."""

    names_him: bool


class PastErasure(Answer):
    """An erasure of the person that was recorded."""

    position: int
    recorded_at: Moment
    subject: UUID
    streams: tuple[UUID, ...]
    left_out: tuple[UUID, ...]
    request_id: UUID
    reason: ErasureReason


class KeptOf(Answer):
    """Where a person's texts are: would go now, held, gone; with past erasures, and texts of others in his cases."""

    subject: UUID
    streams: tuple[UUID, ...]
    held: tuple[HeldCase, ...]
    gone: tuple[UUID, ...]
    erasures: tuple[PastErasure, ...]
    others: tuple[TextOfOthers, ...]


class NotReached(Answer):
    """Something that may hold the person still. ``until``: when it is gone; null: nobody has said."""

    what: What
    until: Moment | None
    note: str


class ErasedPerson(Answer):
    """What an erasure did, for good, and what it cannot reach.

    ``outcome`` is ``partly_held`` where a legal hold keeps some cases, ``held`` where it keeps all: they go when it is
    released. ``passed``: every view has passed it; else ``unreached`` names those that are behind. ``already``: this
    request had its effect before. ``discarded`` are messages set aside that were his, ``may_name`` those that name
    him: for a person to decide, like ``others``.
    """

    subject: UUID
    request_id: UUID
    reason: ErasureReason
    outcome: Outcome
    passed: bool
    position: int
    recorded_at: Moment
    already: bool
    streams: tuple[UUID, ...]
    left_out: tuple[HeldCase, ...]
    discarded: tuple[UUID, ...]
    may_name: tuple[UUID, ...]
    others: tuple[TextThatMayName, ...]
    unreached: tuple[NotReached, ...]


def request_id(given: str, fingerprint: Fingerprint) -> UUID:
    """Return the id of a request; of any text but an id its keyed hash, so that nothing typed is recorded."""
    try:
        return UUID(given)
    except ValueError:
        return opaque_id(fingerprint.of("request", given.encode("utf-8", "surrogateescape")))


def kept(scope: Scope) -> KeptOf | None:
    """Return what is told of a person; None where nothing ever was kept of him."""
    if not (scope.streams or scope.held or scope.gone):
        return None
    past = (
        PastErasure(position=one.position, recorded_at=one.recorded_at, **one.event.model_dump(exclude={"subject_id"}))
        for one in scope.erased
        if isinstance(one.event, SubjectErased)
    )
    return KeptOf(
        subject=scope.subject,
        streams=scope.streams,
        held=_held(scope.held),
        gone=scope.gone,
        erasures=tuple(past),
        others=tuple(TextOfOthers(**_text(one)) for one in scope.others),
    )


def erased(result: Erased, left: Collection[Unreached]) -> ErasedPerson:
    """Return what is told of an erasure; ``left`` is what it cannot reach."""
    return ErasedPerson(
        subject=result.subject,
        request_id=result.request_id,
        reason=result.reason,
        outcome=_outcome(result),
        passed=all(one.what != "view" for one in left),
        position=result.position,
        recorded_at=result.recorded_at,
        already=result.already,
        streams=result.streams,
        left_out=_held(result.left_out),
        discarded=result.discarded,
        may_name=result.may_name,
        others=tuple(TextThatMayName(**_text(one), names_him=one.names_him) for one in result.others),
        unreached=tuple(NotReached(**asdict(one)) for one in left),
    )


def _outcome(result: Erased) -> Outcome:
    """Return in a word what an erasure came to."""
    if not result.left_out:
        return "erased"
    return "partly_held" if result.streams else "held"


def _held(cases: Iterable[Held]) -> tuple[HeldCase, ...]:
    return tuple(HeldCase(stream=one.stream, holders=one.holders) for one in cases)


def _text(one: OthersText) -> dict[str, Any]:
    return {"stream": one.stream, "version": one.version, "name": one.name, "subject": one.subject}
