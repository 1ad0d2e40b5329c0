"""The process of the reactions: settings -> follower of the log, and the door of all that acts by itself."""

import threading
import time
from contextlib import closing
from typing import Final

from consumers.reactions import (
    campaigns,
    moved,
    notices,
    problems,
    remedies,
    repeats,
    routing,
    surveys,
    turned,
    waiting,
)
from consumers.reactions.following import Follower, Pace, Reaction, World
from consumers.wiring import clock, timers
from consumers.wiring.build import Installation
from consumers.wiring.processes import Work, alone, upkeep
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL
from projections.answers import Views

ALL: Final[tuple[Reaction, ...]] = (
    turned.REACTION,
    moved.REACTION,
    routing.REACTION,
    repeats.REACTION,
    problems.REACTION,
    notices.REACTION,
    waiting.REACTION,
    remedies.REMEDIES,
    surveys.SURVEYS,
    campaigns.REACTION,
)
"""Every reaction to the log, in the order in which they get their turn."""
_VIEWS_WAIT: Final = 0.5
"""Seconds: each that asks views waits so long in each round; who lags longer is asked again, and holds up nobody."""


def follower(here: Installation) -> Follower:
    """Return what follows the log for this installation's reactions; nothing is looked at yet."""
    views = Views(here.pool, pause=time.sleep, patience=_VIEWS_WAIT)
    world = World(here.store, views, here.service.book, clock.now, here.meter)
    return Follower(here.pool, world, here.service.submit, ALL, Pace(poll_seconds=here.settings.poll_seconds))


def react(here: Installation, stop: threading.Event) -> None:
    """React to what is recorded until ``stop`` is set, as one thread among others; raises as ``Follower.run``."""
    with closing(Waiter(here.conninfo, CHANNEL)) as waiter:
        follower(here).run(stop, waiter)


WORKS: Final[dict[str, Work]] = {"timers": timers.keep_time, "reactions": react, "upkeep": upkeep}
"""All that acts by itself: what is due, what follows from what was recorded, and what has had its time."""


def run(here: Installation, stop: threading.Event) -> None:
    """Do all that acts by itself, and nothing else; raises as ``processes.alone``."""
    beside = {name: work for name, work in WORKS.items() if name != "timers"}
    alone(here, stop, WORKS["timers"], beside=beside)
