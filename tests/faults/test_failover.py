"""The primary dies with doors at work, its standby is promoted: nothing that was acknowledged is lost or doubled."""

import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from consumers.kafka.topics import Names
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault import master
from support.broker import RunningBroker, unique
from support.consuming import chat, producer
from support.standby import Pair, pair

PROGRAM = [sys.executable, "-c", "from consumers.cli.main import main; main()"]
PATIENCE_SECONDS = 90.0
CLIENTS = 4
BEFORE, AFTER = 40, 40
"""Acknowledged messages before the primary dies, and behind it."""

pytestmark = pytest.mark.slow


@dataclass
class Clients:
    """Who hands messages in over HTTP, and again until they are acknowledged."""

    address: str
    stop: threading.Event = field(default_factory=threading.Event)
    acknowledged: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def work(self, number: int) -> None:
        with httpx.Client(base_url=self.address, timeout=30) as client:
            count = 0
            while not self.stop.is_set():
                count += 1
                self._until_acknowledged(client, f"http-{number}-{count}")

    def _until_acknowledged(self, client: httpx.Client, name: str) -> None:
        while not self.stop.is_set():
            answer = client.post("/v1/messages", content=chat(name), headers={"Content-Type": "application/json"})
            if answer.status_code == 202:
                self.acknowledged.append(name)
                return
            self.refused[f"{answer.status_code} {answer.json()['code']}"] += 1
            assert answer.status_code == 503, answer.text
            time.sleep(0.05)

    def until(self, count: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.acknowledged) < count:
            assert time.monotonic() < deadline, (len(self.acknowledged), self.refused)
            time.sleep(0.05)


@contextmanager
def at_work(clients: Clients) -> Iterator[None]:
    threads = [threading.Thread(target=clients.work, args=(number,), daemon=True) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        clients.stop.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)


@contextmanager
def door(name: str, environment: dict[str, str], place: Path) -> Iterator[Path]:
    """Lend the log of a process that works meanwhile; it must end with 0 on SIGTERM."""
    said = place / f"{name}.log"
    with said.open("wb") as log, subprocess.Popen([*PROGRAM, name], env=environment, stderr=log) as process:
        try:
            yield said
            assert process.poll() is None, said.read_text()[-3000:]
            process.terminate()
            assert process.wait(30) == 0, said.read_text()[-3000:]
        finally:
            process.kill()


def address(said: Path) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := re.search(r"answers at (http://\S+)", said.read_text())):
        assert time.monotonic() < deadline, said.read_text()[-3000:]
        time.sleep(0.05)
    return found.group(1)


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with pair() as lent:
        yield lent


@pytest.fixture
def environment(servers: Pair, kafka: RunningBroker, tmp_path: Path) -> dict[str, str]:
    names = {f"PLAINT_KAFKA_{field.upper()}": unique(name) for field, name in Names()._asdict().items()}
    for name in (names["PLAINT_KAFKA_INBOUND"], names["PLAINT_KAFKA_COMMANDS"]):
        kafka.create_topic(name, 1, {"message.timestamp.type": "LogAppendTime"})
    return {
        **os.environ,
        **names,
        "PLAINT_DATABASE": servers.conninfo(),
        "PLAINT_DATA_DIR": str(tmp_path),
        "PLAINT_HTTP_PORT": "0",
        "PLAINT_KAFKA_SERVERS": kafka.servers,
        "PLAINT_KAFKA_GROUP": unique("group"),
    }


def test_a_commit_is_acknowledged_only_once_the_standby_has_it(servers: Pair) -> None:
    acknowledged = threading.Event()

    def commit() -> None:
        with psycopg.connect(servers.primary.conninfo, dbname="plaint") as connection:
            connection.execute("CREATE TABLE kept (only_row integer)")
        acknowledged.set()

    servers.standby.kill()
    threading.Thread(target=commit, daemon=True).start()
    assert not acknowledged.wait(1)
    servers.standby.start(cluster_name="standby")
    assert acknowledged.wait(PATIENCE_SECONDS)


def test_doors_outlive_a_failover_and_every_acknowledged_message_stands_once(
    servers: Pair, environment: dict[str, str], kafka: RunningBroker, tmp_path: Path
) -> None:
    subprocess.run([*PROGRAM, "project", "--once"], env=environment, check=True, capture_output=True)
    sent = [f"kafka-{number}" for number in range(300)]
    with (
        door("serve", environment, tmp_path) as said,
        door("consume", environment, tmp_path),
        door("project", environment, tmp_path),
        producer(kafka.servers) as producing,
    ):
        clients = Clients(address(said))
        topic = environment["PLAINT_KAFKA_INBOUND"]
        with at_work(clients):
            clients.until(BEFORE)
            for name in sent[:150]:
                producing.send(topic, value=chat(name))
            producing.flush(30)
            servers.primary.kill()
            assert _status(clients, "/readyz") == 503
            assert _status(clients, "/livez") == 200
            servers.standby.promote()
            for name in sent[150:]:
                producing.send(topic, value=chat(name))
            producing.flush(30)
            clients.until(len(clients.acknowledged) + AFTER)
        _until_all_are_there(servers.standby.conninfo, len(set(clients.acknowledged)) + len(sent))
        assert (_status(clients, "/readyz"), _status(clients, "/v1/cases?limit=1")) == (200, 200)

    stored = _texts(servers, tmp_path)
    wanted = {f"It is broken, {name}" for name in [*clients.acknowledged, *sent]}
    assert wanted - stored.keys() == set()
    assert {text for text, count in stored.items() if count != 1} == set()


def _status(clients: Clients, path: str) -> int:
    return httpx.get(f"{clients.address}{path}", timeout=30).status_code


def _until_all_are_there(node: str, count: int) -> None:
    query = "SELECT count(*) FROM plaint.messages"
    deadline = time.monotonic() + PATIENCE_SECONDS
    found = 0
    while found < count:
        assert time.monotonic() < deadline, (found, count)
        with psycopg.connect(node, dbname="plaint") as connection:
            row = connection.execute(query).fetchone()
        found = int(row[0]) if row else 0
        time.sleep(0.1)


def _texts(servers: Pair, place: Path) -> Counter[str]:
    with (
        open_pool(servers.conninfo(), max_size=2, name="check") as pool,
        Store(pool, master.load_key_file(place / "master.key"), place / "content") as store,
    ):
        log = store.read.log(0, 100_000, open=True)
    assert [one.position for one in log] == list(range(1, len(log) + 1))
    return Counter(str(getattr(one.event, "body", "")) for one in log if one.name == "complaint.received.v1")
