"""What becomes of a channel message: it joins a stream, opens one, waits for its opener, or was seen before."""

from collections import deque
from dataclasses import dataclass, replace
from uuid import UUID

from engine import parking, returned, streams_of, taking
from engine.complaint.case import Case
from engine.complaint.lifecycle import takes_back
from engine.draft import Draft
from engine.incoming import Arrived, Done, Parked
from engine.known import Entered, ParkedMessage, command_id_of, conversation_keys, fingerprint_of, opening_keys, own_key
from engine.rules import joining
from engine.store.batch import SeenMessage, SetAside
from engine.store.vault.fingerprint import opaque_id
from engine.streams.feedback import Feedback
from engine.streams.survey import Respondent
from engine.streams_of import Kind
from engine.taking import People
from engine.text.triage import opening_sense
from schemas.channels.media_types import media_type
from schemas.channels.message import Message
from schemas.complaint.base import Command
from schemas.complaint.records import LinkComplaint
from schemas.refusals import Refusal
from schemas.streams.feedback import TurnIntoComplaint
from schemas.words import Attachment, Sense


@dataclass(frozen=True, slots=True)
class _Entry:
    """One message on its way into a stream."""

    item: Arrived
    id: UUID
    """Of the message, and of the command that it is."""
    fingerprint: bytes
    people: People
    sense: Sense


def take(draft: Draft, item: Arrived) -> Done | Parked:
    """Have a message its effect, over all that came before it in the batch, and then what waited for it."""
    freed: deque[Arrived] = deque()
    result = _take(draft, item, freed)
    while freed:
        _take(draft, freed.popleft(), freed)
    return result


def _take(draft: Draft, item: Arrived, freed: deque[Arrived]) -> Done | Parked:
    fingerprint = fingerprint_of(item.message, draft.keyed)
    if (stream := draft.known.messages.get(fingerprint)) is not None:
        return _seen_before(draft, fingerprint, stream)
    if item.waited is None and fingerprint in draft.known.parked_already:
        return Parked(*draft.known.parked_already[fingerprint], already=True)
    place = _place(draft, item)
    if isinstance(place, joining.Wait):
        return _park(draft, item, fingerprint)
    if item.waited is not None:
        draft.released.append(item.waited)
    joined = place.stream if isinstance(place, joining.Join) else None
    stream = _standing(draft, joined) if joined is not None else None
    entry = _entry(draft, item, fingerprint, stream)
    forerunner = draft.known.conversations.get(own_key(item.message, draft.keyed))
    done = _enter(draft, entry, stream)
    if joined is not None and stream is None:
        _returned(draft, entry, joined)
    if forerunner not in (None, stream, done.stream):
        _tie(draft, entry, done.stream, forerunner)
    freed.extend(_released(draft, item))
    return done


def _seen_before(draft: Draft, fingerprint: bytes, stream: UUID) -> Done:
    """Return the first answer again; the present standing where the message led to no event."""
    loaded = draft.loaded(stream)
    entered = draft.known.entered.get(fingerprint) or Entered(loaded.version, loaded.position)
    kind = streams_of.kind(loaded.state)
    opened = streams_of.new_stream(opaque_id(fingerprint), kind) == stream
    return Done(stream, entered.version, entered.position, 0, already=True, opened=opened, kind=kind)


def _place(draft: Draft, item: Arrived) -> joining.Place:
    message = item.message
    answers_another = any(key.kind == "message" for key in message.conversation) and message.automated is None
    keys = conversation_keys(message, draft.keyed)
    return joining.place(keys, draft.known.conversations, answers_another=answers_another and item.waited is None)


def _standing(draft: Draft, stream: UUID) -> UUID | None:
    """Return where a stream goes on: feedback that turned into a complaint does there, if that exists.

    What somebody writes on the mail of a survey opens a stream of its own.
    """
    state = draft.loaded(stream).state
    if isinstance(state, Respondent):
        return None
    turned = state.complaint if isinstance(state, Feedback) else None
    if turned is None:
        return stream
    return turned if draft.exists(turned) else None


# --- parking --------------------------------------------------------------------------------


def _park(draft: Draft, item: Arrived, fingerprint: bytes) -> Parked:
    own = command_id_of(item, draft.keyed)
    here = item.around.clock or draft.now
    until = max(item.around.received_at, here) + draft.book.desk.parks_for
    keys = tuple(conversation_keys(item.message, draft.keyed))
    aside = SetAside(
        kind="parked",
        id=own,
        fingerprint=fingerprint,
        reason="opener_unknown",
        source=item.around.source.kind,
        payload=parking.pack(item),
        keys=keys,
        until=until,
    )
    draft.set_aside.append(aside)
    draft.known.parked_already[fingerprint] = (own, until)
    for key in keys:
        draft.known.parked.setdefault(key, []).append(ParkedMessage(own, item, stored=False))
    return Parked(own, until)


