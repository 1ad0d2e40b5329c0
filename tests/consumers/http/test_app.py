"""The HTTP door over a real installation: what goes in, what comes out, and what every error looks like."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from consumers import intake
from consumers.http import limits
from consumers.wiring import build, views
from consumers.wiring.build import Installation
from consumers.wiring.settings import from_environment
from schemas.catalogue import COMMANDS
from support.web import Web, web

CANARY = "Secret-4711"
NOBODY = UUID(int=0)
PROBLEM = "application/problem+json"
REPLAYED = "Idempotency-Replayed"
ACCEPTED = [
    "status", "incarnation", "stream", "kind", "version", "position", "opened", "parked_until",
]  # fmt: skip


@dataclass(frozen=True)
class Office:
    """An installation and the way to ask it."""

    here: Installation
    web: Web

    def send(self, message: dict[str, Any], **more: Any) -> Response:
        return self.web.post("/v1/messages", json=message, **more)

    def mail(self, raw: bytes) -> Response:
        return self.web.post("/v1/messages", content=raw, headers={"Content-Type": "message/rfc822"})

    def opened(self, id: str, text: str = "The kettle is broken, I want a refund!", **more: Any) -> str:
        """Open a complaint; returns its stream."""
        answer = self.send(chat(id, text, **more)).json()
        assert answer["opened"], answer
        stream: str = answer["stream"]
        return stream

    def give(self, stream: str | UUID, command: str, fields: dict[str, Any], **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.web.post(f"/v1/complaints/{stream}/{command}", json={"fields": fields}, headers=named)

    def project(self) -> None:
        views.runner(self.here).catch_up()


def chat(id: str, text: str, **more: Any) -> dict[str, Any]:
    return {"channel": "chat", "system": "s", "id": id, "text": text, "author": {"name": "Ann Example"}, **more}


@pytest.fixture(scope="module")
def office(settings: dict[str, str]) -> Iterator[Office]:
    with build.opened(from_environment(settings)) as here, web(here) as asked:
        views.runner(here).catch_up()
        yield Office(here, asked)


def problem(answer: Response, status: int, code: str) -> dict[str, Any]:
    """Return the problem that an answer must be."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:plaint:problem:{code}")
    assert body["title"]
    assert body["detail"]
    return body


# --- messages -------------------------------------------------------------------------------


