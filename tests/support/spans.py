"""Spans as a collector would get them, kept in this process."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from consumers import tracing


class Spans:
    """What was recorded, in the order in which it ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [one for one in self.all() if one.name == name]

    def one(self, name: str) -> ReadableSpan:
        (found,) = self.named(name)
        return found


@contextmanager
def recorded() -> Iterator[Spans]:
    """Record the spans of this process inside of the block."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with tracing.recorded_by(provider.get_tracer("test")):
        yield Spans(exporter)
    provider.shutdown()


def trace_of(span: ReadableSpan) -> str:
    """Return a span's trace, as headers and logs name it."""
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def span_id_of(span: ReadableSpan) -> str:
    """Return a span's own id, likewise."""
    assert span.context is not None
    return f"{span.context.span_id:016x}"


def linked(span: ReadableSpan) -> list[str]:
    """Return the traces that a span links to."""
    return [f"{link.context.trace_id:032x}" for link in span.links]
