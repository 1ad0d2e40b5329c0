"""``plaint health`` against listeners of the test: where it asks, and what it makes of each answer."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from consumers.cli import output
from support.commandline import CommandLine

NOT_READY = b'{"status":"not_ready","reason":"it is shutting down"}'


class Probes(BaseHTTPRequestHandler):
    """A process that lives and is not ready."""

    def do_GET(self) -> None:
        ready = self.path == "/livez"
        body = b'{"status":"ok","reason":null}' if ready else NOT_READY if self.path == "/readyz" else b"<html>"
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        return "somebody"


class ByPath(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def port() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Probes)
    with serving(server):
        yield str(server.server_port)


def test_the_port_of_probes_is_asked_before_the_door_and_every_address_is_this_machine(port: str) -> None:
    line = CommandLine({"PLAINT_HEALTH_PORT": port, "PLAINT_HEALTH_HOST": "0.0.0.0", "PLAINT_HTTP_PORT": "9"})  # noqa: S104 # asked, not listened on
    assert line.ok("health", "--probe", "livez").err == "livez: ok\n"


def test_who_is_not_ready_says_why(port: str) -> None:
    told = CommandLine({"PLAINT_HTTP_PORT": port})("health", "--json")
    assert (told.code, told.err) == (output.TEMPORARY, "plaint: readyz: it is shutting down\n")
    assert json.loads(told.out) == {"probe": "readyz", "ok": False, "reason": "it is shutting down"}


def test_what_is_no_answer_of_ours_is_told_by_its_status(port: str) -> None:
    told = CommandLine({"PLAINT_HTTP_PORT": port})("health", "--probe", "startupz")
    assert (told.code, told.err) == (output.TEMPORARY, "plaint: startupz: it answers with 503\n")


def test_a_door_on_a_unix_socket_is_asked_there(tmp_path: Path) -> None:
    path = tmp_path / "door"
    line = CommandLine({"PLAINT_PROXY_PROOF": "socket", "PLAINT_HTTP_SOCKET": str(path)})
    with serving(ByPath(str(path), Probes)):
        assert line.ok("health", "--probe", "livez").err == "livez: ok\n"
    path.unlink()
    told = line("health")
    assert (told.code, told.err) == (
        output.TEMPORARY,
        f"plaint: readyz: nobody answers at {path} (No such file or directory)\n",
    )
