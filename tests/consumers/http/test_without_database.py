"""While the database is away, the HTTP door says so and when to come back; then it goes on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from httpx import Response
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from consumers.wiring import build, views
from consumers.wiring.settings import from_environment
from support.web import Web, web

MESSAGE = {"channel": "chat", "system": "s", "id": "m1", "text": "It is broken, I want a refund!"}


@pytest.fixture
def asked(settings: dict[str, str]) -> Iterator[Web]:
    with build.opened(from_environment(settings)) as here, web(here) as found:
        views.runner(here).catch_up()
        here.pool.timeout = 0.3
        yield found


@contextmanager
def away(server: str, conninfo: str) -> Iterator[None]:
    """Let nobody in, and end who is."""
    name = sql.Identifier(str(conninfo_to_dict(conninfo)["dbname"]))
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        try:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                (name.as_string()[1:-1],),
            )
            yield
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def test_everything_that_needs_the_database_is_503_and_nothing_else_suffers(
    asked: Web, postgres_server: str, settings: dict[str, str]
) -> None:
    with away(postgres_server, settings["PLAINT_DATABASE"]):
        began = time.monotonic()
        ready = asked.get("/readyz")
        assert time.monotonic() - began < 4
        assert (ready.status_code, ready.json()["status"]) == (503, "not_ready")
        assert ready.json()["reason"]
        answers = [
            asked.post("/v1/messages", json=MESSAGE),
            *(asked.get(path) for path in ("/", "/v1/cases", "/v1/funnel")),
        ]
        for answer in answers:
            _is_a_problem(answer)
        assert asked.get("/livez").status_code == 200

    assert _settled(asked) == {"status": "ok", "reason": None}
    assert asked.post("/v1/messages", json=MESSAGE).json()["opened"] is True
    assert asked.get("/v1/cases").status_code == 200


def _is_a_problem(answer: Response) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["code"] == "database_unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def _settled(asked: Web) -> object:
    for _ in range(50):
        ready = asked.get("/readyz")
        if ready.status_code == 200:
            return ready.json()
        time.sleep(0.1)
    raise AssertionError("the door did not recover")
