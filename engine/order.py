"""Has something later of the same conversation, or for the same case, had its effect already?

Asked before a dead letter is tried again: what it says may be overtaken.
"""

from collections.abc import Iterable
from datetime import datetime
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
    Where the topic was made anew, offsets say so only of what has come since: before, they were another topic's.
    What had its effect before is never overtaken: trying it again changes nothing.
    """
    if _had_its_effect(store, item, keyed):
        return None
    since = _made_anew(store, item)
    for stream in _streams(store, item, keyed):
        if (found := _first_later(store.read.stream(stream, open=False), item, since)) is not None:
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


def _made_anew(store: Store, item: Arrived | Asked) -> datetime | None:
    source = item.around.source
    return store.topics.made_anew(source.cluster, source.topic) if isinstance(source, KafkaSource) else None


def _first_later(history: Iterable[Recorded], item: Arrived | Asked, since: datetime | None) -> Later | None:
    return next((Later(one.stream, one.version) for one in history if _is_later(one.envelope, item, since)), None)


def _is_later(envelope: Envelope, item: Arrived | Asked, since: datetime | None) -> bool:
    ours, theirs = item.around.source, envelope.source
    came, arrived = item.around.received_at, envelope.received_at
    if isinstance(ours, KafkaSource) and isinstance(theirs, KafkaSource):
        place = (ours.cluster, ours.topic, ours.partition)
        of_one_topic = since is None or (arrived is not None and since <= min(came, arrived))
        if of_one_topic and place == (theirs.cluster, theirs.topic, theirs.partition):
            return theirs.offset > ours.offset
    return theirs.kind != "rule" and arrived is not None and arrived > came
