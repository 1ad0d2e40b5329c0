"""Which events need their command remembered, and which show that a person worked on the case."""

from typing import Final

from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Event
from schemas.complaint.classification import ComplaintClassified, FieldSet
from schemas.complaint.correspondence import ComplaintReplied, MessageRecorded, NoteAdded, PartyAdded, ReplyReviewed
from schemas.complaint.investigation import ActionAssigned, ActionCompleted, CauseEstablished, InvestigationStarted
from schemas.complaint.lifecycle import ComplaintDiscontinued, ComplaintResolved
from schemas.complaint.records import EntryCorrected
from schemas.complaint.registration import ComplaintAcknowledged, ComplaintRegistered
from schemas.complaint.remedies import (
    ComplaintCompensated,
    RemedyApproved,
    RemedyProposed,
    RemedyRejected,
    RemedyReversed,
)

ADDITIVE: Final[frozenset[type[Event]]] = frozenset(
    {
        NoteAdded,
        FieldSet,
        ComplaintClassified,
        ComplaintRegistered,
        CauseEstablished,
        ReplyReviewed,
        PartyAdded,
        EntryCorrected,
        ComplaintCompensated,
        RemedyReversed,
    }
)
"""Events that may bring text or one more payment, so that the facts alone cannot show a repetition."""

WORK: Final[frozenset[type[Event]]] = frozenset(
    {
        ComplaintAcknowledged,
        ComplaintClassified,
        CauseEstablished,
        ActionAssigned,
        ActionCompleted,
        RemedyProposed,
        RemedyApproved,
        RemedyRejected,
        ComplaintResolved,
        ComplaintDiscontinued,
        NoteAdded,
    }
)
"""Events that only somebody who works on the complaint brings about."""


def workers(event: Event, actor: str) -> tuple[str, ...]:
    """Return the persons whom this event shows to have worked on the complaint."""
    named: tuple[str | None, ...] = ()
    if type(event) in WORK:
        named = (actor,)
    elif isinstance(event, ComplaintAssigned):
        named = (event.assignee,)
    elif isinstance(event, InvestigationStarted):
        named = (actor, event.investigator)
    elif isinstance(event, ComplaintReplied):
        named = (actor, event.signed_by)
    elif isinstance(event, MessageRecorded):
        named = (event.author,)
    return tuple(dict.fromkeys(name for name in named if name is not None and name.startswith("person:")))