def _released(draft: Draft, opener: Arrived) -> list[Arrived]:
    """Return the parked messages that waited for this one; they are parked no more."""
    freed: list[Arrived] = []
    for key in opening_keys(opener, draft.keyed):
        for waiting in draft.known.parked.pop(key, ()):
            _forget_parked(draft, waiting)
            freed.append(waiting.arrived)
    return freed


def _forget_parked(draft: Draft, waiting: ParkedMessage) -> None:
    """One parked in this very batch is simply not set aside; an earlier one is released."""
    draft.known.parked_already.pop(fingerprint_of(waiting.arrived.message, draft.keyed), None)
    draft.set_aside[:] = [aside for aside in draft.set_aside if aside.id != waiting.id]
    if waiting.stored and waiting.id not in draft.released:
        draft.released.append(waiting.id)


# --- entering a stream ----------------------------------------------------------------------


def _entry(draft: Draft, item: Arrived, fingerprint: bytes, stream: UUID | None) -> _Entry:
    message = item.message
    own = opaque_id(fingerprint)
    state = draft.loaded(stream).state if stream else None
    erased = draft.erased(stream) if stream else frozenset()
    complainant = state.complainant if isinstance(state, Case) and state.complainant not in erased else None
    contacts = draft.known.contacts
    if erased:
        contacts = {key: subject for key, subject in contacts.items() if subject not in erased}
    people = taking.people_of(message, own, contacts, draft.keyed, complainant)
    return _Entry(item, own, fingerprint, people, taking.sense(message))


def _enter(draft: Draft, entry: _Entry, stream: UUID | None) -> Done:
    if stream is None:
        return _open(draft, entry)
    if _comes_too_late(draft, entry, stream):
        return _continue(draft, entry, stream)
    if _turns(draft, entry, stream):
        return _turn(draft, entry, stream)
    kind = streams_of.kind(draft.loaded(stream).state)
    done = _deliver(draft, entry, stream, kind)
    if (report := returned.report_of(entry.item.message, draft.loaded(stream).state)) is not None:
        _consequence(draft, entry, stream, report, "delivery")
    rate = taking.rate(entry.item.message) if _from_outside(entry.item.message) else None
    if kind == "complaint" and rate is not None:
        _rated(draft, entry, stream, rate)
    return done


def _open(draft: Draft, entry: _Entry) -> Done:
    """Mail of machines and of our own people opens no complaint; it is kept as feedback."""
    complains = _from_outside(entry.item.message) and opening_sense(entry.sense) in joining.DISSATISFIED
    kind: Kind = "complaint" if complains else "feedback"
    return _deliver(draft, entry, streams_of.new_stream(entry.id, kind), kind, opened=True)


def _comes_too_late(draft: Draft, entry: _Entry, stream: UUID) -> bool:
    """Whether it is dissatisfaction about a complaint that ended too long ago to be reopened."""
    state = draft.loaded(stream).state
    if not isinstance(state, Case) or not _complains(entry):
        return False
    at, _ = taking.when(entry.item)
    return not state.lifecycle.is_open and not takes_back(state, at, draft.book)


def _complains(entry: _Entry) -> bool:
    return entry.sense in joining.DISSATISFIED and _from_outside(entry.item.message)


def _returned(draft: Draft, entry: _Entry, stream: UUID) -> None:
    """Have whom surveys ask know what became of a mail to him."""
    report = returned.report_on_survey(entry.item.message, draft.loaded(stream).state)
    if report is not None:
        _consequence(draft, entry, stream, report, "delivery")


def _from_outside(message: Message) -> bool:
    """Whether a person who is none of ours wrote it."""
    return message.automated is None and message.direction == "inbound"


def _continue(draft: Draft, entry: _Entry, ended: UUID) -> Done:
    """Dissatisfaction after the reopen window: a new complaint, linked, which keeps all conversations."""
    stream = streams_of.new_stream(entry.id, "complaint")
    draft.go_on(ended, stream)
    done = _deliver(draft, entry, stream, "complaint", moves=True, opened=True)
    _consequence(draft, entry, stream, LinkComplaint(other=ended, kind="continues"))
    return done


