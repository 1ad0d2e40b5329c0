"""``plaint bench ingest``, as far as it needs a broker: what the Kafka door commits, against its client's bare poll.

Messages are web forms of 1 kB that each open a complaint of three events, encrypted as ever. Polled and
consumed are the same records of the same topic, in this one process; rates are counted from the first
records on, so that joining a group is not measured.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import orjson
import structlog

from consumers.bench.data import Supply
from consumers.bench.growth import Memory
from consumers.bench.shape import Result, Round, compared, limited
from consumers.bench.stand import Stand
from consumers.kafka.access import Access, BrokerUnavailable
from consumers.kafka.client import Broker, Producer
from consumers.kafka.effect import World
from consumers.kafka.loop import Consumption, Options
from consumers.kafka.protocol import Consumer, Partition
from consumers.kafka.records import Limits, Origin, Reader
from consumers.wiring import clock
from consumers.wiring.consumption import collect_seldom
from engine.incoming import Sender

OCTETS: Final = 1_000
"""Of one message."""
PARTITIONS: Final = 4
BATCH: Final = 2_000
"""Records of one transaction at most, as `plaint consume` takes them unless it is told otherwise."""
_START: Final = Path(__file__).resolve().parents[2] / "deploy" / "kafka" / "start"
_PATIENCE_SECONDS: Final = 600.0
_COMMITTED: Final = """
    WITH opened AS (SELECT recorded_at FROM plaint.events WHERE position > %s AND name = 'complaint.received.v1'),
         first AS (SELECT min(recorded_at) AS at FROM opened)
    SELECT count(*) FILTER (WHERE recorded_at > at), extract(epoch FROM max(recorded_at) - min(at)) FROM opened, first
"""
"""Messages behind the first commit, and in how many seconds."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    messages: int
    """Of one round."""
    alone: int
    """Messages that are taken one in a transaction."""
    at_half: int
    """Messages that are produced at half the rate."""
    million: int
    """Messages over which memory is looked at."""
    shared: int
    """Messages that one process takes, then two."""


FULL: Final = Size(rounds=3, messages=20_000, alone=300, at_half=10_000, million=1_000_000, shared=20_000)
QUICK: Final = Size(rounds=1, messages=4_000, alone=40, at_half=500, million=2_000, shared=4_000)


def measure(stand: Stand) -> list[Result]:
    """Return the figures of the Kafka door; none, with a word why, where there is no broker to be had."""
    size = QUICK if stand.quick else FULL
    _be_quiet()
    if stand.kafka:
        return _Bench(stand, stand.kafka, size).measure()
    with _own_broker() as own:
        if own is None:
            stand.tell("left out what needs a broker: PLAINT_KAFKA_SERVERS names none, and none can be started here")
            return []
        return _Bench(stand, own, size).measure()