def test_a_message_is_taken_and_the_same_again_changes_nothing(office: Office) -> None:
    first, again = (office.send(chat("same", "It is broken, a refund please")) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    told = first.json()
    assert list(told) == ACCEPTED
    assert (told["status"], told["kind"], told["version"], told["opened"]) == ("done", "complaint", 3, True)
    assert (first.headers["ETag"], again.headers["ETag"]) == ('"3"', '"3"')
    assert again.content == first.content
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert UUID(told["incarnation"]) == office.here.store.read.head().incarnation


def test_a_message_in_a_cloudevent_is_the_same_message(office: Office) -> None:
    stream = office.opened("event")
    event = {"specversion": "1.0", "id": "1", "source": "crm", "type": "m"}
    wrapped = {**event, "data": chat("event", "The kettle is broken, I want a refund!")}
    for kind in ("application/json", "application/cloudevents+json; charset=utf-8"):
        answer = office.web.post("/v1/messages", content=json.dumps(wrapped), headers={"Content-Type": kind})
        assert (answer.json()["stream"], answer.headers[REPLAYED]) == (stream, "true")


def test_a_mail_and_its_answer_are_one_complaint(office: Office) -> None:
    first = office.mail(b"From: a@example.com\r\nMessage-ID: <h1@example.com>\r\n\r\nIt is broken, unacceptable!")
    second = office.mail(
        b"From: a@example.com\r\nMessage-ID: <h2@example.com>\r\nIn-Reply-To: <h1@example.com>\r\n\r\nWell?"
    )
    assert (first.json()["stream"], first.json()["opened"]) == (second.json()["stream"], True)
    assert (second.json()["opened"], second.json()["version"]) == (False, 4)


def test_an_answer_before_its_question_is_parked(office: Office) -> None:
    late = office.mail(
        b"From: b@example.com\r\nMessage-ID: <p2@example.com>\r\nIn-Reply-To: <p1@example.com>\r\n\r\nWell?"
    )
    assert late.status_code == 202
    assert (late.json()["status"], late.json()["stream"]) == ("parked", None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", late.json()["parked_until"])
    assert "ETag" not in late.headers
    again = office.mail(
        b"From: b@example.com\r\nMessage-ID: <p2@example.com>\r\nIn-Reply-To: <p1@example.com>\r\n\r\nWell?"
    )
    assert (again.status_code, again.content) == (202, late.content)
    assert (REPLAYED in late.headers, again.headers[REPLAYED]) == (False, "true")


def test_a_message_is_answered_the_same_again_after_all_that_was_written_since(office: Office) -> None:
    first = office.send(chat("twice", "It is broken, a refund please"))
    office.give(first.json()["stream"], "assign", {"team": "north"})
    again = office.send(chat("twice", "It is broken, a refund please"))
    assert (again.status_code, again.content, again.headers["ETag"]) == (202, first.content, first.headers["ETag"])


def test_thanks_are_feedback(office: Office) -> None:
    assert office.send(chat("thanks", "Thank you, all is wonderful!")).json()["kind"] == "feedback"


def test_content_of_another_kind_is_told_what_is_taken(office: Office) -> None:
    for headers in ({"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}, {}):
        answer = office.web.post("/v1/messages", content=b"{}", headers=headers)
        assert "message/rfc822" in problem(answer, 415, "media_type")["detail"]


def test_a_message_that_can_never_be_taken_names_place_and_fix(office: Office) -> None:
    told = problem(office.send({**chat("x", CANARY), "sent_at": CANARY}), 422, "invalid")
    assert told["errors"] == [{"path": "chat.sent_at", "reason": told["detail"]}]
    assert CANARY not in json.dumps(told)


def test_a_body_beyond_the_limit_is_turned_away_by_every_route(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BODY", 1_000)
    problem(office.send(chat("large", "x" * 1_000)), 413, "too_large")
    problem(office.give(NOBODY, "close", {"x": "x" * 1_000}), 413, "too_large")

    async def parts() -> AsyncIterator[bytes]:  # no size is said beforehand
        yield b'{"text": "'
        yield b"x" * 1_000

    streamed = office.web.post("/v1/messages", content=parts(), headers={"Content-Type": "application/json"})
    problem(streamed, 413, "too_large")
    assert office.send(chat("small", "It is broken!")).status_code == 202


# --- commands -------------------------------------------------------------------------------


def test_a_command_answers_with_the_version_as_its_entity_tag(office: Office) -> None:
    stream = office.opened("etag")
    done = office.give(stream, "assign", {"team": "north"}, Plaint_Person="Ann")
    assert (done.status_code, done.headers["ETag"], list(done.json())) == (200, '"4"', ACCEPTED)
    assert office.web.get(f"/v1/cases/{stream}").headers["ETag"] == '"4"'
    last = office.here.store.read.stream(UUID(stream))[-1]
    assert (last.envelope.actor, last.envelope.identity) == (office.here.person_of("Ann"), "local")


def test_a_command_for_another_version_is_refused(office: Office) -> None:
    stream = office.opened("match")
    assert office.give(stream, "assign", {"team": "north"}, If_Match='"3"').status_code == 200
    told = problem(office.give(stream, "assign", {"team": "south"}, If_Match='"3"'), 412, "stale_version")
    assert told["facts"] == {"expected": 3, "version": 4}
    for tag in ("x", '"3", "4"', "*", '""'):
        problem(office.give(stream, "assign", {"team": "south"}, If_Match=tag), 400, "if_match")


def test_a_command_with_the_same_key_has_its_effect_once(office: Office) -> None:
    stream = office.opened("key")
    give = [office.give(stream, "assign", {"team": "north"}, Idempotency_Key="k-1", If_Match='"3"') for _ in range(3)]
    assert [one.status_code for one in give] == [200, 200, 200]
    assert [one.headers.get(REPLAYED) for one in give] == [None, "true", "true"]
    assert {(one.content, one.headers["ETag"]) for one in give} == {(give[0].content, '"4"')}
    assert len(office.here.store.read.stream(UUID(stream))) == 4
    problem(office.give(stream, "assign", {"team": "south"}, Idempotency_Key="k-1"), 422, "command_reused")


def test_a_refusal_under_a_key_stays_a_refusal(office: Office) -> None:
    stream = office.opened("refusal")
    answers = [office.give(stream, "close", {}, Idempotency_Key="k-2") for _ in range(2)]
    assert [one.headers.get(REPLAYED) for one in answers] == [None, "true"]
    told = [problem(one, 409, "not_resolved") for one in answers]
    assert told[0].pop("trace_id") != told[1].pop("trace_id")
    assert told[0] == told[1]
    assert told[0]["facts"] == {"stage": "registration"}


def test_nobody_approves_what_he_proposed(office: Office) -> None:
    stream, remedy = office.opened("four-eyes"), str(UUID(int=9))
    amount = {"amount": {"amount": "900000.00", "currency": "RUB"}, "head": "price"}
    proposed = {"remedy_id": remedy, "form": "refund", "ground": "no_fault", **amount}
    assert office.give(stream, "propose-remedy", proposed, Plaint_Person="Ann").status_code == 200
    problem(office.give(stream, "approve-remedy", {"remedy_id": remedy}), 403, "right_missing")
    problem(office.give(stream, "approve-remedy", {"remedy_id": remedy}, Plaint_Person="ANN "), 403, "self_approval")
    assert office.give(stream, "approve-remedy", {"remedy_id": remedy}, Plaint_Person="Bob").status_code == 200


def test_a_person_may_not_say_when_it_happened_without_the_right(office: Office) -> None:
    stream = office.opened("dating")
    body = {"fields": {"team": "north"}, "occurred_at": "2026-01-01T00:00:00Z"}
    problem(office.web.post(f"/v1/complaints/{stream}/assign", json=body), 403, "back_dating")


def test_a_person_named_on_loopback_may_say_when_it_happened_and_no_name_is_nobody(office: Office) -> None:
    stream = office.opened("dating-by-name")
    body = {"fields": {"team": "north"}, "occurred_at": "2026-01-01T00:00:00Z"}
    for name, status in (("Ann", 200), (" ", 403)):
        answer = office.web.post(f"/v1/complaints/{stream}/assign", json=body, headers={"Plaint-Person": name})
        assert answer.status_code == status, answer.text


def test_a_command_for_what_is_not_there_is_404(office: Office) -> None:
    problem(office.give(NOBODY, "close", {}), 404, "unknown_complaint")


def test_a_command_that_does_not_fit_names_every_field(office: Office) -> None:
    stream = office.opened("fields")
    told = problem(office.give(stream, "assign", {"team": {"x": CANARY}, "reason": CANARY}), 422, "invalid")
    assert {error["path"] for error in told["errors"]} >= {"body.fields.team", "body.fields.reason"}
    post = f"/v1/complaints/{stream}/assign"
    problem(office.web.post(post, content=b"{"), 422, "invalid")
    problem(office.web.post(post, json={"team": "north"}), 422, "invalid")
    problem(office.web.post(post, json={"fields": {}, "why": "x" * 4_001}), 422, "invalid")
    problem(office.give("nosuch", "assign", {"team": "north"}), 422, "invalid")


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.RIGHT != "receive"])
def test_no_error_of_a_command_repeats_what_was_sent(office: Office, name: str) -> None:
    group, word = name.split(".")
    plural = {"complaint": "complaints", "problem": "problems", "survey": "surveys"}.get(group, group)
    path = f"/v1/{plural}/{NOBODY}/{word.replace('_', '-')}"
    for wrong in (CANARY, [CANARY], {CANARY: CANARY}, {"kind": CANARY, "amount": CANARY}, 4711.5):
        fields = dict.fromkeys(COMMANDS[name].model_fields, wrong)
        bodies: list[dict[str, Any]] = [{"fields": {CANARY: wrong}}, {"fields": wrong}, {CANARY: wrong}]
        if fields:  # a command without fields is wrong in none of them
            bodies.append({"fields": fields})
        for body in bodies:
            told = problem(office.web.post(path, json={**body, "occurred_at": wrong}), 422, "invalid")
            del told["trace_id"]
            assert "4711" not in json.dumps(told)


# --- questions ------------------------------------------------------------------------------


def test_a_question_waits_for_a_position_and_says_which_it_speaks_of(office: Office) -> None:
    stream = office.opened("at-least")
    position = office.give(stream, "assign", {"team": "waiting"}).json()["position"]
    office.project()
    found = office.web.get("/v1/cases", params={"team": "waiting", "at_least": position}).json()
    assert ([case["id"] for case in found["cases"]], found["position"]) == ([stream], position)


def test_a_position_that_does_not_come_is_503_with_a_time_to_come_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.here.views, "_patience", 0.1)
    head = office.here.store.read.head().position
    answer = office.web.get("/v1/funnel", params={"at_least": head + 1_000})
    problem(answer, 503, "not_yet")
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("path", ["/v1/cases", "/v1/funnel", "/v1/sla/timers", "/v1/trail"])
def test_every_question_refuses_what_it_does_not_know(office: Office, path: str) -> None:
    office.project()
    assert office.web.get(path).status_code == 200
    told = problem(office.web.get(path, params={"nosuch": CANARY}), 422, "invalid")
    assert told["errors"] == [{"path": "query.nosuch", "reason": "Extra inputs are not permitted"}]
    assert CANARY not in json.dumps(problem(office.web.get(path, params={"at_least": CANARY}), 422, "invalid"))


def test_a_case_is_read_by_number_and_id_with_texts_only_where_asked(office: Office) -> None:
    stream = office.opened("read", author={"name": CANARY})
    office.project()
    reads = len(office.here.store.access_log.of_stream(UUID(stream)))
    plain = office.web.get(f"/v1/cases/{stream}")
    number = plain.json()["state"]["registration"]["number"]
    assert office.web.get(f"/v1/cases/{number}").json() == plain.json()
    assert CANARY not in plain.text
    assert CANARY in office.web.get(f"/v1/cases/{number}", params={"texts": "true"}).text
    trail = office.web.get(f"/v1/cases/{stream}/trail")
    assert (trail.status_code, CANARY in trail.text) == (200, False)
    assert len(office.here.store.access_log.of_stream(UUID(stream))) == reads + 1


def test_a_case_as_it_was_or_was_not_yet(office: Office) -> None:
    stream = office.opened("as-of")
    version_3 = office.here.store.read.head().position
    office.give(stream, "assign", {"team": "north"})
    assert office.web.get(f"/v1/cases/{stream}", params={"position": version_3}).headers["ETag"] == '"3"'
    problem(office.web.get(f"/v1/cases/{stream}", params={"position": 1}), 404, "not_there_yet")
    both = {"position": 1, "recorded": "2026-01-01T00:00:00Z"}
    problem(office.web.get(f"/v1/cases/{stream}", params=both), 422, "invalid")


def test_what_is_not_there_is_a_problem_too(office: Office) -> None:
    problem(office.web.get("/v1/nosuch"), 404, "not_found")
    problem(office.web.get("/v1/cases/PL-AAAAA-AAAAA"), 404, "no_such_case")
    problem(office.web.get(f"/v1/cases/{NOBODY}"), 404, "no_such_case")
    problem(office.web.get("/cases/PL-AAAAA-AAAAA"), 404, "not_found")
    problem(office.web.get("/v1/cases", params={"cursor": "x"}), 400, "bad_cursor")
    answer = office.web.ask("DELETE", "/v1/cases")
    problem(answer, 405, "not_this_method")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_a_fault_of_ours_is_a_problem_that_tells_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(office.here.service, "submit", lambda *_: broken())
    told = problem(office.send(chat("fault", "It is broken!")), 500, "fault")
    assert CANARY not in json.dumps(told)


# --- who may ask ----------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "[::1]:8080", "[::1]"])
def test_loopback_is_served_by_its_names(office: Office, host: str) -> None:
    assert office.web.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "192.0.2.1",
        "[::2]",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/livez", "/v1/cases", "/", "/openapi.json", "/nosuch"])
def test_another_name_of_the_host_is_refused(office: Office, host: str, path: str) -> None:
    problem(office.web.get(path, headers={"Host": host}), 403, "host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
    ],
)
def test_a_page_of_another_site_cannot_send(office: Office, headers: dict[str, str]) -> None:
    problem(office.send(chat("cross", "It is broken!"), headers=headers), 403, "cross_site")
    problem(office.web.post(f"/v1/complaints/{NOBODY}/close", json={"fields": {}}, headers=headers), 403, "cross_site")


def test_a_page_of_our_own_can_send(office: Office) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8080"}
    assert office.send(chat("own", "It is broken!"), headers=headers).status_code == 202


def test_every_answer_says_what_it_is_and_may_not_be_framed(office: Office) -> None:
    for path in ("/", "/v1/cases", "/nosuch", "/openapi.json"):
        headers = office.web.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"


# --- the description ------------------------------------------------------------------------


def test_the_description_is_openapi_whose_references_all_lead_somewhere(office: Office) -> None:
    document = office.web.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    references = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])
    assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", name) for name in document["components"]["schemas"])
    operations = [one for path in document["paths"].values() for one in path.values()]
    ids = [one["operationId"] for one in operations]
    assert len(ids) == len(set(ids))
    assert [one["operationId"] for one in operations if not one.get("summary")] == []


