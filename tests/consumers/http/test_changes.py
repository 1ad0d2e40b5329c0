"""Who follows the log over HTTP misses nothing and sees nothing twice, wherever he was cut off."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from consumers.http.app import Options
from consumers.http.app import build as application
from consumers.wiring import build, clock
from consumers.wiring.build import Installation
from consumers.wiring.health import Health
from consumers.wiring.settings import from_environment
from support.web import Web

LINES = "application/x-ndjson"
EVENTS = "text/event-stream"
_IDS = count()


@dataclass
class Office:
    here: Installation
    web: Web
    leave: Callable[[], None]

    def opened(self) -> str:
        text = "It is broken, I want a refund!"
        message = {"channel": "chat", "system": "s", "id": f"change-{next(_IDS)}", "text": text}
        stream: str = self.web.post("/v1/messages", json=message).json()["stream"]
        return stream

    def head(self) -> int:
        return self.here.store.read.head().position

    def page(self, **asked: Any) -> dict[str, Any]:
        answer = self.web.get("/v1/changes", params=asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def another(here: Installation) -> Iterator[tuple[Web, Callable[[], None]]]:
    """Lend a door of an installation, and what tells it to leave."""
    checks = Health()
    checks.opened(here.store)
    checks.begun()
    built = application(
        here.service, here.store, here.views, clock=clock.now, new_id=clock.new_id, person_of=here.person_of,
        options=Options(checks=checks),
    )  # fmt: skip
    with Web(built) as web:
        yield web, checks.leave


@pytest.fixture
def office(settings: dict[str, str]) -> Iterator[Office]:
    with build.opened(from_environment(settings)) as here, another(here) as (web, leave):
        yield Office(here, web, leave)


def events(answer: Response) -> list[dict[str, str]]:
    """Return the events of a stream, each as its fields; the first one tells of the log."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{EVENTS}; charset=utf-8"), answer.text
    blocks = [block for block in answer.text.split("\n\n") if "event:" in block]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def test_pages_and_lines_go_through_the_whole_log_in_order(office: Office) -> None:
    office.opened()
    head = office.head()
    found, after = [], 0
    while True:
        page = office.page(after=after, limit=3)
        found += page["changes"]
        if page["next"] is None:
            break
        after = page["next"]
    assert [one["position"] for one in found] == list(range(1, head + 1))
    assert (page["position"], UUID(page["incarnation"])) == (head, office.here.store.read.head().incarnation)
    lines = office.web.get("/v1/changes", headers={"Accept": LINES})
    assert [json.loads(line) for line in lines.text.splitlines()] == found
    two = office.web.get("/v1/changes", params={"limit": 2, "after": 1}, headers={"Accept": LINES})
    assert [json.loads(line) for line in two.text.splitlines()] == found[1:3]


def test_changes_are_narrowed_to_a_case_and_to_an_event(office: Office) -> None:
    stream = office.opened()
    office.opened()
    names = [one["name"] for one in office.page(case=stream)["changes"]]
    assert names == ["complaint.received", "complaint.registered", "complaint.sla_applied"]
    (received,) = office.page(case=stream, name="complaint.received")["changes"]
    assert (received["case"], received["version"]) == (stream, 1)
    of_all = office.page(name="complaint.received", limit=1_000)["changes"]
    assert {one["name"] for one in of_all} == {"complaint.received"}
    assert received in of_all
    for wrong in ({"name": "nosuch"}, {"case": "x"}, {"limit": 0}, {"after": -1}, {"nosuch": 1}):
        assert office.web.get("/v1/changes", params=wrong).status_code == 422


def test_a_follower_hears_what_comes_and_goes_on_where_he_was_cut_off(office: Office) -> None:
    before = office.head()
    answers: list[Response] = []

    def follow(**headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answers.append(office.web.get("/v1/changes", headers={"Accept": EVENTS, **named}))

    follower = threading.Thread(target=follow, kwargs={"Last_Event_ID": str(before)})
    follower.start()
    stream = office.opened()
    threading.Timer(1.5, office.leave).start()
    follower.join(30)
    begun, *changes = events(answers[0])
    incarnation = str(office.here.store.read.head().incarnation)
    assert (begun["event"], json.loads(begun["data"])["incarnation"]) == ("log", incarnation)
    assert [int(one["id"]) for one in changes] == list(range(before + 1, office.head() + 1))
    assert [one["event"] for one in changes[:2]] == ["complaint.received", "complaint.registered"]
    assert {json.loads(one["data"])["case"] for one in changes} == {stream}
    with another(office.here) as (web, leave):
        threading.Timer(1.0, leave).start()
        answer = web.get("/v1/changes", headers={"Accept": EVENTS, "Last-Event-ID": changes[0]["id"]})
    assert events(answer)[1:] == changes[1:], "another process goes on"


def test_who_has_seen_more_than_the_log_holds_begins_anew(office: Office) -> None:
    beyond = str(office.head() + 1)
    for asked in ({"headers": {"Last-Event-ID": beyond}}, {"params": {"after": beyond}}):
        answer = office.web.get("/v1/changes", **asked)
        assert (answer.status_code, answer.json()["code"]) == (409, "beyond_the_log")
    for wrong in ("x", "-1", "1" * 30):
        assert office.web.get("/v1/changes", headers={"Last-Event-ID": wrong}).status_code == 422