def _tie(draft: Draft, entry: _Entry, stream: UUID, forerunner: UUID | None) -> None:
    """Link a message's case with the one that a reply to it has opened, since it came too late for that to wait.

    The reply's case ``continues`` this one, as what a person writes on does; this one is ``related``
    to it. Whether both are one matter (``duplicate``, ``merged``) is for a person to say, so neither is
    confirmed. A case continues one other at most: mailers exist that give one id to all their mail.
    Feedback has no links: there the conversation goes on in the complaint.
    """
    if forerunner is None:
        return
    ahead, own = draft.loaded(forerunner).state, draft.loaded(stream).state
    if not isinstance(own, Case):
        return
    if isinstance(ahead, Feedback):
        draft.remember_conversation(own_key(entry.item.message, draft.keyed), stream, moves=True)
    elif isinstance(ahead, Case) and all(link.kind != "continues" for link in ahead.records.links):
        _consequence(draft, entry, forerunner, LinkComplaint(other=stream, kind="continues"), "forerunner")
        _consequence(draft, entry, stream, LinkComplaint(other=forerunner, kind="related"), "related")


def _turns(draft: Draft, entry: _Entry, stream: UUID) -> bool:
    kind = streams_of.kind(draft.loaded(stream).state)
    return kind == "feedback" and _complains(entry)


def _turn(draft: Draft, entry: _Entry, feedback: UUID) -> Done:
    """Feedback whose author now complains: its stream ends, a complaint begins and keeps all conversations."""
    complaint = streams_of.new_stream(entry.id, "complaint")
    draft.go_on(feedback, complaint)
    _consequence(draft, entry, feedback, TurnIntoComplaint(complaint=complaint))
    return _deliver(draft, entry, complaint, "complaint", moves=True, opened=True)


def _deliver(
    draft: Draft, entry: _Entry, stream: UUID, kind: Kind, *, moves: bool = False, opened: bool = False
) -> Done:
    count = draft.begin(stream, kind, entry.item, entry.id, entry.people, entry.sense) if opened else None
    if count is None:
        count = _decided(draft, entry, stream, kind)
    _remember(draft, entry, stream, moves=moves)
    return Done(stream, draft.version(stream), 0, count, kind=kind, opened=opened)


def _decided(draft: Draft, entry: _Entry, stream: UUID, kind: Kind) -> int:
    raw, files = _contents(draft, entry, stream)
    command = taking.command(
        entry.item.message,
        entry.people,
        draft.book,
        kind,
        message_id=entry.id,
        sense=entry.sense,
        raw=raw,
        files=files,
    )
    return draft.decide(stream, command, entry.item, entry.id)


def _contents(draft: Draft, entry: _Entry, stream: UUID) -> tuple[UUID | None, tuple[Attachment, ...]]:
    message, subject = entry.item.message, entry.people.author
    begins = draft.version(stream) == 0
    raw: UUID | None = None
    whole, kind = message.raw, "message/rfc822"
    if whole is None and taking.leaves_out(message, draft.book):
        whole, kind = entry.item.payload, "application/json"
    if whole is not None:
        raw = streams_of.part_id(entry.id, "raw")
        prepared = draft.prepare(raw, stream, subject, whole, kind, begins=begins)
        draft.contents.append(prepared.content)
    files: list[Attachment] = []
    for index, part in enumerate(message.attachments):
        if part.content is not None:
            own, kind = streams_of.part_id(entry.id, f"file/{index}"), media_type(part.media_type)
            prepared = draft.prepare(own, stream, subject, part.content, kind, part.filename or None, begins=begins)
            draft.contents.append(prepared.content)
            files.append(prepared.attachment)
    return raw, tuple(files)


def _remember(draft: Draft, entry: _Entry, stream: UUID, *, moves: bool) -> None:
    """Have the message recognised for good, and its conversation and author found again."""
    message = entry.item.message
    draft.messages.append(SeenMessage(entry.fingerprint, stream, entry.id))
    draft.known.messages[entry.fingerprint] = stream
    draft.known.entered[entry.fingerprint] = Entered(draft.version(stream))
    for key, subject in entry.people.contacts.items():
        draft.remember_contact(key, subject)
    keys = opening_keys(entry.item, draft.keyed)
    if moves:
        keys += conversation_keys(message, draft.keyed)
    for key in keys:
        draft.remember_conversation(key, stream, moves=moves)


def _consequence(draft: Draft, entry: _Entry, stream: UUID, command: Command, label: str = "consequence") -> None:
    around = entry.item.around
    by_rule = replace(around, sender=replace(around.sender, actor="rule:desk", identity="workload"))
    own = streams_of.part_id(entry.id, label)
    draft.decide(stream, command, replace(entry.item, around=by_rule), own, follows=entry.id)


def _rated(draft: Draft, entry: _Entry, stream: UUID, rate: Command) -> None:
    """A rating counts where a cycle has ended and has none yet; its message is recorded in any case."""
    try:
        draft.decide(stream, rate, entry.item, streams_of.part_id(entry.id, "rating"), follows=entry.id)
    except Refusal:
        return