QUESTIONS = {
    "/livez", "/startupz", "/readyz", "/metrics",
    "/v1/cases", "/v1/cases/{reference}", "/v1/cases/{reference}/trail", "/v1/funnel",
    "/v1/funnel/cases", "/v1/funnel/cohorts", "/v1/satisfaction", "/v1/satisfaction/negative", "/v1/causes",
    "/v1/causes/complaints", "/v1/remedies", "/v1/remedies/ledger", "/v1/remedies/watch", "/v1/workload", "/v1/rates",
    "/v1/cases/{reference}/remedies", "/v1/sla/timers", "/v1/trail", "/v1/cases/{reference}/steps",
    "/v1/cases/{reference}/diff", "/v1/cases/{reference}/rules",
    "/v1/cases/{reference}/articles",
    "/v1/problems", "/v1/problems/lessons", "/v1/problems/{problem}",
    "/v1/replies/quality", "/v1/replies/sample", "/v1/knowledge/usage", "/v1/campaigns", "/v1/campaigns/answers",
    "/v1/changes", "/v1/cases/{reference}/clocks", "/v1/sla/attainment", "/v1/calendars",
    "/v1/calendars/{calendar}/open", "/v1/calendars/{calendar}/due", "/v1/configuration",
    "/v1/configuration/{kind}/{id}", "/v1/report", "/v1/problems/{problem}/effect", "/v1/complaints/clusters",
    "/v1/cases/{reference}/similar", "/v1/dead-letters", "/v1/dead-letters/{letter}", "/v1/parked", "/v1/projections",
    "/v1/consumers", "/v1/access-log", "/v1/staff/{actor}", "/v1/cases/{reference}/files",
    "/v1/cases/{reference}/files/{file}", "/v1/subjects/{subject}",
}  # fmt: skip
ASKED_BY_BODY = {
    "messages_post_message", "cases_search", "sla_rejudge", "sla_what_if", "cases_reply_check", "platform_replay",
    "platform_discard", "platform_find", "platform_erase", "commands_add",
}  # fmt: skip
RECEIVED = [name for name, command in COMMANDS.items() if command.RIGHT == "receive"]


