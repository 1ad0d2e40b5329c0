"""A sample's messages into the topic that ``plaint consume`` reads."""

from collections.abc import Callable, Iterable
from itertools import islice

from consumers.outbox.outgoing import Outgoing
from consumers.outbox.sending import Producer, deliver
from schemas.published.cloudevent import CONTENT_TYPE, JSON

_BATCH = 500
_PATIENCE_SECONDS = 30.0
_HEADERS = [(CONTENT_TYPE, JSON.encode())]


def produce(
    producer: Producer, topic: str, records: Iterable[tuple[bytes, bytes]], on_progress: Callable[[int], None]
) -> int:
    """Send keys and values in order, some hundreds at a time; return how many the broker has acknowledged.

    Sent again they are other records of the same messages, which change nothing where they are consumed.

    Raises:
        PutOff: the broker did not acknowledge a batch.
    """
    waiting, done = iter(records), 0
    while batch := [Outgoing(key, _HEADERS, value) for key, value in islice(waiting, _BATCH)]:
        done += deliver(producer, topic, batch, _PATIENCE_SECONDS)
        on_progress(done)
    return done
