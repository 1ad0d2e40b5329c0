"""Persons over HTTP: found by a contact, shown, erased; by whom, and what is told when it cannot be now."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from consumers.http.app import build as build_door
from consumers.wiring import build, clock, views
from consumers.wiring.build import Installation
from consumers.wiring.platform import platform
from consumers.wiring.processes import http_options
from consumers.wiring.settings import Settings
from support.entrance import Entrance, entrance
from support.web import Web, web

SECRET = "Kettle-4711"
PRIVACY = {"Plaint-Person": "priya"}
NOBODY = UUID(int=0)
ERASER = "spiffe://lab.local/ns/crm/sa/eraser"
ERASER_ROLE = f"""\
kind: roles
id: eraser
version: 1
title: {{en: Eraser, ru: Стирание}}
rights: [erase]
workloads: ["{ERASER}"]
"""
TWO = (("Ina Example", "ina@example.com"), ("Bob Other", "bob@example.com"))


@dataclass
class Office:
    here: Installation
    web: Web

    def opened(self, number: str, name: str) -> str:
        contacts = [{"kind": "email", "value": f"{name}@example.com"}]
        author = {"name": f"{name} Example", "contacts": contacts}
        message = {"channel": "web_form", "form": "site", "id": number, "author": author, "text": f"{SECRET} leaks!"}
        stream: str = self.web.post("/v1/messages", json=message).json()["stream"]
        return stream

    def found(self, contact: str, kind: str = "email") -> Response:
        return self.web.post("/v1/subjects/find", json={"contact": {"kind": kind, "value": contact}}, headers=PRIVACY)

    def person(self, number: str, name: str) -> tuple[str, str]:
        case = self.opened(number, name)
        return case, self.found(f"{name}@example.com").json()["subject"]

    def erase(self, subject: str | UUID, **said: Any) -> Response:
        body = {"reason": "request", "request_id": "r-1", **said}
        return self.web.post(f"/v1/subjects/{subject}/erase", json=body, headers=PRIVACY)

    def hold(self, case: str) -> None:
        fields = {"holder": "court-7", "reason": "litigation"}
        path = f"/v1/complaints/{case}/place-legal-hold"
        assert self.web.post(path, json={"fields": fields}, headers=PRIVACY).status_code == 200

    def noted(self) -> list[tuple[str | None, str, bool]]:
        log = self.here.store.access_log.after(0, 1_000)
        return [(one.access.reason, one.access.actor, one.access.refused) for one in log if one.access.reason]

    def project(self) -> None:
        views.runner(self.here).catch_up()


@pytest.fixture(scope="module")
def office(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    place = tmp_path_factory.mktemp("subjects")
    with build.opened(Settings.model_validate({"database": settings["PLAINT_DATABASE"], "data_dir": place})) as here:
        views.runner(here).catch_up()
        with web(here) as asked:
            yield Office(here, asked)


def test_a_person_is_found_shown_and_erased(office: Office) -> None:
    case, ann = office.person("m1", "ann")
    assert office.found(" ANN@example.com ").json() == {"subject": ann}
    shown = office.web.get(f"/v1/subjects/{ann}", headers=PRIVACY)
    assert shown.json() == {"subject": ann, "streams": [case], "held": [], "gone": [], "erasures": [], "others": []}

    behind = office.erase(ann, wait=0)

    assert (behind.status_code, behind.json()["passed"]) == (200, False)
    assert {one["what"] for one in behind.json()["unreached"]} == {"view", "backups", "published", "exports"}
    office.project()
    erased = office.erase(ann)
    told = erased.json()
    assert {**told, "unreached": []} == {**behind.json(), "already": True, "passed": True, "unreached": []}
    assert (told["outcome"], told["streams"], told["left_out"], told["reason"]) == ("erased", [case], [], "request")
    assert [one["what"] for one in told["unreached"]] == ["backups", "published", "exports"]
    shown_after = office.web.get(f"/v1/cases/{case}", params={"texts": True}).text
    assert (SECRET in shown_after, "erased" in shown_after) == (False, True)
    after = office.web.get(f"/v1/subjects/{ann}", headers=PRIVACY).json()
    assert (after["streams"], after["gone"]) == ([], [case])
    assert after["erasures"] == [
        {
            "position": told["position"],
            "recorded_at": told["recorded_at"],
            "subject": ann,
            "streams": [case],
            "left_out": [],
            "request_id": told["request_id"],
            "reason": "request",
        }
    ]
    assert code(office.found("ann@example.com")) == (404, "not_found")


def test_the_same_request_is_the_same_at_every_door(office: Office) -> None:
    _, uma = office.person("m2", "uma")
    given = "4b1b7a44-0f8a-4a2e-8f6e-0d2f6f6f0001"
    assert office.erase(uma, request_id=given, wait=0).json()["request_id"] == given
    _, udo = office.person("m3", "udo")
    one, two = (office.erase(udo, request_id="letter of 3 May", wait=0).json() for _ in range(2))
    assert (one["request_id"], one["already"], two["already"]) == (two["request_id"], False, True)
    recorded = office.here.store.read.stream(UUID(udo))
    assert [str(event.envelope.command_id) for event in recorded] == [one["request_id"]]
    assert [event.envelope.actor for event in recorded] == [office.here.person_of("priya")]
    assert "letter" not in json.dumps([event.event.model_dump(mode="json") for event in recorded])


def test_a_legal_hold_keeps_its_case_and_names_the_holder(office: Office) -> None:
    kept, eve = office.person("m4", "eve")
    office.hold(kept)
    held = office.web.get(f"/v1/subjects/{eve}", headers=PRIVACY).json()["held"]
    assert held == [{"stream": kept, "holders": ["court-7"]}]
    told = office.erase(eve, wait=0).json()
    assert (told["outcome"], told["streams"], told["left_out"]) == ("held", [], held)
    free, later = office.person("m5", "eve")
    assert later != eve
    office.hold(free)
    other = office.opened("m6", "eve")
    partly = office.erase(later, wait=0).json()
    assert (partly["outcome"], partly["streams"]) == ("partly_held", [other])
    assert partly["left_out"] == [{"stream": free, "holders": ["court-7"]}]


def test_texts_of_others_in_his_case_are_listed_and_left(office: Office) -> None:
    chat = {"channel": "chat", "system": "site", "thread": "t7"}
    authors = ({"name": name, "contacts": [{"kind": "email", "value": value}]} for name, value in TWO)
    texts = ("My kettle is broken, I want a refund.", "It is as ina@example.com says.")
    case, other = (
        office.web.post("/v1/messages", json={**chat, "id": f"c{at}", "author": author, "text": text}).json()["stream"]
        for at, (author, text) in enumerate(zip(authors, texts, strict=True))
    )
    assert other == case
    ina = office.found("ina@example.com").json()["subject"]
    shown, told = (
        next(one for one in answer.json()["others"] if one["name"] == "complaint.message_recorded.v1")
        for answer in (office.web.get(f"/v1/subjects/{ina}", headers=PRIVACY), office.erase(ina, wait=0))
    )
    assert told == {**shown, "names_him": True}
    assert (shown["stream"], shown["subject"]) == (case, office.found("bob@example.com").json()["subject"])


def test_the_end_of_the_backups_is_told_where_it_is_known(office: Office) -> None:
    _, rob = office.person("m8", "rob")
    lends = replace(platform(office.here), backup_days=30)
    built = build_door(
        office.here.service, office.here.store, office.here.views, clock=clock.now, new_id=clock.new_id,
        person_of=office.here.person_of, options=http_options(office.here, lends),
    )  # fmt: skip
    with Web(built) as asked:
        told = replace(office, web=asked).erase(rob, wait=0).json()
    (backups,) = (one for one in told["unreached"] if one["what"] == "backups")
    ends = datetime.fromisoformat(backups["until"]) - datetime.fromisoformat(told["recorded_at"])
    assert (ends, "unknown" in backups["note"]) == (timedelta(days=30), False)


def test_who_looked_is_noted_and_not_for_whom(office: Office) -> None:
    _, ugo = office.person("m9", "ugo")
    office.web.get(f"/v1/subjects/{ugo}", headers=PRIVACY)
    who = office.here.person_of("priya")
    assert office.noted()[-2:] == [("subject.find", who, False), ("subject.show", who, False)]
    assert all(one.access.stream is None and one.access.request is None for one in _last_two(office))


def _last_two(office: Office) -> Any:
    return office.here.store.access_log.after(0, 1_000)[-2:]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"reason": "request"}, (422, "invalid")),
        ({"reason": "hold_released", "request_id": "r"}, (422, "invalid")),
        ({"reason": "request", "request_id": ""}, (422, "invalid")),
        ({"reason": "request", "request_id": "r" * 201}, (422, "invalid")),
        ({"reason": "request", "request_id": "r", "wait": 21}, (422, "invalid")),
        ({"reason": "request", "request_id": "r", "wait": -1}, (422, "invalid")),
        ({"reason": "request", "request_id": "r", "sure": True}, (422, "invalid")),
        ({"reason": "request", "request_id": "r"}, (404, "unknown_subject")),
    ],
)
def test_what_cannot_be_is_refused(office: Office, body: dict[str, Any], refusal: tuple[int, str]) -> None:
    assert code(office.web.post(f"/v1/subjects/{NOBODY}/erase", json=body, headers=PRIVACY)) == refusal


def test_nobody_is_found_where_nobody_is(office: Office) -> None:
    assert code(office.web.get(f"/v1/subjects/{NOBODY}", headers=PRIVACY)) == (404, "not_found")
    assert code(office.found("nobody@example.com")) == (404, "not_found")
    answer = office.found(SECRET, kind="pigeon")
    assert code(answer) == (422, "invalid")
    assert SECRET not in answer.text


def test_only_a_person_erases(office: Office) -> None:
    _, mia = office.person("m10", "mia")
    body = {"reason": "request", "request_id": "r"}
    assert code(office.web.post(f"/v1/subjects/{mia}/erase", json=body)) == (403, "right_missing")
    assert office.web.get(f"/v1/subjects/{mia}", headers=PRIVACY).json()["gone"] == []


def test_a_ledger_that_cannot_be_written_is_told_without_its_place(office: Office) -> None:
    _, lea = office.person("m11", "lea")
    ledger = office.here.settings.ledger
    aside = ledger.with_suffix(".aside")
    if ledger.exists():
        ledger.rename(aside)
    ledger.mkdir()
    try:
        answer = office.erase(lea, wait=0)
    finally:
        ledger.rmdir()
        if aside.exists():
            aside.rename(ledger)
    assert code(answer) == (503, "ledger_unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert str(ledger.parent) not in answer.text
    assert office.erase(lea, wait=0).json()["outcome"] == "erased"


def test_who_is_being_worked_on_too_fast_is_erased_in_a_moment(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    _, ada = office.person("m15", "ada")
    with monkeypatch.context() as fast:
        fast.setattr("engine.erasing._TRIES", 0)
        answer = office.erase(ada, wait=0)
    assert (code(answer), answer.headers["Retry-After"]) == ((503, "contended"), "1")
    assert office.erase(ada, wait=0).json()["already"] is False


# --- where it is known who asks ---------------------------------------------------------------


@pytest.fixture(scope="module")
def door(office: Office, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    """Another process of the same installation."""
    shared = {
        "PLAINT_ERASURE_LEDGER": str(office.here.settings.ledger),
        "PLAINT_MASTER_KEY_FILE": str(office.here.settings.master_key),
    }
    place = tmp_path_factory.mktemp("guarded")
    (place / "roles").mkdir()
    (place / "roles" / "eraser.yaml").write_text(ERASER_ROLE, encoding="utf-8")
    with entrance(settings, place, PLAINT_TOKEN_UNITS_CLAIM="units", **shared) as lent:
        yield lent


def test_who_may_erase_in_some_business_units_erases_nobody(door: Entrance, office: Office) -> None:
    _, kai = office.person("m12", "kai")
    confined = door.as_person("wes", "privacy", units=["west"])
    contact = {"contact": {"kind": "email", "value": "kai@example.com"}}
    body = {"reason": "request", "request_id": "r"}
    answers = [
        door.ask("POST", "/v1/subjects/find", confined, json=contact),
        door.ask("GET", f"/v1/subjects/{kai}", confined),
        door.ask("POST", f"/v1/subjects/{kai}/erase", confined, json=body),
    ]
    assert [code(one) for one in answers] == [(403, "right_missing")] * 3
    tried = [(reason, refused) for reason, _, refused in office.noted()[-2:]]
    assert tried == [("subject.find", True), ("subject.show", True)]
    assert office.web.get(f"/v1/subjects/{kai}", headers=PRIVACY).json()["gone"] == []


def test_who_may_erase_in_all_of_them_does(door: Entrance, office: Office) -> None:
    case, ole = office.person("m14", "ole")
    body = {"reason": "request", "request_id": "r", "wait": 0}
    done = door.ask("POST", f"/v1/subjects/{ole}/erase", door.as_person("pia", "privacy", units=["*"]), json=body)
    assert (done.status_code, done.json().get("streams")) == (200, [case]), done.text


def test_a_program_erases_nobody_whatever_its_role(door: Entrance, office: Office) -> None:
    _, ivo = office.person("m13", "ivo")
    body = {"reason": "request", "request_id": "r"}
    assert code(door.ask("POST", f"/v1/subjects/{ivo}/erase", door.as_program(ERASER), json=body)) == (
        403, "right_missing"
    )  # fmt: skip


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