def test_every_question_and_every_command_is_described(office: Office) -> None:
    document = office.web.get("/openapi.json").json()
    described = {(method, path) for path, found in document["paths"].items() for method in found}
    assert {path for method, path in described if method == "get"} == QUESTIONS
    posts = {document["paths"][path]["post"]["operationId"] for method, path in described if method == "post"}
    commands = {name.replace(".", "_") for name in COMMANDS if name not in RECEIVED}
    assert posts - commands == ASKED_BY_BODY
    assert commands < posts
    assert RECEIVED == ["complaint.receive", "feedback.receive", "survey.enrol"]


def test_every_operation_describes_its_errors_as_problems_and_its_answer_by_a_schema(office: Office) -> None:
    document = office.web.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert list(operation["responses"]["default"]["content"]) == [PROBLEM], path
            assert "422" not in operation["responses"], path
            (good,) = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            assert good["content"], path
            assert all(one["schema"] for one in good["content"].values()), path


def test_what_comes_again_is_described(office: Office) -> None:
    document = office.web.get("/openapi.json").json()
    told = {
        operation["operationId"]: {
            status for status, one in operation["responses"].items() if REPLAYED in headers_of(one)
        }
        for operations in document["paths"].values()
        for operation in operations.values()
    }
    commands = {name.replace(".", "_") for name in COMMANDS if name not in RECEIVED}
    assert {name: statuses for name, statuses in told.items() if statuses} == {
        "messages_post_message": {"202", "default"},
        **{command: {"200", "default"} for command in {*commands, "commands_add"}},
    }
    assert "already" not in document["components"]["schemas"]["Accepted"]["properties"]


