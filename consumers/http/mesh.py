"""Which workload asks, by the word of the proxy beside us: its proof, and the last element of X-Forwarded-Client-Cert.

Sidecars append to that header, so all but its last element is whatever a caller wrote. It is read from its
end: what stands in front, quotes and all, cannot change what the last element says. It counts only where
the proxy proves itself; loopback alone proves nothing, since a port-forward arrives from there, too.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final, Literal

from starlette.datastructures import Headers
from starlette.types import Scope

HEADER: Final = "x-forwarded-client-cert"
SECRET_HEADER: Final = "plaint-proxy-secret"  # noqa: S105 -- its name
ProofBy = Literal["socket", "secret", "address"]

_PAIR: Final = re.compile(r'([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;]*))')
_SPIFFE: Final = re.compile(r"spiffe://[a-z0-9._-]{1,255}(?:/[A-Za-z0-9._-]+)+")
_NOT_IN_IDS: Final = re.compile(r"[^a-z0-9._-]+")
_LONGEST: Final = 2_048


@dataclass(frozen=True, slots=True)
class Proof:
    """How the proxy proves itself: it alone reaches our Unix socket, knows the secret, or has the source address."""

    by: ProofBy
    secret: str = ""
    addresses: frozenset[str] = frozenset()

    def holds(self, scope: Scope, headers: Headers) -> bool:
        """Whether this request came through the proxy."""
        client = scope.get("client")
        match self.by:
            case "socket":
                return client is None or not client[0]
            case "secret":
                given = headers.getlist(SECRET_HEADER)
                return len(given) == 1 and hmac.compare_digest(given[0].encode(), self.secret.encode())
            case "address":
                return client is not None and client[0] in self.addresses


def workload(headers: Headers) -> str | None:
    """Return the SPIFFE id of who called the proxy; None where its certificate names none, or several."""
    given = ",".join(headers.getlist(HEADER))
    pairs = _pairs(last_element(given)) if given else None
    found = [value for name, value in pairs or () if name.lower() == "uri"]
    return found[0] if len(found) == 1 and _is_spiffe(found[0]) else None


def last_element(header: str) -> str:
    """Return what the nearest proxy wrote: all behind the last comma that stands in no quotes."""
    quoted = False
    for at in range(len(header) - 1, -1, -1):
        if header[at] == '"' and not _escaped(header, at):
            quoted = not quoted
        elif header[at] == "," and not quoted:
            return header[at + 1 :]
    return header


def service_id(workload: str) -> str:
    """Return the actor that a workload is: its last two names for people, and what tells it from all others."""
    names = workload.lower().removeprefix("spiffe://").removeprefix("client:").split("/")[-3:]
    spoken = _NOT_IN_IDS.sub("-", ".".join(name for name in names if name not in ("ns", "sa"))).strip("._-")
    return f"service:{spoken[:50] or 'workload'}-{hashlib.sha256(workload.encode()).hexdigest()[:16]}"


def _escaped(text: str, at: int) -> bool:
    """Whether an odd number of backslashes stands in front."""
    before = text[:at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _pairs(element: str) -> list[tuple[str, str]] | None:
    """Return the pairs of an element; None where it has another form."""
    found, at = [], 0
    while True:
        pair = _PAIR.match(element, at)
        if pair is None:
            return None
        quoted, plain = pair[2], pair[3]
        found.append((pair[1], plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)))
        at = pair.end()
        if at == len(element):
            return found
        if element[at] != ";":
            return None
        at += 1


def _is_spiffe(text: str) -> bool:
    names = text.removeprefix("spiffe://").split("/")
    return len(text) <= _LONGEST and _SPIFFE.fullmatch(text) is not None and not {".", ".."} & set(names)
