"""Traces: which one this work belongs to, and spans around what takes time. Without an exporter none is recorded.

A door that is called continues the caller's trace and stores it with the events that come of it
(``Envelope.traceparent``), so that what follows from an event later, in another process, links back to it.
The same ids stand in the log lines, in problems and in exemplars.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal
from uuid import UUID

from opentelemetry import context, trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags

MOST_LINKS: Final = 64
"""Traces that one span names; a batch may be made of thousands."""
Kind = Literal["server", "consumer", "producer", "internal"]
Words = Mapping[str, str | int | float | bool]
"""What a span says: names of OpenTelemetry's conventions, never a text or a name of a person."""
_KINDS: Final[Mapping[Kind, SpanKind]] = {
    "server": SpanKind.SERVER,
    "consumer": SpanKind.CONSUMER,
    "producer": SpanKind.PRODUCER,
    "internal": SpanKind.INTERNAL,
}
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_RECORDED: Final[list[trace.Tracer]] = []
"""Who records spans: the last one; nobody where it is empty."""


@contextmanager
def recorded_by(tracer: trace.Tracer) -> Iterator[None]:
    """Have ``tracer`` record the spans of this process inside of the block."""
    _RECORDED.append(tracer)
    try:
        yield
    finally:
        _RECORDED.remove(tracer)


def read(traceparent: str | None) -> SpanContext | None:
    """Return the span that a W3C trace context names; None where there is none."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None:
        return None
    trace_id, span_id, flags = (int(each, 16) for each in found.groups())
    given = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags & TraceFlags.SAMPLED))
    return given if given.is_valid else None


def present() -> str | None:
    """Return the W3C trace context of the work at hand; None where it belongs to no trace."""
    found = trace.get_current_span().get_span_context()
    if not found.is_valid:
        return None
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"


def ids() -> dict[str, str]:
    """Return trace and span of the work at hand as log lines name them; nothing where it belongs to no trace."""
    found = trace.get_current_span().get_span_context()
    if not found.is_valid:
        return {}
    return {"trace_id": f"{found.trace_id:032x}", "span_id": f"{found.span_id:016x}"}


@contextmanager
def within(traceparent: str | None) -> Iterator[None]:
    """Do something as a part of the trace that a record or event names; no span is recorded for it."""
    given = read(traceparent)
    if given is None:
        yield
        return
    with _inside(NonRecordingSpan(given)):
        yield


@contextmanager
def request(traceparent: str | None, new_id: Callable[[], UUID], name: str) -> Iterator[Span]:
    """Answer a request inside of its caller's trace, or of a new one; a span of it where spans are recorded."""
    given = read(traceparent)
    parent = trace.set_span_in_context(NonRecordingSpan(given)) if given else context.Context()
    if _RECORDED:
        span = _RECORDED[-1].start_span(name, parent, SpanKind.SERVER)
    else:
        span = NonRecordingSpan(given or _of_our_own(new_id))
    with _inside(span):
        try:
            yield span
        finally:
            span.end()


def _of_our_own(new_id: Callable[[], UUID]) -> SpanContext:
    """Return a trace for who sent none: so that log, answer and events can be laid beside each other."""
    made = new_id().int
    return SpanContext(made, made & (2**64 - 1) or 1, is_remote=False)


@contextmanager
def span(name: str, kind: Kind, words: Words, of: Iterable[str | None] = ()) -> Iterator[None]:
    """Record a span that links to the traces ``of`` what it works on; what is raised inside marks it as failed."""
    if not _RECORDED:
        yield
        return
    made = _RECORDED[-1].start_span(name, kind=_KINDS[kind], attributes=dict(words), links=_links(of))
    with _inside(made):
        try:
            yield
        except BaseException as error:
            made.set_status(Status(StatusCode.ERROR))
            made.set_attribute("error.type", type(error).__name__)
            raise
        finally:
            made.end()


@contextmanager
def _inside(span: Span) -> Iterator[None]:
    token = context.attach(trace.set_span_in_context(span))
    try:
        yield
    finally:
        context.detach(token)


def _links(traceparents: Iterable[str | None]) -> list[Link]:
    found: dict[str, Link] = {}
    for one in traceparents:
        if one is not None and one not in found and (given := read(one)):
            found[one] = Link(given)
            if len(found) == MOST_LINKS:
                break
    return list(found.values())
