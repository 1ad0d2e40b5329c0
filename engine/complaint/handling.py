"""Which events need their command remembered, and which show that a person worked on the case."""

from collections.abc import Callable, Mapping
from typing import Any, Final

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


_NAMED: Final[Mapping[type[Event], Callable[[Any, str], tuple[str | None, ...]]]] = {
    **dict.fromkeys(WORK, lambda _, actor: (actor,)),
    ComplaintAssigned: lambda event, _: (event.assignee,),
    InvestigationStarted: lambda event, actor: (actor, event.investigator),
    ComplaintReplied: lambda event, actor: (actor, event.signed_by),
    MessageRecorded: lambda event, _: (event.author,),
}


def workers(event: Event, actor: str) -> tuple[str, ...]:
    """Return the persons whom this event shows to have worked on the complaint."""
    named = _NAMED.get(type(event))
    if named is None:
        return ()
    return tuple({name: None for name in named(event, actor) if name is not None and name.startswith("person:")})
