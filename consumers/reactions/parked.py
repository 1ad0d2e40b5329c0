"""A parked message whose opener never came opens a case of its own, so that nothing waits for ever."""

from dataclasses import replace
from datetime import datetime

from engine import parking
from engine.incoming import Done
from engine.service import Service
from engine.store.set_aside import NotSetAside
from engine.store.store import Store
from schemas.channels.message import MessageRefused

_AT_ONCE = 100


def take_up(store: Store, service: Service, now: datetime) -> int:
    """Have messages whose waiting is over open a stream of their own; returns how many did."""
    count = 0
    for row in store.set_aside.expired(_AT_ONCE):
        if row.kind != "parked":
            continue
        try:
            arrived = parking.unpack(store.set_aside.show(row.id)[1])
        except (NotSetAside, MessageRefused):
            continue
        (result,) = service.submit([replace(arrived, waited=row.id)], now)
        if isinstance(result, Done) and result.already:
            store.set_aside.discard([row.id])
        count += 1
    return count
