"""Feedback that a person calls a complaint becomes one: with the same words, from when they were said.

What was thanked or asked stays in the feedback; files go along as copies, and the complaint has its clocks from its
first message.
A complaint that stands already, since its author complained himself, is left alone.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from consumers.reactions.files import copies
from consumers.reactions.following import Reaction, World, from_then, proposed
from engine.incoming import Asked
from engine.store.batch import Recorded
from schemas.complaint.registration import MessageContent, Receive
from schemas.streams.feedback import FeedbackBecameComplaint, FeedbackReceived

NAME: Final = "turned"


def react(events: Sequence[Recorded], world: World) -> list[Asked]:
    """Return what opens the complaints that feedback was turned into, message by message."""
    turned = [one for one in events if isinstance(one.event, FeedbackBecameComplaint)]
    if not turned:
        return []
    histories = world.store.read.streams({one.stream for one in turned}, open=True)
    standing = world.store.read.streams({_complaint(one) for one in turned})
    return [
        asked
        for one in turned
        if not standing.get(_complaint(one))
        for asked in _opening(one, histories.get(one.stream, ()), world)
    ]


REACTION: Final = Reaction(NAME, frozenset({FeedbackBecameComplaint.NAME}), react)


def _complaint(one: Recorded) -> UUID:
    if not isinstance(one.event, FeedbackBecameComplaint):
        raise TypeError("only feedback turns into a complaint")
    return one.event.complaint


def _opening(to: Recorded, history: Sequence[Recorded], world: World) -> Iterator[Asked]:
    for said in history:
        event = said.event
        if not isinstance(event, FeedbackReceived) or said.position > to.position:
            continue
        if event.subject_id is None or not (isinstance(event.subject, str) or isinstance(event.body, str)):
            continue  # it was erased, and so is nobody's complaint any more
        asked = proposed(NAME, to, _received(event), world, what=f"receive/{event.message}")
        yield from_then(asked, _complaint(to), said.envelope.occurred_at)
        yield from copies(NAME, to, event.attachments, said.stream, _complaint(to), world)


def _received(event: FeedbackReceived) -> Receive:
    if event.subject_id is None:
        raise TypeError("words are somebody's")
    content = MessageContent(
        message=event.message,
        channel=event.channel,
        subject_id=event.subject_id,
        parties=event.parties,
        language=event.language,
        subject=event.subject if isinstance(event.subject, str) else None,
        body=event.body if isinstance(event.body, str) else None,
        foreign_id=event.foreign_id if isinstance(event.foreign_id, str) else None,
        sense="complaint",
        public=event.public,
    )
    return Receive(content=content, location=event.location, customer_segment=event.customer_segment)