def headers_of(answer: dict[str, Any]) -> dict[str, Any]:
    headers: dict[str, Any] = answer.get("headers", {})
    return headers


def test_what_a_message_may_be_is_described(office: Office) -> None:
    document = office.web.get("/openapi.json").json()
    content = document["paths"]["/v1/messages"]["post"]["requestBody"]["content"]
    assert sorted(content) == ["application/cloudevents+json", "application/json", intake.MAIL]
    union = document["components"]["schemas"]["message.ChannelMessage"]
    assert len(union["oneOf"]) == 9


def test_a_case_is_searched_by_words_and_codes_and_sorted_by_what_is_due(office: Office) -> None:
    stream = office.opened("search", "The toaster of order AB-12/3 burns")
    office.project()
    for wanted in ({"search": "burning toasters"}, {"search": "toaster", "sort": "due"}):
        found = office.web.post("/v1/cases/search", json=wanted).json()
        assert [one["id"] for one in found["cases"]] == [stream]
    assert office.web.get("/v1/cases", params={"search": "toaster"}).status_code == 422, "no words in an address"
    due = [one["next_due"]["due_at"] for one in office.web.get("/v1/cases", params={"sort": "due"}).json()["cases"]]
    assert due == sorted(due)
    assert due


def test_what_changed_between_two_points_is_a_patch_and_words(office: Office) -> None:
    stream = office.opened("diff", "It is broken again!")
    office.give(stream, "prioritise", {"priority": "urgent"})
    answer = office.web.get(f"/v1/cases/{stream}/diff", params={"from": "v3"}).json()
    assert {"op": "replace", "path": "/classification/priority", "value": "urgent", "was": None} in answer["changes"]
    assert [one["words"] for one in answer["steps"]] == ["Priority set to urgent"]
    steps = office.web.get(f"/v1/cases/{stream}/steps").json()["steps"]
    assert [one["version"] for one in steps] == [1, 2, 3, 4]
    problem(office.web.get(f"/v1/cases/{stream}/diff", params={"from": "yesterday"}), 400, "bad_when")
    problem(office.web.get(f"/v1/cases/{NOBODY}/diff"), 404, "no_such_case")
    office.project()
    trail = office.web.get(f"/v1/cases/{stream}/trail", params={"changes": True}).json()["entries"]
    assert trail[-1]["changes"] == answer["changes"]


