"""What kind of complaint it is, how urgent, and the fields a company declares itself."""

from datetime import date
from typing import ClassVar

from schemas.complaint.base import Command, Event, Right
from schemas.words import (
    Code,
    ComplaintType,
    Frozen,
    Informed,
    Money,
    Nature,
    Personal,
    PlainDecimal,
    Point,
    Priority,
    Tone,
)  # fmt: skip


class Number(Frozen):
    """A decimal value of a custom field, told from a code by its shape."""

    number: PlainDecimal


class Day(Frozen):
    """A date as the value of a custom field, told from a code by its shape."""

    day: date


FieldValue = Code | int | bool | Money | Number | Day
"""What a custom field holds; every kind has a JSON shape of its own, so that what is read is what was written."""


class ComplaintClassified(Event):
    """What it is; ``None`` leaves what was known. ``points`` replace the points they name."""

    NAME: ClassVar[str] = "complaint.classified.v1"
    nature: Nature | None = None
    informed: Informed | None = None
    type: ComplaintType | None = None
    subtype: Code | None = None
    tone: Tone | None = None
    tags: tuple[Code, ...] | None = None
    regulation: Code | None = None
    points: tuple[Point, ...] = ()


class ComplaintPrioritised(Event):
    """How urgent it is."""

    NAME: ClassVar[str] = "complaint.prioritised.v1"
    priority: Priority


class FieldSet(Event):
    """A custom field got a value: a declared impersonal ``value``, or personal ``text``."""

    NAME: ClassVar[str] = "complaint.field_set.v1"
    field: Code
    value: FieldValue | None = None
    text: Personal[str] | None = None


class Classify(Command):
    """Say what it is."""

    NAME: ClassVar[str] = "complaint.classify"
    RIGHT: ClassVar[Right] = "handle"
    nature: Nature | None = None
    informed: Informed | None = None
    type: ComplaintType | None = None
    subtype: Code | None = None
    tone: Tone | None = None
    tags: tuple[Code, ...] | None = None
    regulation: Code | None = None
    points: tuple[Point, ...] = ()


class Prioritise(Command):
    """Say how urgent it is."""

    NAME: ClassVar[str] = "complaint.prioritise"
    RIGHT: ClassVar[Right] = "handle"
    priority: Priority


class SetField(Command):
    """Set a field that configuration of the kind ``fields`` declares; what is not declared, or a text, is personal."""

    NAME: ClassVar[str] = "complaint.set_field"
    RIGHT: ClassVar[Right] = "handle"
    field: Code
    value: FieldValue | None = None
    text: str | None = None
