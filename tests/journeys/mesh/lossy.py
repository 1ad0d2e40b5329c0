"""What stands between Envoy and a door, and loses an answer: the door has done its work, and nobody hears of it."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Literal

How = Literal["503", "cut"]
_PATIENCE_SECONDS: Final = 30.0
_OF_THIS_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


class Losses:
    """Which answers are lost, and what the door had said. For any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: How | None = None
        self.answers: list[tuple[int, str | None, bytes]] = []
        """Status, ETag and body of every answer to a POST, lost or not."""
        self.attempts: list[str | None] = []
        """What Envoy said of each: which try it is."""

    def lose(self, how: How) -> None:
        """Lose the next answer to a POST; what was kept of earlier ones is forgotten."""
        with self._lock:
            self._next, self.answers, self.attempts = how, [], []

    def take(self, status: int, tag: str | None, body: bytes, attempt: str | None) -> How | None:
        """Keep an answer, and tell whether it is lost."""
        with self._lock:
            self.answers.append((status, tag, body))
            self.attempts.append(attempt)
            how, self._next = self._next, None
            return how


@contextmanager
def lossy(port: int, losses: Losses) -> Iterator[int]:
    """Pass requests on to the door at ``port``; lends the port to send them to."""

    class Between(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            door = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
            door.request(self.command, self.path, sent, dict(self.headers.items()))
            answer = door.getresponse()
            body = answer.read()
            door.close()
            attempt = self.headers.get("x-envoy-attempt-count")
            how = None
            if self.command == "POST":
                how = losses.take(answer.status, answer.headers.get("ETag"), body, attempt)
            if how == "cut":
                self.close_connection = True
                return
            status, body = (503, b"") if how == "503" else (answer.status, body)
            self.send_response(status)
            for name, value in answer.headers.items():
                if name.lower() not in _OF_THIS_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _pass  # noqa: N815 # the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