def test_why_rules_decided_is_told_and_noted_as_a_reading(office: Office) -> None:
    stream = office.opened("ruled", "To the director: it is broken!")
    office.project()
    found = office.web.get(f"/v1/cases/{stream}/rules").json()
    first = found["decisions"][0]
    assert (first["rule_set"], first["rule"]) == ("default", "registration.on-receipt")
    (routing,) = [one for one in found["concerns"] if one["concern"] == "routing"]
    assert (routing["recorded"], routing["given"]["team"]["value"]) == (False, "management")
    problem(office.web.get(f"/v1/cases/{NOBODY}/rules"), 404, "no_such_case")


def test_a_reply_is_judged_before_it_is_given_by_what_its_case_and_others_got(office: Office) -> None:
    stream = office.opened("asks", "My kettle leaks, I want a refund. When will the money come?")
    body = "Hello, sorry: a seal was wrong. We refund it, or send a new one. You should have asked. Thank you!"
    path = f"/v1/cases/{stream}/reply-check"
    found = office.web.post(path, json={"body": body, "language": "ru"}).json()
    blamed = next(one for one in found["findings"] if one["check"] == "blame")
    assert (found["passes"], blamed["severity"], body[blamed["start"] : blamed["end"]]) == (
        False, "block", blamed["words"],
    )  # fmt: skip
    assert blamed["advice"].startswith("Уберите упрёк")
    assert {one["words"] for one in found["findings"] if one["check"] == "question_unanswered"} == {
        "When will the money come?"
    }
    problem(office.web.post(path, json={"body": ""}), 422, "invalid")
    problem(office.web.post(f"/v1/cases/{NOBODY}/reply-check", json={"body": body}), 404, "no_such_case")


