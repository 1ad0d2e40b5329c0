"""The closed lists, ids and small values that every stored event is written in.

Three kinds of text exist and a field's type says which: a closed list (``Literal``),
a code or opaque id (a constrained ``str`` that no person typed freely), or personal
text (``Personal[...]``). A test refuses a stored field that is none of these.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints


class Frozen(BaseModel):
    """A stored value: immutable; a reader ignores fields that a newer writer added."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, serialize_by_alias=True)


class Withheld(Frozen):
    """Stands where personal content is not shown: still ``sealed``, or ``erased`` for good."""

    model_config = ConfigDict(extra="forbid")
    withheld: Literal["sealed", "erased"]


SEALED = Withheld(withheld="sealed")
ERASED = Withheld(withheld="erased")


class PersonalMark:
    """Marks a field whose value is sealed under a data subject's key."""


class ImpersonalMark:
    """Marks a constrained string that names no person: a code, an opaque id, a format."""


PERSONAL = PersonalMark()
IMPERSONAL = ImpersonalMark()

T = TypeVar("T")
Personal = Annotated[T | Withheld, PERSONAL]

CODE: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,119}$"
Code = Annotated[str, StringConstraints(pattern=CODE), IMPERSONAL]
"""A value from a code list: impersonal, so that figures survive an erasure."""
LESSON: Final = r"^[^@]*$"
Lesson = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=LESSON), IMPERSONAL]
"""A text for everybody, in which nobody is named: stored open, and kept when people are erased."""
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$"), IMPERSONAL]
MediaType = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.+-]{1,60}/[a-zA-Z0-9.+_-]{1,100}$"), IMPERSONAL]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), IMPERSONAL]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), IMPERSONAL]
ZoneName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$"), IMPERSONAL]
CaseNumber = Annotated[str, StringConstraints(pattern=r"^PL-[0-9A-Z]{5}-[0-9A-Z]{5}$"), IMPERSONAL]
"""What people call a complaint by: ten Crockford base 32 digits of its random id."""
ActorId = Annotated[str, StringConstraints(pattern=r"^(person|service|rule):[a-z0-9][a-z0-9._-]{0,79}$"), IMPERSONAL]
"""Who acted, opaquely; which person it is, is an event of its own (``staff.bound``)."""
Traceparent = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"), IMPERSONAL
]

ComplaintId = UUID
SubjectId = UUID
MessageId = UUID
Instant = AwareDatetime
DayOrInstant = date | datetime

