"""Spans reach a collector that speaks OTLP over HTTP; one that does not answer costs spans and nothing else."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from consumers import tracing
from consumers.wiring import telemetry
from consumers.wiring.settings import Settings, SettingsRefused, from_environment

TRACE = "1a" * 16
SAMPLED, NOT_SAMPLED = (f"00-{TRACE}-{'2b' * 8}-{flags}" for flags in ("01", "00"))
HEADERS = {"x-tenant": "north", "authorization": "Bearer made-up"}


class Collector:
    """Takes what is sent to it."""

    def __init__(self) -> None:
        self.got: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                octets = self.rfile.read(int(self.headers["Content-Length"]))
                packed = self.headers.get("Content-Encoding") == "gzip"
                outer.got.append(ExportTraceServiceRequest.FromString(gzip.decompress(octets) if packed else octets))
                outer.headers.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/v1/traces"

    def names(self) -> list[str]:
        """Return the names of all spans that came."""
        resources = [one for request in self.got for one in request.resource_spans]
        return [span.name for one in resources for scope in one.scope_spans for span in scope.spans]


@contextmanager
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join(10)


def settings(address: str, **more: str) -> Settings:
    return from_environment({"PLAINT_OTLP_ENDPOINT": address, **more})


def asked(traceparent: str | None, name: str) -> None:
    with tracing.request(traceparent, lambda: UUID(int=7), name):
        pass


def test_spans_leave_with_the_name_of_their_door_and_the_headers_that_are_asked_for() -> None:
    given = ", ".join(f"{name}={value}" for name, value in HEADERS.items())
    with collector() as found, telemetry.traced(settings(found.address, PLAINT_OTLP_HEADERS=given), "consume"):
        asked(SAMPLED, "GET /livez")
    (request,) = found.got
    named = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert (named["service.name"], named["service.namespace"]) == ("plaint-consume", "plaint")
    assert set(named) == {"service.name", "service.namespace", "service.version", "service.instance.id"}
    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert (span.name, span.trace_id.hex(), span.parent_span_id.hex()) == ("GET /livez", TRACE, "2b" * 8)
    assert HEADERS.items() <= found.headers[0].items()


def test_a_callers_word_on_recording_counts_before_our_share() -> None:
    with collector() as found:
        with telemetry.traced(settings(found.address, PLAINT_TRACE_SHARE="0"), "http"):
            asked(SAMPLED, "wanted")
            asked(NOT_SAMPLED, "not wanted")
            asked(None, "of no share")
        assert found.names() == ["wanted"]
        with telemetry.traced(settings(found.address), "http"):
            asked(NOT_SAMPLED, "not wanted")
            asked(None, "of the whole")
        assert found.names() == ["wanted", "of the whole"]


def test_a_collector_that_is_not_there_keeps_nobody_waiting_for_long(caplog: pytest.LogCaptureFixture) -> None:
    begun = time.monotonic()
    with telemetry.traced(settings("http://127.0.0.1:9/v1/traces"), "http"):
        asked(SAMPLED, "lost")
    assert time.monotonic() - begun < 8
    assert tracing.present() is None


def test_a_collector_that_never_answers_keeps_nobody_waiting_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        with telemetry.traced(settings(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1/traces"), "http"):
            for _ in range(1_500):
                asked(SAMPLED, "lost")
            begun = time.monotonic()
        assert time.monotonic() - begun < 4


def test_without_an_address_nothing_is_recorded() -> None:
    with telemetry.traced(from_environment({}), "http"):
        asked(SAMPLED, "nowhere")
        with tracing.span("work", "internal", {}):
            assert tracing.present() is None


@pytest.mark.parametrize("address", ["collector:4318", "ftp://collector/x", "http://", "http://me:secret@collector/x"])
def test_what_is_no_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(SettingsRefused, match=r"PLAINT_OTLP_ENDPOINT: is no http:// or https:// address") as refused:
        settings(address)
    assert "secret" not in str(refused.value)
