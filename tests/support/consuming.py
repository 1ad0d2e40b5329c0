"""Members of a group for tests: in the test's own process, step by step, on a real or a simulated cluster."""

import json
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kafka import KafkaProducer, TopicPartition
from kafka.protocol.producer import ProduceRequest

from consumers.kafka.access import Access
from consumers.kafka.backoff import Backoff
from consumers.kafka.client import Broker
from consumers.kafka.effect import Service, World
from consumers.kafka.loop import Consumption, Options, Store
from consumers.kafka.protocol import Cluster
from consumers.kafka.records import Limits, Origin, Reader
from consumers.kafka.watchdog import Dog
from engine.incoming import Sender
from schemas.published.dead_letter import DeadLetter
from schemas.published.metrics import NO_METER, Meter
from support.broker import RunningBroker
from support.installation import Desk


def chat(name: str, **more: Any) -> bytes:
    """Return a message that opens a complaint of its own."""
    return json.dumps(
        {"channel": "chat", "system": "s", "id": name, "conversation": name, "text": f"It is broken, {name}", **more}
    ).encode()


@dataclass
class Group:
    """What the members of one group share. Whatever is not said is as short as a test needs it."""

    desk: Desk
    cluster: Cluster
    topics: dict[str, Any]
    """Topic -> what it is for."""
    name: str = "plaint"
    service: Service | None = None
    store: Store | None = None
    """What members use instead of the desk's."""
    options: dict[str, Any] = field(default_factory=dict)
    meter: Meter = NO_METER
    people: Callable[[str, datetime], Sender] | None = None
    """Who gives a command with a token."""

    def member(self, client: str = "one", dog: Dog | None = None, **options: Any) -> Consumption:
        """Return a new member, which has joined nothing yet."""
        world = World(lambda: datetime.now(UTC), time.monotonic, time.sleep, random.random, self.meter)
        quick = {"poll_seconds": 0.2, "check_seconds": 0.5, "hint_seconds": 0.1, "backoff": Backoff(0.05, 0.5)}
        chosen = Options(self.name, client, **{**quick, **self.options, **options})
        service = self.service or self.desk.service
        return Consumption(
            self.cluster, service, self.store or self.desk.store, list(self.topics), self.reader, chosen, world, dog
        )

    def reader(self, topic: str, topic_id: UUID) -> Reader:
        sender = Sender(f"kafka/{topic}", "service:kafka", "workload")
        cluster = self.cluster.cluster_id()
        origin = Origin(cluster, topic, topic_id, self.topics[topic], sender, self.name, "test", people=self.people)
        return Reader(origin, Limits(), lambda: datetime.now(UTC))

    def positions(self) -> dict[tuple[str, int], int]:
        """Return the stored position of every partition of which something was read, by topic and number."""
        cluster, ids = self.cluster.cluster_id(), self.cluster.topic_ids(list(self.topics))
        names = {
            f"kafka:{cluster}/{id_}/{number}": (topic, number) for topic, id_ in ids.items() for number in range(8)
        }
        return {names[source]: at for source, at in self.desk.store.positions.look_up(list(names)).items() if at}


@contextmanager
def broker(servers: str) -> Iterator[Broker]:
    """Lend a cluster as the program knows it."""
    made = Broker(Access(servers=tuple(servers.split(","))))
    try:
        yield made
    finally:
        made.close()


def produce(servers: str, topic: str, values: Sequence[bytes | None], *, partition: int = 0, **more: Any) -> None:
    """Send records to one partition, and wait for the broker."""
    with producer(servers, **more.pop("options", {})) as sender:
        for future in [sender.send(topic, value=value, partition=partition, **more) for value in values]:
            future.get(30)


def produce_batch(kafka: RunningBroker, topic: str, octets: bytes) -> None:
    """Have the broker take a record batch as it is, into partition 0."""
    data = ProduceRequest.TopicProduceData(
        name=topic, partition_data=[ProduceRequest.TopicProduceData.PartitionProduceData(index=0, records=octets)]
    )
    request = ProduceRequest(transactional_id=None, acks=-1, timeout_ms=20_000, topic_data=[data], max_version=12)
    with kafka.admin() as admin:
        manager = admin._manager  # noqa: SLF001 # no producer lets a batch be made by hand

        async def send() -> Any:
            return await manager.send(request, node_id=manager.cluster.leader_for_partition(TopicPartition(topic, 0)))

        admin.describe_topics([topic])
        manager.cluster.add_topic(topic)
        manager.run(manager.cluster.refresh_metadata)
        answer = manager.run(send)
    (partition,) = answer.responses[0].partition_responses
    assert partition.error_code == 0, partition


@contextmanager
def producer(servers: str, **options: Any) -> Iterator[Any]:
    """Lend a plain producer."""
    sender = KafkaProducer(bootstrap_servers=servers.split(","), acks="all", **options)
    try:
        yield sender
    finally:
        sender.close(timeout=10)


def step_until(members: Collection[Consumption], holds: Callable[[], bool], *, seconds: float = 40.0) -> None:
    """Let members work by turns until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {[dict(each.figures.records) for each in members]}")
        for member in members:
            member.step()


def texts(desk: Desk) -> list[str]:
    """Return the text of every message that opened something, in the log's order."""
    found = desk.store.read.log(0, 100_000, open=True)
    return [str(getattr(one.event, "body", "")) for one in found if one.name.endswith(".received.v1")]


def letters(desk: Desk) -> list[DeadLetter]:
    """Return all dead letters opened, by their offsets."""
    rows = desk.store.set_aside.listed("dead_letter", limit=1000)
    kept = (DeadLetter.from_octets(desk.store.set_aside.show(row.id)[1]) for row in rows)
    return sorted(kept, key=lambda letter: letter.offset)


@contextmanager
def working(*members: Consumption) -> Iterator[None]:
    """Let each of these members work in a thread of its own; a group's members must not wait for each other's turns."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(members)) as pool:
        ends = [pool.submit(member.run, stop) for member in members]
        try:
            yield
        finally:
            stop.set()
        for end in ends:
            end.result(30)


def wait_until(holds: Callable[[], bool], *, seconds: float = 40.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.05)


@contextmanager
def running(*members: Consumption) -> Iterator[None]:
    """Close these members at the end."""
    try:
        yield
    finally:
        for member in members:
            member.close()
