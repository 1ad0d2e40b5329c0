"""Spans of this process to a collector, by OTLP over HTTP; loaded only where one is named."""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from consumers import tracing

_END_SECONDS: Final = 2.0
"""At the end, for spans that have not left yet: the library itself would wait for a deaf collector batch by batch."""
_SEND_SECONDS: Final = 5.0


@contextmanager
def exported(endpoint: str, headers: Mapping[str, str], share: float, door: str) -> Iterator[None]:
    """Record spans inside of the block and send them to ``endpoint``; what does not arrive in time is lost.

    ``share`` of the traces that begin here is recorded; of others what their caller's flag says.
    """
    exporter = OTLPSpanExporter(endpoint, headers=headers, timeout=_SEND_SECONDS)
    with recorded(exporter, share, door):
        yield


@contextmanager
def recorded(exporter: SpanExporter, share: float, door: str) -> Iterator[None]:
    """Record spans inside of the block and hand them to ``exporter``, in batches."""
    named = {
        "service.name": f"plaint-{door}",
        "service.namespace": "plaint",
        "service.version": version("plaint"),
        "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
    }
    sampler = ParentBased(TraceIdRatioBased(share))
    provider = TracerProvider(sampler=sampler, resource=Resource(named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        with tracing.recorded_by(provider.get_tracer("plaint", version("plaint"))):
            yield
    finally:
        ending = threading.Thread(target=provider.shutdown, name="spans", daemon=True)
        ending.start()
        ending.join(_END_SECONDS)
