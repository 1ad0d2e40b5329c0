"""Every way in which a request can be no request of ours is a problem with the trace that our log has of it."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from consumers.wiring.build import Installation
from support.web import Web

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NOBODY = UUID(int=0)


def problem(answer: Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    told: dict[str, Any] = answer.json()
    assert (told["status"], told["code"]) == (status, code)
    return told


def opened(asked: Web, id: str) -> str:
    message = {"channel": "chat", "system": "s", "id": id, "text": "It is broken, I want a refund!"}
    stream: str = asked.post("/v1/messages", json=message).json()["stream"]
    return stream


def test_a_problem_names_the_trace_that_it_came_with_or_one_of_its_own(asked: Web) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    assert problem(asked.get("/nosuch", headers=headers), 404, "not_found")["trace_id"] == TRACE
    first, second = (
        problem(asked.get("/nosuch", headers={"traceparent": "x"}), 404, "not_found")["trace_id"] for _ in range(2)
    )
    assert first != second
    assert {len(first), len(second)} == {32}


@pytest.mark.parametrize("path", ["/v1/cases", "/v1/funnel", "/v1/trail", f"/v1/cases/{NOBODY}"])
def test_who_takes_nothing_that_a_route_has_is_406(asked: Web, path: str) -> None:
    told = problem(asked.get(path, headers={"Accept": "text/html, application/json;q=0"}), 406, "not_acceptable")
    assert "application/json" in told["detail"]


@pytest.mark.parametrize("path", [f"/v1/complaints/{NOBODY}/close", "/v1/cases/search"])
def test_a_body_that_says_it_is_no_json_is_415(asked: Web, path: str) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "*/*"):
        told = problem(asked.post(path, content=b"{}", headers={"Content-Type": kind}), 415, "media_type")
        assert told["detail"] == "send application/json"


@pytest.mark.parametrize("depth", [40, 1_000, 50_000])
@pytest.mark.parametrize("path", [f"/v1/complaints/{NOBODY}/close", "/v1/cases/search", "/v1/messages"])
def test_a_body_that_is_nested_too_deeply_is_422(asked: Web, path: str, depth: int) -> None:
    body = b'{"fields":' + b"[" * depth + b"]" * depth + b"}"
    problem(asked.post(path, content=body, headers={"Content-Type": "application/json"}), 422, "invalid")


@pytest.mark.parametrize("body", [b"NaN", b'{"fields": {"x": Infinity}}', b"\xff", b'"\\ud800"', b"", b"null", b"[]"])
def test_what_is_no_json_object_is_422(asked: Web, body: bytes) -> None:
    for path in (f"/v1/complaints/{NOBODY}/close", "/v1/cases/search", "/v1/messages"):
        answer = asked.post(path, content=body, headers={"Content-Type": "application/json"})
        problem(answer, 422, "invalid")


@pytest.mark.parametrize(
    "path",
    [
        "//v1/cases", "/v1//cases", "/v1/cases/", "/v1/%2e/cases", "/v1/%2e%2e/livez", "/v1%2fcases", "/v1/cases%2f",
        "/V1/cases", "/v1/cases;x=1", "/%2e%2e/%2e%2e/etc/passwd", "/v1/cases%00", "/%ff", "/v1/%zz",
    ],
)  # fmt: skip
def test_a_path_is_one_of_ours_exactly_or_none(asked: Web, path: str) -> None:
    answer = asked.ask("GET", "http://127.0.0.1:8080" + path)
    problem(answer, 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"])
def test_another_method_is_405_and_says_which_are_there(asked: Web, method: str) -> None:
    answer = asked.ask(method, "/v1/funnel")
    problem(answer, 405, "not_this_method")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_who_takes_gzip_gets_a_long_answer_packed(asked: Web) -> None:
    plain = asked.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    packed = asked.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert ("content-encoding" in plain.headers, packed.headers["content-encoding"]) == (False, "gzip")
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.json() == plain.json()
    assert len(gzip.compress(plain.content)) < len(plain.content) / 5
    assert "content-encoding" not in asked.get("/livez", headers={"Accept-Encoding": "gzip"}).headers


def test_the_same_command_at_the_same_time_has_one_effect_and_equal_answers(asked: Web, here: Installation) -> None:
    stream = opened(asked, "at-once")
    before = len(here.store.read.stream(UUID(stream)))

    def give(_: int) -> Response:
        headers = {"Idempotency-Key": '"at-once"'}
        return asked.post(f"/v1/complaints/{stream}/assign", json={"fields": {"team": "north"}}, headers=headers)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(give, range(8)))
    assert [one.status_code for one in answers] == [200] * 8
    assert sorted(one.headers.get("Idempotency-Replayed", "") for one in answers) == [""] + ["true"] * 7
    assert len({(one.content, one.headers["ETag"]) for one in answers}) == 1
    assert len(here.store.read.stream(UUID(stream))) == before + 1


def test_two_commands_for_one_version_are_one_effect_and_one_412(asked: Web) -> None:
    stream = opened(asked, "one-version")
    tag = asked.get(f"/v1/cases/{stream}").headers["ETag"]
    answers = [
        asked.post(f"/v1/complaints/{stream}/assign", json={"fields": {"team": team}}, headers={"If-Match": tag})
        for team in ("north", "south")
    ]
    assert [one.status_code for one in answers] == [200, 412]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/v1/cases", "/"])
def test_head_is_answered_as_get_is_without_the_content(asked: Web, path: str) -> None:
    whole, headers = asked.get(path), asked.ask("HEAD", path)
    assert (headers.status_code, headers.content) == (200, b"")
    passing = {"ratelimit", "content-length"} if path == "/metrics" else {"ratelimit"}
    kept = [{name: one.headers[name] for name in one.headers if name not in passing} for one in (whole, headers)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("form", ["text/event-stream", "application/x-ndjson"])
def test_head_of_a_stream_ends_with_its_headers(asked: Web, form: str) -> None:
    opened(asked, f"head-{form}")
    answer = asked.ask("HEAD", "/v1/changes?after=0", headers={"Accept": form})
    assert (answer.status_code, answer.content, answer.headers["content-type"].partition(";")[0]) == (200, b"", form)


def test_head_where_nothing_can_be_read_is_the_problem_that_get_is(asked: Web) -> None:
    for path, status in (("/v1/messages", 405), ("/v1/nosuch", 404), (f"/v1/cases/{NOBODY}", 404)):
        answer = asked.ask("HEAD", path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_errors_say_what_there_is_instead(asked: Web) -> None:
    assert "/openapi.json" in problem(asked.get("/v1/nosuch"), 404, "not_found")["detail"]
    assert problem(asked.get("/v1/messages"), 405, "not_this_method")["detail"] == "this path takes POST"
    seen = problem(asked.get("/v1/changes", headers={"Last-Event-ID": "x"}), 422, "invalid")
    assert [one["path"] for one in seen["errors"]] == ["header.Last-Event-ID"]
    path, kind = f"/v1/complaints/{NOBODY}/close", {"Content-Type": "application/json"}
    broken = problem(asked.post(path, content=b'{"fields": {}', headers=kind), 422, "invalid")
    assert broken["errors"][0]["reason"].startswith("is no JSON from character ")


def test_who_asks_for_more_than_views_have_is_told_once_when_to_come_back(asked: Web) -> None:
    answer = asked.get("/v1/cases", params={"at_least": 10**9})
    detail = problem(answer, 503, "not_yet")["detail"]
    assert detail.endswith(f"ask again in {answer.headers['Retry-After']} s")
