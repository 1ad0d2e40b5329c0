"""A parked message whose opener never came opens a case of its own, so that nothing waits for ever."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import structlog

from engine import parking
from engine.incoming import Done
from engine.service import Service
from engine.store.set_aside import AsideRow, NotSetAside
from engine.store.store import Store
from engine.store.vault.seal import SealBroken
from schemas.channels.message import MessageRefused

_AT_ONCE = 100
_log = structlog.get_logger()


def take_up(store: Store, service: Service, now: datetime) -> int:
    """Have messages whose waiting is over open a stream of their own; returns how many did.

    One that cannot be read is told, and stays as it is.
    """
    count = 0
    for row in _over(store):
        try:
            arrived = parking.unpack(store.set_aside.show(row.id)[1])
        except NotSetAside:
            continue
        except (SealBroken, parking.NotParked, MessageRefused) as error:
            _log.error("parked_unreadable", id=str(row.id), reason=type(error).__name__)
            continue
        (result,) = service.submit([replace(arrived, waited=row.id)], now)
        if isinstance(result, Done) and result.already:
            store.set_aside.discard([row.id])
        count += 1
    return count


def _over(store: Store) -> Iterator[AsideRow]:
    last: AsideRow | None = None
    while rows := store.set_aside.expired("parked", limit=_AT_ONCE, after=last):
        yield from rows
        last = rows[-1]
