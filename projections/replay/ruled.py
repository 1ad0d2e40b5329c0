"""Which rules decided what in a recorded complaint, and how each concern's rules see it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from engine.store.batch import Recorded
from projections.answers import Answer, Moment, Snapshot
from projections.replay.concern import Asking, Concern, Explained
from projections.replay.concerns import CONCERNS
from projections.replay.library import Library
from projections.replay.routing_facts import StreamsOf
from projections.replay.sentence import Language, sentence
from projections.runtime.progress import Name
from projections.views.audit_trail.facts import impersonal

Open = Callable[[Sequence[Name]], AbstractContextManager[Snapshot]]
"""Lends a state of views."""


class Overruled(Answer):
    """A person decided otherwise later."""

    position: int
    actor: str
    why: str | None
    """His reason; null where none was given or it can be read no more."""


class Decision(Answer):
    """One event that a rule brought about."""

    position: int
    recorded_at: Moment
    name: str
    words: str
    rule_set: str
    version: int
    rule: str
    overruled: Overruled | None


class Ruled(Answer):
    """All that rules did to a complaint, and how the rules of each concern see it."""

    case: UUID
    decisions: tuple[Decision, ...]
    concerns: tuple[Explained, ...]


def ruled(
    history: Sequence[Recorded], known: Library, open: Open, streams_of: StreamsOf, language: Language = "en"
) -> Ruled:
    """Return what rules did to a complaint. ``history`` is whole and opened: rules look at words."""
    found = [
        one for name, concern in CONCERNS.items() for one in _explained(name, concern, history, known, open, streams_of)
    ]
    return Ruled(case=history[0].stream, decisions=tuple(decisions(history, language)), concerns=tuple(found))


def decisions(history: Sequence[Recorded], language: Language = "en") -> Iterator[Decision]:
    """Yield what rules brought about, in order, with who overruled it."""
    for index, one in enumerate(history):
        if one.envelope.decided_by is not None:
            yield Decision(
                position=one.position,
                recorded_at=one.recorded_at,
                name=one.name,
                words=sentence(one.name, impersonal(one.event), language),
                rule_set=one.envelope.decided_by.rule_set,
                version=one.envelope.decided_by.version,
                rule=one.envelope.decided_by.rule,
                overruled=_overruled(one, history[index + 1 :]),
            )


def _overruled(decided: Recorded, later: Sequence[Recorded]) -> Overruled | None:
    """Return the first word of a person on the same matter, in the same words of the catalogue."""
    for one in later:
        if one.name == decided.name and one.envelope.actor.startswith("person:") and _touches(decided, one):
            why = one.envelope.why if isinstance(one.envelope.why, str) else None
            return Overruled(position=one.position, actor=one.envelope.actor, why=why)
    return None


def _touches(decided: Recorded, later: Recorded) -> bool:
    """Whether a later event sets something that the earlier one set, to something else."""
    before, after = (one.event.model_dump(exclude={"subject_id"}, exclude_none=True) for one in (decided, later))
    return any(
        name in after and after[name] != value for name, value in before.items() if value != () and name != "why"
    )


def _explained(
    name: str, concern: Concern, history: Sequence[Recorded], known: Library, open: Open, streams_of: StreamsOf
) -> Iterator[Explained]:
    looks = list(_looks(name, history))
    for number, decided in enumerate(looks if concern.looks_again else looks[:1]):
        position = decided[0].position if decided else known.head
        book = known.books.at(position)
        rules = book.rule_sets.get(name)
        if rules is None:
            continue
        seen_then = [one for one in history if one.position < position] if number else history
        with open(concern.reads) as snapshot:
            asking = Asking(snapshot, streams_of, book, decided, again=number > 0)
            seen = concern.explain(rules, seen_then, asking)
        if seen is not None:
            recorded = bool(decided)
            yield Explained(concern=name, version=rules.version, position=position, recorded=recorded, **seen._asdict())


def _looks(name: str, history: Sequence[Recorded]) -> Iterator[list[Recorded]]:
    """Yield what the rules of a set brought about, each time that something made them look; once nothing, if never."""
    looks: dict[UUID | None, list[Recorded]] = {}
    for one in history:
        if one.envelope.decided_by is not None and one.envelope.decided_by.rule_set == name:
            looks.setdefault(one.envelope.causation_id, []).append(one)
    yield from looks.values() or ([],)
