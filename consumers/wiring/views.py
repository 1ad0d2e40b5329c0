"""The runner that keeps all views up to date, as this installation is set."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import structlog

from consumers import tracing
from consumers.wiring import clock
from consumers.wiring.build import Installation
from engine.store.batch import Recorded
from projections.runtime.runner import Pace, Runner
from projections.views import all_views
from schemas.published.metrics import Meter

_log = structlog.get_logger()


def runner(here: Installation, *, smallest: int = 64) -> Runner:
    """Return the runner of all views."""
    largest = max(smallest, here.settings.projection_batch)
    return Runner(
        here.pool,
        here.store.read,
        all_views(),
        pace=Pace(smallest=smallest, largest=largest, size=min(512, largest)),
        poll_seconds=here.settings.poll_seconds,
        report=partial(_projection_trouble, here.meter),
        watch=partial(watched, here.meter),
    )


@contextmanager
def watched(meter: Meter, events: Sequence[Recorded]) -> Iterator[None]:
    """Record what bringing a batch into all views takes, linked to the traces that its events came of."""
    begun = clock.ticks()
    words = {"plaint.events": len(events), "plaint.position": events[-1].position}
    with tracing.span("project", "internal", words, of=(one.envelope.traceparent for one in events)):
        yield
        meter.observe("plaint_projection_batch_seconds", clock.ticks() - begun)
    meter.count("plaint_projection_events_total", len(events))


def _projection_trouble(meter: Meter, error: Exception) -> None:
    meter.count("plaint_projection_errors_total", cause=type(error).__name__)
    _log.warning("projection_trouble", kind=type(error).__name__)
