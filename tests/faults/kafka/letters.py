"""G7: after the relay the topic of dead letters holds exactly the rows, each once, octet for octet."""

from collections import Counter
from contextlib import closing
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from consumers.kafka.access import Access
from consumers.kafka.client import Broker
from consumers.outbox.relay import fitting, relay_once
from faults.kafka.site import Site
from schemas.published.dead_letter import PREFIX, DeadLetter

_ID = f"{PREFIX}id"


def relayed(site: Site) -> str:
    """Relay what is pending, and return what of the real topic is not what the rows say."""
    rows = site.store.set_aside.listed("dead_letter", limit=100_000)
    if not rows:
        return ""
    site.make_letters()
    _relay(site)
    if left := len(site.store.set_aside.unrelayed(limit=100_000)):
        return f"{left} dead letters are not relayed"
    letters = {row.id: DeadLetter.from_octets(site.store.set_aside.show(row.id)[1]) for row in rows}
    wanted = {str(name): _as_sent(letter) for name, letter in letters.items()}
    found = records_of(site, site.letters)
    ids = Counter(_id(record) for record in found)
    if twice := [name for name, count in ids.items() if count > 1]:
        return f"{len(twice)} ids stand in the topic more than once"
    if ids.keys() != wanted.keys():
        return f"{len(ids)} letters in the topic, {len(wanted)} rows; {len(ids.keys() ^ wanted.keys())} differ"
    changed = [record for record in found if _of(record) != wanted[_id(record)]]
    return f"{len(changed)} letters are changed in the topic" if changed else ""


def _relay(site: Site) -> None:
    with closing(Broker(Access(tuple(site.broker.inside.split(","))))) as broker:
        producer = broker.producer(client="harness")
        try:
            while relay_once(site.store, producer, 500, topic=site.letters):
                pass
        finally:
            producer.close(10)


def records_of(site: Site, topic: str) -> list[Any]:
    """Return all records of a topic with one partition."""
    with KafkaConsumer(bootstrap_servers=site.broker.inside.split(","), group_id=None) as consumer:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end: int = consumer.end_offsets([place])[place]
        found: list[Any] = []
        while consumer.position(place) < end:
            found.extend(consumer.poll(timeout_ms=500).get(place, []))
        return found


def _as_sent(letter: DeadLetter) -> tuple[Any, ...]:
    given, headers = fitting(letter)
    value = b"" if given.key is None and given.value is None else given.value
    return given.key, value, headers


def _of(record: Any) -> tuple[Any, ...]:
    return record.key, record.value, [(name, value) for name, value in record.headers]


def _id(record: Any) -> str:
    return str(next((value.decode() for name, value in reversed(record.headers) if name == _ID), ""))
