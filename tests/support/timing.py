"""The clock door over a test's desk: views brought up to date, then one look."""

from collections.abc import Callable
from datetime import datetime, timedelta

from consumers.reactions.loop import Pace, Passed, Timers, World
from engine.store.database.pool import Pool
from projections.views.sla_timers.rows import SlaTimers
from support.installation import Desk
from support.views import build


def world(desk: Desk, pool: Pool, *, now: Callable[[], datetime] | None = None) -> World:
    """What the door needs, at the desk's time; seconds follow that time."""
    here = now or (lambda: desk.at)
    return World(
        pool, desk.service.submit, desk.service.book, desk.store.read.head, desk.store.standings.all, here,
        lambda: here().timestamp(),
    )  # fmt: skip


def door(desk: Desk, pool: Pool, *, batch: int = 200, patience: timedelta = timedelta(hours=1)) -> Timers:
    return Timers(world(desk, pool), patience, Pace(batch, 0.05))


def look(desk: Desk, pool: Pool, timers: Timers | None = None) -> dict[str, int]:
    """Bring the view up to date, look once, and return what was recorded."""
    return dict(passed(desk, pool, timers).recorded)


def passed(desk: Desk, pool: Pool, timers: Timers | None = None) -> Passed:
    build(pool, desk.store.read, [SlaTimers()])
    found = (timers or door(desk, pool)).once()
    assert found is not None
    return found
