"""A parked message whose opener never came opens a case of its own, so that nothing waits for ever."""

from dataclasses import replace
from datetime import datetime

from engine import parking
from engine.service import Service
from engine.store.set_aside import NotSetAside
from engine.store.store import Store

_AT_ONCE = 100


def take_up(store: Store, service: Service, now: datetime) -> int:
    """Have messages whose waiting is over open a stream of their own; returns how many did."""
    count = 0
    for row in store.set_aside.expired(_AT_ONCE):
        if row.kind != "parked":
            continue
        try:
            arrived = parking.unpack(store.set_aside.show(row.id)[1])
        except NotSetAside:
            continue
        service.submit([replace(arrived, waited=row.id)], now)
        count += 1
    return count
