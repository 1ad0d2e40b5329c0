"""Given these facts, when this is asked, then exactly that follows.

``given(...)`` takes events, bare or as ``happened(event, by=..., at=...)``. ``then`` compares whole
events in order, and asks twice: the same command again must add nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import UUID, uuid5

import pytest

from engine.complaint.decider import Case, ComplaintCommand, State, decide, fold
from engine.complaint.given import Given
from engine.complaint.state_bytes import to_bytes
from engine.configuration.in_force import Book
from engine.text.replies.finding import About
from schemas.complaint.base import Event
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered, MessageContent
from schemas.configuration.desk import Desk
from schemas.envelope import Envelope, RequestSource
from schemas.refusals import Refusal, RefusalCode
from schemas.words import Identity, Origin, Party, Point, Precision

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STREAM = UUID("0196f0a0-0000-7000-8000-00000000c0de")
NUMBER = "PL-06BF1-80000"
NAMES = UUID("0196f0a0-0000-7000-8000-000000000000")
ANNA, BORIS, CLERK = "person:anna", "person:boris", "person:clerk"
INTAKE, TIMER = "service:intake", "rule:timer"


def uid(label: str) -> UUID:
    """Return an id that reads as ``label`` in a test and is the same in every run."""
    return uuid5(NAMES, label)


COMPLAINANT = uid("complainant")
OPENING = uid("opening message")

RECEIVED = ComplaintReceived(
    subject_id=COMPLAINANT,
    channel="email",
    message=OPENING,
    parties=(Party(role="complainant", subject_id=COMPLAINANT),),
    body="It broke.",
)
REGISTERED = ComplaintRegistered(subject_id=COMPLAINANT, number=NUMBER, points=(Point(point=1), Point(point=2)))


@dataclass(frozen=True, slots=True)
class Past:
    """An event as the store would give it back."""

    event: Event
    envelope: Envelope
    recorded_at: datetime = MONDAY


def envelope(
    *,
    by: str = INTAKE,
    at: datetime = MONDAY,
    command_id: UUID | None = None,
    identity: Identity = "token",
    precision: Precision = "instant",
    origin: Origin = "live",
    event_id: UUID | None = None,
) -> Envelope:
    """Return the circumstances of one past event."""
    command_id = command_id or uid(f"command of {by} at {at.isoformat()}")
    return Envelope(
        event_id=event_id or uid(f"event of {command_id}"),
        occurred_at=at,
        occurred_precision=precision,
        actor=by,
        identity=identity,
        source=RequestSource(request=command_id),
        received_at=at,
        command_id=command_id,
        correlation_id=command_id,
        business_unit="main",
        origin=origin,
    )


def happened(
    event: Event,
    *,
    by: str = INTAKE,
    at: datetime = MONDAY,
    command_id: UUID | None = None,
    event_id: UUID | None = None,
    origin: Origin = "live",
    identity: Identity = "token",
    on_behalf_of: str | None = None,
) -> Past:
    """Return ``event`` as a stored fact."""
    around = envelope(by=by, at=at, command_id=command_id, event_id=event_id, origin=origin, identity=identity)
    if on_behalf_of is not None:
        around = around.model_copy(update={"on_behalf_of": on_behalf_of})
    return Past(event, around, recorded_at=at)


def desk(**switches: object) -> Desk:
    """Return a desk with these switches."""
    return Desk.model_validate({"id": "desk", "version": 1, **switches})


@dataclass(frozen=True)
class History:
    """A history, and the configuration in force."""

    past: tuple[Past, ...]
    book: Book = field(default_factory=Book)

    @cached_property
    def state(self) -> State:
        return fold(self.past)

    @property
    def case(self) -> Case:
        state = self.state
        assert isinstance(state, Case)
        return state

    def under(self, book: Book) -> "History":
        """Return the same history under another configuration."""
        return replace(self, book=book)

    def when(
        self,
        command: ComplaintCommand,
        *,
        by: str = CLERK,
        at: datetime = MONDAY + timedelta(days=1),
        now: datetime | None = None,
        identity: Identity = "token",
        on_behalf_of: str | None = None,
        why: bool = False,
        command_id: UUID | None = None,
        about: About | None = None,
    ) -> "When":
        """Return what was asked, and by whom."""
        asked = Given(
            at=at,
            now=now or at,
            actor=by,
            identity=identity,
            on_behalf_of=on_behalf_of,
            command_id=command_id or uid(f"{command.NAME} of {by}"),
            book=self.book,
            business_unit="main",
            stream=STREAM,
            why=why,
            history=self.past,
            about=about,
        )
        return When(self, command, asked)


@dataclass(frozen=True)
class When:
    """A command on its way to the decider."""

    before: History
    command: ComplaintCommand
    asked: Given

    def decided(self) -> tuple[Event, ...]:
        """Return what follows."""
        return decide(self.command, self.before.state, self.asked)

    def after(self) -> History:
        """Return the history with what follows in it, whatever that is."""
        return replace(self.before, past=(*self.before.past, *self._stored(self.decided())))

    def then(self, *expected: Event) -> History:
        """Exactly these events follow, each under a data subject; asking again adds nothing."""
        assert self.decided() == expected
        assert all(event.subject_id is not None for event in expected)
        after = self.after()
        again = replace(self.asked, history=after.past)
        assert decide(self.command, after.state, again) == ()
        assert to_bytes(after.state) == to_bytes(fold(after.past))
        return after

    def then_nothing(self) -> History:
        """It holds already."""
        assert self.decided() == ()
        return self.before

    def then_refused(self, code: RefusalCode, **facts: str | int | None) -> None:
        """The case forbids it, and the refusal carries these facts."""
        with pytest.raises(Refusal) as refused:
            self.decided()
        assert refused.value.code == code
        assert {name: refused.value.facts.get(name) for name in facts} == facts

    def _stored(self, events: Sequence[Event]) -> tuple[Past, ...]:
        asked = self.asked
        start = len(self.before.past)
        return tuple(
            Past(
                event,
                envelope(
                    by=asked.actor,
                    at=asked.at,
                    command_id=asked.command_id,
                    identity=asked.identity,
                    event_id=uid(f"event {start + n}"),
                ),
                recorded_at=asked.now,
            )
            for n, event in enumerate(events)
        )


def given(*events: Event | Past) -> History:
    """Return a history; a bare event gets the intake's circumstances of its place in it."""
    return History(
        tuple(e if isinstance(e, Past) else happened(e, event_id=uid(f"event {n}")) for n, e in enumerate(events))
    )


def opened(*events: Event | Past, public: bool = False) -> History:
    """Return a registered complaint with two points, and what happened to it since."""
    return given(RECEIVED.model_copy(update={"public": public}), REGISTERED, *events)


def content(label: str = "another message", **fields: object) -> MessageContent:
    """Return a channel message of the complainant."""
    return MessageContent.model_validate(
        {"message": uid(label), "channel": "email", "subject_id": COMPLAINANT, "body": "Hello?", **fields}
    )
