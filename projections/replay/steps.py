"""A case step by step, and what lies between two points of its history."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from engine.store.batch import Recorded
from projections.answers import Answer, Moment
from projections.replay.as_of import BadWhen, NoSuchCase, When
from projections.replay.diff import Operation, changes, in_words, patch
from projections.replay.folding import folded, kind_of
from projections.replay.sentence import Language, sentence
from projections.replay.texts import Text, TextLog, texts_of
from projections.views.audit_trail.facts import impersonal


class Step(Answer):
    """One event of a case and what it changed: as a patch of RFC 6902 and in words."""

    position: int
    version: int
    name: str
    words: str
    recorded_at: Moment
    occurred_at: Moment
    """With the precision ``day``: the beginning of that day in its zone."""
    actor: str
    changes: tuple[Operation, ...]
    changed: tuple[str, ...]
    texts: tuple[Text, ...] | None
    """Personal texts; null where they were not asked for."""


class Replay(Answer):
    """A case from its first event to its last."""

    case: UUID
    steps: tuple[Step, ...]


class Standing(Answer):
    """A point of a history: the last event that was there by then; nulls before the first."""

    asked: When
    position: int | None
    version: int | None
    as_of: Moment | None


class Difference(Answer):
    """What changed between two points, and by which events. ``after`` may lie before ``before``: the way back."""

    case: UUID
    before: Standing
    after: Standing
    changes: tuple[Operation, ...]
    changed: tuple[str, ...]
    steps: tuple[Step, ...]
    """The events that are covered by one of the two points alone, in order."""


def span(text: str, field: str) -> tuple[When, When]:
    """Return the two points that ``A..B`` names; without A the time before the first event, without B now.

    Raises:
        BadWhen: it names none.
    """
    first, dots, last = text.partition("..")
    if not dots:
        raise BadWhen(field)
    return When.of(first, field) if first else When(position=0), When.of(last, field) if last else When()


def replay(log: TextLog, case: UUID, language: Language = "en", *, texts: bool = False) -> Replay:
    """Return every step of a case.

    ``texts`` opens the personal texts; ask for them only for one who may see them, after the reading was recorded.

    Raises:
        NoSuchCase: nothing is stored under this id, or it is no case.
    """
    history = _history(log, case, texts=texts)
    return Replay(case=case, steps=_steps(history, history, language, texts=texts))


def difference(log: TextLog, case: UUID, before: When, after: When, language: Language = "en") -> Difference:
    """Return what changed in a case from one point of its history to another. No personal text is opened.

    Raises:
        NoSuchCase: nothing is stored under this id, or it is no case.
    """
    history = _history(log, case, texts=False)
    old, new = ([one for one in history if point.covers(one)] for point in (before, after))
    between = [one for one in history if before.covers(one) != after.covers(one)]
    operations = patch(folded(old), folded(new))
    return Difference(
        case=case,
        before=_standing(before, old),
        after=_standing(after, new),
        changes=operations,
        changed=in_words(operations, language),
        steps=_steps(history, between, language, texts=False),
    )


def _history(log: TextLog, case: UUID, *, texts: bool) -> Sequence[Recorded]:
    history = log.stream(case, open=texts)
    if not history or kind_of(history[0]) is None:
        raise NoSuchCase(case)
    return history


def _standing(asked: When, events: Sequence[Recorded]) -> Standing:
    if not events:
        return Standing(asked=asked, position=None, version=None, as_of=None)
    last = events[-1]
    return Standing(asked=asked, position=last.position, version=last.version, as_of=last.recorded_at)


def _steps(
    history: Sequence[Recorded], shown: Sequence[Recorded], language: Language, *, texts: bool
) -> tuple[Step, ...]:
    found = changes(history)
    return tuple(_step(one, found[one.position], language, texts=texts) for one in shown)


def _step(one: Recorded, operations: tuple[Operation, ...], language: Language, *, texts: bool) -> Step:
    facts: Mapping[str, Any] = impersonal(one.event)
    return Step(
        position=one.position,
        version=one.version,
        name=one.name,
        words=sentence(one.name, facts, language),
        recorded_at=one.recorded_at,
        occurred_at=one.envelope.occurred_at,
        actor=one.envelope.actor,
        changes=operations,
        changed=in_words(operations, language),
        texts=texts_of(one) if texts else None,
    )
