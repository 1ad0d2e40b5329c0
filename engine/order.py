"""Has something later of the same conversation, or for the same case, had its effect already?

Asked before a dead letter is tried again: what it says may be overtaken.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from engine.incoming import Arrived, Asked
from engine.known import command_id_of, conversation_keys, fingerprint_of, opening_keys
from engine.store.batch import Recorded
from engine.store.store import Store
from engine.taking import Keyed
from schemas.envelope import Envelope, KafkaSource


class Later(NamedTuple):
    """An event of something that came later."""

    stream: UUID
    version: int


def overtaken(store: Store, item: Arrived | Asked, keyed: Keyed) -> Later | None:
    """Return the first event that something later has caused in the case of ``item``; None where nothing has.

    Later is what stands behind it in its own partition, and what reached a clock we trust after it did.
    What had its effect before is never overtaken: trying it again changes nothing.
    """
    if _had_its_effect(store, item, keyed):
        return None
    for stream in _streams(store, item, keyed):
        if (found := _first_later(store.read.stream(stream, open=False), item)) is not None:
            return found
    return None


def _had_its_effect(store: Store, item: Arrived | Asked, keyed: Keyed) -> bool:
    if isinstance(item, Arrived):
        return bool(store.answers.messages([fingerprint_of(item.message, keyed)]))
    return bool(store.answers.look_up([command_id_of(item, keyed)]))


def _streams(store: Store, item: Arrived | Asked, keyed: Keyed) -> Iterable[UUID]:
    if isinstance(item, Asked):
        return (item.stream,)
    keys = dict.fromkeys([*conversation_keys(item.message, keyed), *opening_keys(item, keyed)])
    return dict.fromkeys(store.conversations.look_up(keys).values())


def _first_later(history: Iterable[Recorded], item: Arrived | Asked) -> Later | None:
    return next((Later(one.stream, one.version) for one in history if _is_later(one.envelope, item)), None)


def _is_later(envelope: Envelope, item: Arrived | Asked) -> bool:
    ours, theirs = item.around.source, envelope.source
    if isinstance(ours, KafkaSource) and isinstance(theirs, KafkaSource):
        place = (ours.cluster, ours.topic, ours.partition)
        if place == (theirs.cluster, theirs.topic, theirs.partition):
            return theirs.offset > ours.offset
    if theirs.kind == "rule" or envelope.received_at is None:
        return False
    return envelope.received_at > item.around.received_at
