"""A signal ends every door in order: not ready at once, what is in hand is finished, and the exit code is 0."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.broker import RunningBroker
from support.commandline import CommandLine
from support.consuming import wait_until
from support.postgres import fresh_database

PROGRAM = Path(sys.executable).with_name("plaint")
GRACE = 15
"""As documented."""
DRAIN = 3
CANARY = "Zmeyevich-7413"
TRACE = "1a" * 16


@dataclass
class Door:
    """One process of an installation, and what it says."""

    command: str
    process: subprocess.Popen[bytes]
    heard: Path

    def lines(self) -> list[dict[str, Any]]:
        """Return its log."""
        text = self.heard.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def port(self) -> int | None:
        """Return where it answers probes; None as long as it has not said it."""
        return next((line["port"] for line in self.lines() if line["event"] == "health_answered_at"), None)

    def probe(self, path: str) -> int:
        return httpx.get(f"http://127.0.0.1:{self.port()}{path}", timeout=10).status_code

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.heard.read_text(encoding="utf-8")
        return self.port() is not None and self.probe("/readyz") == 200

    def address(self) -> str:
        """Return where the HTTP door answers."""
        found = re.search(r"answers at http://(\S+)", self.heard.read_text(encoding="utf-8"))
        assert found
        return found.group(1)


@contextmanager
def started(command: str, settings: dict[str, str], place: Path) -> Iterator[Door]:
    heard = place / f"{command}.log"
    environment = {**os.environ, **settings, "PLAINT_HEALTH_PORT": "0", "PLAINT_LOG_FORMAT": "json"}
    with heard.open("wb") as err:
        process = subprocess.Popen([PROGRAM, command], env=environment, stderr=err)
    try:
        yield Door(command, process, heard)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def settings(postgres_server: str, database_template: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    with fresh_database(postgres_server, template=database_template) as conninfo:
        given = {"PLAINT_DATABASE": conninfo, "PLAINT_DATA_DIR": str(tmp_path / "data"), "PLAINT_HTTP_PORT": "0"}
        CommandLine(given).ok("project", "--once")
        yield given


def ended(door: Door) -> tuple[int, bool]:
    """Tell a door to end; return its exit code, and whether it came within the grace."""
    begun = time.monotonic()
    door.process.terminate()
    code = door.process.wait(60)
    return code, time.monotonic() - begun < GRACE


def test_every_door_that_works_by_itself_ends_in_order(
    kafka: RunningBroker, settings: dict[str, str], tmp_path: Path
) -> None:
    names = {
        f"PLAINT_KAFKA_{name}": kafka.new_topic(name=name.lower())
        for name in ("INBOUND", "COMMANDS", "EVENTS", "NOTICES", "DEAD_LETTERS")
    }
    mail = {"PLAINT_SMTP_SERVER": "127.0.0.1:9", "PLAINT_SMTP_SECURITY": "none", "PLAINT_SMTP_FROM": "us@example.com"}
    all_of_it = {**settings, **names, **mail, "PLAINT_KAFKA_SERVERS": kafka.servers}
    with ExitStack() as stack:
        commands = ("project", "timers", "mail", "consume", "publish")
        doors = [stack.enter_context(started(command, all_of_it, tmp_path)) for command in commands]
        for door in doors:
            wait_until(door.is_ready, seconds=90)
            assert (door.probe("/livez"), door.probe("/startupz"), door.probe("/metrics")) == (200, 200, 200)
        assert [ended(door) for door in doors] == [(0, True)] * len(doors)


def test_the_http_door_finishes_what_it_has_and_takes_more_until_those_who_send_can_know(
    settings: dict[str, str], tmp_path: Path
) -> None:
    with started("serve", {**settings, "PLAINT_DRAIN_SECONDS": str(DRAIN)}, tmp_path) as door:
        wait_until(door.is_ready, seconds=60)
        told = _worked_on(door.address())
        with begun_request(door.address(), message("in hand")) as finish:
            begun = time.monotonic()
            door.process.send_signal(signal.SIGTERM)
            wait_until(lambda: door.probe("/readyz") == 503, seconds=2)
            assert (door.probe("/livez"), door.probe("/startupz")) == (200, 200)
            late = httpx.post(f"http://{door.address()}/v1/messages", json=message("late"), timeout=10)
            assert (late.status_code, late.headers["connection"]) == (202, "close")
            assert finish() == 202
        assert door.process.wait(60) == 0
        assert DRAIN <= time.monotonic() - begun < DRAIN + GRACE
        _holds_traces_and_no_texts(door, told)


def test_an_idle_connection_is_used_again_and_keeps_no_end_waiting(settings: dict[str, str], tmp_path: Path) -> None:
    with started("serve", {**settings, "PLAINT_DRAIN_SECONDS": str(DRAIN)}, tmp_path) as door:
        wait_until(door.is_ready, seconds=60)
        idle, used = (http.client.HTTPConnection(door.address(), timeout=10) for _ in range(2))
        assert [_asked(one) for one in (idle, used)] == [(200, None), (200, None)]
        own = used.sock
        time.sleep(7)
        assert _asked(used) == (200, None)
        begun = time.monotonic()
        door.process.send_signal(signal.SIGTERM)
        wait_until(lambda: door.probe("/readyz") == 503, seconds=2)
        assert used.sock is own, "it is the same connection"
        assert _asked(used) == (200, "close")
        assert idle.sock.recv(1) == b""
        assert door.process.wait(60) == 0
        assert DRAIN <= time.monotonic() - begun < DRAIN + GRACE


def _asked(connection: http.client.HTTPConnection) -> tuple[int, str | None]:
    """Ask over this connection; return the status, and what is said of the connection."""
    connection.request("GET", "/livez")
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.getheader("Connection")


def _worked_on(address: str) -> dict[str, Any]:
    """Send what is right and what is wrong, with the word everywhere; return the answer to the first message."""
    with httpx.Client(base_url=f"http://{address}", headers={"Plaint-Person": CANARY}) as web:
        traced = {"traceparent": f"00-{TRACE}-{'2b' * 8}-01"}
        told: dict[str, Any] = web.post("/v1/messages", json=message("m"), headers=traced).json()
        web.post(f"/v1/complaints/{told['stream']}/add-note", json={"fields": {"body": CANARY}, "why": CANARY})
        web.post("/v1/messages", json={CANARY: CANARY})
        web.post("/v1/messages", content=f"From: {CANARY}", headers={"Content-Type": "message/rfc822"})
        web.get(f"/{CANARY}", params={"q": CANARY})
        web.get("/v1/cases", params={"q": CANARY, "cursor": CANARY})
    return told


def _holds_traces_and_no_texts(door: Door, told: dict[str, Any]) -> None:
    """The log names the trace and the case of what was changed, and nothing that a person wrote."""
    answered = [line for line in door.lines() if line["event"] == "request_answered"]
    assert (answered[0]["trace_id"], answered[0]["case"]) == (TRACE, told["stream"])
    assert len(answered) == 6
    assert all(re.fullmatch("[0-9a-f]{32}", line["trace_id"]) for line in answered)
    assert all(re.fullmatch("[0-9a-f]{16}", line["span_id"]) for line in answered)
    assert CANARY not in door.heard.read_text(encoding="utf-8")


def message(name: str) -> dict[str, Any]:
    return {"channel": "chat", "system": "s", "id": name, "text": f"It is broken, {CANARY}", "author": {"name": CANARY}}


@contextmanager
def begun_request(address: str, body: dict[str, Any]) -> Iterator[Any]:
    """Send half of a request; what is lent sends the rest and returns the answer's status."""
    octets = json.dumps(body).encode()
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = f"POST /v1/messages HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {len(octets)}\r\n\r\n".encode() + octets[:10])

        def finish() -> int:
            connection.sendall(octets[10:])
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status

        yield finish
