import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from httpx import ASGITransport, AsyncClient, Response

from engine.store.database.pool import Pool
from projections.api.desk import STATUS, Desk
from projections.api.router import router
from projections.replay.texts import TextLog
from support.histories import APPLIED, FEEDBACK, RECEIVED, SECRET, START, Writer, registered, uid
from support.views import asking, build

CASE = uid("case")


class Client:
    """Asks the application in this process."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = ASGITransport(app)

    def get(self, path: str, params: Any = None, headers: dict[str, str] | None = None) -> Response:
        return asyncio.run(self._get(path, params, headers))

    async def _get(self, path: str, params: Any, headers: dict[str, str] | None) -> Response:
        async with AsyncClient(transport=self._transport, base_url="http://plaint") as client:
            return await client.get(path, params=params, headers=headers)


@pytest.fixture
def client(pool: Pool) -> Client:
    writer = Writer().configured().add("case", RECEIVED, APPLIED, registered()).add("thanks", FEEDBACK)
    build(pool, writer.log())

    def opener(request: Request, case: UUID) -> TextLog | None:
        """Only who names himself may see texts."""
        return writer.log() if case == CASE and "x-person" in request.headers else None

    app = FastAPI()
    app.include_router(router(Desk(asking(pool), writer.log(), lambda: START, opener)))
    for error, status in STATUS.items():
        app.add_exception_handler(error, _refusing(status))
    return Client(app)


def _refusing(status: int) -> Callable[[Request, Exception], JSONResponse]:
    return lambda _, error: JSONResponse({"detail": str(error)}, status)


def test_cases_are_listed_by_what_is_asked(client: Client) -> None:
    found = client.get("/v1/cases", params={"kind": "complaint", "at_least": 6}).json()
    assert [(one["id"], one["number"], one["next_due"]) for one in found["cases"]] == [
        (str(CASE), "PL-00000-00001", {"kind": "first_reply", "due_at": "2026-03-02T10:00:00Z"})
    ]
    assert (found["position"], found["as_of"]) == (6, "2026-03-02T09:00:06Z")


def test_the_funnel_takes_days_by_their_plain_names(client: Client) -> None:
    found = client.get("/v1/funnel", params={"from": "2026-03-02", "to": "2026-03-02"}).json()
    assert (found["received"], found["feedback"]["received"]) == (1, 1)
    assert client.get("/v1/funnel", params={"from": "2026-03-03"}).json()["received"] == 0


def test_timers_are_judged_at_the_present(client: Client) -> None:
    found = client.get("/v1/sla/timers", params={"kind": "first_reply"}).json()
    assert [(one["state"], one["remaining_seconds"]) for one in found["clocks"]] == [("running", 3600)]
    assert found["at"] == "2026-03-02T09:00:00Z"


@pytest.mark.parametrize("reference", [str(CASE), "PL-00000-00001", "pl-00000-00001"])
def test_a_case_is_shown_by_id_and_by_number(client: Client, reference: str) -> None:
    answer = client.get(f"/v1/cases/{reference}")
    assert (answer.status_code, answer.headers["etag"]) == (200, '"3"')
    assert answer.json()["state"]["registration"]["number"] == "PL-00000-00001"
    assert SECRET not in answer.text


def test_a_case_is_shown_as_of_a_position(client: Client) -> None:
    found = client.get(f"/v1/cases/{CASE}", params={"position": 3}).json()
    assert (found["version"], found["not_covered"]) == (1, 2)


def test_the_trail_of_a_case_speaks_both_languages(client: Client) -> None:
    spoken = [
        [one["words"] for one in client.get(f"/v1/cases/{CASE}/trail", params={"language": language}).json()["entries"]]
        for language in ("en", "ru")
    ]
    assert [words[0] for words in spoken] == [
        "A complaint arrived by e-mail",
        "Поступила жалоба, канал: электронная почта",
    ]


@pytest.mark.parametrize("path", [f"/v1/cases/{CASE}", f"/v1/cases/{CASE}/trail"])
def test_texts_are_for_who_may_see_them(client: Client, path: str) -> None:
    refused = client.get(path, params={"texts": True})
    shown = client.get(path, params={"texts": True}, headers={"x-person": "anna"})
    assert (refused.status_code, shown.status_code) == (403, 200)
    assert SECRET not in refused.text
    assert SECRET in shown.text


def test_the_open_trail_shows_no_texts(client: Client) -> None:
    found = client.get("/v1/trail", params={"name": "feedback.received"})
    assert [one["words"] for one in found.json()["entries"]] == ["Feedback arrived by review site: thanks"]
    assert SECRET not in found.text


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/v1/cases", {"at_least": "99"}, 503),
        ("/v1/cases", {"cursor": "nonsense"}, 400),
        ("/v1/cases", {"colour": "red"}, 422),
        ("/v1/cases/PL-00000-00009", {}, 404),
        (f"/v1/cases/{uid('nobody')}", {}, 404),
        (f"/v1/cases/{CASE}", {"recorded": "2020-01-01T00:00:00Z"}, 404),
        (f"/v1/cases/{CASE}", {"position": "1", "recorded": "2020-01-01T00:00:00Z"}, 422),
        ("/v1/cases/PL-00000-00009/trail", {}, 404),
    ],
)
def test_what_cannot_be_answered_says_why(client: Client, path: str, params: dict[str, str], status: int) -> None:
    answer = client.get(path, params=params)
    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)
