"""Questions that are asked over HTTP as on the command line: time, drafts, replies, the digest, what is in force."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from consumers.http.app import build as application
from consumers.wiring import clock, knowledge, views
from consumers.wiring.build import Installation
from support.web import Web

CANARY = "Secret-4711"
LINES = "application/x-ndjson"
DRAFT = """
kind: policy
id: urgent
version: 1
order: 50
calendar: desk
clocks:
  - {kind: first_reply, target: 30 working minutes}
"""


@pytest.fixture(scope="module")
def case(asked: Web, here: Installation) -> str:
    """A complaint that was handed to a team, beside five others."""
    streams = [opened(asked, f"question-{number}") for number in range(6)]
    give(asked, streams[0], "assign", {"team": "north"})
    views.runner(here).catch_up()
    return streams[0]


def opened(asked: Web, id: str) -> str:
    text = f"The kettle {CANARY} is broken, I want a refund!"
    message = {"channel": "chat", "system": "s", "id": id, "text": text, "author": {"name": CANARY}}
    stream: str = asked.post("/v1/messages", json=message).json()["stream"]
    return stream


def give(asked: Web, stream: str, command: str, fields: dict[str, Any]) -> Response:
    answer = asked.post(f"/v1/complaints/{stream}/{command}", json={"fields": fields})
    assert answer.status_code == 200, answer.text
    return answer


def found(answer: Response) -> Any:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
    return answer.json()


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- time -----------------------------------------------------------------------------------


def test_how_a_deadline_came_about_is_told_in_data_and_words(asked: Web, case: str) -> None:
    told = found(asked.get(f"/v1/cases/{case}/clocks", params={"language": "ru"}))
    clocks = {one["kind"]: one for one in told["clocks"]}
    assert {"first_reply", "resolution"} <= set(clocks)
    assert clocks["resolution"]["promised_by"][0]["policy"] == "default"
    assert any("default" in line for line in clocks["resolution"]["words"])
    assert found(asked.get(f"/v1/cases/{case}/clocks", params={"at": "2020-01-01T00:00:00Z"}))["clocks"] == []
    assert code(asked.get(f"/v1/cases/{UUID(int=0)}/clocks")) == (404, "no_such_case")


def test_another_policy_is_put_beside_the_one_that_was_promised(asked: Web, case: str) -> None:
    same = found(asked.post("/v1/sla/rejudge", json={"policy": "default", "cases": [case], "same": True}))
    assert (same["policy"], same["more"], same["totals"]["differ"]) == ("default", False, 0)
    assert {one["kind"] for one in same["clocks"]} >= {"resolution"}
    draft = {"draft": DRAFT, "cases": [case], "at": same["at"]}
    differs = found(asked.post("/v1/sla/rejudge", json=draft))
    assert (differs["at"], differs["totals"]["cases"]) == (same["at"], 1)
    lines = asked.post("/v1/sla/rejudge", json=draft, headers={"Accept": LINES})
    assert lines.headers["content-type"].startswith(LINES)
    assert [json.loads(line) for line in lines.text.splitlines()] == differs["clocks"]
    what_if = found(asked.post("/v1/sla/what-if", json={"draft": DRAFT}))
    assert (what_if["policy"], what_if["totals"]["cases"], what_if["totals"]["under_it"]) == ("urgent", 6, 6)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"policy": "nosuch"}, (404, "no_such_policy")),
        ({"policy": "default", "draft": DRAFT}, (422, "bad_draft")),
        ({}, (422, "bad_draft")),
        ({"draft": "kind: calendar"}, (422, "bad_draft")),
        ({"draft": "{{{"}, (422, "bad_draft")),
        ({"draft": "\u008d"}, (422, "bad_draft")),
        ({"draft": "[" * 50_000}, (422, "bad_draft")),
        ({"draft": "a: 2026-13-45"}, (422, "bad_draft")),
        ({"draft": "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]"}, (422, "bad_draft")),
        ({"draft": DRAFT.replace("desk", "nosuch")}, (422, "bad_draft")),
        ({"draft": DRAFT, "calendar": DRAFT}, (422, "bad_draft")),
        ({"policy": "default", "cases": ["x"]}, (422, "invalid")),
    ],
)
def test_a_draft_that_would_not_come_into_force_is_refused(
    asked: Web, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert code(asked.post("/v1/sla/rejudge", json=body)) == refusal


def test_promises_are_counted_by_kind_and_team(asked: Web, case: str) -> None:
    by_kind = found(asked.get("/v1/sla/attainment"))
    listed = found(asked.get("/v1/sla/timers", params={"state": "running", "limit": 500}))["clocks"]
    assert sum(one["open"] for one in by_kind["groups"]) == len(listed) > 0
    by_team = found(asked.get("/v1/sla/attainment", params={"per": "team", "kind": "resolution"}))
    assert {one["key"]: one["open"] for one in by_team["groups"]} == {"north": 1, None: 5}
    for day in ("0001-01-01", "9999-12-31"):
        found(asked.get("/v1/sla/attainment", params={"from": day, "to": day}))


def test_a_calendar_is_asked_when_something_is_due_and_whether_it_is_open(asked: Web) -> None:
    assert [one["id"] for one in found(asked.get("/v1/calendars"))] == ["always", "desk", "helpdesk", "us-eastern"]
    due = {"start": "2026-03-02T09:00:00+03:00", "target": "3 working days"}
    assert found(asked.get("/v1/calendars/desk/due", params=due))["due_at"] == "2026-03-05T15:00:00Z"
    at = {"at": "2026-03-02T10:00:00+03:00", "until": "2026-03-02T12:00:00+03:00"}
    told = found(asked.get("/v1/calendars/desk/open", params=at))
    assert (told["open"], told["open_seconds"]) == (True, 7_200)
    assert found(asked.get("/v1/calendars/desk/open", params={"at": "2026-03-01T10:00:00Z"}))["open"] is False
    assert code(asked.get("/v1/calendars/nosuch/due", params=due)) == (404, "no_such_calendar")
    for wrong in ({**due, "target": "soon"}, {**due, "start": "0001-01-01T00:00:00Z"}):
        assert code(asked.get("/v1/calendars/desk/due", params=wrong)) == (422, "bad_target")
    last = {"at": "9999-12-31T23:59:59Z"}
    assert code(asked.get("/v1/calendars/desk/open", params=last)) == (422, "bad_target")


# --- replies --------------------------------------------------------------------------------


def test_articles_that_fit_are_shown(here: Installation, case: str) -> None:
    from consumers.http.app import Options

    options = Options(articles=lambda: knowledge.articles(None))
    built = application(
        here.service, here.store, here.views, clock=clock.now, new_id=clock.new_id, person_of=here.person_of,
        options=options,
    )  # fmt: skip
    with Web(built) as asked:
        told = found(asked.get(f"/v1/cases/{case}/articles", params={"limit": 2}))
        assert len(told["articles"]) <= 2
        assert code(asked.get(f"/v1/cases/{case}/articles", params={"limit": 21})) == (422, "invalid")


# --- problems, the digest, what is in force ---------------------------------------------------


def test_complaints_that_say_the_same_are_one_group(asked: Web, case: str) -> None:
    (group,) = found(asked.get("/v1/complaints/clusters"))["clusters"]
    assert case in group["cases"]
    assert len(found(asked.get(f"/v1/cases/{case}/similar"))["found"]) == 5
    effect = found(asked.get(f"/v1/problems/{UUID(int=0)}/effect"))
    assert (effect["before"], effect["completed_on"]) == (0, None)


def test_the_digest_is_data_a_page_or_markdown(asked: Web, case: str) -> None:
    first, last = ((clock.now() + timedelta(days=days)).date().isoformat() for days in (-1, 1))
    days = {"from": first, "to": last, "language": "en"}
    told = found(asked.get("/v1/report", params=days))
    assert (told["now"]["volumes"]["received"], told["period"]) == (6, {"first": first, "last": last})
    for media, begins in (("text/html", "<!doctype html>"), ("text/markdown", "# ")):
        answer = asked.get("/v1/report", params=days, headers={"Accept": media})
        assert answer.headers["content-type"] == f"{media}; charset=utf-8"
        assert answer.text.lower().startswith(begins)
        assert CANARY not in answer.text
    assert code(asked.get("/v1/report", params={"from": first, "to": "2000-01-01"})) == (422, "invalid")


def test_what_is_in_force_is_shown_with_its_content_as_it_stands_in_the_log(asked: Web) -> None:
    listed = found(asked.get("/v1/configuration"))["configurations"]
    policy = next(one for one in listed if (one["kind"], one["id"]) == ("policy", "default"))
    whole = found(asked.get("/v1/configuration/policy/default"))
    assert {name: whole[name] for name in policy} == policy
    assert whole["content"]["id"] == "default"
    assert found(asked.get("/v1/configuration/policy/default", params={"version": policy["version"]})) == whole
    assert code(asked.get("/v1/configuration/policy/default", params={"version": 99})) == (404, "no_such_configuration")
    assert code(asked.get("/v1/configuration/nosuch/default")) == (422, "invalid")


# --- long lists and what comes ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("/v1/cases", "cases"),
        ("/v1/sla/timers", "clocks"),
        ("/v1/trail", "entries"),
        ("/v1/funnel/cases?total=received", "cases"),
        ("/v1/causes/complaints", "complaints"),
        ("/v1/remedies/ledger", "remedies"),
        ("/v1/satisfaction/negative", "ratings"),
    ],
)
def test_a_long_list_as_lines_is_the_pages_one_after_another(
    asked: Web, case: str, path: str, rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from projections.api import stream

    monkeypatch.setattr(stream, "PAGE", 2)
    joined = "&" if "?" in path else "?"
    whole = asked.get(f"{path}{joined}limit=500")
    assert whole.status_code == 200, whole.text
    lines = asked.get(path, headers={"Accept": LINES})
    assert lines.headers["content-type"].startswith(LINES)
    assert lines.headers["Plaint-Position"] == str(whole.json()["position"])
    steady = {"remaining_seconds", "elapsed_seconds", "paused_seconds"}
    shown, streamed = (
        [{name: value for name, value in one.items() if name not in steady} for one in every]
        for every in (whole.json()[rows], [json.loads(line) for line in lines.text.splitlines()])
    )
    assert streamed == shown
    assert len(asked.get(f"{path}{joined}limit=1", headers={"Accept": LINES}).text.splitlines()) <= 1


def test_an_error_before_the_first_line_is_a_problem(asked: Web) -> None:
    answer = asked.get("/v1/cases", params={"cursor": "x"}, headers={"Accept": f"{LINES}, application/problem+json"})
    assert code(answer) == (400, "bad_cursor")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_that_no_calendar_holds_is_told_to_be_so(asked: Web, case: str, at: str) -> None:
    day = at[:10]
    for path, wanted in (
        (f"/v1/cases/{case}/clocks", {"at": at}),
        ("/v1/calendars/desk/open", {"at": at}),
        ("/v1/calendars/desk/due", {"target": "3 working days", "start": at}),
    ):
        assert asked.get(path, params=wanted).status_code == 422, path
    for path in ("/v1/funnel", "/v1/funnel/cases", "/v1/funnel/cohorts"):
        for end in ("from", "to"):
            assert asked.get(path, params={end: day}).status_code in (200, 422), path
    for body in ({"draft": DRAFT, "at": at}, {"draft": DRAFT, "since": at}, {"draft": DRAFT, "until": at}):
        for path in ("/v1/sla/rejudge", "/v1/sla/what-if"):
            assert asked.post(path, json=body).status_code in (200, 422), path
    late = asked.post(f"/v1/complaints/{case}/assign", json={"fields": {"team": "north"}, "occurred_at": at})
    assert late.status_code in (403, 409), late.text
