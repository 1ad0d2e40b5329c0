"""The writes of one batch as they come together, every item over what the items before it did."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from engine import moulds, streams_of, taking
from engine.complaint.case import Case
from engine.complaint.given import NEEDS_HISTORY, Given, Stored
from engine.configuration.in_force import Book
from engine.incoming import Arrived, Asked
from engine.known import Fresh, Known, Loaded
from engine.moulds import Moulds, Opening
from engine.rules import rights
from engine.stamping import Said, differs, stamp
from engine.store.batch import (
    Answer,
    Append,
    Batch,
    ConversationKey,
    KnownContact,
    NewEvent,
    PreparedContent,
    SeenMessage,
    SetAside,
    SourceMove,
)  # fmt: skip
from engine.store.mould import Moulded
from engine.store.vault.content import Prepared
from engine.taking import Keyed, People
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Command
from schemas.complaint.registration import Receive
from schemas.streams.survey import EnrolRespondent
from schemas.words import Attachment, Sense


class Prepare(Protocol):
    """Encrypts a content before the commit that stores it."""

    def __call__(
        self,
        content_id: UUID,
        stream: UUID,
        subject: UUID,
        data: bytes,
        media_type: str,
        file_name: str | None = None,
        *,
        begins: bool = False,
    ) -> Prepared:
        """Return what the event says of the content, and what the commit must write."""


class Draft:
    """Gathers one batch. What is known grows with it."""

    def __init__(
        self, known: Known, book: Book, keyed: Keyed, prepare: Prepare, now: datetime, moulds: Moulds | None = None
    ) -> None:
        self.known, self.book, self.keyed, self.prepare, self.now = known, book, keyed, prepare, now
        self._moulds = moulds
        self.answers: list[Answer] = []
        self.messages: list[SeenMessage] = []
        self.contents: list[PreparedContent] = []
        self.set_aside: list[SetAside] = []
        self.released: list[UUID] = []
        self.continued: list[tuple[UUID, UUID]] = []
        self._base = {stream: loaded.version for stream, loaded in known.streams.items()}
        self._new: dict[UUID, Sequence[NewEvent]] = {}
        self._unfolded: dict[UUID, _Follows] = {}
        self._moves: dict[str, SourceMove] = {}
        self._conversations: dict[bytes, ConversationKey] = {}
        self._contacts: dict[bytes, UUID] = {}

    def batch(self) -> Batch:
        """Return all writes gathered so far, with what they were planned on; nothing to write is ``Batch()``."""
        batch = Batch(
            appends=tuple(
                Append(stream, self._base.get(stream, 0), events) for stream, events in self._new.items() if events
            ),
            sources=tuple(self._moves.values()),
            answers=tuple(self.answers),
            messages=tuple(self.messages),
            conversations=tuple(self._conversations.values()),
            contacts=tuple(KnownContact(key, subject) for key, subject in self._contacts.items()),
            contents=tuple(self.contents),
            set_aside=tuple(self.set_aside),
            released=tuple(self.released),
            continued=tuple(self.continued),
        )
        return batch if batch == Batch() else replace(batch, premises=self.known.premises)

    def move(self, move: SourceMove | None) -> None:
        """Move a source; several moves of one source become one."""
        if move is not None:
            before = self._moves.get(move.source)
            self._moves[move.source] = SourceMove(move.source, before.expected, move.new) if before else move

    def loaded(self, stream: UUID) -> Loaded:
        """Return a stream as it stands now; one that does not exist is nothing at version 0."""
        if (follows := self._unfolded.pop(stream, None)) is not None:
            self.known.streams[stream] = follows.folded()
        return self.known.streams.get(stream) or Loaded(streams_of.nothing(), 0)

    def exists(self, stream: UUID) -> bool:
        """Return whether anything is known of a stream, from the store or from this batch."""
        return stream in self.known.streams or stream in self._unfolded

    def version(self, stream: UUID) -> int:
        """Return how many events a stream has now."""
        return self._base.get(stream, 0) + len(self._new.get(stream, ()))

    def erased(self, stream: UUID) -> frozenset[UUID]:
        """Return the persons whose text this stream takes no more, as far as that is known."""
        return frozenset(subject for gone, subject in self.known.gone if gone == stream)

    def remember_conversation(self, key: bytes, stream: UUID, *, moves: bool) -> None:
        """Have later messages of a conversation find this stream; the first keeps it unless it ``moves``."""
        if moves or key not in self.known.conversations:
            self.known.conversations[key] = stream
            self._conversations[key] = ConversationKey(key, stream, moves=moves)

    def go_on(self, ended: UUID, stream: UUID) -> None:
        """Have every conversation of a stream that has ended go on in another one."""
        self.continued.append((ended, stream))
        for key, belongs in self.known.conversations.items():
            if belongs == ended:
                self.known.conversations[key] = stream
        for key, claim in self._conversations.items():
            if claim.stream == ended:
                self._conversations[key] = replace(claim, stream=stream)

    def remember_contact(self, key: bytes, subject: UUID) -> None:
        """Have later messages from a contact be the same data subject's."""
        if key not in self.known.contacts:
            self.known.contacts[key] = subject
            self._contacts[key] = subject

    def decide(
        self, stream: UUID, command: Command, item: Arrived | Asked, command_id: UUID, follows: UUID | None = None
    ) -> int:
        """Decide a command over the stream as it stands; returns how many events follow.

        ``follows`` is the id of what brought it about, where that is not the command itself.

        Raises:
            Refusal: the command contradicts the stream; nothing follows.
        """
        loaded = self.loaded(stream)
        given, stamped = self._decided(stream, loaded, command, item, command_id, follows)
        self._put(stream, loaded, stamped, given.business_unit, given.now)
        return len(stamped)

    def store(self, stream: UUID, file: Attachment, data: bytes, item: Asked, command_id: UUID) -> Attachment:
        """Have a file stored with this batch, under the key of whose matter it is; return what the event says of it."""
        loaded = self.loaded(stream)
        if not isinstance(loaded.state, Case):
            return file
        subject = loaded.state.subject(self._given(stream, loaded, item, command_id, ()))
        own = streams_of.part_id(command_id, "file")
        name = file.file_name if isinstance(file.file_name, str) else None
        prepared = self.prepare(own, stream, subject, data, file.media_type, name)
        self.contents.append(prepared.content)
        return prepared.attachment

    def begin(
        self, stream: UUID, kind: streams_of.Kind, item: Arrived, own: UUID, people: People, sense: Sense
    ) -> int | None:
        """Begin a stream by a mould, with what ``decide`` would give; None where the message needs ``decide``.

        ``own`` is the id of the message, and of the command that it is.
        """
        if self._moulds is None or self.known.gone or self.exists(stream):
            return None
        if people.assumed or not moulds.is_plain(item, self.book):
            return None
        message, around = item.message, item.around
        tolerance = self.book.desk.claim_tolerance_seconds
        far = differs(taking.claimed_at(message), around.received_at, tolerance)
        unit, now, texts = self._unit(item), around.clock or self.now, moulds.texts_of(message, self.book)
        opening = Opening(item, own, stream, kind, people, sense, unit, now, far, texts, self._opened)
        mould = self._moulds.of(opening, self.book)
        if mould is None:
            return None
        events = Moulded(mould, opening)
        self._put(stream, Loaded(streams_of.nothing(), 0), events, unit, now)
        return len(events)

    def _opened(self, opening: Opening) -> Sequence[NewEvent]:
        """Return what an opening message leads to, as for any command."""
        command = taking.command(
            opening.item.message, opening.people, self.book, opening.kind, message_id=opening.id, sense=opening.sense
        )
        nothing = Loaded(streams_of.nothing(), 0)
        return self._decided(opening.stream, nothing, command, opening.item, opening.id, None)[1]

    def _decided(
        self,
        stream: UUID,
        loaded: Loaded,
        command: Command,
        item: Arrived | Asked,
        command_id: UUID,
        follows: UUID | None,
    ) -> tuple[Given, tuple[NewEvent, ...]]:
        given = self._given(stream, loaded, item, command_id, _history(stream, loaded, command))
        said = Said(
            why=item.why if isinstance(item, Asked) else None,
            claimed_at=taking.claimed_at(item.message) if isinstance(item, Arrived) else None,
            zone="UTC" if given.precision == "day" else None,
            correlation_id=follows,
        )
        events = streams_of.decide(command, loaded.state, given)
        return given, stamp(command, events, given, item.around, said)

    def _put(self, stream: UUID, loaded: Loaded, events: Sequence[NewEvent], unit: str, now: datetime) -> None:
        self._unfolded[stream] = _Follows(loaded, events, unit, now)
        self._base.setdefault(stream, 0)
        before = self._new.get(stream)
        self._new[stream] = events if before is None else (*before, *events)

    def _given(
        self, stream: UUID, loaded: Loaded, item: Arrived | Asked, command_id: UUID, history: Sequence[Stored]
    ) -> Given:
        around = item.around
        now = around.clock or self.now
        if isinstance(item, Arrived):
            at, day = taking.when(item)
        else:
            at, day = item.occurred_at or now, False
        return Given(
            stream=stream,
            at=at,
            now=now,
            actor=around.sender.actor,
            identity=around.sender.identity,
            on_behalf_of=around.sender.on_behalf_of,
            command_id=command_id,
            book=self.book,
            business_unit=loaded.business_unit or self._unit(item),
            precision="day" if day else "instant",
            why=isinstance(item, Asked) and bool(item.why),
            received_at=around.received_at,
            history=history,
            erased=self.erased(stream),
            about=self.known.about.get(stream),
        )

    def _unit(self, item: Arrived | Asked) -> str:
        if isinstance(item, Arrived):
            stated: str | None = item.message.hints.business_unit
        else:
            stated = item.command.business_unit if isinstance(item.command, EnrolRespondent) else None
        unit = self.book.code("business_unit", stated) or self.book.desk.business_unit
        return self._own(item, unit)

    def _own(self, item: Arrived | Asked, unit: str) -> str:
        """Return the unit of what somebody begins: one that he may work for, so that he can go on with it."""
        if item.around.sender.groups is None:
            return unit
        right = Receive.RIGHT if isinstance(item, Arrived) else item.command.RIGHT
        scope = rights.scope(right, item.around.sender.credentials, self.book.roles.values())
        return min(scope) if scope and unit not in scope else unit


class _Follows(NamedTuple):
    """Events of this batch that nobody has asked about yet: of most streams nobody ever does."""

    loaded: Loaded
    stamped: Sequence[NewEvent]
    unit: str
    now: datetime

    def folded(self) -> Loaded:
        loaded, stamped, unit, now = self
        state = streams_of.fold(stamped, loaded.state)
        for new in stamped:
            if isinstance(new.event, ComplaintAssigned):
                unit = new.event.business_unit or unit
        fresh = (Fresh(new.event, new.envelope, now) for new in stamped)
        history = None if loaded.history is None else (*loaded.history, *fresh)
        return Loaded(state, loaded.version + len(stamped), history, unit, loaded.position)


def _history(stream: UUID, loaded: Loaded, command: Command) -> Sequence[Stored]:
    """Return the events for the commands that are decided by them, and for no other, whatever happens to be loaded."""
    if not isinstance(command, NEEDS_HISTORY):
        return ()
    if loaded.history is None:
        raise LookupError(f"{command.NAME} is decided by the history, and that of stream {stream} was not read")
    return loaded.history
