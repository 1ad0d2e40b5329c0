"""What is passed on is read alike by whoever judged it before; what is not is nothing of ours. Sent without a client.

Clients put a path in order before they send it, so dots would never arrive here by one.
"""

import asyncio
import posixpath
import re
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from consumers.http.paths import PlainPaths

PIECES = ["/", "//", ".", "..", "%2e", "%2E%2e", "%2f", "%2F", "%5c", "\\", "v1", "cases", "a.b", "...", ";", "%25"]


def asked(path: bytes, kind: str = "http") -> tuple[int, dict[str, Any]]:
    """Return status and problem; 204 is the answer of what stands behind."""
    told: list[Message] = []

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {"type": kind, "method": "GET", "path": unquote(path.decode()), "raw_path": path, "headers": []}
    asyncio.run(PlainPaths(behind)(scope, receive, send))
    return told[0]["status"], orjson.loads(told[1]["body"])


@pytest.mark.parametrize(
    "path",
    [
        b"//metrics", b"/v1//cases", b"/v1/../metrics", b"/v1/..", b"/v1/.", b"/./v1/cases", b"/v1/%2e%2E/metrics",
        b"/v1/.%2e/metrics", b"/v1/..%2fmetrics", b"/v1%2Fcases", b"/v1/..%5cmetrics", b"/v1/..\\metrics",
    ],
)  # fmt: skip
def test_a_path_that_could_be_read_in_two_ways_is_404(path: bytes) -> None:
    status, problem = asked(path)
    assert (status, problem["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", [b"/", b"/v1/cases", b"/v1/cases/", b"/v1/a.b", b"/v1/...", b"/v1/x..y", b"/v1/%20"])
def test_every_other_path_is_passed_on_as_it_is(path: bytes) -> None:
    assert asked(path) == (204, {})


@given(st.lists(st.sampled_from(PIECES)).map(lambda pieces: "/" + "".join(pieces)))
def test_what_is_passed_on_is_the_same_to_who_decodes_merges_or_resolves_it(path: str) -> None:
    if asked(path.encode())[0] == 404:
        return
    decoded = re.sub("%2f|%5c|\\\\", "/", re.sub("%2e", ".", path, flags=re.IGNORECASE), flags=re.IGNORECASE)
    assert decoded.count("/") == path.count("/")
    assert re.sub("/+", "/", decoded) == decoded
    assert posixpath.normpath(decoded) == (decoded.rstrip("/") or "/")
