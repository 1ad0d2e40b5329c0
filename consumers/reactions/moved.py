"""A message that a person moves to another case is told there, too: a copy, sealed again under that case's keys.

It bears its own id and the time at which it was said, so the other case's clocks know it from then on. A message
of ours is told as sent and leaves no second time. Where there is no such case, nothing is told anywhere.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from consumers.reactions.files import copies
from consumers.reactions.following import Reaction, World, from_then, proposed
from engine.incoming import Asked
from engine.store.batch import Recorded
from schemas.complaint.base import Command
from schemas.complaint.correspondence import AttachmentAdded, MessageRecorded, RecordMessage
from schemas.complaint.records import MessageMoved
from schemas.complaint.registration import ComplaintReceived, MessageContent, Receive
from schemas.words import Attachment, Counterparty, PartyRole

NAME: Final = "moved"
ACTOR: Final = f"rule:{NAME}"
_ROLES: Final[dict[Counterparty, PartyRole]] = {
    "complainant": "complainant",
    "representative": "representative",
    "third_party": "respondent",
    "authority": "authority",
}


def react(events: Sequence[Recorded], world: World) -> list[Asked]:
    """Return what tells the moved messages in the cases that they were moved to, files behind them."""
    moved = [one for one in events if isinstance(one.event, MessageMoved)]
    if not moved:
        return []
    histories = world.store.read.streams({one.stream for one in moved}, open=True)
    cases = world.store.read.streams({_moved(one).other for one in moved})
    return [
        asked
        for one in moved
        if any(isinstance(first.event, ComplaintReceived) for first in cases.get(_moved(one).other, ())[:1])
        for asked in _told(one, histories.get(one.stream, ()), world)
    ]


REACTION: Final = Reaction(NAME, frozenset({MessageMoved.NAME}), react)


def _moved(one: Recorded) -> MessageMoved:
    if not isinstance(one.event, MessageMoved):
        raise TypeError("only a moved message names where it goes")
    return one.event


def _told(to: Recorded, history: Sequence[Recorded], world: World) -> Iterator[Asked]:
    moved = _moved(to)
    for said in history:
        event = said.event
        if not isinstance(event, ComplaintReceived | MessageRecorded) or event.message != moved.message:
            continue
        if (command := _copied(event)) is not None:
            asked = proposed(NAME, to, command, world, what="message")
            yield from_then(asked, moved.other, said.envelope.occurred_at)
            files = [*event.attachments, *_brought(said, history)]
            yield from copies(NAME, to, files, to.stream, moved.other, world)
        return


def _brought(said: Recorded, history: Sequence[Recorded]) -> Iterator[Attachment]:
    """Yield the files that came along when this message was moved here itself: one reaction told both."""
    if said.envelope.actor != ACTOR:
        return
    for one in history:
        told_by = one.envelope.actor, one.envelope.source
        if isinstance(one.event, AttachmentAdded) and told_by == (ACTOR, said.envelope.source):
            yield one.event.attachment


def _copied(event: ComplaintReceived | MessageRecorded) -> Command | None:
    """Return the command that tells a message in another case; None where its words were erased."""
    words = (event.subject, event.body)
    if event.subject_id is None or (any(words) and not any(isinstance(one, str) for one in words)):
        return None
    if isinstance(event, ComplaintReceived):
        return Receive(content=_opener(event, event.subject_id))
    return Receive(content=_inbound(event, event.subject_id)) if event.direction == "inbound" else _ours(event)


def _opener(event: ComplaintReceived, author: UUID) -> MessageContent:
    return MessageContent(
        message=event.message,
        channel=event.channel,
        subject_id=author,
        parties=event.parties,
        addressed_to=_text(event.addressed_to),
        language=event.language,
        subject=_text(event.subject),
        body=_text(event.body),
        foreign_id=_text(event.foreign_id),
        sense=event.sense,
        public=event.public,
    )


def _inbound(event: MessageRecorded, author: UUID) -> MessageContent:
    return MessageContent(
        message=event.message,
        channel=event.channel,
        subject_id=author,
        role=_ROLES.get(event.counterparty or "complainant", "complainant"),
        addressed_to=_text(event.to),
        subject=_text(event.subject),
        body=_text(event.body),
        foreign_id=_text(event.foreign_id),
        automated=event.automatic_kind,
        sense=event.sense or "unknown",
        public=event.visibility == "public",
    )


def _ours(event: MessageRecorded) -> RecordMessage:
    return RecordMessage(
        direction=event.direction,
        counterparty=event.counterparty,
        visibility=event.visibility,
        automated=event.automated,
        purpose=event.purpose,
        message=event.message,
        to=_text(event.to),
        channel=event.channel,
        in_reply_to=event.in_reply_to,
        subject=_text(event.subject),
        body=_text(event.body),
        delivery=event.delivery,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
