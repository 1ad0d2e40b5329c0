"""A real Apache Kafka for tests: one broker for the whole run, and clusters of a test's own to be broken.

`PLAINT_TEST_KAFKA` names a broker to use (plaintext, one that lets topics be made); otherwise one is started by
`deploy/kafka/start`, which needs Java 17 and, the first time, Maven. Where neither is possible the tests fail.
"""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

START = Path(__file__).resolve().parents[2] / "deploy" / "kafka" / "start"
_PATIENCE_SECONDS = 90.0
_numbers = itertools.count(1)


class NoBroker(Exception):
    """No Kafka could be started; says why, and what a person can do."""


@dataclass(slots=True)
class RunningBroker:
    """A Kafka that answers; nodes are counted from 1."""

    servers: str
    """Where clients connect: the advertised addresses, those of proxies if there are some."""
    inside: str
    """The same nodes beside every proxy, for whoever looks after the test."""
    nodes: list[dict[str, dict[str, str]]] = field(default_factory=list)
    data: Path | None = None
    brief: bool = True
    _processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def direct(self, node: int = 1) -> tuple[str, int]:
        """Return host and port where node `node` listens for clients: the target of a proxy."""
        host, _, port = self.nodes[node - 1]["listeners"]["PLAINTEXT"].rpartition(":")
        return host, int(port)

    def secured(self, listener: str) -> str:
        """Return the addresses of the listener ``SSL`` or ``SASL_SSL``."""
        return ",".join(each["advertised"][listener] for each in self.nodes)

    def admin(self) -> KafkaAdminClient:
        """Return a client to look after the cluster, to be closed."""
        return KafkaAdminClient(bootstrap_servers=self.inside.split(","), bootstrap_timeout_ms=30_000)

    def new_topic(self, partitions: int = 1, *, name: str = "topic", **configs: str) -> str:
        """Make a topic that no other test has; returns its name. ``retention_ms`` stands for ``retention.ms``."""
        topic = unique(name)
        self.create_topic(topic, partitions, {key.replace("_", "."): value for key, value in configs.items()})
        return topic

    def create_topic(self, topic: str, partitions: int = 1, configs: Mapping[str, str] | None = None) -> None:
        """Make the topic `topic` with a copy on every node, and wait until its partitions have leaders."""
        wanted = {
            "num_partitions": partitions,
            "replication_factor": max(1, len(self.nodes)),
            "configs": dict(configs or {}),
        }
        with self.admin() as admin:
            admin.create_topics({topic: wanted})
            _until(f"{topic} has leaders", lambda: _has_leaders(admin, topic, partitions))

    def delete_topic(self, topic: str) -> None:
        """Delete the topic `topic` and wait until it is gone."""
        with self.admin() as admin:
            admin.delete_topics([topic])
            _until(f"{topic} is gone", lambda: topic not in admin.list_topics())

    def pid(self, node: int = 1) -> int:
        """Return the process id of node `node`."""
        return self._process(node).pid

    def stop(self, node: int = 1) -> None:
        """Shut node `node` down as its owner does."""
        self._process(node).terminate()
        self._processes.pop(node).wait(_PATIENCE_SECONDS)

    def kill(self, node: int = 1) -> None:
        """End node `node` as ``kill -9`` does."""
        self._process(node).kill()
        self._processes.pop(node).wait()

    def pause(self, node: int = 1) -> None:
        """Let node `node` do nothing from here on; its connections stay. Returns when all its threads stand still."""
        process = self._process(node)
        process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + 5.0
        while not _stands_still(process.pid) and time.monotonic() < deadline:
            time.sleep(0.01)

    def resume(self, node: int = 1) -> None:
        """Let a paused node go on."""
        self._process(node).send_signal(signal.SIGCONT)

    def start(self, node: int = 1, *, wait: bool = True) -> None:
        """Start node `node` on what it has kept; returns when it takes part again, unless told not to wait."""
        if self.data is None or node in self._processes:
            raise AssertionError(f"node {node} is not one that this test has stopped")
        program = [sys.executable, str(START), "--data", str(self.data), "--only", str(node)]
        program += ["--brief"] if self.brief else []
        self._processes[node] = subprocess.Popen(program, stdin=subprocess.DEVNULL)
        if wait:
            self.wait_for(node)

    def wait_for(self, node: int = 1) -> None:
        """Wait until node `node` answers and the cluster counts it in."""
        address = self.nodes[node - 1]["advertised"]["INTERNAL"]
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _counts(address, node):
            if self._process(node).poll() is not None or time.monotonic() > deadline:
                raise NoBroker(f"node {node} of Kafka does not come up: {self._last_words(node)}")
            time.sleep(0.1)

    def end(self) -> None:
        """Kill whatever still runs; what it kept is thrown away anyway."""
        for node in list(self._processes):
            self.kill(node)

    def _process(self, node: int) -> subprocess.Popen[bytes]:
        if node not in self._processes:
            raise AssertionError(f"node {node} does not run, or is not this test's own")
        return self._processes[node]

    def _last_words(self, node: int) -> str:
        log = Path(self.data or "", f"node-{node}", "server.log")
        if not log.exists():
            return "it said nothing"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line for line in reversed(lines) if " ERROR " in line or " FATAL " in line), lines[-1])


