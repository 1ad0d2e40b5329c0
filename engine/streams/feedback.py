"""Feedback as a decider: messages that are no complaint, until one of them turns out to be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, assert_never, get_args
from uuid import UUID

from engine.complaint.change import changed
from engine.complaint.given import Fact, Given
from engine.complaint.registration import with_author
from schemas.complaint.base import Event
from schemas.refusals import Refusal
from schemas.streams.feedback import (
    ClassifyFeedback,
    FeedbackBecameComplaint,
    FeedbackClassified,
    FeedbackReceived,
    ReceiveFeedback,
    TurnIntoComplaint,
)
from schemas.words import Sense

FeedbackEvent = FeedbackReceived | FeedbackClassified | FeedbackBecameComplaint
FeedbackCommand = ReceiveFeedback | ClassifyFeedback | TurnIntoComplaint
EVENTS: Final[frozenset[type[Event]]] = frozenset(get_args(FeedbackEvent))


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is stored of it."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is known of it; its words stay sealed."""

    messages: tuple[UUID, ...] = ()
    author: UUID | None = None
    sense: Sense = "unknown"
    complaint: UUID | None = None
    """What it turned into."""


State = Unknown | Feedback
UNKNOWN: Final = Unknown()


def decide(command: FeedbackCommand, state: State, given: Given) -> tuple[Event, ...]:
    """Return the events that follow from ``command``; what already holds returns ``()``.

    Raises:
        Refusal: the command contradicts what is known.
    """
    if isinstance(command, ReceiveFeedback):
        return _receive(command, state)
    if isinstance(state, Unknown):
        raise Refusal("unknown_complaint", "no such feedback", feedback=str(given.stream))
    match command:
        case ClassifyFeedback(sense=sense):
            return _classify(sense, state, given)
        case TurnIntoComplaint(complaint=complaint):
            return _turn(complaint or state.complaint or given.derive("complaint"), state, given)
    assert_never(command)


def _receive(command: ReceiveFeedback, state: State) -> tuple[Event, ...]:
    if isinstance(state, Feedback):
        if command.content.message in state.messages:
            return ()
        _require_feedback(state)
    return (_received(command),)


def _classify(sense: Sense, state: Feedback, given: Given) -> tuple[Event, ...]:
    if sense == state.sense:
        return ()
    _require_feedback(state)
    return (FeedbackClassified(subject_id=_subject(state, given), sense=sense),)


def _turn(complaint: UUID, state: Feedback, given: Given) -> tuple[Event, ...]:
    if complaint == state.complaint:
        return ()
    if complaint == given.stream:
        raise Refusal("self_link", "the complaint is a stream of its own", complaint=str(complaint))
    _require_feedback(state)
    return (FeedbackBecameComplaint(subject_id=_subject(state, given), complaint=complaint),)


def _require_feedback(state: Feedback) -> None:
    if state.complaint is not None:
        raise Refusal("already_a_complaint", "it goes on as a complaint", complaint=str(state.complaint))


def _subject(state: Feedback, given: Given) -> UUID:
    return given.owner(state.author or given.derive("author"))


def _received(command: ReceiveFeedback) -> FeedbackReceived:
    content = command.content
    return FeedbackReceived(
        subject_id=content.subject_id,
        channel=content.channel,
        message=content.message,
        parties=with_author(content),
        language=content.language,
        subject=content.subject,
        body=content.body,
        foreign_id=content.foreign_id,
        raw=content.raw,
        attachments=content.attachments,
        automated=content.automated is not None,
        automatic_kind=content.automated,
        location=command.location,
        customer_segment=command.customer_segment,
        public=content.public,
        sense=content.sense,
    )


def evolve(state: State, fact: Fact) -> State:
    """Return the state after one stored fact. Never refuses."""
    known, event = state if isinstance(state, Feedback) else Feedback(), fact.event
    match event:
        case FeedbackReceived():
            first = not known.messages
            return changed(
                known,
                messages=(*known.messages, event.message),
                author=event.subject_id if first else known.author,
                sense=event.sense if first else known.sense,
            )
        case FeedbackClassified():
            return changed(known, sense=event.sense)
        case FeedbackBecameComplaint():
            return changed(known, complaint=event.complaint)
    raise TypeError(f"{event.NAME} is no event of feedback")


def fold(facts: Iterable[Fact]) -> State:
    """Return the state after these facts, in stored order."""
    state: State = UNKNOWN
    for fact in facts:
        state = evolve(state, fact)
    return state
