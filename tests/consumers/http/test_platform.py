"""What whoever runs it asks over HTTP: dead letters and parked messages, how views and partitions stand, readings."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from httpx import Response

from consumers.wiring import build, views
from consumers.wiring.build import Installation
from consumers.wiring.settings import Settings
from engine.incoming import Circumstances, Sender, Spoiled
from schemas.envelope import KafkaSource
from schemas.published.dead_letter import DeadLetter, LeftOut
from support.letters import AT, letter
from support.web import Web, web

FORM = {"channel": "web_form", "form": "site", "id": "1", "text": "The kettle leaks!"}
GOOD = letter(1, key=None, value=orjson.dumps(FORM), error_class="internal", code="key_error", path="")
BAD = letter(2, value=b"{\x1b[31m\xff")
LARGE = letter(3, value=None, left_out=LeftOut(size=9, sha256="0" * 64), error_class="size", code="too_large", path="")


@dataclass(frozen=True)
class Office:
    here: Installation
    web: Web

    def get(self, path: str, **asked: Any) -> dict[str, Any]:
        answer = self.web.get(path, params=asked)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
        found: dict[str, Any] = answer.json()
        return found

    def again(self, id: UUID, what: str, **body: Any) -> Response:
        return self.web.post(f"/v1/dead-letters/{id}/{what}", json=body or None, headers={"Plaint-Person": "ann"})

    def noted(self) -> list[tuple[str | None, UUID | None, str]]:
        return [
            (one.access.reason, one.access.request, one.access.actor)
            for one in self.here.store.access_log.after(0, 100)
        ]


@pytest.fixture
def office(database: str, tmp_path: Path) -> Iterator[Office]:
    """An installation with three dead letters: one that is good now, one that never will be, one that is not here."""
    with build.opened(Settings.model_validate({"database": database, "data_dir": tmp_path})) as here:
        sender = Sender("kafka/complaints.inbound", "service:kafka", "workload")
        for what in (GOOD, BAD, LARGE):
            source = KafkaSource(cluster="c1", topic=what.topic, partition=0, offset=what.offset)
            item = Spoiled(what.id, what.fingerprint, what.reason, what.to_octets(), Circumstances(sender, source, AT))
            here.service.submit([item], AT)
        views.runner(here).catch_up()
        with web(here) as asked:
            yield Office(here, asked)


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_dead_letters_are_listed_by_pages_and_reason_without_being_opened(office: Office) -> None:
    first = office.get("/v1/dead-letters", limit=2)
    assert [one["id"] for one in first["dead_letters"]] == [str(GOOD.id), str(BAD.id)]
    assert first["dead_letters"][1] == {
        **first["dead_letters"][1],
        "class": "syntax", "code": "not_json", "path": "(column 2)", "source": "kafka:complaints.inbound/0/2",
    }  # fmt: skip
    last = office.get("/v1/dead-letters", limit=2, cursor=first["next"])
    assert ([one["id"] for one in last["dead_letters"]], last["next"]) == ([str(LARGE.id)], None)
    for asked, ids in (
        ({"class": "syntax"}, [BAD.id]),
        ({"class": "syntax", "code": "not_json"}, [BAD.id]),
        ({"code": "nosuch"}, []),
        ({"since": "2030-01-01T00:00:00Z"}, []),
    ):
        assert [one["id"] for one in office.get("/v1/dead-letters", **asked)["dead_letters"]] == list(map(str, ids))
    assert office.noted() == []


def test_one_is_shown_opened_and_the_access_log_keeps_who_did(office: Office) -> None:
    shown = office.web.get(f"/v1/dead-letters/{BAD.id}", headers={"Plaint-Person": "ann"}).json()
    assert DeadLetter.model_validate(shown["record"]) == BAD
    assert shown["unreadable"] is None
    ann = office.here.person_of("ann")
    assert office.noted() == [("dead_letters.show", BAD.id, ann)]
    assert code(office.web.get(f"/v1/dead-letters/{UUID(int=7)}")) == (404, "not_found")
    (first, second) = office.get("/v1/access-log")["readings"]
    assert (first["actor"], first["what"], first["reason"], first["refused"]) == (
        ann,
        "set_aside",
        "dead_letters.show",
        False,
    )
    assert office.get("/v1/access-log", after=first["position"])["readings"] == [second]
    assert office.get("/v1/access-log", limit=1)["next"] == first["position"]
    assert office.get("/v1/access-log", case=UUID(int=1))["readings"] == []


def test_one_that_does_not_open_is_shown_with_what_is_known_of_it(office: Office) -> None:
    with office.here.pool.connection() as connection:
        query = "UPDATE plaint.set_aside SET box = set_byte(box, 20, get_byte(box, 20) # 1) WHERE id = %s"
        connection.execute(query, (BAD.id,))
    shown = office.get(f"/v1/dead-letters/{BAD.id}")
    assert (shown["id"], shown["record"], shown["unreadable"]) == (str(BAD.id), None, "SealBroken")
    assert office.again(BAD.id, "replay", force=True).json()["status"] == "unreadable"


def test_one_is_tried_again_or_given_up(office: Office) -> None:
    done = office.again(GOOD.id, "replay", force=False).json()
    assert (done["status"], done["gone"]) == ("done", True)
    assert office.here.store.read.stream(UUID(done["reason"]))
    assert code(office.again(GOOD.id, "replay", force=False)) == (404, "not_found")
    failed = office.again(BAD.id, "replay", force=False).json()
    assert (failed["status"], failed["gone"]) == ("failed", False)
    assert office.again(LARGE.id, "replay", force=False).json()["status"] == "not_kept"
    assert office.again(BAD.id, "discard").json() == {"id": str(BAD.id), "discarded": True}
    assert code(office.again(BAD.id, "discard")) == (404, "not_found")
    assert office.noted() == [("dead_letters.discard:encoding/not_utf_8", BAD.id, office.here.person_of("ann"))]
    assert [one["id"] for one in office.get("/v1/dead-letters")["dead_letters"]] == [str(LARGE.id)]


def test_parked_messages_are_listed_without_being_opened(office: Office) -> None:
    reply = b"From: b@example.com\r\nMessage-ID: <p2@example.com>\r\nIn-Reply-To: <p1@example.com>\r\n\r\nWell?"
    told = office.web.post("/v1/messages", content=reply, headers={"Content-Type": "message/rfc822"}).json()
    (parked,) = office.get("/v1/parked")["parked"]
    assert (told["status"], parked["until"]) == ("parked", told["parked_until"])
    assert "example.com" not in orjson.dumps(parked).decode()


def test_views_tell_where_they_stand(office: Office) -> None:
    found = office.get("/v1/projections")
    head = office.here.store.read.head()
    assert (found["head"], UUID(found["incarnation"]), found["left_out"]) == (head.position, head.incarnation, [])
    cases = next(one for one in found["views"] if one["view"] == "cases" and one["read"])
    assert (cases["copy"], cases["position"], cases["lag_events"]) == (1, head.position, 0)


def test_without_a_cluster_there_are_no_consumers(office: Office) -> None:
    assert code(office.web.get("/v1/consumers")) == (404, "no_broker")


def test_a_cluster_that_does_not_answer_is_503(database: str, tmp_path: Path) -> None:
    nowhere = {"database": database, "data_dir": tmp_path, "kafka_servers": "127.0.0.1:1"}
    with build.opened(Settings.model_validate(nowhere)) as here, web(here) as asked:
        answer = asked.get("/v1/consumers")
        assert code(answer) == (503, "broker_unavailable")
        assert answer.headers["Retry-After"] == "5"
