"""From a batch of incoming things and what the store knows of them to one batch of writes. No I/O.

Every item sees what the items before it in the batch did, so a burst of messages of one
conversation becomes one complaint. Planning again after a conflict, over fresh knowledge,
gives the same ids, since they derive from the messages and commands themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import orjson

from engine import parking, streams_of, taking
from engine.complaint.case import Case
from engine.complaint.given import Given, Stored
from engine.complaint.number import case_number
from engine.configuration.in_force import Book
from engine.incoming import Arrived, Asked, Circumstances, Done, Incoming, Parked, Refused, Result
from engine.rules import joining, rights
from engine.stamping import stamp
from engine.store.batch import (
    Answer, Append, Batch, ConversationKey, KnownContact, NewEvent, PreparedContent, SeenMessage, SetAside, SourceMove,
)  # fmt: skip
from engine.streams_of import Kind, StreamState
from engine.store.vault.content import Prepared
from engine.taking import Keyed, People
from engine.text.triage import opening_sense
from schemas.channels.message import Message, fingerprint_parts, media_type
from schemas.complaint.base import Command, Event
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.records import LinkComplaint
from schemas.envelope import Envelope
from schemas.refusals import Refusal
from schemas.streams.feedback import TurnIntoComplaint
from schemas.words import Attachment



class Prepare(Protocol):
    """Encrypts a content before the commit that stores it."""

    def __call__(
        self, content_id: UUID, stream: UUID, subject: UUID, data: bytes, media_type: str, file_name: str | None = None
    ) -> Prepared:
        """Return what the event says of the content, and what the commit must write."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stream as the store has it."""

    state: StreamState
    version: int
    history: Sequence[Stored] = ()
    business_unit: str | None = None


@dataclass(frozen=True, slots=True)
class _Fresh:
    """An event of this very batch, as later items of it see it."""

    event: Event
    envelope: Envelope
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer given before."""

    fingerprint: bytes
    result: Mapping[str, Any] | None
    """None once the answer's retention is over."""
    position: int = 0


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A parked message, read back."""

    id: UUID
    arrived: Arrived


@dataclass(slots=True)
class Known:
    """What the store knows of a batch; the planner adds what the batch itself does."""

    answers: dict[UUID, Kept] = field(default_factory=dict)
    messages: dict[bytes, UUID] = field(default_factory=dict)
    """Fingerprint of a message that had its effect -> stream."""
    conversations: dict[bytes, UUID] = field(default_factory=dict)
    contacts: dict[bytes, UUID] = field(default_factory=dict)
    streams: dict[UUID, Loaded] = field(default_factory=dict)
    parked: dict[bytes, list[ParkedMessage]] = field(default_factory=dict)
    """By the key that they wait for."""
    parked_already: dict[bytes, tuple[UUID, datetime]] = field(default_factory=dict)
    """Fingerprint of a parked message -> its id and until when it waits."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One result per item, in order, and the writes that make them true."""

    results: tuple[Result, ...]
    batch: Batch


def command_id_of(item: Incoming, keyed: Keyed) -> UUID:
    """Return the opaque id under which an incoming thing has its effect once."""
    if isinstance(item, Arrived):
        return UUID(bytes=keyed("message", fingerprint_parts(item.message))[:16])
    sender = item.around.sender.workload
    return UUID(bytes=keyed("command", f"{len(sender)}:{sender}{item.id}".encode())[:16])


def conversation_keys(message: Message, keyed: Keyed) -> list[bytes]:
    """Return the keys of what the message belongs to, strongest first."""
    return [keyed("conversation", f"{key.kind}:{key.value}".encode()) for key in message.conversation]


def opening_keys(message: Message, keyed: Keyed) -> list[bytes]:
    """Return the keys under which later messages will find this one."""
    return [keyed("conversation", f"{key.kind}:{key.value}".encode()) for key in message.opens]


def _content_fingerprint(item: Asked, keyed: Keyed) -> bytes:
    said = {
        "stream": str(item.stream),
        "name": item.command.NAME,
        "command": item.command.model_dump(mode="json"),
        "why": item.why,
        "occurred_at": item.occurred_at,
    }
    return keyed("content", orjson.dumps(said, option=orjson.OPT_SORT_KEYS))


