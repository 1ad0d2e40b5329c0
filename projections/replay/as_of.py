"""A case as it was: folded from the beginning of its stream up to a position or a time.

By recorded time or position the answer is what anybody could have known then; by occurred time it is
what had happened by then in the world, whenever it was recorded. Facts are folded in stored order.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Self
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from engine.complaint import decider
from engine.complaint.state_bytes import to_bytes
from engine.store.batch import Recorded
from engine.streams import feedback, problem
from projections.answers import Answer, Moment
from projections.replay.texts import Text, TextLog, texts_of


class When(BaseModel):
    """Up to when: by recorded time, by occurred time, or by position; none of them means now. Limits are inclusive."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    recorded: AwareDatetime | None = None
    occurred: AwareDatetime | None = None
    position: int | None = None

    @model_validator(mode="after")
    def _one_at_most(self) -> Self:
        if sum(one is not None for one in (self.recorded, self.occurred, self.position)) > 1:
            raise ValueError("give one of recorded, occurred and position")
        return self

    def covers(self, recorded: Recorded) -> bool:
        """Whether an event was there by then."""
        if self.recorded is not None:
            return recorded.recorded_at <= self.recorded
        if self.occurred is not None:
            return recorded.envelope.occurred_at <= self.occurred
        return self.position is None or recorded.position <= self.position


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
    kind: Literal["complaint", "feedback", "problem"]
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
        state=_folded(covered),
        texts=_said(covered) if texts else None,
    )


def _folded(events: Sequence[Recorded]) -> dict[str, Any]:
    state: object
    match _kind(events[0]):
        case "complaint":
            state = decider.fold(events)
        case "feedback":
            state = feedback.fold(events)
        case "problem":
            state = problem.fold(events)
    folded: dict[str, Any] = orjson.loads(to_bytes(state))
    return folded


def _kind(first: Recorded) -> Literal["complaint", "feedback", "problem"]:
    match first.event.NAME.partition(".")[0]:
        case "complaint":
            return "complaint"
        case "feedback":
            return "feedback"
        case "problem":
            return "problem"
        case _:
            raise NoSuchCase(first.stream)


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
