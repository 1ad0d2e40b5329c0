"""What kind of complaint it is, how urgent, and the company's own fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from engine.complaint.change import changed
from engine.complaint.fields import settled
from engine.complaint.given import Circumstances, Given
from engine.complaint.registration import PointFacts, has_text, merged, point_facts
from schemas.complaint.base import Event
from schemas.complaint.classification import (
    Classify,
    ComplaintClassified,
    ComplaintPrioritised,
    FieldSet,
    FieldValue,
    Prioritise,
    SetField,
)
from schemas.refusals import Refusal
from schemas.words import ComplaintType, Informed, Nature, Priority, Tone

if TYPE_CHECKING:
    from engine.complaint.case import Case

Events = ComplaintClassified | ComplaintPrioritised | FieldSet
Commands = Classify | Prioritise | SetField


@dataclass(frozen=True, slots=True)
class Classification:
    """What it was last taken for."""

    nature: Nature | None = None
    informed: Informed | None = None
    type: ComplaintType | None = None
    subtype: str | None = None
    tone: Tone | None = None
    tags: tuple[str, ...] = ()
    regulation: str | None = None
    points: tuple[PointFacts, ...] = ()
    """Those that were classified after registration."""
    priority: Priority | None = None
    fields: tuple[tuple[str, FieldValue | None], ...] = ()
    """By name; None where the field holds text, which stays sealed in its event."""


# ------------------------------------------------------------------------------------------------ decide


def decide(command: Commands, case: Case, given: Given) -> tuple[Event, ...]:
    """Return what follows from a command of this concern."""
    match command:
        case Classify():
            return _classify(command, case, given)
        case Prioritise(priority=priority):
            known = case.classification.priority
            return (
                () if known == priority else (ComplaintPrioritised(subject_id=case.subject(given), priority=priority),)
            )
        case SetField():
            return _set_field(command, case, given)
    assert_never(command)


def _classify(command: Classify, case: Case, given: Given) -> tuple[Event, ...]:
    for point in command.points:
        case.require_point(point.point)
    event = ComplaintClassified(
        subject_id=case.subject(given),
        nature=command.nature,
        informed=command.informed,
        type=command.type,
        subtype=command.subtype,
        tone=command.tone,
        tags=command.tags,
        regulation=command.regulation,
        points=command.points,
    )
    points = merged(case.points, tuple(point_facts(point) for point in command.points))
    same = points == case.points and changed(_evolve_classified(case.classification, event), points=()) == changed(
        case.classification, points=()
    )
    return () if same and not has_text(command.points) else (event,)


def _set_field(command: SetField, case: Case, given: Given) -> tuple[Event, ...]:
    if command.value is None and command.text is None:
        raise Refusal("nothing_to_do", "a field needs a value or a text", field=command.field)
    value, text = settled(command, given.book)
    held = (command.field, value) in case.classification.fields
    same_type = any(name == command.field and type(v) is type(value) for name, v in case.classification.fields)
    if text is None and held and same_type:
        return ()
    return (FieldSet(subject_id=case.subject(given), field=command.field, value=value, text=text),)


# ------------------------------------------------------------------------------------------------ evolve


def evolve(part: Classification, event: Events, _: Circumstances) -> Classification:
    """Apply one stored fact."""
    match event:
        case ComplaintClassified():
            return _evolve_classified(part, event)
        case ComplaintPrioritised():
            return changed(part, priority=event.priority)
        case FieldSet():
            others = {name: value for name, value in part.fields if name != event.field}
            return changed(
                part, fields=tuple(sorted({**others, event.field: event.value}.items(), key=lambda kv: kv[0]))
            )
    assert_never(event)


def _evolve_classified(part: Classification, event: ComplaintClassified) -> Classification:
    return changed(
        part,
        nature=event.nature or part.nature,
        informed=event.informed or part.informed,
        type=event.type or part.type,
        subtype=event.subtype or part.subtype,
        tone=event.tone or part.tone,
        tags=part.tags if event.tags is None else event.tags,
        regulation=event.regulation or part.regulation,
        points=merged(part.points, tuple(point_facts(point) for point in event.points)),
    )
