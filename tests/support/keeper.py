"""A process that keeps the time: `python -m support.keeper NAME CONNINFO CONTENT`, until it is killed."""

import sys
import threading
from datetime import timedelta
from pathlib import Path

from consumers.reactions.loop import Pace, Timers, World
from consumers.wiring import clock
from engine.service import Service
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from support.processes import say


def main(name: str, conninfo: str, content: str) -> None:
    with (
        open_pool(conninfo, max_size=4, name=name) as pool,
        Store(pool, KeyFile({"m1": bytes(range(32))}), Path(content)) as store,
    ):
        service = Service(store)
        world = World(pool, service.submit, service.book, store.read.head, store.standings.all, clock.now, clock.ticks)
        say("ready")
        Timers(world, timedelta(0), Pace(batch=2, poll_seconds=0.2)).run(threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
