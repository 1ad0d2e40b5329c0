"""Everything the store knows of a batch, in one query per question whatever the batch holds."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from engine import parking
from engine.complaint.given import NEEDS_HISTORY
from engine.complaint.number import case_number, ids_of
from engine.incoming import Arrived, Asked, Incoming
from engine.known import (
    Entered,
    Kept,
    Known,
    Loaded,
    ParkedMessage,
    command_id_of,
    contact_key,
    conversation_keys,
    fingerprint_of,
    opening_keys,
    others_of,
    own_key,
)  # fmt: skip
from engine.loading import load
from engine.store.recall import Recall
from engine.store.set_aside import NotSetAside
from engine.store.store import Store
from engine.store.vault.fingerprint import opaque_id
from engine.store.vault.seal import SealBroken
from engine.streams.feedback import Feedback
from engine.streams.folded import Folded
from engine.taking import Keyed, contact_keys
from schemas.channels.message import Message, MessageRefused
from schemas.streams.survey import EnrolRespondent


def gather(store: Store, items: Sequence[Incoming], keyed: Keyed, recall: Recall[Folded] | None = None) -> Known:
    """Return what is known of ``items`` and of the parked messages that they may release."""
    arrived = [item for item in items if isinstance(item, Arrived)]
    asked = [item for item in items if isinstance(item, Asked)]
    known = Known()
    if asked:
        commands = store.answers.look_up([command_id_of(item, keyed) for item in asked])
        known.answers = {key: Kept(kept.fingerprint, kept.result, kept.position) for key, kept in commands.items()}
    if arrived:
        keys = [key for item in arrived for key in opening_keys(item, keyed)]
        _parked(store, known, keys, keyed)
        waiting = [one.arrived.message for parked in known.parked.values() for one in parked]
        _messages(store, known, [*(item.message for item in arrived), *waiting], keyed)
        _parked_already(store, known, arrived, keyed)
    _enrolled(store, known, asked, keyed)
    unanswered = {item.stream for item in asked if command_id_of(item, keyed) not in known.answers}
    by_history = {item.stream for item in asked if isinstance(item.command, NEEDS_HISTORY)}
    by_history.update(known.messages.values())
    others = (other for item in asked for other in others_of(item))
    wanted = unanswered.union(known.messages.values(), known.conversations.values(), others)
    known.streams = load(store, wanted, by_history & wanted, recall)
    if turned := turned_into(known.streams.values()) - known.streams.keys():
        known.streams.update(load(store, turned, recall=recall))
    _entered(store, known)
    return known


def _messages(store: Store, known: Known, messages: Sequence[Message], keyed: Keyed) -> None:
    seen = store.answers.messages([fingerprint_of(message, keyed) for message in messages])
    known.messages = {fingerprint: found.stream for fingerprint, found in seen.items()}
    if keys := dict.fromkeys(key for message in messages for key in _named(message, keyed)):
        known.conversations = store.conversations.look_up(keys)
    claimed = dict(known.conversations)
    known.conversations |= _numbered(store, messages, keyed, claimed)
    if contacts := dict.fromkeys(key for message in messages for key in _contacts(message, keyed)):
        known.contacts = store.contacts.look_up(contacts)
    known.premises = replace(
        known.premises,
        conversations=tuple((key, claimed.get(key)) for key in keys),
        contacts=tuple((key, known.contacts.get(key)) for key in contacts),
    )


def _parked_already(store: Store, known: Known, arrived: Sequence[Arrived], keyed: Keyed) -> None:
    """Find those of the messages that are parked, so that they are answered the same again."""
    replies = [
        fingerprint_of(item.message, keyed)
        for item in arrived
        if item.message.conversation and known.conversations.keys().isdisjoint(conversation_keys(item.message, keyed))
    ]
    ids = {opaque_id(fingerprint): fingerprint for fingerprint in replies if fingerprint not in known.messages}
    known.parked_already = {ids[own]: (own, until) for own, until in store.set_aside.parked(ids).items()}


def _entered(store: Store, known: Known) -> None:
    """Find what the messages that come again led to when they came first."""
    found = {
        fingerprint: last
        for fingerprint, stream in known.messages.items()
        if stream in known.streams and (last := _last_of(opaque_id(fingerprint), known.streams[stream])) is not None
    }
    ends = store.read.ends({recorded_at for _, recorded_at in found.values()})
    known.entered = {
        fingerprint: Entered(version, ends[recorded_at]) for fingerprint, (version, recorded_at) in found.items()
    }


def _last_of(command_id: UUID, loaded: Loaded) -> tuple[int, datetime] | None:
    """Return version and recorded time of the last event that a command led to in a stream, read whole."""
    events = enumerate(loaded.history or (), start=1)
    of_it = [(version, one.recorded_at) for version, one in events if one.envelope.command_id == command_id]
    return of_it[-1] if of_it else None


def _enrolled(store: Store, known: Known, asked: Sequence[Asked], keyed: Keyed) -> None:
    """Find whom the contacts of those reach who are enrolled for surveys."""
    keys = [contact_key(item.command, keyed) for item in asked if isinstance(item.command, EnrolRespondent)]
    if wanted := dict.fromkeys(key for key in keys if key not in known.contacts):
        found = store.contacts.look_up(wanted)
        known.contacts = {**known.contacts, **found}
        premises = (*known.premises.contacts, *((key, found.get(key)) for key in wanted))
        known.premises = replace(known.premises, contacts=tuple(dict.fromkeys(premises)))


def _named(message: Message, keyed: Keyed) -> list[bytes]:
    """Return the keys of what the message belongs to, and its own, which a reply that came first may have claimed."""
    return [*conversation_keys(message, keyed), own_key(message, keyed)]


def _numbered(
    store: Store, messages: Sequence[Message], keyed: Keyed, claimed: Mapping[bytes, UUID]
) -> dict[bytes, UUID]:
    """Return key -> stream for the case numbers that messages name: a number tells the id, and needs no row."""
    wanted = {
        key: name.value
        for message in messages
        for name, key in zip(message.conversation, conversation_keys(message, keyed), strict=True)
        if name.kind == "case" and key not in claimed
    }
    if not wanted:
        return {}
    numbers = {case_number(stream): stream for stream in store.conversations.between(_ranges(wanted.values()))}
    found = {key: numbers[number] for key, number in wanted.items() if number in numbers}
    on = store.conversations.standing(list(found.values()))
    return {key: on.get(stream, stream) for key, stream in found.items()}


def _ranges(numbers: Iterable[str]) -> list[tuple[UUID, UUID]]:
    found = []
    for number in dict.fromkeys(numbers):
        with suppress(ValueError):
            found.append(ids_of(number))
    return found


def _contacts(message: Message, keyed: Keyed) -> list[bytes]:
    return [*contact_keys(message.author, keyed), *contact_keys(message.on_behalf_of, keyed)]


def _parked(store: Store, known: Known, keys: Sequence[bytes], keyed: Keyed) -> None:
    """Find the parked messages that wait for these keys, and those that wait for them in turn."""
    opened: dict[UUID, ParkedMessage | None] = {}
    asked: dict[bytes, None] = {}
    while keys := [key for key in dict.fromkeys(keys) if key not in asked]:
        asked.update(dict.fromkeys(keys))
        found: dict[bytes, list[ParkedMessage]] = {}
        for key, rows in store.set_aside.waiting_for(keys).items():
            opened.update({row.id: _opened(store, row.id) for row in rows if row.id not in opened})
            found[key] = [one for row in rows if (one := opened[row.id]) is not None]
        known.parked.update(found)
        keys = [key for ones in found.values() for one in ones for key in opening_keys(one.arrived, keyed)]
    known.premises = replace(known.premises, openings=tuple(asked), waiting=tuple(opened))


def _opened(store: Store, id: UUID) -> ParkedMessage | None:
    """Return a parked message in the clear; None if it was released meanwhile, or is one that nobody can take."""
    try:
        return ParkedMessage(id, parking.unpack(store.set_aside.show(id)[1]), stored=True)
    except (NotSetAside, SealBroken, parking.NotParked, MessageRefused):
        return None


def turned_into(streams: Iterable[Loaded]) -> set[UUID]:
    """Return the complaints that these streams go on as, where they are feedback that turned into one."""
    states = (loaded.state for loaded in streams)
    return {state.complaint for state in states if isinstance(state, Feedback) and state.complaint is not None}