class Planner:
    """Takes the items of one batch in order and gathers what to write."""

    def __init__(self, known: Known, book: Book, keyed: Keyed, prepare: Prepare, now: datetime) -> None:
        self._known, self._book, self._keyed, self._prepare, self._now = known, book, keyed, prepare, now
        self._base = {stream: loaded.version for stream, loaded in known.streams.items()}
        self._new: dict[UUID, list[NewEvent]] = {}
        self._moves: dict[str, SourceMove] = {}
        self._answers: list[Answer] = []
        self._messages: list[SeenMessage] = []
        self._conversations: dict[bytes, ConversationKey] = {}
        self._contents: list[PreparedContent] = []
        self._contacts: dict[bytes, UUID] = {}
        self._set_aside: list[SetAside] = []
        self._released: list[UUID] = []

    def take(self, item: Incoming) -> Result:
        """Decide one item over all that came before it."""
        self._move(item.around.move)
        if isinstance(item, Arrived):
            return self._arrived(item)
        return self._asked(item)

    def batch(self) -> Batch:
        """Return all writes of the items taken so far."""
        return Batch(
            appends=tuple(
                Append(stream, self._base.get(stream, 0), tuple(events)) for stream, events in self._new.items() if events
            ),
            sources=tuple(self._moves.values()),
            answers=tuple(self._answers),
            messages=tuple(self._messages),
            conversations=tuple(self._conversations.values()),
            contacts=tuple(KnownContact(key, subject) for key, subject in self._contacts.items()),
            contents=tuple(self._contents),
            set_aside=tuple(self._set_aside),
            released=tuple(self._released),
        )

    def _move(self, move: SourceMove | None) -> None:
        if move is None:
            return
        before = self._moves.get(move.source)
        self._moves[move.source] = replace(move, expected=before.expected) if before else move

    def _loaded(self, stream: UUID) -> Loaded:
        return self._known.streams.get(stream) or Loaded(streams_of.nothing(), 0)

    # --- channel messages -------------------------------------------------------------------

    def _arrived(self, item: Arrived) -> Result:
        command_id = command_id_of(item, self._keyed)
        fingerprint = self._keyed("message", fingerprint_parts(item.message))
        if (stream := self._known.messages.get(fingerprint)) is not None:
            return self._seen_before(stream)
        if fingerprint in self._known.parked_already:
            return Parked(*self._known.parked_already[fingerprint])
        place = self._place(item.message)
        if isinstance(place, joining.Wait) and item.waited is None:
            return self._park(item, command_id, fingerprint)
        if item.waited is not None:
            self._released.append(item.waited)
        result = self._enter(item, place, command_id, fingerprint)
        self._release(item.message)
        return result

    def _seen_before(self, stream: UUID) -> Done:
        loaded = self._loaded(stream)
        return Done(stream, loaded.version, 0, 0, already=True, kind=streams_of.kind(loaded.state))

    def _place(self, message: Message) -> joining.Place:
        answers_another = any(key.kind == "message" for key in message.conversation) and message.automated is None
        keys = conversation_keys(message, self._keyed)
        return joining.place(keys, self._known.conversations, answers_another=answers_another)

    def _park(self, item: Arrived, command_id: UUID, fingerprint: bytes) -> Parked:
        until = item.around.received_at + timedelta(hours=self._book.desk.park_hours)
        keys = tuple(conversation_keys(item.message, self._keyed))
        aside = SetAside(
            kind="parked",
            id=command_id,
            fingerprint=fingerprint,
            reason="opener_unknown",
            source=item.around.source.kind,
            payload=parking.pack(item),
            keys=keys,
            until=until,
        )
        self._set_aside.append(aside)
        self._known.parked_already[fingerprint] = (command_id, until)
        for key in keys:
            self._known.parked.setdefault(key, []).append(ParkedMessage(command_id, item))
        return Parked(command_id, until)

    def _release(self, message: Message) -> None:
        """Take up the parked messages that waited for this one."""
        for key in opening_keys(message, self._keyed):
            for waiting in self._known.parked.pop(key, ()):
                fingerprint = self._keyed("message", fingerprint_parts(waiting.arrived.message))
                if fingerprint in self._known.messages:
                    continue
                self._forget_parked(waiting.id, fingerprint)
                self._arrived(waiting.arrived)

    def _forget_parked(self, id: UUID, fingerprint: bytes) -> None:
        """A message parked in this very batch is simply not set aside; an earlier one is released."""
        self._known.parked_already.pop(fingerprint, None)
        kept = [aside for aside in self._set_aside if aside.id != id]
        if len(kept) == len(self._set_aside):
            self._released.append(id)
        self._set_aside = kept

    def _enter(self, item: Arrived, place: joining.Place, command_id: UUID, fingerprint: bytes) -> Done:
        message = item.message
        sense = taking.sense(message)
        stream = place.stream if isinstance(place, joining.Join) else None
        people = self._people(message, command_id, stream)
        at = self._at(item)
        continues: UUID | None = None
        if stream is not None and joining.after_the_end(
            sense, self._ended_at(stream), at, self._book.desk.reopen_window_days
        ):
            continues, stream = stream, None
        if stream is not None and self._turns(stream, message, sense):
            return self._turn(item, stream, people, command_id, fingerprint)
        opened = stream is None
        if stream is None:
            opens_complaint = message.automated is None and opening_sense(sense) in joining.DISSATISFIED
            kind: Kind = "complaint" if opens_complaint or continues else "feedback"
            stream = streams_of.new_stream(command_id, kind)
        else:
            kind = streams_of.kind(self._loaded(stream).state)
        done = self._deliver(item, stream, kind, people, command_id, fingerprint, moves=continues is not None)
        if kind == "complaint" and not opened and (rate := taking.rate(message)) is not None:
            self._rated(stream, rate, item, command_id)
        if continues is not None:
            self._consequence(stream, LinkComplaint(other=continues, kind="continues"), item, command_id)
        return replace(done, opened=opened)

    def _people(self, message: Message, command_id: UUID, stream: UUID | None) -> People:
        known = {**self._known.contacts, **self._contacts}
        state = self._loaded(stream).state if stream else None
        complainant = state.complainant if isinstance(state, Case) else None
        return taking.people_of(message, command_id, known, self._keyed, complainant)

    def _ended_at(self, stream: UUID) -> datetime | None:
        state = self._loaded(stream).state
        return state.lifecycle.ended_at if isinstance(state, Case) else None

    def _turns(self, stream: UUID, message: Message, sense: str) -> bool:
        kind = streams_of.kind(self._loaded(stream).state)
        return kind == "feedback" and sense in joining.DISSATISFIED and message.automated is None

    def _turn(self, item: Arrived, feedback: UUID, people: People, command_id: UUID, fingerprint: bytes) -> Done:
        """Feedback whose author now complains: its stream ends, a complaint begins and keeps the conversation."""
        complaint = streams_of.new_stream(command_id, "complaint")
        self._consequence(feedback, TurnIntoComplaint(complaint=complaint), item, command_id)
        done = self._deliver(item, complaint, "complaint", people, command_id, fingerprint, moves=True)
        return replace(done, opened=True)

    def _deliver(
        self,
        item: Arrived,
        stream: UUID,
        kind: Kind,
        people: People,
        command_id: UUID,
        fingerprint: bytes,
        *,
        moves: bool,
    ) -> Done:
        message = item.message
        raw, files = self._contents_of(message, stream, people, command_id)
        taken = taking.content(message, people, message_id=command_id, raw=raw, files=files, book=self._book)
        to = taking.receive if kind == "complaint" else taking.receive_feedback
        count = self._decide(stream, to(message, taken, self._book), item, command_id)
        self._remember(item, stream, kind, people, fingerprint, command_id, moves=moves)
        return Done(stream, self._loaded(stream).version, 0, count, kind=kind)

    def _contents_of(
        self, message: Message, stream: UUID, people: People, command_id: UUID
    ) -> tuple[UUID | None, tuple[Attachment, ...]]:
        raw: UUID | None = None
        if message.raw is not None:
            raw = streams_of.part_id(command_id, "raw")
            self._contents.append(self._prepare(raw, stream, people.author, message.raw, "message/rfc822").content)
        files: list[Attachment] = []
        for index, part in enumerate(message.attachments):
            if part.content is None:
                continue
            content_id = streams_of.part_id(command_id, f"file/{index}")
            name = part.filename or None
            prepared = self._prepare(
                content_id, stream, people.author, part.content, media_type(part.media_type), name
            )
            self._contents.append(prepared.content)
            files.append(prepared.attachment)
        return raw, tuple(files)

    def _remember(
        self,
        item: Arrived,
        stream: UUID,
        kind: Kind,
        people: People,
        fingerprint: bytes,
        command_id: UUID,
        *,
        moves: bool,
    ) -> None:
        self._messages.append(SeenMessage(fingerprint, stream, command_id))
        self._known.messages[fingerprint] = stream
        for key, subject in people.contacts.items():
            self._contacts.setdefault(key, subject)
        keys = [*opening_keys(item.message, self._keyed), *self._own_keys(item.message, moves=moves)]
        if kind == "complaint":
            keys.append(self._keyed("conversation", f"case:{case_number(stream)}".encode()))
        for key in keys:
            if moves or key not in self._known.conversations:
                self._known.conversations[key] = stream
                self._conversations[key] = ConversationKey(key, stream, moves=moves)

    def _own_keys(self, message: Message, *, moves: bool) -> list[bytes]:
        return conversation_keys(message, self._keyed) if moves else []

    def _at(self, item: Arrived) -> datetime:
        trusted = item.around.trusts_claim or item.message.channel == "letter"
        return taking.world_time(item.message, item.around.received_at, trusted=trusted)

    # --- commands ---------------------------------------------------------------------------

    def _asked(self, item: Asked) -> Result:
        command_id = command_id_of(item, self._keyed)
        fingerprint = _content_fingerprint(item, self._keyed)
        if (kept := self._known.answers.get(command_id)) is not None:
            return streams_of.first_answer(kept.fingerprint == fingerprint, kept.result, kept.position)
        sender = item.around.sender
        if (reason := rights.missing(item.command.RIGHT, sender.actor, sender.identity)) is not None:
            return Refused("right_missing", reason)
        if item.occurred_at is not None and not sender.back_dating:
            return Refused("back_dating", "only who may back-date states when it happened; leave occurred_at out")
        version = self._loaded(item.stream).version
        if item.expected is not None and item.expected != version:
            facts: dict[str, str | int | None] = {"expected": item.expected, "version": version}
            return Refused("stale_version", "the case has moved on; read it again", facts)
        try:
            count = self._decide(item.stream, item.command, item, command_id)
        except Refusal as refusal:
            return self._answer(command_id, fingerprint, Refused(refusal.code, refusal.reason, refusal.facts), None)
        loaded = self._loaded(item.stream)
        done = Done(item.stream, loaded.version, 0, count, kind=streams_of.kind(loaded.state))
        return self._answer(command_id, fingerprint, done, item.stream)

    def _answer(self, command_id: UUID, fingerprint: bytes, result: Result, stream: UUID | None) -> Result:
        kept = streams_of.result_fields(result)
        self._answers.append(Answer(command_id, fingerprint, kept, stream))
        self._known.answers[command_id] = Kept(fingerprint, kept)
        return result

    # --- deciding ---------------------------------------------------------------------------

    def _consequence(self, stream: UUID, command: Command, item: Arrived, command_id: UUID) -> None:
        around = replace(item.around, sender=replace(item.around.sender, actor="rule:desk", identity="workload"))
        self._decide(stream, command, replace(item, around=around), streams_of.part_id(command_id, "consequence"))

    def _rated(self, stream: UUID, rate: Command, item: Arrived, command_id: UUID) -> None:
        """A rating counts where a cycle has ended and has none yet; its message is recorded in any case."""
        try:
            self._decide(stream, rate, item, streams_of.part_id(command_id, "rating"))
        except Refusal:
            return

    def _decide(self, stream: UUID, command: Command, item: Incoming, command_id: UUID) -> int:
        loaded = self._loaded(stream)
        given = self._given(stream, loaded, item, command_id)
        events = streams_of.decide(command, loaded.state, given)
        stamped = stamp(
            events,
            given,
            item.around,
            stream=stream,
            zone="UTC" if given.precision == "day" else None,
            why=item.why if isinstance(item, Asked) else None,
            claimed_at=taking.claimed_at(item.message) if isinstance(item, Arrived) else None,
        )
        state = loaded.state
        for new in stamped:
            state = streams_of.evolve(state, new)
        history = (*loaded.history, *(_Fresh(new.event, new.envelope, given.now) for new in stamped))
        unit = next((new.event.business_unit for new in stamped if isinstance(new.event, ComplaintAssigned)), None)
        self._known.streams[stream] = Loaded(
            state, loaded.version + len(stamped), history, unit or given.business_unit
        )
        self._base.setdefault(stream, 0)
        self._new.setdefault(stream, []).extend(stamped)
        return len(stamped)

    def _given(self, stream: UUID, loaded: Loaded, item: Incoming, command_id: UUID) -> Given:
        around: Circumstances = item.around
        if isinstance(item, Arrived):
            at, precision, why = self._at(item), item.message.claimed_precision, False
            day = precision == "day" and at == taking.claimed_at(item.message)
        else:
            at, day, why = item.occurred_at or around.clock or self._now, False, bool(item.why)
        return Given(
            stream=stream,
            at=at,
            now=around.clock or self._now,
            actor=around.sender.actor,
            identity=around.sender.identity,
            command_id=command_id,
            book=self._book,
            business_unit=loaded.business_unit or self._unit(item),
            precision="day" if day else "instant",
            why=why,
            received_at=around.received_at,
            history=loaded.history,
        )

    def _unit(self, item: Incoming) -> str:
        stated = item.message.hints.business_unit if isinstance(item, Arrived) else None
        return self._book.code("business_unit", stated) or self._book.desk.business_unit


def plan(items: Sequence[Incoming], known: Known, book: Book, keyed: Keyed, prepare: Prepare, now: datetime) -> Plan:
    """Return the results of ``items`` in order, and the one batch of writes that makes them true."""
    planner = Planner(known, book, keyed, prepare, now)
    results = tuple(planner.take(item) for item in items)
    return Plan(results, planner.batch())
