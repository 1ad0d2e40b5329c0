"""The process of the clock door: settings -> timers, and their drain."""

import threading
from datetime import timedelta

from consumers.reactions.loop import Pace, Timers, World
from consumers.wiring import clock
from consumers.wiring.build import Installation


def timers(here: Installation) -> Timers:
    """Return the clock door of this installation; nothing is looked at yet."""
    store, settings = here.store, here.settings
    world = World(
        here.pool,
        here.service.submit,
        here.service.book,
        store.read.head,
        store.standings.all,
        clock.now,
        clock.ticks,
        here.meter,
    )
    patience = timedelta(minutes=settings.timers_patience_minutes)
    return Timers(world, patience, Pace(poll_seconds=settings.poll_seconds))


def keep_time(here: Installation, stop: threading.Event) -> None:
    """Act on what is due until ``stop`` is set, as one thread among others."""
    timers(here).run(stop)