def test_the_articles_that_fit_a_case_are_suggested(office: Office) -> None:
    stream = office.opened("broken", "My kettle is broken and leaks, it is defective, I want a refund.")
    path = f"/v1/cases/{stream}/articles"
    [found] = office.web.get(path, params={"limit": 1}).json()["articles"]
    assert (found["article"], found["type"], found["language"]) == ("defective-goods", "product", "en")
    assert found["body"]
    problem(office.web.get(path, params={"limit": 0}), 422, "invalid")
    problem(office.web.get(f"/v1/cases/{NOBODY}/articles"), 404, "no_such_case")


def test_every_reading_is_noted_where_that_is_wanted(office: Office, settings: dict[str, str]) -> None:
    stream = office.opened("noted", "It is broken once more!")
    office.project()
    paths = [f"/v1/cases/{stream}{part}" for part in ("", "/trail", "/steps", "/diff")] + [f"/cases/{stream}"]
    with build.opened(from_environment({**settings, "PLAINT_ACCESS_LOG": "cases"})) as here, web(here) as watched:
        for asked, expected in ((office.web, 0), (watched, 5)):
            before = len(here.store.access_log.of_stream(UUID(stream)))
            assert [asked.get(path).status_code for path in paths] == [200] * 5
            noted = [one.access.what for one in here.store.access_log.of_stream(UUID(stream))[before:]]
            assert noted == ["case", "history", "history", "history", "page"][:expected]


