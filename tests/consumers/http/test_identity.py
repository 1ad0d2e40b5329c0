"""Who asks is who proved it: spoofed headers are powerless, and what is done and read bears the prover's id."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, Final
from uuid import UUID

import pytest

from consumers.http.identity import Identified, Identity, caller
from consumers.http.mesh import Proof, service_id
from consumers.tokens import LEEWAY_SECONDS
from consumers.wiring import clock
from engine.erased import Erased
from engine.incoming import Circumstances, Sender, Spoiled
from engine.store.batch import Recorded
from engine.streams.staff import stream_of, subject_of
from projections.views.cases.rows import Cases
from schemas.envelope import KafkaSource, RequestSource
from schemas.streams.staff import StaffBound
from support.entrance import GATEWAY, SECRET, SHOP, WATCH, Entrance, entrance
from support.issuer import ISSUER, Issuer
from support.letters import letter
from support.web import web

SPOOFED: Final = "Hash=0;URI=spiffe://lab.local/ns/plaint/sa/admin"
CANARY: Final = "Secret-4711"
NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LETTER: Final = letter(2, value=b"{\x1b[31m\xff")
BODY: Final[dict[str, dict[str, Any]]] = {"POST": {"json": {}}}


@pytest.fixture(scope="module")
def door(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    place: Path = tmp_path_factory.mktemp("identity")
    with entrance(settings, place, PLAINT_TOKEN_UNITS_CLAIM="units") as lent:
        yield lent


def every(door: Entrance, name: str, *roles: str, **claims: Any) -> dict[str, str]:
    """A person whom his token confines to no unit but those that are there."""
    return door.as_person(name, *roles, **{"units": ["main", "west"], **claims})


def opened(door: Entrance, id: str, **more: str) -> str:
    body = {"channel": "chat", "system": "s", "id": id, "text": "The kettle is broken, I want a refund!"}
    answer = door.ask("POST", "/v1/messages", {**door.as_program(), **more}, json={**body, "author": {"name": CANARY}})
    assert answer.status_code == 202, answer.text
    stream: str = answer.json()["stream"]
    return stream


def give(
    door: Entrance, stream: str, command: str, fields: dict[str, Any], headers: dict[str, str], **more: Any
) -> Any:
    return door.ask("POST", f"/v1/complaints/{stream}/{command}", headers, json={"fields": fields, **more})


def last(door: Entrance, stream: str) -> Recorded:
    return door.here.store.read.stream(UUID(stream))[-1]


# --- the mesh -------------------------------------------------------------------------------


def test_a_workload_is_known_by_the_proxys_word(door: Entrance) -> None:
    stream = opened(door, "by-mesh")
    first = door.here.store.read.stream(UUID(stream))[0].envelope
    assert (first.actor, first.identity, first.on_behalf_of) == (service_id(GATEWAY), "workload", None)


@pytest.mark.parametrize("secret", ["", "guessed-wrong", "a-secret-of-the-prox"])
def test_without_the_proof_the_proxys_header_is_powerless(door: Entrance, secret: str) -> None:
    assert door.ask("GET", "/v1/cases", door.as_program(secret=secret)).status_code == 401


def test_what_a_caller_wrote_before_the_proxy_is_powerless(door: Entrance) -> None:
    for front in (f"{SPOOFED},", f'{SPOOFED};Subject="', 'Subject="\\,', f"{SPOOFED},{SPOOFED},"):
        before = front if front.endswith(",") else f"{front},"
        assert door.ask("GET", "/v1/cases", door.as_program(before=before)).status_code == 200
        other = door.as_program("spiffe://lab.local/ns/crm/sa/stranger", before=f"URI={GATEWAY},")
        assert door.ask("GET", "/v1/cases", other).status_code == 403


def test_a_workload_without_a_role_may_do_nothing(door: Entrance) -> None:
    answer = door.ask("GET", "/v1/cases", door.as_program("spiffe://lab.local/ns/lab/sa/stranger"))
    assert (answer.status_code, answer.json()["code"]) == (403, "right_missing")


def test_a_person_whom_a_workload_names_is_claimed_and_gives_no_right(door: Entrance) -> None:
    stream = opened(door, "claimed", **{"Plaint-Person": "Ann"})
    first = door.here.store.read.stream(UUID(stream))[0].envelope
    assert (first.actor, first.identity) == (service_id(GATEWAY), "claimed")
    assert first.on_behalf_of == door.here.person_of("Ann")
    named = {**door.as_program(), "Plaint-Person": "Ann"}
    assert give(door, stream, "approve-remedy", {"remedy_id": stream}, named).json()["code"] == "right_missing"


@pytest.mark.parametrize("name", ["X-User", "X-Jwt-Payload", "X-Forwarded-User", "L5d-Client-Id", "Plaint-Person"])
def test_headers_of_other_ways_prove_nothing(door: Entrance, name: str) -> None:
    assert door.ask("GET", "/v1/cases", {name: "admin"}).status_code == 401


def test_people_outside_are_told_apart_by_the_address_that_the_proxy_says(door: Entrance) -> None:
    asked: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        asked.append(caller(scope))

    async def nothing(*_: Any) -> Any:
        return None

    identified = Identified(app, Identity(Proof("secret", SECRET), None, str, lambda: NOW))
    for secret, forwarded in (
        (SECRET, "203.0.113.7"), (SECRET, "10.0.0.1, 203.0.113.8"), (SECRET, "<b>"), (SECRET, ""),
        ("guessed", "203.0.113.9"),
    ):  # fmt: skip
        headers = [(b"plaint-proxy-secret", secret.encode()), (b"x-forwarded-for", forwarded.encode())]
        scope = {"type": "http", "method": "GET", "path": "/p/x", "headers": headers, "client": ("127.0.0.1", 1)}
        asyncio.run(identified(scope, nothing, nothing))
    assert asked == ["203.0.113.7", "203.0.113.8", "127.0.0.1", "127.0.0.1", "127.0.0.1"]


# --- tokens ---------------------------------------------------------------------------------


def test_a_person_is_known_by_a_token_and_not_by_what_others_call_him(door: Entrance) -> None:
    stream = opened(door, "by-token")
    headers = {**door.as_program(), **every(door, "ann", "handler"), "Plaint-Person": "Bob"}
    assert give(door, stream, "assign", {"team": "north"}, headers).status_code == 200
    around = last(door, stream).envelope
    assert (around.actor, around.identity) == (door.here.person_of("ann", ISSUER), "token")
    assert around.on_behalf_of == door.here.person_of("Bob")
    assert door.here.person_of("ann", ISSUER) not in (door.here.person_of("ann"), door.here.person_of("ann", "other"))


def test_a_client_that_speaks_for_itself_is_no_person(door: Entrance) -> None:
    stream = opened(door, "client")
    headers = every(door, "crm", "handler", "lead", client_id="crm")
    assert give(door, stream, "assign", {"team": "north"}, headers).status_code == 200
    assert (last(door, stream).envelope.actor, last(door, stream).envelope.identity) == (
        service_id("client:crm"),
        "workload",
    )
    told = give(door, stream, "approve-remedy", {"remedy_id": stream}, headers).json()
    assert (told["code"], told["detail"].partition(";")[0]) == ("right_missing", "approve asks for a verified person")


def test_a_bad_token_is_not_made_up_for_by_a_good_proxy(door: Entrance) -> None:
    thief = Issuer().token(datetime.now(UTC), "ann", "lead")
    late = door.issuer.token(datetime.now(UTC) - timedelta(hours=1), "ann", "lead")
    for token, why in ((thief, "signature"), (late, "expired"), ("x", "malformed"), ("", "malformed")):
        answer = door.ask("GET", "/v1/cases", {**door.as_program(), "Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["why"]) == (401, why)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="plaint", error="invalid_token"'
        assert not token or token not in answer.text
    assert door.ask("GET", "/v1/cases", {**door.as_program(), "Authorization": "Basic eDp5"}).status_code == 401


def test_keys_rotate_without_a_restart(door: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.tokens.ASK_AGAIN_SECONDS", 0.0)
    door.issuer.rotate("second")
    door.publish()
    assert door.ask("GET", "/v1/cases", every(door, "ann", "handler")).status_code == 200


def test_two_persons_are_four_eyes_and_one_is_not(door: Entrance) -> None:
    stream, remedy = opened(door, "four-eyes"), str(UUID(int=9))
    amount = {"amount": {"amount": "900000.00", "currency": "RUB"}, "head": "price"}
    wish = {"remedy_id": remedy, "form": "refund", "ground": "no_fault", **amount}
    ann, bob = every(door, "ann", "lead"), every(door, "bob", "lead")
    assert give(door, stream, "propose-remedy", wish, ann).status_code == 200
    assert give(door, stream, "approve-remedy", {"remedy_id": remedy}, ann).json()["code"] == "self_approval"
    assert give(door, stream, "approve-remedy", {"remedy_id": remedy}, bob).status_code == 200


def test_saying_when_it_happened_is_a_right_of_its_own(door: Entrance) -> None:
    stream = opened(door, "dating")
    said = {"occurred_at": "2026-01-01T00:00:00Z"}
    assert give(door, stream, "assign", {"team": "north"}, every(door, "ann", "handler"), **said).status_code == 403
    assert give(door, stream, "assign", {"team": "north"}, every(door, "lea", "lead"), **said).status_code == 200
    assert last(door, stream).envelope.occurred_at == datetime(2026, 1, 1, tzinfo=UTC)


# --- business units -------------------------------------------------------------------------


def handed_to_west(door: Entrance, id: str) -> str:
    stream = opened(door, id)
    fields = {"team": "north", "business_unit": "west"}
    assert give(door, stream, "assign", fields, every(door, "ann", "handler")).status_code == 200
    door.project()
    return stream


def test_a_case_of_another_unit_is_neither_seen_nor_worked_on(door: Entrance) -> None:
    stream = handed_to_west(door, "west")
    mine, other = every(door, "wes", "handler", units=["west"]), every(door, "mia", "handler", units=["main"])
    number = door.ask("GET", f"/v1/cases/{stream}", mine).json()["state"]["registration"]["number"]
    for path in ("", "/steps", "/diff", "/rules", "/clocks", "/remedies", "?texts=true", "/steps?texts=true"):
        assert door.ask("GET", f"/v1/cases/{stream}{path}", mine).status_code == 200, path
        assert door.ask("GET", f"/v1/cases/{stream}{path}", other).status_code == 403, path
        assert door.ask("GET", f"/v1/cases/{number}{path}", other).status_code == 404, path
    assert give(door, stream, "assign", {"team": "south"}, other).json()["code"] == "right_missing"
    assert give(door, stream, "assign", {"team": "south"}, mine).status_code == 200


def test_who_names_a_case_of_another_unit_needs_his_right_there_too(door: Entrance) -> None:
    mine, theirs = handed_to_west(door, "naming"), opened(door, "named")
    west, both = (every(door, "wes", "handler", units=units) for units in (["west"], ["main", "west"]))
    for command, fields in (
        ("link", {"other": theirs, "kind": "merged"}),
        ("move-message", {"other": theirs, "message": theirs}),
        ("discontinue", {"reason": "duplicate", "of": theirs}),
        ("establish-cause", {"cause": "supplier", "responsibility": "company", "related": [mine, theirs]}),
    ):
        answer = give(door, mine, command, fields, west)
        assert (answer.status_code, answer.json()["code"]) == (403, "right_missing"), answer.text
    problem = clock.new_id()
    assert door.ask("POST", f"/v1/problems/{problem}/open", west, json={"fields": {"cause": "supplier"}}).is_success
    for who, status in ((west, 403), (both, 200)):
        asked = door.ask("POST", f"/v1/problems/{problem}/link", who, json={"fields": {"complaint": theirs}})
        assert asked.status_code == status, asked.text
    assert give(door, mine, "link", {"other": theirs, "kind": "similar"}, both).status_code == 200


def test_lists_hold_the_cases_of_the_askers_units(door: Entrance) -> None:
    here, there = handed_to_west(door, "listed"), opened(door, "listed-main")
    door.project()
    for units, seen in ((["west"], {here}), (["main"], {there}), (["main", "west"], {here, there}), ([], set())):
        who = every(door, "uma", "handler", units=units)
        answer = door.ask("GET", "/v1/cases?limit=500", who)
        if not units:
            assert answer.status_code == 403
            continue
        found = {one["id"] for one in answer.json()["cases"]}
        assert found & {here, there} == seen
        recorded = door.ask("GET", "/v1/changes?limit=1000", who).text  # each of the unit of its moment
        assert (here in recorded, there in recorded) == ("main" in units, "main" in units)


def test_lines_that_are_read_page_by_page_hold_them_too(door: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.api.stream.PAGE", 1)
    theirs = {handed_to_west(door, f"lines-{number}") for number in range(3)}
    other = opened(door, "lines-main")
    door.project()
    headers = {**every(door, "wes", "handler", units=["west"]), "Accept": "application/x-ndjson"}
    rows = [json.loads(line) for line in door.ask("GET", "/v1/cases", headers).text.splitlines()]
    assert theirs <= {row["id"] for row in rows}
    assert {row["business_unit"] for row in rows} == {"west"}
    assert other not in {row["id"] for row in rows}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/dead-letters"),
        ("GET", f"/v1/dead-letters/{LETTER.id}"),
        ("POST", f"/v1/dead-letters/{LETTER.id}/replay"),
        ("POST", f"/v1/dead-letters/{LETTER.id}/discard"),
        ("GET", "/v1/parked"),
    ],
)
def test_what_could_not_be_taken_belongs_to_no_unit_and_is_for_who_may_see_all(
    door: Entrance, method: str, path: str
) -> None:
    sender = Sender("kafka/complaints.inbound", "service:kafka", "workload")
    source = KafkaSource(cluster="c1", topic=LETTER.topic, partition=0, offset=LETTER.offset)
    around = Circumstances(sender, source, NOW)
    item = Spoiled(LETTER.id, LETTER.fingerprint, LETTER.reason, LETTER.to_octets(), around)
    door.here.service.submit([item], NOW)
    answer = door.ask(method, path, every(door, "pia", "platform", units=["west"]), **BODY.get(method, {}))
    assert (answer.status_code, answer.json()["code"]) == (403, "right_missing")
    assert door.here.store.set_aside.row(LETTER.id) is not None


def test_which_cases_a_view_leaves_out_is_told_to_who_may_see_all(door: Entrance) -> None:
    view, case = Cases(), clock.new_id()
    row = (view.name, view.version, view.copy, case, 1, 1, "ValueError at x.py:1")
    with door.here.pool.connection() as connection:
        connection.execute(
            "INSERT INTO views.stuck (view, version, copy, stream, position, events, reason)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            row,
        )
    try:
        confined = every(door, "pia", "platform", units=["west"])
        for who, told in ((confined, []), (door.as_program(WATCH), [str(case)])):
            found = door.ask("GET", "/v1/projections", who).json()
            assert [one["stream"] for one in found["left_out"]] == told
            assert [one["left_out"] for one in found["views"] if one["view"] == view.name] == [1]
    finally:
        with door.here.pool.connection() as connection:
            connection.execute("DELETE FROM views.stuck WHERE stream = %s", (case,))


def test_what_somebody_begins_is_of_a_unit_that_he_may_work_for(door: Entrance) -> None:
    for units, unit in ((["west"], "west"), (["main", "west"], "main"), (["east", "west"], "east")):
        problem = clock.new_id()
        who = every(door, "wes", "handler", units=units)
        for command, fields in (("open", {"cause": "supplier"}), ("close", {"mended": False})):
            asked = door.ask("POST", f"/v1/problems/{problem}/{command}", who, json={"fields": fields})
            assert asked.status_code == 200, asked.text
        assert last(door, str(problem)).envelope.business_unit == unit


def handed_in(door: Entrance, id: str, program: str, unit: str | None, **more: Any) -> Any:
    body = {"channel": "chat", "system": "s", "id": id, "text": "The kettle is broken, I want a refund!", **more}
    hints = {} if unit is None else {"hints": {"business_unit": unit}}
    return door.ask("POST", "/v1/messages", door.as_program(program), json={**body, **hints})


def test_a_message_is_of_a_unit_that_its_sender_may_hand_in_for(door: Entrance) -> None:
    for name, program, stated, unit in (
        ("shop-none", SHOP, None, "west"),
        ("shop-own", SHOP, "west", "west"),
        ("shop-text", SHOP, "nowhere known", "west"),
        ("gateway-none", GATEWAY, None, "main"),
        ("gateway-east", GATEWAY, "east", "east"),
    ):
        answer = handed_in(door, name, program, stated)
        assert answer.status_code == 202, answer.text
        assert last(door, answer.json()["stream"]).envelope.business_unit == unit, name


def test_who_names_a_unit_that_is_not_his_to_hand_in_for_is_refused_and_nothing_is_kept(door: Entrance) -> None:
    refused = handed_in(door, "shop-east", SHOP, "east")
    assert (refused.status_code, refused.json()["code"]) == (403, "right_missing")
    assert handed_in(door, "shop-east", GATEWAY, "east").json()["opened"]  # nobody had it before


def test_what_a_sender_of_one_unit_carries_to_a_case_of_another_joins_it(door: Entrance) -> None:
    stream = handed_in(door, "talk-east", GATEWAY, "east").json()["stream"]
    joined = handed_in(door, "talk-west", SHOP, None, in_reply_to="talk-east")
    assert (joined.status_code, joined.json()["stream"]) == (202, stream)


# --- answers without an end ----------------------------------------------------------------


def test_who_follows_the_log_hears_no_more_once_his_token_has_ended(
    door: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.api.changes._JUDGE_SECONDS", 0.2)
    ends = datetime.now(UTC) + timedelta(seconds=2)
    exp = int(ends.timestamp()) - LEEWAY_SECONDS
    headers = {**every(door, "fay", "handler", exp=exp), "Accept": "text/event-stream"}
    answer = door.ask("GET", "/v1/changes", headers)
    assert (answer.status_code, "event: log" in answer.text) == (200, True)
    assert door.ask("GET", "/v1/changes", headers).json()["why"] == "expired"


def test_one_caller_follows_the_log_so_often_and_keeps_no_other_out(
    door: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.api.changes._JUDGE_SECONDS", 0.2)
    monkeypatch.setattr("projections.api.changes.FOLLOWERS_OF_ONE", 2)
    exp = int((datetime.now(UTC) + timedelta(seconds=5)).timestamp()) - LEEWAY_SECONDS
    gus, hal = ({**every(door, name, "handler", exp=exp), "Accept": "text/event-stream"} for name in ("gus", "hal"))

    def follow(who: dict[str, str]) -> Any:
        return door.ask("GET", "/v1/changes", who)

    with ThreadPoolExecutor(9) as threads:  # all at once: none slips in while another is being let in
        answers = list(threads.map(follow, [gus] * 8 + [hal]))
    assert sorted(one.status_code for one in answers[:8]) == [200] * 2 + [429] * 6
    assert answers[8].status_code == 200
    refused = next(one for one in answers if one.status_code == 429)
    assert (refused.json()["code"], refused.headers["Retry-After"]) == ("too_many_requests", "5")
    later = int((datetime.now(UTC) + timedelta(seconds=2)).timestamp()) - LEEWAY_SECONDS
    again = {**every(door, "gus", "handler", exp=later), "Accept": "text/event-stream"}
    assert follow(again).status_code == 200, "who has ended his streams may follow again"


# --- who read what --------------------------------------------------------------------------


def test_a_reading_is_noted_with_who_read_and_so_is_one_that_was_refused(door: Entrance) -> None:
    stream = opened(door, "read")
    ann, eve = every(door, "ann", "handler"), every(door, "eve", "analyst")
    shown = door.ask("GET", f"/v1/cases/{stream}?texts=true", {**ann, "Plaint-Person": "Bob"})
    assert CANARY in shown.text
    refused = door.ask("GET", f"/v1/cases/{stream}?texts=true", eve)
    assert (refused.status_code, CANARY in refused.text) == (403, False)
    assert door.ask("GET", f"/v1/cases/{stream}", eve).status_code == 200
    noted = [one.access for one in door.here.store.access_log.of_stream(UUID(stream))]
    assert [(one.actor, one.refused, one.identity, one.on_behalf_of) for one in noted] == [
        (door.here.person_of("ann", ISSUER), False, "token", door.here.person_of("Bob")),
        (door.here.person_of("eve", ISSUER), True, "token", None),
    ]


def test_who_opens_a_dead_letter_or_looks_for_a_person_is_noted_with_on_whose_behalf(door: Entrance) -> None:
    whole = {"units": ["*"]}
    contact = {"contact": {"kind": "email", "value": "nobody@example.com"}}
    for who, method, path, body in (
        (every(door, "pia", "platform", **whole), "GET", f"/v1/dead-letters/{LETTER.id}", {}),
        (every(door, "pia", "privacy", **whole), "POST", "/v1/subjects/find", {"json": contact}),
    ):
        begun = len(door.here.store.access_log.after(0, 10_000))
        assert door.ask(method, path, {**who, "Plaint-Person": "Bob"}, **body).status_code in (200, 404)
        (noted,) = [one.access for one in door.here.store.access_log.after(0, 10_000)[begun:]]
        assert (noted.actor, noted.identity) == (door.here.person_of("pia", ISSUER), "token")
        assert (noted.on_behalf_of, noted.refused) == (door.here.person_of("Bob"), False)


# --- who an actor is ------------------------------------------------------------------------


def test_a_person_is_bound_when_he_first_comes_and_once(door: Entrance) -> None:
    actor = door.here.person_of("nina", ISSUER)
    assert door.here.store.read.stream(stream_of(actor)) == []
    for _ in range(2):
        door.ask("GET", "/v1/cases", every(door, "nina", "handler"))
    (one,) = door.here.store.read.stream(stream_of(actor), open=True)
    assert one.event == StaffBound(
        subject_id=subject_of(actor), actor=actor, issuer=ISSUER, subject="nina", name="nina of the desk"
    )
    assert (one.envelope.actor, one.envelope.identity) == (actor, "token")
    (sealed,) = door.here.store.read.stream(stream_of(actor))
    assert "nina" not in repr(sealed)


def test_nobody_waits_for_a_database_that_says_nothing_until_it_is_recorded_who_he_is(
    door: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Event()
    monkeypatch.setattr("consumers.http.identity._BIND_SECONDS", 0.2)
    monkeypatch.setattr(Identity, "record", lambda *_: answers.wait(30))
    try:
        assert door.ask("GET", "/v1/cases", every(door, "pat", "handler")).status_code == 200
        assert not answers.is_set()
    finally:
        answers.set()


def test_another_process_binds_nobody_twice(door: Entrance) -> None:
    actor = door.here.person_of("otto", ISSUER)
    with web(door.here) as other:
        for asked in (door.web, other):
            asked.get("/v1/cases", headers={"Host": "x", **every(door, "otto", "handler")})
    assert len(door.here.store.read.stream(stream_of(actor))) == 1


def test_who_an_actor_is_auditors_ask_and_are_noted(door: Entrance) -> None:
    actor = door.here.person_of("paul", ISSUER)
    door.ask("GET", "/v1/cases", every(door, "paul", "handler"))
    door.project()
    path = f"/v1/staff/{actor}"
    assert door.ask("GET", path, every(door, "ann", "lead")).status_code == 403
    found = door.ask("GET", path, every(door, "aud", "auditor")).json()
    assert (found["actor"], found["issuer"], found["subject"], found["name"]) == (
        actor, ISSUER, "paul", "paul of the desk",
    )  # fmt: skip
    of_west = door.ask("GET", path, every(door, "aud", "auditor", units=["west"]))
    assert of_west.json() == found  # who works for several units belongs to none
    noted = [one.access.actor for one in door.here.store.access_log.of_stream(stream_of(actor))]
    assert noted == [door.here.person_of("aud", ISSUER)] * 2
    absent = door.ask("GET", "/v1/staff/person:nobody", every(door, "aud", "auditor"))
    assert (absent.status_code, absent.json()["code"]) == (404, "no_such_person")


def test_a_program_is_bound_to_nobody(door: Entrance) -> None:
    head = door.here.store.read.head().position
    door.ask("GET", "/v1/cases", door.as_program())
    door.ask("GET", "/v1/cases", every(door, "crm2", "handler", client_id="crm2"))
    assert door.here.store.read.head().position == head


def test_a_person_of_staff_is_forgotten_like_everybody(door: Entrance) -> None:
    actor = door.here.person_of("rita", ISSUER)
    door.ask("GET", "/v1/cases", every(door, "rita", "handler"))
    around = Circumstances(
        Sender("test", "person:officer", "token", groups=frozenset({"privacy"})),
        RequestSource(request=UUID(int=1)),
        NOW,
    )
    erased = door.here.service.erase(subject_of(actor), "request", UUID(int=2), around, NOW)
    assert isinstance(erased, Erased)
    found = door.ask("GET", f"/v1/staff/{actor}", every(door, "aud", "auditor")).json()
    assert (found["actor"], found["issuer"], found["subject"], found["name"]) == (actor, None, None, None)
    assert door.ask("GET", "/v1/cases", every(door, "rita", "handler")).status_code == 200
