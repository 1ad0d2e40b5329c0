"""One installation under attack: a database and a broker behind wires, real `plaint consume` processes, and accounts.

A fault gets a ``Site``, disturbs it, and returns; ``verdict.verdicts`` then heals everything, waits for
the lag to be gone and holds what the store has against what the broker acknowledged.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Literal

from kafka import KafkaProducer

from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool, open_pool
from engine.store.store import Store
from engine.store.vault import master
from support import accounts
from support.accounts import Kind, Place, Sent
from support.broker import RunningBroker, start_brokers, unique
from support.postgres import ensure_template, fresh_database
from support.servers import Crashable, crashable_server
from support.tcp_proxy import Wire, target_of, through, wire

PROGRAM = "import sys; from consumers.cli.main import run; sys.exit(run(sys.argv[1:]))"
PARTITIONS = 3
QUIET_SECONDS = 120.0
"""Within this time after a fault nothing may be left to read."""
RIGHTS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}
"""Everybody may do everything until a fault forbids it. Three nodes that ask so cannot elect whoever would answer."""


class Process:
    """A real `plaint consume`, or another command that runs until it is told to stop."""

    def __init__(self, settings: Mapping[str, str], log: Path, command: str = "consume") -> None:
        self.log, self.command = log, command
        with log.open("ab") as said:
            self._popen = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, command],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**_clean(), **settings},
            )

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def at_work(self) -> bool:
        """Whether it has said that it has begun."""
        return any(word in self.said for word in ("reading ", "publishing "))

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()

    def freeze(self) -> None:
        self._popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._popen.send_signal(signal.SIGCONT)

    def stop(self, within: float = 30.0) -> int:
        """Ask it to end, once it works; returns its exit code.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.
        """
        self._popen.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + within
        while self.running and not self.at_work and time.monotonic() < deadline:
            time.sleep(0.05)
        self._popen.terminate()
        return self._popen.wait(within)


@dataclass
class Site:
    """What a fault may break."""

    random: Random
    broker: RunningBroker
    broker_wires: Sequence[Wire]
    server: Crashable
    database: str
    """Beside the wire."""
    database_wire: Wire
    place: Path
    topic: str
    store: Store
    pool: Pool
    settings: dict[str, str]
    sent: list[Sent] = field(default_factory=list)
    passed: list[Place] = field(default_factory=list)
    marks: int = 0
    processes: list[Process] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What the fault itself found wrong."""
    highest: dict[int, int] = field(default_factory=dict)
    """Highest position of each partition that was seen."""
    topic_id: str = ""
    after: int = 0
    """Effects before this position of the log are of an earlier topic."""
    since: datetime | None = None
    """Dead letters before are of the same."""
    again: Literal["rows", "streams", "no"] = "rows"
    """What is the same where the topic is read again: all rows; the streams alone, where the order of the partitions
    or our own clock has its say in the rows; nothing, where the topic is not what was read."""
    firsts: dict[int, int] = field(default_factory=dict)
    """The first offset of partitions that do not begin with 0."""
    stamps: set[datetime] = field(default_factory=set)
    """The broker's times of the records."""
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _digest: Any = field(default_factory=sha256)
    _named: int = 0
    _settled: bool = False

    # ------------------------------------------------------------------------------------------ processes

    def run(self, *arguments: str) -> int:
        """Run one command of `plaint` on this installation."""
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            env={**_clean(), **self.settings},
            capture_output=True,
            timeout=180,
            check=False,
        )
        return done.returncode

    def start(self, command: str = "consume", **settings: str) -> Process:
        """Start a consumer; it works when it has connected."""
        log = self.place / f"{command}-{len(self.processes)}.log"
        made = Process({**self.settings, **settings}, log, command)
        self.processes.append(made)
        return made

    @property
    def consumers(self) -> list[Process]:
        return [each for each in self.processes if each.command == "consume" and each.running]

    def said(self, word: str) -> int:
        """Return how often the log of any process has this word."""
        return sum(each.said.count(word) for each in self.processes)

    # ------------------------------------------------------------------------------------------ messages

    def name(self) -> str:
        self._named += 1
        return f"m{self._named}"

    @property
    def digest(self) -> str:
        """Stands for all that was produced: the same seed gives the same."""
        return str(self._digest.hexdigest()[:8])

    def produce(self, count: int, **how: Any) -> list[Sent]:
        """Produce new messages over all partitions, each acknowledged by the broker."""
        names = [self.name() for _ in range(count)]
        return self.put([(self.random.randrange(PARTITIONS), name, accounts.message(name)) for name in names], **how)

    def put(
        self,
        records: Sequence[tuple[int, str, bytes | None]],
        *,
        kind: Kind = "message",
        options: Mapping[str, Any] | None = None,
        **how: Any,
    ) -> list[Sent]:
        """Produce these: partition, name, value. ``options`` are the producer's, all else goes with each record."""
        self._digest.update(repr(records).encode())
        usual = {"acks": "all", "linger_ms": 5}
        made = KafkaProducer(bootstrap_servers=self.broker.inside.split(","), **usual, **(options or {}))
        try:
            futures = [
                (name, made.send(self.topic, key=name.encode(), value=value, partition=partition, **how))
                for partition, name, value in records
            ]
            made.flush(timeout=60)
            done = [(name, future.get(timeout=60)) for name, future in futures]
        finally:
            made.close(timeout=10)
        sent = [Sent((answer.partition, answer.offset), name, kind) for name, answer in done]
        self.stamps |= {datetime.fromtimestamp(answer.timestamp / 1000, UTC) for _, answer in done}
        self.sent += sent
        return sent

    @property
    def letters(self) -> str:
        """The topic of dead letters; made when it is needed first."""
        return self.settings["PLAINT_KAFKA_DEAD_LETTERS"]

    def make_letters(self) -> None:
        """Make the topic of dead letters unless it is there."""
        with self.broker.admin() as admin:
            there = self.letters in admin.list_topics()
        if not there:
            self.broker.create_topic(self.letters)

    def still_there(self, place: Place) -> bool:
        """Whether the topic still has this record."""
        return place[1] >= self.firsts.get(place[0], 0)

    # ------------------------------------------------------------------------------------------ looking

    def positions(self) -> dict[int, int]:
        """Return the position of each partition; one that goes back is wrong."""
        with self.pool.connection() as connection:
            query = "SELECT source, position FROM plaint.sources WHERE source LIKE %s"
            rows = connection.execute(query, (f"kafka:%/{self.topic_id}/%",))
            found = {int(source.rpartition("/")[2]): int(position) for source, position in rows.fetchall()}
        for partition, position in found.items():
            if position < self.highest.get(partition, 0):
                self.wrong.append(f"G4: position of {partition} went back to {position}")
            self.highest[partition] = max(position, self.highest.get(partition, 0))
        return found

    def look_up_topic(self) -> None:
        """Learn which topic the name means now."""
        with self.broker.admin() as admin:
            self.topic_id = str(admin.describe_topics([self.topic])[0]["topic_id"])

    def ends(self) -> dict[int, int]:
        ends: dict[int, int] = {}
        for one in self.sent:
            partition, offset = one.place
            ends[partition] = max(ends.get(partition, 0), offset + 1)
        return ends

    def lag(self) -> int:
        positions = self.positions()
        return sum(max(0, end - positions.get(partition, 0)) for partition, end in self.ends().items())

    def wait(self, what: str, holds: Callable[[], bool], seconds: float = 120.0) -> bool:
        """Wait until something holds; what does not in time is wrong."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if holds():
                    return True
            except DatabaseUnavailable:
                pass
            time.sleep(0.1)
        self.wrong.append(f"G6: not within {seconds:g} s: {what}")
        return False

    def wait_for_progress(self, records: int = 1) -> bool:
        """Wait until so many records more have had their effect, or none is left."""
        before = sum(self.positions().values())
        return self.wait("progress", lambda: sum(self.positions().values()) >= before + records or not self.lag())

    # ------------------------------------------------------------------------------------------ the end

    def heal(self) -> None:
        for each in (*self.broker_wires, self.database_wire):
            each.heal()
        for process in self.processes:
            if process.running:
                process.thaw()

    def settle(self) -> None:
        """Heal, wait until nothing is left, and end all processes; once."""
        if self._settled:
            return
        self._settled = True
        self.heal()
        if not self.consumers:
            self.start()
        self.wait("no lag", lambda: self.lag() == 0, QUIET_SECONDS)
        codes = [process.stop() for process in self.processes if process.running]
        if any(codes):
            self.wrong.append(f"G6: a process ended with {codes}")

    def begin_anew(self) -> None:
        """Count from here: what was before is of another topic, or of a log that is no more."""
        self.sent, self.passed, self.highest, self.since = [], [], {}, datetime.now(UTC)
        self.after, self.marks = self.store.read.head().position, sum(self.positions().values())

    def accounts(self) -> dict[str, str]:
        """Hold what the store has against what the broker acknowledged; what is wrong by invariant."""
        found = accounts.effects(self.store, self.topic, self.after, self.since)
        return accounts.settled(found, self.sent, self.positions(), self.ends(), passed=self.passed, marks=self.marks)


@contextmanager
def servers(nodes: int = 1) -> Iterator[tuple[RunningBroker, Sequence[Wire], Crashable]]:
    """Lend brokers behind wires, and a database server that may be crashed."""
    with ExitStack() as stack:
        wires = [stack.enter_context(wire()) for _ in range(nodes)]
        rights = RIGHTS if nodes == 1 else None
        broker = stack.enter_context(
            start_brokers(nodes, advertise=[each.address for each in wires], properties=rights)
        )
        for number, each in enumerate(wires, start=1):
            each.target = broker.direct(number)
        yield broker, wires, stack.enter_context(crashable_server())


@contextmanager
def site(
    broker: RunningBroker, wires: Sequence[Wire], server: Crashable, seed: int, topic: Mapping[str, str]
) -> Iterator[Site]:
    """Lend an installation of its own on these servers, with an empty topic."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="plaint-fault-")))
        template = ensure_template(server.maintenance)
        database = stack.enter_context(fresh_database(server.maintenance, template=template))
        line = stack.enter_context(wire(target_of(database)))
        master.create_key_file(place / "master.key")
        pool = stack.enter_context(open_pool(database, max_size=4, name="fault harness"))
        store = stack.enter_context(Store(pool, master.load_key_file(place / "master.key"), place / "content"))
        name = broker.new_topic(PARTITIONS, name="inbound", **{"message_timestamp_type": "LogAppendTime", **topic})
        settings = {
            "PLAINT_DATABASE": through(database, line),
            "PLAINT_DATA_DIR": str(place),
            "PLAINT_MASTER_KEY_FILE": str(place / "master.key"),
            "PLAINT_KAFKA_SERVERS": broker.servers,
            "PLAINT_KAFKA_GROUP": unique("group"),
            "PLAINT_KAFKA_INBOUND": name,
            "PLAINT_KAFKA_COMMANDS": broker.new_topic(name="commands"),
            "PLAINT_KAFKA_DEAD_LETTERS": unique("dead-letters"),
            "PLAINT_LOG_FORMAT": "json",
        }
        here = Site(Random(seed), broker, wires, server, database, line, place, name, store, pool, settings)
        here.look_up_topic()
        try:
            yield here
        finally:
            for process in here.processes:
                if process.running:
                    process.kill()


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PLAINT_")}
