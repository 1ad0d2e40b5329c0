"""Integration events: what other systems learn of a complaint, in words of their own.

A stored event may change whenever its upcaster says how; what is published here changes only as
``compatibility`` allows, and under a name of its own (``plaint.complaint.registered.v1``). ``INTERNAL``
lists the stored events that nobody else learns of, each with its reason; a new stored event belongs
into one of the two lists, a test holds it.

Texts are left out, unless a topic is configured to carry them: then they go in as far as they were
opened, and a text that was erased stays out.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

from schemas.complaint.assignment import ComplaintEscalated
from schemas.complaint.base import Event
from schemas.complaint.correspondence import MessageRecorded
from schemas.envelope import Envelope
from schemas.published import integration_case, integration_other, integration_work
from schemas.published.integration_parts import CARRY_TEXTS, ComplaintFact, Fact
from schemas.streams.subject import SubjectErased


def _published() -> dict[str, type[Fact]]:
    found: dict[str, type[Fact]] = {}
    for module in (integration_case, integration_work, integration_other):
        for cls in vars(module).values():
            if isinstance(cls, type) and issubclass(cls, Fact) and cls.__module__ == module.__name__:
                if cls.OF in found:
                    raise ValueError(f"two published events are made of {cls.OF}")
                found[cls.OF] = cls
    return found


OF_STORED: Final[Mapping[str, type[Fact]]] = _published()
"""Stored name -> what is published of it."""
PUBLISHED: Final[Mapping[str, type[Fact]]] = {fact.NAME: fact for fact in OF_STORED.values()}
"""Published name -> its fields."""
ERASURE: Final = SubjectErased.NAME
"""The one stored event of which several are published."""
INTERNAL: Final[Mapping[str, str]] = {
    "complaint.attachment_added.v1": "a file is shown to those who may open it, by case",
    "complaint.delivery_reported.v1": "the mail sender's own business",
    "complaint.field_set.v1": "what a custom field means is the company's own agreement; ask the case",
    "complaint.legal_hold_placed.v1": "who holds a case, and why, is not for every reader of a topic",
    "complaint.legal_hold_released.v1": "see legal_hold_placed",
    "complaint.message_moved.v1": "keeps the record straight; the message was published where it came in",
    "complaint.note_added.v1": "between colleagues",
    "complaint.party_added.v1": "persons; ask the case",
    "complaint.remedies_questioned.v1": "weighs a person against others",
    "complaint.reply_reviewed.v1": "judges a colleague",
    "complaint.survey_invited.v1": "the rating that follows is published",
    "survey.delivery_reported.v1": "the mail sender's own business",
    "survey.enrolled.v1": "persons; the answer that follows is published",
    "configuration.activated.v1": "what is in force is asked by `plaint config check`",
    "staff.bound.v1": "says who an actor is",
}
"""Stored name -> why nobody else learns of it."""


def integration_of(
    stream: UUID, number: str, envelope: Envelope, event: Event, *, texts: bool = False
) -> Sequence[Fact]:
    """Return what is published of one stored event: nothing, one, or for an erasure one for each stream concerned.

    ``number`` is what people call ``stream`` by, were it a complaint. With ``texts`` those that ``event``
    holds in the clear go in. The same arguments always give the same.
    """
    kind = OF_STORED.get(event.NAME)
    if kind is None or (isinstance(event, MessageRecorded) and event.direction == "internal"):
        return ()
    if isinstance(event, ComplaintEscalated) and event.level == 0:
        return ()  # a warning within the house; see ``schemas.published.notice.DueSoon``
    streams = event.streams if isinstance(event, SubjectErased) else (stream,)
    fields = _fields(kind, envelope, event, number)
    context = {CARRY_TEXTS: texts}
    return [kind.model_validate({**fields, "about": one}, context=context) for one in streams]


def _fields(kind: type[Fact], envelope: Envelope, event: Event, number: str) -> dict[str, Any]:
    given: dict[str, Any] = {name: getattr(envelope, name) for name in _AROUND}
    if issubclass(kind, ComplaintFact):
        given["number"] = number
    for name in _shared(kind, type(event)):
        value = getattr(event, name)
        if value is not None:
            given[name] = value
    return given


@cache
def _shared(kind: type[Fact], event: type[Event]) -> tuple[str, ...]:
    """Return the fields that a published event has from its stored one."""
    return tuple(name for name in kind.model_fields if name in event.model_fields)


_AROUND: Final = ("business_unit", "actor", "origin", "occurred_precision", "zone")
