"""A connection to a database that can be cut in the moment of the commit."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

Cut = Literal["no", "before_commit", "after_commit"]


class Proxy:
    """Passes octets on; ``cut`` says what becomes of the next COMMIT, once; ``before_cut`` is called in that moment."""

    def __init__(self, conninfo: str) -> None:
        self._target = conninfo_to_dict(conninfo)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._accepted: list[socket.socket] = []
        self.cut: Cut = "no"
        self.cuts = 0
        self.refuse = False
        self.before_cut: Callable[[], object] = lambda: None
        port = self._listener.getsockname()[1]
        self.conninfo = make_conninfo(conninfo, host="127.0.0.1", hostaddr="127.0.0.1", port=port, sslmode="disable")
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for each in self._accepted:
            _end(each)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = None if self.refuse else self._reached()
            if server is None:
                client.close()
                continue
            self._accepted += [client, server]
            for work in (self._upstream, self._downstream):
                threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _reached(self) -> socket.socket | None:
        """Return a connection to the server, or None while it is down: who comes then is sent away."""
        try:
            return self._connect()
        except OSError:
            return None

    def _connect(self) -> socket.socket:
        host, port = str(self._target.get("host", "localhost")), int(self._target.get("port") or 5432)
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(Path(host, f".s.PGSQL.{port}")))
        return server

    def _upstream(self, client: socket.socket, server: socket.socket) -> None:
        while octets := _receive(client):
            if b"COMMIT\0" in octets and self.cut != "no":
                arrives, self.cut = self.cut == "after_commit", "no"
                self.cuts += 1
                self.before_cut()
                _end(client)
                if arrives:
                    _send(server, octets)
                    return  # the other direction reads the answer, and has nobody to give it to
                break
            if not _send(server, octets):
                break
        _end(server)

    def _downstream(self, client: socket.socket, server: socket.socket) -> None:
        while octets := _receive(server):
            if not _send(client, octets):
                break
        _end(client)
        _end(server)


@contextmanager
def proxy_to(conninfo: str) -> Iterator[Proxy]:
    proxy = Proxy(conninfo)
    try:
        yield proxy
    finally:
        proxy.close()


def _receive(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 20)
    except OSError:
        return b""


def _send(end: socket.socket, octets: bytes) -> bool:
    try:
        end.sendall(octets)
    except OSError:
        return False
    return True


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
