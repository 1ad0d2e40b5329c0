"""What every integration event is made of: its common fields, texts that may be left out, and small values.

Nothing here is a stored event: others read these, so their fields change by rules of their own. Words
(closed lists, codes, money) are shared with the stored events.
"""

from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from schemas.complaint.clocks import ClockKind, TargetText
from schemas.words import (
    PERSONAL,
    ActorId,
    CaseNumber,
    Code,
    ComplaintType,
    ContactKind,
    Money,
    Origin,
    Outcome,
    PartyRole,
    Precision,
    RemedyForm,
    SubjectId,
    ZoneName,
)  # fmt: skip

CARRY_TEXTS = "texts"
"""Key of the validation context: without it every text is left out, whatever is handed in."""


def _carried(value: Any, info: ValidationInfo) -> str | None:
    """Keep a text only where the topic carries texts, and only one that stands open."""
    wanted = isinstance(info.context, dict) and info.context.get(CARRY_TEXTS) is True
    return value if wanted and isinstance(value, str) else None


Text = Annotated[str | None, PERSONAL, BeforeValidator(_carried), Field(json_schema_extra={"x-plaint-personal": True})]
"""Personal text: absent unless the topic is configured to carry texts; absent, too, once it was erased."""


class Outward(BaseModel):
    """A published value. Readers pass over fields that they do not know."""

    model_config = ConfigDict(frozen=True, from_attributes=True, validate_by_name=True, serialize_by_alias=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    @property
    def holds_text(self) -> bool:
        """Whether a text of a person is in it, at any depth."""
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if PERSONAL in info.metadata and value is not None:
                return True
            parts = value if isinstance(value, tuple) else (value,)
            if any(isinstance(part, Outward) and part.holds_text for part in parts):
                return True
        return False


class Fact(Outward):
    """What every integration event says. When it happened and was recorded stands in its CloudEvent."""

    NAME: ClassVar[str]
    """Its type, with the version in it."""
    OF: ClassVar[str]
    """The stored event that it is made of."""

    about: UUID
    """The complaint, feedback or problem: the subject of the CloudEvent and the key of the record."""
    business_unit: Code
    actor: ActorId
    """Who did it, opaquely."""
    origin: Origin = "live"
    occurred_precision: Precision = "instant"
    zone: ZoneName | None = None
    """With precision ``day``: whose day it was."""


class ComplaintFact(Fact):
    """Something happened to a complaint."""

    number: CaseNumber
    """What people call it by."""


class ContactOut(Outward):
    """One way to reach a party."""

    kind: ContactKind
    value: Text = None


class PartyOut(Outward):
    """Who takes part; ``subject_id`` is random, and what an erasure names."""

    role: PartyRole
    subject_id: SubjectId
    name: Text = None
    contacts: tuple[ContactOut, ...] = ()


class PointOut(Outward):
    """One of the separate matters of a complaint."""

    point: Annotated[int, Field(ge=1)]
    type: ComplaintType | None = None
    subtype: Code | None = None
    product: Code | None = None
    claimed: Money | None = None
    remedy_sought: RemedyForm | None = None
    distress: Money | None = None
    serial: Text = None
    product_name: Text = None
    order_reference: Text = None


class PointOutcomeOut(Outward):
    """What was found on one point."""

    point: Annotated[int, Field(ge=1)]
    outcome: Outcome


class ReferenceOut(Outward):
    """How another system calls the complaint; the number itself is personal."""

    system: Code
    number: Text = None


class ScoreOut(Outward):
    """One parameter of a survey: ``score`` out of ``out_of``."""

    parameter: Code
    score: Annotated[int, Field(ge=0)]
    out_of: Annotated[int, Field(ge=1)] = 5


class ClockOut(Outward):
    """One promise of time as it holds now; when it is due follows from the calendar."""

    kind: ClockKind
    target: TargetText | None = None
    calendar: Code
    calendar_version: Annotated[int, Field(ge=1)]
