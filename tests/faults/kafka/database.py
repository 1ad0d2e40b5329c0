"""Faults of the database: crashed, closed, far away, full."""

import time

from faults.kafka.fault import SOME, fault
from faults.kafka.site import Site
from faults.kafka.small_disk import cannot_mount, small_disk
from support import accounts


@fault(4, "PostgreSQL crashes at once and comes back")
def _(site: Site) -> None:
    site.produce(SOME)
    site.start()
    site.wait_for_progress()
    for _ in range(2):
        site.produce(SOME)
        site.server.stop_immediately()
        time.sleep(2)
        site.server.start()
        site.wait_for_progress()


@fault(4, "PostgreSQL refuses connections for a while")
def _(site: Site) -> None:
    site.produce(SOME)
    site.start()
    site.wait_for_progress()
    site.database_wire.refuses = True
    site.database_wire.cut()
    site.produce(SOME)
    time.sleep(4)
    site.database_wire.refuses = False


@fault(5, "the way to PostgreSQL is slow, then a black hole, then one way only")
def _(site: Site) -> None:
    site.produce(SOME)
    site.start()
    site.wait_for_progress()
    site.database_wire.delay_seconds = 0.05
    site.produce(SOME)
    site.wait_for_progress()
    site.database_wire.delay_seconds = 0.0
    for ways in (("up", "down"), ("down",), ("up",)):
        site.produce(SOME // 3)
        site.database_wire.jam(*ways)
        time.sleep(3)
        site.database_wire.cut()
        site.database_wire.heal()


@fault(6, "the database's disk is full, then there is room again", hindered=cannot_mount)
def _(site: Site) -> None:
    with small_disk(site) as disk:
        site.produce(SOME // 3)
        process = site.start()
        site.wait("all is read", lambda: site.lag() == 0)
        disk.fill()
        names = [site.name() for _ in range(60)]
        site.put([(site.random.randrange(3), name, accounts.message(name, pad=20_000)) for name in names])
        site.wait("it is put off", lambda: "DiskFull" in process.said)
        time.sleep(3)
        if site.lag() == 0:
            site.wrong.append("G6: the disk was not full")
        disk.empty()
        site.wait("it goes on without being started again", lambda: site.lag() == 0)
        if not process.running:
            site.wrong.append("G6: the consumer did not survive a full disk")
        process.stop()
