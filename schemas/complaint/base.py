"""What every stored event and every command of a stream shares."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from schemas.words import Frozen, SubjectId

Right = Literal["receive", "handle", "approve", "overrule", "administer", "system", "erase", "hold", "rate"]
"""What the sender of a command must hold: ``system`` is for rules and doors alone."""


class Event(Frozen):
    """A stored fact. Its ``NAME`` and its fields are the storage format.

    To change a meaning, add a class named ``.v2`` and an upcaster; never edit in place.
    ``subject_id`` is the data subject whose words the personal fields of the event (and the
    ``why`` of its envelope) are, except inside parts that name a subject of their own.
    """

    NAME: ClassVar[str]
    subject_id: SubjectId | None = None


class Command(BaseModel):
    """A wish. Deciding may refuse it; asking again for what already holds does nothing."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True, use_attribute_docstrings=True
    )
    NAME: ClassVar[str]
    RIGHT: ClassVar[Right]
    OTHERS: ClassVar[tuple[str, ...]] = ()
    """Fields that name other complaints, of whatever business unit they are."""
