"""The runner that keeps all views up to date, as this installation is set."""

import structlog

from consumers.wiring.build import Installation
from projections.runtime.runner import Pace, Runner
from projections.views import all_views

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
        report=_projection_trouble,
    )


def _projection_trouble(error: Exception) -> None:
    _log.warning("projection_trouble", kind=type(error).__name__)