@pytest.fixture(scope="session")
def kafka() -> Iterator[RunningBroker]:
    """A Kafka of one node that all tests of the run share; names of topics and groups must be a test's own."""
    given = os.environ.get("PLAINT_TEST_KAFKA")
    if given:
        yield RunningBroker(servers=given, inside=given)
        return
    with _or_fail(start_brokers()) as broker:
        yield broker


@contextmanager
def start_brokers(
    count: int = 1,
    *,
    advertise: Sequence[str] = (),
    tls: Path | None = None,
    users: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
    brief: bool = True,
) -> Iterator[RunningBroker]:
    """Lend a Kafka of `count` nodes, 1 or 3, that this test may break.

    `advertise` names for each node the address that clients are told, such as that of a proxy before
    `direct(node)`. `tls` (PEM: key, certificate, CA) adds the listeners SSL and SASL_SSL, `users` are
    names and passwords for SCRAM-SHA-512, `properties` go into every node's server.properties.
    `brief` is for tests; a broker that is measured compiles all it can.

    Raises:
        NoBroker: Java, Maven or a broker's answer is missing.
    """
    options = [f"--advertise={address}" for address in advertise]
    options += [f"--user={name}:{password}" for name, password in (users or {}).items()]
    options += [f"--property={name}={value}" for name, value in (properties or {}).items()]
    options += [f"--tls={tls}"] if tls else []
    with tempfile.TemporaryDirectory(prefix="plaint-kafka-", ignore_cleanup_errors=True) as place:
        broker = _prepared(Path(place), count, options)
        broker.brief = brief
        try:
            for node in range(1, count + 1):
                broker.start(node, wait=False)
            for node in range(1, count + 1):
                broker.wait_for(node)
            yield broker
        finally:
            broker.end()


def unique(name: str) -> str:
    """Return a name for a topic or a group that no other test and no other run has."""
    return f"{name}-{next(_numbers)}-{uuid.uuid4().hex[:8]}"


def _prepared(data: Path, count: int, options: Sequence[str]) -> RunningBroker:
    program = [sys.executable, str(START), "--data", str(data), "--prepare", "--port", "0", "--nodes", str(count)]
    answer = subprocess.run([*program, *options], capture_output=True, text=True, check=False)
    if answer.returncode:
        reason = answer.stderr.strip().rpartition("\n")[2]
        raise NoBroker(f"{reason}; or let PLAINT_TEST_KAFKA name a broker")
    nodes = json.loads((data / "cluster.json").read_text(encoding="utf-8"))["nodes"]
    return RunningBroker(
        servers=",".join(each["advertised"]["PLAINTEXT"] for each in nodes),
        inside=",".join(each["advertised"]["INTERNAL"] for each in nodes),
        nodes=nodes,
        data=data,
    )


@contextmanager
def _or_fail(brokers: Any) -> Iterator[RunningBroker]:
    """Turn the want of a broker into one sentence under each test."""
    try:
        broker = brokers.__enter__()
    except NoBroker as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield broker
    finally:
        brokers.__exit__(None, None, None)


def _counts(address: str, node: int) -> bool:
    try:
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), timeout=2).close()
        with KafkaAdminClient(bootstrap_servers=[address], bootstrap_timeout_ms=2_000) as admin:
            return any(each["broker_id"] == node for each in admin.describe_cluster()["brokers"])
    except (OSError, KafkaError):
        return False


def _has_leaders(admin: KafkaAdminClient, topic: str, partitions: int) -> bool:
    found = [each for each in admin.describe_topics([topic]) if not each["error_code"]]
    leaders = [each["leader_id"] for described in found for each in described["partitions"]]
    return len(leaders) == partitions and min(leaders) > 0


def _until(what: str, holds: Any) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain until {what}")
        time.sleep(0.05)


def _stands_still(process: int) -> bool:
    """Whether every thread is stopped; a signal is only on its way when it was sent."""
    states = [
        (task / "stat").read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{process}/task").iterdir()
    ]
    return set(states) <= {"T"}
