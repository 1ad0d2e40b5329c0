"""A wire that tests can break: delay, cut, black hole in one or both directions, and a cut in the moment of a word.

For PostgreSQL and Kafka alike: it knows octets alone. ``Wire.address`` is there before the target
is, so that a broker can be told to advertise it.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

Target = tuple[str, int] | Path
"""Host and port, or a Unix socket."""
Way = Literal["up", "down"]
"""From the client to the server, and back."""
_RESET = struct.pack("ii", 1, 0)
_LOOK_SECONDS = 0.02


@dataclass(slots=True)
class Snip:
    """The wire is cut when ``word`` passes on its way up; ``arrives`` says whether the server still gets it."""

    word: bytes
    arrives: bool


class Wire:
    """Listens on loopback and passes octets on to ``target``, as faithfully as it is told to."""

    def __init__(self, target: Target | None = None) -> None:
        self.target = target
        self.delay_seconds = 0.0
        self.jammed: frozenset[Way] = frozenset()
        """Directions in which nothing passes, while every connection stays."""
        self.refuses = False
        self.snip: Snip | None = None
        self.snips = 0
        self.on_snip: Callable[[], object] = lambda: None
        """Called in that moment, before the server gets the word."""
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def jam(self, *ways: Way) -> None:
        """Let nothing pass in these directions: a black hole."""
        self.jammed = frozenset(ways or ("up", "down"))

    def heal(self) -> None:
        """Be a good wire again."""
        self.delay_seconds, self.jammed, self.refuses, self.snip = 0.0, frozenset(), False, None

    def cut(self) -> None:
        """Reset every connection there is; new ones are taken."""
        with self._lock:
            ends, self._open = self._open, set()
        for each in ends:
            _reset(each)

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = None if self.refuses else self._connected()
            if server is None:
                _reset(client)
                continue
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._pass, args=(client, server, "up"), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, "down"), daemon=True).start()

    def _connected(self) -> socket.socket | None:
        try:
            if not isinstance(self.target, Path):
                server = socket.create_connection(self.target or ("127.0.0.1", 0), timeout=5)
                server.settimeout(None)
                return server
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.target))
        except OSError:
            return None
        return server

    def _pass(self, here: socket.socket, there: socket.socket, way: Way) -> None:
        while octets := _received(here):
            if way == "up" and self._snipped(octets, here, there):
                return
            if self.delay_seconds:
                time.sleep(self.delay_seconds)
            while way in self.jammed and here in self._open:
                time.sleep(_LOOK_SECONDS)
            if not _sent(there, octets):
                break
        self._end(here)
        self._end(there)

    def _snipped(self, octets: bytes, client: socket.socket, server: socket.socket) -> bool:
        snip = self.snip
        if snip is None or snip.word not in octets:
            return False
        self.snip = None
        self.snips += 1
        self.on_snip()
        self._end(client)
        if snip.arrives:
            _sent(server, octets)
        else:
            self._end(server)
        return True

    def _end(self, end: socket.socket) -> None:
        with self._lock:
            self._open.discard(end)
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def wire(target: Target | None = None) -> Iterator[Wire]:
    """Lend a wire."""
    made = Wire(target)
    try:
        yield made
    finally:
        made.close()


def target_of(conninfo: str) -> Target:
    """Return where a PostgreSQL address leads to."""
    given = conninfo_to_dict(conninfo)
    host, port = str(given.get("host") or "localhost"), int(given.get("port") or 5432)
    return Path(host, f".s.PGSQL.{port}") if host.startswith("/") else (host, port)


def through(conninfo: str, wire: Wire) -> str:
    """Return the same PostgreSQL address by way of a wire."""
    return make_conninfo(conninfo, host="127.0.0.1", hostaddr="127.0.0.1", port=wire.port, sslmode="disable")


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 16)
    except OSError:
        return b""


def _sent(end: socket.socket, octets: bytes) -> bool:
    try:
        end.sendall(octets)
    except OSError:
        return False
    return True


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