# --- pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "word"), [("en", "Complaints"), ("ru", "Жалобы")])
def test_the_overview_shows_the_funnel_and_no_personal_text(office: Office, language: str, word: str) -> None:
    office.opened(f"page-{language}", f"<script>alert('{CANARY}')</script> is broken!", author={"name": CANARY})
    office.project()
    page = office.web.get("/", params={"language": language})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'<html lang="{language}">' in page.text
    assert word in page.text
    funnel = office.web.get("/v1/funnel").json()
    assert f"<b>{funnel['received']}</b>" in page.text
    assert CANARY not in page.text
    assert "<script" not in page.text
    for case in office.web.get("/v1/cases", params={"kind": "complaint", "limit": 12}).json()["cases"]:
        assert f'href="/cases/{case["number"]}?language={language}"' in page.text


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_of_a_case_tells_its_history_in_words_without_texts(office: Office, language: str) -> None:
    stream = office.opened(f"case-page-{language}", f"{CANARY} is broken!", author={"name": CANARY})
    office.give(stream, "add-note", {"note": CANARY}, Plaint_Person=CANARY)
    office.project()
    number = office.web.get(f"/v1/cases/{stream}").json()["state"]["registration"]["number"]
    for reference in (number, stream):
        page = office.web.get(f"/cases/{reference}", params={"language": language})
        assert page.status_code == 200
        assert CANARY not in page.text
        entries = office.web.get(f"/v1/cases/{stream}/trail", params={"language": language}).json()["entries"]
        assert len(entries) == 4
        for entry in entries:
            assert entry["words"].replace("'", "&#39;") in page.text


def test_the_page_of_cases_searches_and_sorts(office: Office) -> None:
    stream = office.opened("page-search", f"My {CANARY} samovar is broken!", author={"name": CANARY})
    office.project()
    number = office.web.get(f"/v1/cases/{stream}").json()["state"]["registration"]["number"]
    before = len(office.here.store.access_log.after(0, 10_000))
    for sort in ("opened", "due"):
        page = office.web.post("/cases", data={"search": "samovars", "sort": sort})
        assert page.text.count("<tr><td>") == 1
        assert f'href="/cases/{number}?language=en"' in page.text
        assert 'value="samovars"' in page.text
        assert CANARY not in page.text
    noted = [one.access for one in office.here.store.access_log.after(0, 10_000)[before:]]
    assert [(one.what, one.stream) for one in noted] == [("search", None)] * 2
    everything = office.web.post("/cases", data={"search": "", "language": "ru"})
    assert (everything.status_code, "Поиск" in everything.text) == (200, True)


def test_a_search_writes_back_no_markup(office: Office) -> None:
    page = office.web.post("/cases", data={"search": '"><script>alert(1)</script>'})
    assert page.status_code == 200
    assert "<script" not in page.text


@pytest.mark.parametrize("reference", ["'; DROP TABLE views.cases; --", "<b>x</b>", "..%2f..%2fetc", "x" * 5_000])
def test_no_reference_is_more_than_a_reference(office: Office, reference: str) -> None:
    for path in (f"/cases/{reference}", f"/v1/cases/{reference}"):
        answer = office.web.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM), path
        assert "<b>" not in answer.text.replace("no case <b>x</b>", "")
    assert office.web.get("/v1/cases").status_code == 200


def test_a_character_that_no_text_has_is_no_fault(office: Office) -> None:
    for path in ("/cases/%00", "/v1/cases/%00", "/v1/cases?team=%00", "/v1/sla/timers?team=a%00"):
        problem(office.web.get(path), 422, "invalid")


# --- probes ---------------------------------------------------------------------------------


def test_it_is_alive_and_ready(office: Office) -> None:
    for path in ("/livez", "/startupz", "/readyz"):
        assert office.web.get(path).json() == {"status": "ok", "reason": None}
