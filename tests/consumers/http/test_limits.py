"""What is too large, too deep, too slow or too much is turned away with a problem, and the rest goes on."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from httpx import Response
from starlette.responses import StreamingResponse
from starlette.types import Message

from consumers.http import problems
from consumers.http.limits import MAX_BODY, WINDOW_SECONDS, Bounded, Limits, NotTooMany, peer
from support.consuming import wait_until
from support.web import Web

PROBLEM = "application/problem+json"


class Ticks:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def limited(limits: Limits, ticks: Callable[[], float] = lambda: 0.0) -> tuple[FastAPI, threading.Event]:
    """Return an application with a quick route, one that waits for an event, and one that takes a body."""
    app, event = FastAPI(), threading.Event()
    app.add_middleware(Bounded, seconds=limits.seconds)
    app.add_middleware(NotTooMany, limits=limits, caller=peer, ticks=ticks)
    problems.install(app)

    @app.get("/quick")
    def quick() -> str:
        return "done"

    @app.get("/livez")
    def livez() -> str:
        return "alive"

    @app.get("/waits")
    def waits() -> str:
        return "done" if event.wait(10) else "never"

    @app.post("/takes")
    def takes(value: dict[str, int]) -> int:
        return len(value)

    return app, event


def problem(answer: Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    assert answer.json()["code"] == code


def test_what_takes_too_long_is_told_so_and_may_be_asked_again() -> None:
    app, event = limited(Limits(seconds=0.2))
    threading.Timer(0.5, event.set).start()
    with Web(app) as web:
        answer = web.get("/waits")
        problem(answer, 503, "timeout")
        assert (answer.headers["Retry-After"], answer.headers["Connection"]) == ("1", "close")
        assert web.get("/waits").json() == "done"


def unread(announced: str) -> list[Message]:
    """Return what is answered where a body is said to have so many octets, and five of them come."""
    app, _ = limited(Limits(seconds=0.2))
    told: list[Message] = []
    came = iter([{"type": "http.request", "body": b'{"x":', "more_body": True}])

    async def receive() -> Message:
        for message in came:
            return message
        return await asyncio.Future[Message]()

    async def send(message: Message) -> None:
        told.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", announced.encode())]
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/takes", "raw_path": b"/takes", "query_string": b"",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http",
        "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return told


@pytest.mark.parametrize(
    ("announced", "status", "code"),
    [("9", 408, b"slow_body"), (str(MAX_BODY + 1), 413, b"too_large"), ("9" * 30, 413, b"too_large")],
)
def test_a_body_that_does_not_come_is_waited_for_no_longer_than_for_an_answer_and_one_too_large_not_at_all(
    announced: str, status: int, code: bytes
) -> None:
    start, body = unread(announced)
    assert (start["type"], start["status"], body["type"]) == ("http.response.start", status, "http.response.body")
    assert b'"code":"%s"' % code in body["body"]


@contextmanager
def listening(app: FastAPI) -> Iterator[int]:
    """Lend the port of a server."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started, seconds=10)
        yield int(door.getsockname()[1])
        server.should_exit = True
        thread.join(10)


def test_who_takes_nothing_of_an_answer_gives_his_place_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.http.limits.STALL_SECONDS", 0.5)
    app, _ = limited(Limits(at_once=1))

    @app.get("/endless")
    def endless() -> StreamingResponse:
        return StreamingResponse(repeat(b"x" * 65_536), media_type="application/x-ndjson")

    with listening(app) as port, socket.create_connection(("127.0.0.1", port)) as reader:
        quick = f"http://127.0.0.1:{port}/quick"
        reader.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: httpx.get(quick).status_code == 503, seconds=10)
        wait_until(lambda: httpx.get(quick).status_code == 200, seconds=10)


def test_a_caller_has_so_many_requests_in_a_window_and_is_told_how_many_are_left() -> None:
    ticks = Ticks()
    app, _ = limited(Limits(rate=2), ticks)
    with Web(app) as web:
        told = [web.get("/quick").headers["RateLimit"] for _ in range(2)]
        assert told == ['"caller";r=1;t=11', '"caller";r=0;t=11']
        ticks.seconds = 4.5
        answer = web.get("/quick")
        problem(answer, 429, "rate")
        assert (answer.headers["Retry-After"], answer.headers["RateLimit"]) == ("6", '"caller";r=0;t=6')
        assert answer.headers["RateLimit-Policy"] == f'"caller";q=2;w={WINDOW_SECONDS}'
        assert web.get("/livez").status_code == 200, "probes are never turned away"
        ticks.seconds = 10.0
        assert web.get("/quick").status_code == 200


def test_who_has_no_limit_is_told_of_none() -> None:
    app, _ = limited(Limits())
    with Web(app) as web:
        assert "RateLimit" not in web.get("/quick").headers


def test_more_than_can_be_in_hand_are_asked_to_come_back() -> None:
    app, event = limited(Limits(at_once=1))
    answers: list[Response] = []
    with Web(app) as web:
        waiting = threading.Thread(target=lambda: answers.append(web.get("/waits")))
        waiting.start()
        while not (refused := web.get("/quick")).is_server_error:
            pass
        problem(refused, 503, "busy")
        assert refused.headers["Retry-After"] == "1"
        assert web.get("/livez").status_code == 200
        event.set()
        waiting.join()
        assert answers[0].json() == "done"
        assert web.get("/quick").status_code == 200
