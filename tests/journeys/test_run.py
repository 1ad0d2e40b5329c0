"""A newcomer's walk and an operator's bad days, with real processes on an embedded database."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from support.embedded import temporary_data_dir
from support.running import Place, Running


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A data directory that the tests of this module use one after another."""
    with temporary_data_dir("data") as data_dir:
        yield Place(data_dir)


def message(id: str) -> dict[str, Any]:
    return {"channel": "chat", "system": "journey", "id": id, "text": f"The kettle {id} is broken, a refund please!"}


def received(run: Running) -> int:
    number: int = run.get("/v1/funnel").json()["received"]
    return number


class Senders:
    """People who send message after message, each again until it is acknowledged."""

    def __init__(self, run: Running, name: str, people: int = 3) -> None:
        self._run, self._name = run, name
        self.acknowledged: dict[str, str] = {}
        self.sent: set[str] = set()
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(person,), daemon=True) for person in range(people)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(60)

    def wait_for(self, count: int) -> None:
        """Wait until so many more are acknowledged."""
        wanted, deadline = len(self.acknowledged) + count, time.monotonic() + 60
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < deadline, "nothing is acknowledged any more"
            time.sleep(0.02)

    def _send(self, person: int) -> None:
        number = 0
        while not self._enough.is_set():
            name = f"{self._name}-{person}-{number}"
            self.sent.add(name)
            try:
                answer = self._run.post(message(name))
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code == 202:
                self.acknowledged[name] = answer.json()["stream"]
                number += 1
            else:
                assert answer.status_code == 503, answer.text
                time.sleep(0.05)


def lost(run: Running, acknowledged: dict[str, str]) -> list[str]:
    """Return the messages that were acknowledged and are not there."""
    return [name for name, stream in acknowledged.items() if run.get(f"/v1/cases/{stream}").status_code != 200]


def test_from_nothing_to_an_open_page_and_back_again(place: Place, tmp_path: Path) -> None:
    with place.running("--sample", "--cases", "20") as run:
        assert "Complaints" in run.get("/").text
        assert f"A new master key is in {place.data_dir / 'master.key'}. Whoever loses that file" in run.said()
        played = received(run)
        assert 10 <= played <= 20
        own = run.post(message("own")).json()

        file = tmp_path / "more.jsonl"
        file.write_text(json.dumps(message("beside")), encoding="utf-8")
        beside = place.plaint("ingest", "--json", str(file))
        assert json.loads(beside.stdout)["opened"] == 1, beside.stderr
        listed = json.loads(place.plaint("case", "list", "--json", "--channel", "chat", "--limit", "500").stdout)
        assert own["stream"] in {case["id"] for case in listed["cases"]}
        assert run.get("/v1/funnel", at_least=listed["position"]).json()["received"] == played + 2

        assert run.stop(signal.SIGINT) == 0
        assert run.said().splitlines()[-1] == "stopped"
    assert place.server_pid() is None, "no database is left behind"

    with place.running("--sample", "--cases", "20") as run:
        again = run.get("/v1/funnel", at_least=listed["position"]).json()
        assert again["received"] == played + 2, "the sample is not played again"
        assert "master key" not in run.said()
        assert run.stop(signal.SIGTERM) == 0
    assert place.server_pid() is None


def test_a_killed_process_loses_nothing_acknowledged(place: Place) -> None:
    with place.running() as run, Senders(run, "killed") as senders:
        senders.wait_for(20)
        run.kill()
    assert place.server_pid() is not None, "the database outlives whom it served"

    with place.running() as run:
        assert lost(run, senders.acknowledged) == []
        again = [run.post(message(name)) for name in sorted(senders.acknowledged)]
        assert {(one.headers["Idempotency-Replayed"], one.json()["opened"]) for one in again} == {("true", True)}
        assert run.stop(signal.SIGTERM) == 0
    assert place.server_pid() is None


def test_a_killed_database_loses_nothing_acknowledged_and_is_started_again(place: Place) -> None:
    with place.running() as run:
        before = received(run)
        with Senders(run, "database") as senders:
            for _ in range(2):
                senders.wait_for(10)
                pid = place.server_pid()
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
            senders.wait_for(10)
        assert lost(run, senders.acknowledged) == []
        last = [run.post(message(name)).json() for name in sorted(senders.sent)]
        position = max(one["position"] for one in last)
        assert run.get("/v1/funnel", at_least=position).json()["received"] == before + len(senders.sent)
        assert run.stop(signal.SIGTERM) == 0
    assert place.server_pid() is None


def test_a_signal_during_the_start_leaves_nothing_behind(place: Place) -> None:
    run = place.start()
    deadline = time.monotonic() + 30
    while place.server_pid() is None:
        assert time.monotonic() < deadline, run.said()
        time.sleep(0.005)
    assert run.stop(signal.SIGTERM) in {0, 128 + signal.SIGTERM}
    assert place.server_pid() is None
    assert "Traceback" not in run.said()


def test_a_taken_port_ends_the_start_before_anything_is_done(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = place.plaint("run", PLAINT_HTTP_PORT=str(port))
    assert done.returncode == 78
    reason = "Address already in use; let PLAINT_HTTP_PORT name a free port, or 0 take one"
    assert done.stderr.decode() == f"plaint: cannot answer at 127.0.0.1 port {port}: {reason}\n"
