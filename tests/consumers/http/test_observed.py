"""Every request is seen in its caller's trace, in the figures, and in the log; nowhere by what a person wrote."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.testing import capture_logs

from consumers.http.observed import Observed
from consumers.wiring import build, clock, views
from consumers.wiring.build import Installation
from consumers.wiring.meters import Meters
from consumers.wiring.settings import from_environment
from consumers.wiring.stock import Stock
from schemas.envelope import RequestSource
from support.openmetrics import OPENMETRICS, Sample, samples
from support.spans import recorded, span_id_of, trace_of
from support.web import Web, web

TRACE, PARENT = "1a" * 16, "2b" * 8
GIVEN = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
CANARY = "Zmeyevich-7413 <canary@example.org> +7 900 555-01-99"
FORM = {"accept": OPENMETRICS}


@dataclass
class Seen:
    here: Installation
    web: Web

    def message(self, name: str, **headers: str) -> dict[str, Any]:
        """Hand in a message that opens a case."""
        said = {
            "channel": "chat",
            "system": "s",
            "id": name,
            "text": f"It is broken, {CANARY}",
            "author": {"name": CANARY},
        }
        answer = self.web.post("/v1/messages", json=said, headers=headers)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def figures(self) -> dict[str, list[Sample]]:
        """Return all figures as OpenMetrics tells them: samples by name."""
        text = self.web.get("/metrics", headers=FORM).text
        found: dict[str, list[Sample]] = {}
        for sample in samples(text):
            found.setdefault(sample.name, []).append(sample)
        return found

    def answered(self, route: str, status: str, method: str = "POST") -> float:
        """Return how many requests to a route were answered so."""
        wanted = {"route": route, "status": status, "method": method}
        return sum(one.value for one in self.figures()["plaint_http_request_seconds_count"] if one.labels == wanted)


@pytest.fixture(scope="module")
def seen(settings: dict[str, str]) -> Iterator[Seen]:
    with build.opened(from_environment(settings)) as opened:
        meters = Meters()
        here = replace(opened, meter=meters, exposition=meters.exposition)
        here.health.opened(here.store)
        here.health.begun()
        meters.ask(Stock(here.pool, here.store, clock.now, clock.ticks))
        views.runner(here).catch_up()
        with web(here) as asked:
            yield Seen(here, asked)


def test_the_trace_of_a_request_stands_in_its_events_and_reaches_the_views(seen: Seen) -> None:
    with recorded() as spans:
        told = seen.message("traced", **GIVEN)
        views.runner(seen.here).catch_up()
    span = spans.one("POST /v1/messages")
    assert span.parent is not None
    assert (trace_of(span), f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/v1/messages",
        "http.response.status_code": 202,
    }
    events = seen.here.store.read.stream(UUID(told["stream"]))
    assert {one.envelope.traceparent for one in events} == {f"00-{TRACE}-{span_id_of(span)}-01"}
    projected = spans.named("project")
    assert TRACE in {f"{link.context.trace_id:032x}" for one in projected for link in one.links}


def test_without_an_exporter_events_keep_the_callers_trace_as_it_came(seen: Seen) -> None:
    told = seen.message("as it came", **GIVEN)
    events = seen.here.store.read.stream(UUID(told["stream"]))
    assert {one.envelope.traceparent for one in events} == {GIVEN["traceparent"]}


def test_who_sends_no_trace_gets_one_that_events_and_problems_name(seen: Seen) -> None:
    told = seen.message("own trace")
    traces = {one.envelope.traceparent for one in seen.here.store.read.stream(UUID(told["stream"]))}
    assert len(traces) == 1
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", str(*traces))
    assert seen.web.get("/v1/cases/nosuch", headers=GIVEN).json()["trace_id"] == TRACE
    assert seen.web.get("/nosuch", headers=GIVEN).json()["trace_id"] == TRACE


def test_requests_are_counted_by_the_template_of_their_route_and_how_they_ended(seen: Seen) -> None:
    wanted = [("/v1/cases/{reference}", "404", "GET"), ("unmatched", "404", "GET"), ("/v1/messages", "415", "POST")]
    before = [seen.answered(*one) for one in wanted]
    seen.web.get("/v1/cases/3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    seen.web.get(f"/{CANARY}")
    seen.web.ask("POST", "/v1/messages", content=b"x", headers={"Content-Type": "text/x-canary"})
    assert [seen.answered(*one) for one in wanted] == [one + 1 for one in before]


def test_a_method_that_nobody_knows_is_no_label(seen: Seen) -> None:
    seen.web.ask("CANARY", "/livez")
    assert {one.labels["method"] for one in seen.figures()["plaint_http_request_seconds_count"]} <= {
        "GET", "POST", "OTHER",
    }  # fmt: skip


def test_the_figures_of_a_request_name_its_trace_as_exemplar(seen: Seen) -> None:
    seen.web.get("/v1/funnel", headers=GIVEN)
    exemplars = [
        one.exemplar
        for one in seen.figures()["plaint_http_request_seconds_bucket"]
        if one.labels["route"] == "/v1/funnel" and one.exemplar
    ]
    assert {"trace_id": TRACE} in exemplars


def test_plain_text_is_told_to_who_asks_for_nothing_else(seen: Seen) -> None:
    answer = seen.web.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE plaint_http_request_seconds histogram" in answer.text
    assert "trace_id" not in answer.text


def test_what_changes_something_leaves_one_line_with_its_case_and_what_asks_leaves_none(seen: Seen) -> None:
    with capture_logs() as logs:
        told = seen.message("logged")
        seen.web.get(f"/v1/cases/{told['stream']}")
    (line,) = logs
    first = seen.here.store.read.stream(UUID(told["stream"]))[0].envelope
    source = first.source
    assert isinstance(source, RequestSource)
    assert line.pop("milliseconds") > 0
    assert line == {
        "event": "request_answered", "log_level": "info", "method": "POST", "route": "/v1/messages", "status": 202,
        "request": str(source.request), "outcome": "done", "case": told["stream"], "position": told["position"],
        "correlation_id": str(first.correlation_id),
    }  # fmt: skip


def test_a_refusal_is_told_by_its_code(seen: Seen) -> None:
    told = seen.message("refused")
    with capture_logs() as logs:
        answer = seen.web.post(f"/v1/complaints/{told['stream']}/close", json={"fields": {}})
    assert answer.status_code == 409
    assert (logs[0]["route"], logs[0]["status"], logs[0]["code"]) == (
        "/v1/complaints/{stream}/close", 409, "not_resolved",
    )  # fmt: skip


def test_nothing_that_a_person_wrote_stands_in_figures_or_log(seen: Seen) -> None:
    with capture_logs() as logs:
        told = seen.message("canary")
        stream = told["stream"]
        for path in (f"/{CANARY}", f"/v1/cases/{CANARY}", f"/v1/cases?q={CANARY}", f"/v1/cases/{stream}?texts=true"):
            seen.web.get(path, headers={"Plaint-Person": "Zmeyevich-7413"})
        for body in ({"fields": {"body": CANARY}}, {"fields": CANARY, CANARY: 1}, CANARY):
            seen.web.post(f"/v1/complaints/{stream}/add-note", json=body, headers={"Idempotency-Key": "Zmeyevich-7413"})
            seen.web.post("/v1/messages", json=body)
    text = repr(logs) + seen.web.get("/metrics", headers=FORM).text
    assert not [word for word in ("Zmeyevich", "canary@example", "555-01-99") if word in text]


def test_how_the_installation_stands_is_told_beside_it(seen: Seen) -> None:
    seen.message("standing")
    views.runner(seen.here).catch_up()
    stock = {name: dict(values) for name, values in Stock(seen.here.pool, seen.here.store, clock.now, clock.ticks)()}
    assert stock["plaint_database_up"] == {(): 1}
    assert stock["plaint_log_events_total"] == {(): seen.here.store.read.head().position}
    assert set(stock["plaint_projection_lag_events"].values()) == {0}
    assert ("cases",) in stock["plaint_projection_lag_events"]
    assert (stock["plaint_dead_letters_kept"], stock["plaint_parked_messages"]) == ({(): 0}, {(): 0})
    assert stock["plaint_clocks_open"][()] > 0
    assert stock["plaint_clocks_overdue"] == {(): 0}
    figures = seen.figures()
    assert (figures["plaint_info"][0].value, figures["plaint_database_up"][0].value) == (1, 1)


# --- how a request ends ---------------------------------------------------------------------


@dataclass
class Leaves:
    """A process that is leaving, or is not."""

    leaving: bool = False

    def starting(self) -> None: ...

    def hindered(self) -> None: ...

    def ask(self) -> None: ...


async def never_told(scope: Scope, receive: Receive, send: Send) -> None:
    assert (await receive())["type"] == "http.disconnect"
    raise ClientDisconnect


async def fails(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("a fault of ours")


async def streams(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await receive()
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("app", "checks", "status", "seconds", "headers"),
    [
        (never_told, Leaves(), "499", 2, None),
        (fails, Leaves(), "500", 1, None),
        (streams, Leaves(), "200", 1, [(b"content-type", b"text/event-stream")]),
        (streams, Leaves(leaving=True), "200", 1, [(b"content-type", b"text/event-stream"), (b"connection", b"close")]),
    ],
    ids=["its_sender_went", "a_fault", "a_stream_is_answered_when_it_begins", "while_leaving_connections_close"],
)
def test_it_is_counted_how_a_request_ended(
    app: ASGIApp, checks: Leaves, status: str, seconds: int, headers: list[tuple[bytes, bytes]] | None
) -> None:
    meters, ticks, sent = Meters(), count(), list[Message]()

    async def gone() -> Message:
        next(ticks)
        return {"type": "http.disconnect"}

    async def hear(message: Message) -> None:
        sent.append(message)

    async def asked() -> None:
        seen = Observed(app, meters, lambda: float(next(ticks)), uuid4, checks)
        with suppress(RuntimeError, ClientDisconnect):
            await seen({"type": "http", "method": "GET", "path": "/x", "headers": []}, gone, hear)

    asyncio.run(asked())
    assert [one["headers"] for one in sent if one["type"] == "http.response.start"] == ([headers] if headers else [])
    told = {one.name: one for one in samples(meters.exposition(OPENMETRICS)[0].decode())}
    assert told["plaint_http_request_seconds_count"].labels == {"method": "GET", "route": "unmatched", "status": status}
    assert told["plaint_http_request_seconds_sum"].value == seconds
    assert told["plaint_http_requests_open"].value == 0