Channel = Literal[
    "email", "web_form", "messenger", "chat", "call", "visit", "review", "social", "letter", "authority", "other"
]
Precision = Literal["instant", "day"]
Identity = Literal["token", "link", "workload", "local", "claimed"]
Origin = Literal["live", "import"]
PartyRole = Literal["complainant", "customer", "representative", "joint_complainant", "respondent", "authority"]
ContactKind = Literal["email", "phone", "username", "postal", "customer_number", "other"]
ComplaintType = Literal["service", "product", "price", "information", "delivery", "staff", "other"]
Nature = Literal["objective", "subjective"]
Informed = Literal["informed", "misinformed", "not_informed", "unknown"]
Tone = Literal["calm", "dissatisfied", "angry", "threatening"]
Cause = Literal[
    "process", "people", "resources", "product", "systems", "supplier", "communication", "customer", "external"
]
Responsibility = Literal["company", "complainant", "third_party", "nobody"]
RemedyForm = Literal[
    "replacement", "repair", "reperformance", "refund", "price_reduction", "reimbursement", "payment",
    "discount", "extra_service",
]  # fmt: skip
RemedyGround = Literal["fault", "no_fault", "exception"]
RemedyHead = Literal["price", "expenses", "distress", "penalty"]
Advised = Literal["followed", "alternative", "overruled", "unstudied"]
"""How a proposed remedy stands to what the rule proposes; ``unstudied``: the rule asks to look into the case first."""
Stage = Literal["registration", "investigation", "corrective_action", "satisfaction_check", "closed"]
Outcome = Literal["upheld", "partly_upheld", "not_upheld"]
ExitReason = Literal[
    "clarified", "unfounded", "not_a_complaint", "not_ours", "duplicate", "withdrawn", "customer_unresponsive",
    "anonymous", "abusive", "repeated_without_new_grounds", "time_barred", "other_procedure", "spam_or_bot",
]  # fmt: skip
Direction = Literal["inbound", "outbound", "internal"]
Counterparty = Literal["complainant", "representative", "third_party", "authority", "department", "staff"]
Visibility = Literal["public", "private"]
Purpose = Literal["acknowledgement", "notice", "question", "interim", "final", "public_closing", "survey", "other"]
Automatic = Literal["auto_reply", "delivery_report", "list", "bulk", "own", "loop"]
DeliveryStatus = Literal["sent", "delivered", "delayed", "failed"]
Sense = Literal["complaint", "question", "thanks", "suggestion", "compliment", "review", "spam", "unknown"]
"""What a message is taken for; people correct it, figures are counted by it."""
Priority = Literal["low", "normal", "high", "urgent"]
Level = Literal["low", "medium", "high"]
WaitFor = Literal["complainant", "third_party", "department"]
ActionKind = Literal["corrective", "preventive", "task"]
SlaReason = Literal["first", "calendar", "priority", "merge", "reclassified"]
AssignReason = Literal["rule", "handover", "refused", "absent", "load", "escalation"]
LinkKind = Literal["duplicate", "similar", "related", "continues", "merged"]
CloseReason = Literal["outcome_accepted", "rated", "term_elapsed", "decision", "exit"]
ReopenReason = Literal["disputed", "new_message", "rejected_remedy", "mistake", "decision"]


PlainDecimal = Annotated[Decimal, PlainSerializer(lambda number: format(number, "f"), str, when_used="json")]
"""A decimal that is stored as digits, never with an exponent."""


class Money(Frozen):
    """An amount as a decimal string with its ISO 4217 code; never a binary float."""

    amount: Annotated[PlainDecimal, Field(ge=0, max_digits=18, decimal_places=4)]
    currency: Currency


class Attachment(Frozen):
    """A file kept in the content store; the event names it and proves it by its ciphertext."""

    content_id: UUID
    media_type: MediaType
    size: Annotated[int, Field(ge=0)]
    """Octets of the plaintext."""
    sha256: Sha256
    """Of the ciphertext, so that a proof holds after the key is destroyed."""
    file_name: Personal[str] | None = None


class Contact(Frozen):
    """One way to reach a party."""

    kind: ContactKind
    value: Personal[str]


class Party(Frozen):
    """A person or body in a complaint; all its text is sealed under its own key."""

    role: PartyRole
    subject_id: SubjectId
    name: Personal[str] | None = None
    contacts: tuple[Contact, ...] = ()


class Reference(Frozen):
    """How another system or authority calls this complaint."""

    system: Code
    number: Personal[str]
    dated: date | None = None


class Point(Frozen):
    """One of the separate matters of a complaint."""

    point: Annotated[int, Field(ge=1)]
    """Counts from 1 within the complaint."""
    type: ComplaintType | None = None
    subtype: Code | None = None
    product: Code | None = None
    serial: Personal[str] | None = None
    product_name: Personal[str] | None = None
    order_reference: Personal[str] | None = None
    claimed: Money | None = None
    remedy_sought: RemedyForm | None = None
    distress: Money | None = None
    """Claimed for moral damages, beside ``claimed``."""


class PointOutcome(Frozen):
    """What was found on one point."""

    point: Annotated[int, Field(ge=1)]
    outcome: Outcome


class RuleRef(Frozen):
    """The rule that decided, by its set and version."""

    rule_set: Code
    version: Annotated[int, Field(ge=1)]
    rule: Code
