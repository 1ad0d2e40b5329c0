"""``plaint health``: what the probes of the process on this machine say, for a container's health check."""

import http.client
import json as codec
from typing import Annotated, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import read_settings

_PATIENCE_SECONDS = 4.0
_EVERY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 # asked of itself, not listened on
_LARGEST = 100_000


def health(
    *,
    probe: Annotated[Literal["readyz", "livez", "startupz"], Parameter(help="Which probe.")] = "readyz",
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """Ask the probe of the process that has these settings on this machine; 75 if it does not answer, or with no."""
    chosen = read_settings()
    apart = chosen.health_port is not None
    host, port = (chosen.health_host, chosen.health_port) if apart else (chosen.http_host, chosen.http_port)
    ok, reason = _asked(_EVERY_ADDRESS.get(host, host), port or 0, probe)
    if json:
        output.emit_json({"probe": probe, "ok": ok, "reason": reason})
    elif ok:
        output.say(f"{probe}: ok")
    if not ok:
        output.stop(output.TEMPORARY, f"{probe}: {reason}")
    return output.OK


def _asked(host: str, port: int, probe: str) -> tuple[bool, str | None]:
    """Return whether the probe says yes, and else why not."""
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", f"/{probe}", headers={"Host": "localhost"})
        answer = connection.getresponse()
        said = answer.read(_LARGEST)
    except (OSError, http.client.HTTPException) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        return False, f"nobody answers at {host} port {port} ({reason})"
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