class _Bench:
    """Measures on one cluster; topics are made for it, and deleted."""

    def __init__(self, stand: Stand, servers: str, size: Size) -> None:
        self._stand, self._servers, self._size = stand, servers, size
        self._broker = Broker(Access(tuple(servers.split(","))))
        self._cluster = self._broker.cluster_id()
        self._supply = Supply(stand.seed)
        self._topics: list[str] = []
        self._made = 0

    def measure(self) -> list[Result]:
        try:
            collect_seldom()
            return self._measured()
        finally:
            with suppress(BrokerUnavailable):
                self._broker.administer(lambda admin: admin.delete_topics(self._topics))
            self._broker.close()

    def _measured(self) -> list[Result]:
        size = self._size
        rounds = [self._round(number) for number in range(size.rounds + 1)][1:]
        polled = compared("commit_vs_poll", "messages/s", rounds, at_least=0.15)
        single = self._alone()
        singly = [Round(value=each.value, baseline=single) for each in rounds]
        wait = self._at_half(polled.value / 2)
        memory = self._million()
        two = self._two_vs_one()
        self._stand.data_size["kafka_messages"] = size.rounds * size.messages + size.alone + size.at_half + size.million
        return [
            polled,
            compared("batch_vs_single", "messages/s", singly, at_least=15),
            wait,
            memory,
            two,
        ]

    # ------------------------------------------------------------------------------------------ the figures

    def _round(self, number: int) -> Round:
        self._stand.tell(f"Kafka, round {number} of {self._size.rounds}")
        topic = self._filled(self._size.messages)
        polled = self._polled(topic, self._size.messages)
        return Round(value=self._consumed(topic, self._size.messages), baseline=polled)

    def _alone(self) -> float:
        self._stand.tell("Kafka, one message in a transaction")
        return self._consumed(self._filled(self._size.alone), self._size.alone, at_once=1)

    def _at_half(self, rate: float) -> Result:
        """Return the wait from handing a message to the producer until its transaction is committed."""
        count = self._size.at_half
        self._stand.tell(f"Kafka, {count} messages at {rate:.0f} a second")
        topic = self._topic(partitions=1)
        sent: list[float] = []
        forms = self._forms(count)
        done: list[float] = []
        with self._consumption(topic) as consumption:
            self._warm(topic, consumption)
            thread = threading.Thread(target=self._produce_at, args=(topic, forms, rate, sent), daemon=True)
            thread.start()
            while len(done) < count:
                done += [perf_counter()] * consumption.step()
            thread.join()
        waits = [(after - before) * 1000 for before, after in zip(sent, done, strict=False)]
        p99 = quantiles(waits, n=100)[98]
        return limited(
            "produce_to_commit_p99_ms", "ms", [Round(value=p99, baseline=quantiles(waits, n=2)[0])], below=1_000
        )

    def _million(self) -> Result:
        """Return how much memory grew over many messages, behind a tenth of them."""
        count, part = self._size.million, max(200, self._size.million // 50)
        memory: Memory | None = None
        for begin in range(0, count, part):
            self._stand.tell(f"Kafka, memory over {count:,} messages: {begin:,}")
            if memory is None and begin >= count // 10:
                memory = Memory()
            self._consumed(self._filled(part), part)
        assert memory is not None  # noqa: S101 -- a tenth comes before the end
        return memory.grown("rss_growth_mb")

    def _two_vs_one(self) -> Result:
        one = self._by_processes(1)
        two = self._by_processes(2)
        return compared("two_vs_one", "messages/s", [Round(value=two, baseline=one)], at_least=1.0)

    # ------------------------------------------------------------------------------------------ polling, consuming

    def _polled(self, topic: str, count: int) -> float:
        consumer = self._broker.consumer(group=self._name("bare"), client="bench-bare")
        try:
            consumer.subscribe([topic], _FromTheStart(consumer))
            return _rate(lambda: sum(map(len, consumer.poll(0.5, _at_once(count)).values())), count)
        finally:
            consumer.close(5.0)

    def _consumed(self, topic: str, count: int, *, at_once: int | None = None) -> float:
        with self._consumption(topic, at_once or _at_once(count)) as consumption:
            return _rate(consumption.step, count)

    @contextmanager
    def _consumption(self, topic: str, batch: int = BATCH) -> Iterator[Consumption]:
        options = Options(self._name("group"), "bench", batch)
        world = World(clock.now, time.monotonic, time.sleep, lambda: 0.5)
        here = self._stand.here
        made = Consumption(self._broker, here.service, here.store, [topic], self._reader, options, world)
        try:
            yield made
        finally:
            made.close()

    def _reader(self, topic: str, topic_id: UUID) -> Reader:
        sender = Sender("kafka", "service:kafka", "workload")
        origin = Origin(self._cluster, topic, topic_id, "messages", sender, "bench", "bench")
        return Reader(origin, Limits(), clock.now)

    def _warm(self, topic: str, consumption: Consumption) -> None:
        self._produce(topic, self._forms(1))
        deadline = perf_counter() + _PATIENCE_SECONDS
        while not consumption.step():
            _must_go_on(deadline)

    def _by_processes(self, count: int) -> float:
        """Return the messages a second of real `plaint consume` processes that all have partitions."""
        self._stand.tell(f"Kafka, {count} processes")
        topic, group = self._topic(), self._name("group")
        settings = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PLAINT_")},
            "PLAINT_DATABASE": self._stand.here.conninfo,
            "PLAINT_DATA_DIR": str(self._stand.here.settings.data_dir),
            "PLAINT_MASTER_KEY_FILE": str(self._stand.here.settings.master_key),
            "PLAINT_KAFKA_SERVERS": self._servers,
            "PLAINT_KAFKA_GROUP": group,
            "PLAINT_KAFKA_INBOUND": topic,
            "PLAINT_KAFKA_COMMANDS": self._topic(partitions=1),
        }
        program = [sys.executable, "-c", "from consumers.cli.main import main; main()", "consume"]
        processes = [
            subprocess.Popen(program, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(count)
        ]
        try:
            return self._rate_of(topic, count)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(_PATIENCE_SECONDS)

    def _rate_of(self, topic: str, members: int) -> float:
        deadline = perf_counter() + _PATIENCE_SECONDS
        store = self._stand.here.store
        while len({row.said.member for row in store.standings.all() if row.said.topic == topic}) < members:
            _must_go_on(deadline)
            time.sleep(0.1)
        source = f"kafka:{self._cluster}/{self._broker.topic_ids([topic])[topic]}"
        sources = [f"{source}/{number}" for number in range(PARTITIONS)]
        self._produce(topic, self._forms(self._size.shared))
        behind = self._stand.head()
        while sum(store.positions.look_up(sources).values()) < self._size.shared:
            _must_go_on(deadline)
            time.sleep(0.05)
        return self._committed_behind(behind)

    def _committed_behind(self, position: int) -> float:
        """Return the messages a second from the first commit behind a position to the last one."""
        with self._stand.here.pool.connection() as connection:
            row = connection.execute(_COMMITTED, (position,)).fetchone()
        if row is None or not row[1]:
            raise TimeoutError("all was committed before it was produced; nothing can be measured")
        return int(row[0]) / float(row[1])

    # ------------------------------------------------------------------------------------------ producing

    def _filled(self, count: int) -> str:
        topic = self._topic()
        self._produce(topic, self._forms(count))
        return topic

    def _forms(self, count: int) -> list[bytes]:
        return [_of_a_kilobyte(form) for form in self._supply.forms(count)]

    def _produce(self, topic: str, forms: Sequence[bytes]) -> None:
        producer = self._broker.producer(client="bench")
        try:
            for number, form in enumerate(forms):
                producer.send(topic, key=b"%d" % number, value=form)
            producer.flush(_PATIENCE_SECONDS)
        finally:
            producer.close(5.0)

    def _produce_at(self, topic: str, forms: Sequence[bytes], rate: float, sent: list[float]) -> None:
        producer: Producer = self._broker.producer(client="bench")
        began = perf_counter()
        for number, form in enumerate(forms):
            if (early := began + number / rate - perf_counter()) > 0:
                time.sleep(early)
            sent.append(perf_counter())
            producer.send(topic, key=b"k", value=form)
        producer.flush(_PATIENCE_SECONDS)
        producer.close(5.0)

    def _topic(self, partitions: int = PARTITIONS) -> str:
        topic = self._name("topic")
        self._broker.administer(
            lambda admin: admin.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1}})
        )
        self._topics.append(topic)
        deadline = perf_counter() + _PATIENCE_SECONDS
        while topic not in self._broker.topic_ids([topic]):
            _must_go_on(deadline)
        return topic

    def _name(self, what: str) -> str:
        self._made += 1
        return f"plaint-bench-{what}-{self._made}-{clock.new_id().hex[:12]}"


