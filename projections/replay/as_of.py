"""A case as it was: folded from the beginning of its stream up to a position or a time.

By recorded time or position the answer is what anybody could have known then; by occurred time it is
what had happened by then in the world, whenever it was recorded. Facts are folded in stored order.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from engine.store.batch import Recorded
from projections.answers import Answer, Moment
from projections.replay.folding import Kind, folded, kind_of
from projections.replay.texts import Text, TextLog, texts_of


class BadWhen(ValueError):
    """A text names no point of a history; says what does."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"{field}: give a position such as 120, a version such as v7, an instant such as 2026-11-22T09:30:00Z "
            "or a date such as 2026-11-22; with occurred: before it the time of the world counts"
        )


class When(BaseModel):
    """Up to when: by recorded time, by occurred time, by position or by version; none means now.

    Limits are inclusive; a bare date is its end in UTC. ``version`` counts the case's own events.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    recorded: AwareDatetime | None = None
    """As it could be known at this instant."""
    occurred: AwareDatetime | None = None
    """As it was in the world at this instant, by all that is known today."""
    position: int | None = None
    """As of this position of the log."""
    version: int | None = None
    """As of the case's own event of this number."""

    @model_validator(mode="after")
    def _one_at_most(self) -> Self:
        given = (self.recorded, self.occurred, self.position, self.version)
        if sum(one is not None for one in given) > 1:
            raise ValueError("give one of recorded, occurred, position and version")
        return self

    @classmethod
    def of(cls, text: str, field: str) -> Self:
        """Return the point that a text names: ``120``, ``v7``, an instant, a date, or one of these two in world time.

        Raises:
            BadWhen: it names none; says so of ``field``.
        """
        world = text.removeprefix("occurred:")
        try:
            if world != text:
                return cls(occurred=_instant(world))
            if text.isdecimal():
                return cls(position=int(text))
            if text[:1] == "v" and text[1:].isdecimal():
                return cls(version=int(text[1:]))
            return cls(recorded=_instant(text))
        except ValueError:
            raise BadWhen(field) from None

    def covers(self, recorded: Recorded) -> bool:
        """Whether an event was there by then."""
        if self.recorded is not None:
            return recorded.recorded_at <= self.recorded
        if self.occurred is not None:
            return recorded.envelope.occurred_at <= self.occurred
        if self.version is not None:
            return recorded.version <= self.version
        return self.position is None or recorded.position <= self.position


def _instant(text: str) -> datetime:
    """No offset means UTC."""
    if len(text) == len("2026-11-22"):
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


class NoSuchCase(LookupError):
    """Nothing is stored under this id."""

    def __init__(self, case: UUID | str) -> None:
        self.case = case
        super().__init__(f"no case {case}: give the number (PL-...) or the id of one that is stored")


class NotThereYet(LookupError):
    """The case exists, but nothing of it was there at the time that was asked for."""

    def __init__(self, case: UUID, first: Recorded, text: str) -> None:
        self.case, self.recorded_at, self.occurred_at = case, first.recorded_at, first.envelope.occurred_at
        super().__init__(text)


class ImportedLater(NotThereYet):
    """The case was imported after the recorded time that was asked for; by world time it may have been there."""


class Said(Answer):
    """The personal texts of one event."""

    position: int
    version: int
    name: str
    texts: tuple[Text, ...]


class CaseAsOf(Answer):
    """A case as it was. ``position``, ``version`` and ``as_of`` are those of the last event folded."""

    case: UUID
    kind: Kind
    asked: When
    position: int
    version: int
    as_of: Moment
    last_occurred_at: Moment
    events: int
    """How many events were folded, and how many of the case came later or are not covered."""
    not_covered: int
    state: dict[str, Any]
    texts: tuple[Said, ...] | None
    """Null where texts were not asked for."""


def case_as_of(log: TextLog, case: UUID, asked: When | None = None, *, texts: bool = False) -> CaseAsOf:
    """Fold a complaint, feedback or problem as it was.

    ``texts`` opens the personal texts of the events folded; ask for them only for one who may see
    them, after the reading was recorded.

    Raises:
        NoSuchCase: nothing is stored under this id.
        ImportedLater: by recorded time it was not yet imported; ask by ``occurred`` instead.
        NotThereYet: it had not begun.
    """
    asked = asked or When()
    history = log.stream(case, open=texts)
    if not history:
        raise NoSuchCase(case)
    covered = [recorded for recorded in history if asked.covers(recorded)]
    if not covered:
        raise _not_there(case, history, asked)
    last = covered[-1]
    return CaseAsOf(
        case=case,
        kind=_kind(history[0]),
        asked=asked,
        position=last.position,
        version=last.version,
        as_of=last.recorded_at,
        last_occurred_at=max(one.envelope.occurred_at for one in covered),
        events=len(covered),
        not_covered=len(history) - len(covered),
        state=folded(covered) or {},
        texts=_said(covered) if texts else None,
    )


def _kind(first: Recorded) -> Kind:
    found = kind_of(first)
    if found is None:
        raise NoSuchCase(first.stream)
    return found


def _said(events: Sequence[Recorded]) -> tuple[Said, ...]:
    said = (Said(position=one.position, version=one.version, name=one.name, texts=texts_of(one)) for one in events)
    return tuple(one for one in said if one.texts)


def _not_there(case: UUID, history: Sequence[Recorded], asked: When) -> NotThereYet:
    first = history[0]
    began = min(one.envelope.occurred_at for one in history)
    if asked.occurred is not None:
        return NotThereYet(case, first, f"case {case} began in the world at {_text(began)}, after the time asked for")
    if first.envelope.origin == "import":
        return ImportedLater(
            case,
            first,
            f"case {case} was imported at {_text(first.recorded_at)} (position {first.position}), after what was asked "
            f"for; its history begins in the world at {_text(began)}: ask by world time (--occurred)",
        )
    when = f"at {_text(first.recorded_at)} (position {first.position})"
    return NotThereYet(case, first, f"case {case} was first recorded {when}, after what was asked for")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
