"""``plaint health``: what the probes of the process on this machine say, for a container's health check."""

import http.client
import json as codec
import socket
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import read_settings
from consumers.wiring.settings import Settings

_PATIENCE_SECONDS = 4.0
_EVERY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 # asked of itself, not listened on
_LARGEST = 100_000


def health(
    *,
    probe: Annotated[Literal["readyz", "livez", "startupz"], Parameter(help="Which probe.")] = "readyz",
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Ask the probe of the process that has these settings on this machine; 75 if it does not answer, or with no.

    It is asked at PLAINT_HEALTH_PORT where that is set, else where its HTTP door listens.
    """
    where, connection = _way_to(read_settings())
    ok, reason = _asked(connection, where, probe)
    if json:
        output.emit_json({"probe": probe, "ok": ok, "reason": reason})
    elif ok:
        output.say(f"{probe}: ok")
    if not ok:
        output.stop(output.TEMPORARY, f"{probe}: {reason}")
    return output.OK


def _way_to(chosen: Settings) -> tuple[str, http.client.HTTPConnection]:
    """Return where the probes are, in words, and a connection that is not opened yet."""
    if chosen.health_port is None and chosen.http_socket is not None:
        return str(chosen.http_socket), _ByPath(chosen.http_socket)
    host, port = chosen.http_host, chosen.http_port
    if chosen.health_port is not None:
        host, port = chosen.health_host, chosen.health_port
    host = _EVERY_ADDRESS.get(host, host)
    return f"{host} port {port}", http.client.HTTPConnection(host, port, timeout=_PATIENCE_SECONDS)


class _ByPath(http.client.HTTPConnection):
    """A connection to a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_PATIENCE_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_PATIENCE_SECONDS)
        self.sock.connect(str(self._path))


def _asked(connection: http.client.HTTPConnection, where: str, probe: str) -> tuple[bool, str | None]:
    """Return whether the probe says yes, and else why not."""
    try:
        connection.request("GET", f"/{probe}", headers={"Host": "localhost"})
        answer = connection.getresponse()
        said = answer.read(_LARGEST)
    except (OSError, http.client.HTTPException) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        return False, f"nobody answers at {where} ({reason})"
    finally:
        connection.close()
    return answer.status == http.client.OK, None if answer.status == http.client.OK else _reason(said, answer.status)


def _reason(said: bytes, status: int) -> str:
    try:
        body = codec.loads(said)
    except ValueError:
        body = None
    reason = body.get("reason") if isinstance(body, dict) else None
    return reason if isinstance(reason, str) else f"it answers with {status}"