class _FromTheStart:
    """Reads every partition from its first record."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def assigned(self, partitions: Collection[Partition]) -> None:
        for partition in partitions:
            self._consumer.seek(partition, 0)

    def taken(self, partitions: Collection[Partition]) -> None:
        """Nothing is kept of a partition."""


def _rate(take: Callable[[], int], count: int) -> float:
    """Return how many records a second are taken, from the first ones on; one call must not take all of them."""
    deadline = perf_counter() + _PATIENCE_SECONDS
    while not (first := take()):
        _must_go_on(deadline)
    began, seen = perf_counter(), first
    while seen < count:
        seen += take()
        _must_go_on(deadline)
    return (seen - first) / (perf_counter() - began)


def _at_once(count: int) -> int:
    return min(BATCH, max(1, count // 8))


def _be_quiet() -> None:
    """What a door says while it works is not what is asked for here."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("kafka").setLevel(logging.ERROR)


def _must_go_on(deadline: float) -> None:
    if perf_counter() > deadline:
        raise TimeoutError("the broker or the database did not go on; nothing can be measured")


def _of_a_kilobyte(form: bytes) -> bytes:
    told: dict[str, Any] = orjson.loads(form)
    told["text"] += " " + "x" * max(0, OCTETS - len(form) - 1)
    return orjson.dumps(told)


@contextmanager
def _own_broker() -> Iterator[str | None]:
    """Lend the address of a broker started for this; None where that is not possible."""
    if not _START.exists():
        yield None
        return
    process = subprocess.Popen(
        [sys.executable, str(_START), "--port", "0", "--with-parent"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101 -- it was asked for
        _, _, address = process.stdout.readline().strip().partition("plaintext: ")
        yield address or None
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)
