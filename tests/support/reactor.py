"""A process that reacts to the log: `python -m support.reactor NAME CONNINFO CONTENT`, until it is killed."""

import sys
import threading
import time
from contextlib import closing
from pathlib import Path

from consumers.reactions import routing
from consumers.reactions.following import Follower, Pace, World
from consumers.wiring import clock
from engine.service import Service
from engine.store.database.pool import open_pool
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from projections.answers import Views
from support.processes import say


def main(name: str, conninfo: str, content: str) -> None:
    with (
        open_pool(conninfo, max_size=4, name=name) as pool,
        Store(pool, KeyFile({"m1": bytes(range(32))}), Path(content)) as store,
        closing(Waiter(conninfo, CHANNEL)) as waiter,
    ):
        service = Service(store)
        world = World(store, Views(pool, pause=time.sleep, patience=1.0), service.book, clock.now)
        say("ready")
        follower = Follower(pool, world, service.submit, [routing.REACTION], Pace(batch=2, poll_seconds=0.1))
        follower.run(threading.Event(), waiter)


if __name__ == "__main__":
    main(*sys.argv[1:])
