"""The client speaks to a real server process's door: what it sends has its effect once, what is said it tells."""

import ast
import inspect
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

import pytest
import uvicorn
from fastapi import FastAPI

from consumers.http import client as client_module
from consumers.http.app import Options
from consumers.http.app import build as application
from consumers.http.client import Client, Refused, Unreachable
from consumers.wiring import clock, views
from consumers.wiring.build import Installation
from consumers.wiring.health import Health
from consumers.wiring.platform import platform
from consumers.wiring.processes import http_options
from schemas.catalogue import COMMANDS
from schemas.channels.web_form import WebFormMessage
from schemas.complaint.assignment import Assign
from schemas.complaint.lifecycle import Close

FORM = {"channel": "web_form", "form": "site", "text": "The kettle leaks, I want a refund!"}


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of loopback; lends its address."""
    with closing(socket.socket()) as door:
        door.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def client(here: Installation) -> Iterator[Client]:
    built = application(
        here.service, here.store, here.views, clock=clock.now, new_id=clock.new_id, person_of=here.person_of,
        options=http_options(here, platform(here)),
    )  # fmt: skip
    with served(built) as address:
        yield Client(address, person="ann")


def opened(client: Client) -> UUID:
    told = client.send({**FORM, "id": str(uuid4())})
    assert told.opened
    assert told.stream is not None
    return told.stream


def test_a_file_is_added_once_and_fetched_as_it_was(client: Client) -> None:
    stream, photo = opened(client), bytes(range(256))
    first, again = (client.add_file(stream, photo, "image/png", "чек.png", key="f-1") for _ in "12")
    assert (first.already, again.already, again.file) == (False, True, first.file)
    assert first.file is not None
    assert client.file(stream, first.file) == photo
    (listed,) = client.ask(f"/v1/cases/{stream}/files", texts="true")["files"]
    assert (listed["file_name"], listed["size"]) == ("чек.png", 256)
    with pytest.raises(Refused) as refused:
        client.file(stream, UUID(int=0))
    assert refused.value.code == "no_such_file"


def test_a_message_and_a_command_have_their_effect_once(client: Client, here: Installation) -> None:
    message = WebFormMessage(channel="web_form", form="site", id="typed", text="The lamp broke, a refund please!")
    first, again = client.send(message), client.send(message)
    assert (first.opened, first.already) == (True, False)
    assert again == first.model_copy(update={"already": True})
    assert first.stream is not None
    done = client.give(first.stream, Assign(team="north"), why="She knows kettles.", key="k-1", version=first.version)
    assert client.give(first.stream, Assign(team="north"), why="She knows kettles.", key="k-1").already
    last = here.store.read.stream(first.stream)[-1]
    assert (last.version, last.envelope.actor) == (done.version, here.person_of("ann"))
    mail = client.send_mail(b"From: a@example.com\r\nMessage-ID: <c1@example.com>\r\n\r\nIt is broken, unacceptable!")
    assert mail.opened


def test_a_refusal_tells_code_facts_and_trace(client: Client) -> None:
    stream = opened(client)
    with pytest.raises(Refused) as refused:
        client.give(stream, Close())
    assert (refused.value.status, refused.value.code, refused.value.facts) == (
        409, "not_resolved", {"stage": "registration"},
    )  # fmt: skip
    assert refused.value.trace_id
    with pytest.raises(Refused, match="412 stale_version"):
        client.give(stream, Assign(team="north"), version=1)
    with pytest.raises(Refused) as invalid:
        client.send({"channel": "web_form", "text": 1})
    assert (invalid.value.code, bool(invalid.value.errors)) == ("invalid", True)


def test_a_refusal_says_which_field_is_wrong(client: Client) -> None:
    with pytest.raises(Refused, match=r"422 invalid: .*; query\.limit: Input should be greater than or equal to 1"):
        client.ask("/v1/cases", limit=0)


def test_commands_of_every_kind_of_stream_can_be_given(client: Client) -> None:
    by_kind = {name.partition(".")[0]: command for name, command in COMMANDS.items() if command.RIGHT == "handle"}
    by_kind["survey"] = COMMANDS["survey.decline"]
    for kind, command in by_kind.items():
        with pytest.raises(Refused) as refused:
            client.give(UUID(int=0), command.model_construct())
        assert refused.value.code in ("invalid", "unknown_complaint"), kind


@pytest.mark.parametrize("address", ["plaint.example", "127.0.0.1:8080", "ftp://x", "http://", "http://x/plaint", ""])
def test_what_is_no_address_of_a_door_is_refused_and_not_looked_for_elsewhere(address: str) -> None:
    with pytest.raises(ValueError, match="is no address of a door"):
        Client(address)


def test_questions_are_answered_as_data_and_lists_row_by_row(client: Client, here: Installation) -> None:
    streams = {str(opened(client)) for _ in range(3)}
    views.runner(here).catch_up()
    assert client.case(UUID(min(streams)))["case"] == min(streams)
    assert client.ask("/v1/funnel", at_least=1)["received"] >= 3
    listed = {row["id"] for row in client.rows("/v1/cases", kind="complaint", open=True)}
    assert streams <= listed
    with pytest.raises(Refused, match="404 no_such_case"):
        client.case(UUID(int=0))
    with pytest.raises(Refused, match="400 bad_cursor"):
        list(client.rows("/v1/cases", cursor="x"))


def test_what_is_asked_by_a_body_is_answered_as_data(client: Client) -> None:
    author = {"name": "Zoe", "contacts": [{"kind": "email", "value": "zoe@example.com"}]}
    stream = client.send({**FORM, "id": str(uuid4()), "author": author}).stream
    zoe = client.post("/v1/subjects/find", contact={"kind": "email", "value": "zoe@example.com"})["subject"]
    done = client.post(f"/v1/subjects/{zoe}/erase", reason="request", request_id="r-1", wait=0)
    assert (done["outcome"], done["streams"], done["already"]) == ("erased", [str(stream)], False)
    with pytest.raises(Refused) as refused:
        client.post("/v1/subjects/find", contact={"kind": "email", "value": "zoe@example.com"})
    assert (refused.value.status, refused.value.code) == (404, "not_found")


def test_a_follower_hears_what_comes(client: Client, here: Installation) -> None:
    before = here.store.read.head().position
    stream = opened(client)
    heard = list(islice(client.follow(before, case=stream), 3))
    assert [one.name for one in heard] == ["complaint.received", "complaint.registered", "complaint.sla_applied"]
    assert [one.position for one in heard] == [before + 1, before + 2, before + 3]
    assert {one.data["case"] for one in heard} == {str(stream)}
    with pytest.raises(Refused, match="409 beyond_the_log"):
        next(client.follow(10**9))


def test_streams_end_when_the_process_leaves(here: Installation) -> None:
    checks = Health()
    checks.opened(here.store)
    checks.begun()

    built = application(
        here.service, here.store, here.views, clock=clock.now, new_id=clock.new_id, person_of=here.person_of,
        options=Options(checks=checks),
    )  # fmt: skip
    with served(built) as address:
        threading.Timer(0.5, checks.leave).start()
        began = time.monotonic()
        assert list(Client(address).follow(here.store.read.head().position)) == []
        assert time.monotonic() - began < 5


def flaky(answers: list[tuple[int, dict[str, str]]]) -> tuple[FastAPI, list[Any]]:
    """Return a door that gives these answers, then its usual one, and the keys that it was sent."""
    from fastapi import Request
    from fastapi.responses import JSONResponse

    app, keys = FastAPI(), list[Any]()

    @app.post("/v1/complaints/{stream}/assign")
    async def assign(request: Request, stream: UUID) -> JSONResponse:
        keys.append(request.headers["Idempotency-Key"])
        if answers:
            status, headers = answers.pop(0)
            return JSONResponse({"code": "busy", "detail": "later"}, status, headers)
        return JSONResponse({"status": "done", "incarnation": str(UUID(int=1)), "stream": str(stream)})

    return app, keys


def test_what_is_not_possible_now_is_tried_again_under_the_same_key() -> None:
    waited: list[float] = []
    app, keys = flaky([(503, {"Retry-After": "7"}), (429, {})])
    with served(app) as address:
        told = Client(address, pause=waited.append).give(UUID(int=7), Assign(team="north"))
    assert told.stream == UUID(int=7)
    assert waited == [7.0, 1.0]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_who_does_not_answer_is_unreachable_after_a_bounded_number_of_tries() -> None:
    app, keys = flaky([(503, {})] * 9)
    with served(app) as address, pytest.raises(Unreachable, match="503 busy: later; tried 2 times"):
        Client(address, tries=2, pause=lambda _: None).give(UUID(int=7), Assign(team="north"))
    assert len(keys) == 2
    with pytest.raises(Unreachable, match="ConnectionRefusedError"):
        Client("http://127.0.0.1:1", pause=lambda _: None).ask("/livez")


def test_a_client_needs_the_words_and_nothing_else_of_ours() -> None:
    tree = ast.parse(inspect.getsource(client_module))
    named = {one.module for one in ast.walk(tree) if isinstance(one, ast.ImportFrom) and one.module}
    ours = {name for name in named if name.partition(".")[0] in {"consumers", "projections", "engine", "schemas"}}
    assert ours == {"schemas.complaint.base"}
