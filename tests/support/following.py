"""The follower of reactions over a test's desk: what it is asked to do, at the desk's time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from consumers.reactions.following import Follower, Pace, Passed, Reaction, World
from engine.store.database.pool import Pool, open_pool
from projections.answers import Views
from projections.runtime.projection import Projection
from support.installation import Desk
from support.views import build


@contextmanager
def pool_of(desk: Desk) -> Iterator[Pool]:
    """Lend a pool of the desk's database."""
    with open_pool(desk.conninfo, max_size=6, name="reactions") as opened:
        yield opened


def world(desk: Desk, pool: Pool, *, now: Callable[[], datetime] | None = None) -> World:
    """What reactions may read. Views that lag are not waited for."""
    return World(desk.store, Views(pool, pause=lambda _: None, patience=0), desk.service.book, now or (lambda: desk.at))


def follower(desk: Desk, pool: Pool, *reactions: Reaction, batch: int = 200) -> Follower:
    return Follower(pool, world(desk, pool), desk.service.submit, reactions, Pace(batch, 0.05))


def react(desk: Desk, pool: Pool, *reactions: Reaction, views: Sequence[Projection] = ()) -> Passed:
    """Bring these views up to date and every reaction to the end of the log; return what was done."""
    if views:
        build(pool, desk.store.read, list(views))
    found = follower(desk, pool, *reactions).once()
    assert found is not None
    return found
