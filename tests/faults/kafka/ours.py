"""Faults of our own processes: killed, frozen, told to end, thrown out of their group, bent inside."""

import itertools
import subprocess
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from consumers.kafka.protocol import Partition
from faults.kafka.fault import SOME, STATIC, fault
from faults.kafka.inside import Inside, inside, within
from faults.kafka.site import Site
from support.tcp_proxy import Snip

COMMIT: Final = b"COMMIT\0"


@fault(1, "kill -9 before the commit arrives")
def _(site: Site) -> None:
    _killed_at_commit(site, arrives=False)


@fault(1, "kill -9 after the commit was sent", short=True)
def _(site: Site) -> None:
    _killed_at_commit(site, arrives=True)


def _killed_at_commit(site: Site, *, arrives: bool) -> None:
    site.produce(SOME)
    for _ in range(2):
        site.database_wire.snip = None
        process = site.start(**STATIC)
        site.wait_for_progress()
        site.database_wire.on_snip = process.kill
        site.database_wire.snip = Snip(COMMIT, arrives)
        site.produce(SOME)
        site.wait("a commit", lambda process=process: not process.running)  # type: ignore[misc] # a value bound now
    site.start(**STATIC)


@fault(1, "kill -9 at any moment")
def _(site: Site) -> None:
    for _ in range(4):
        process = site.start()
        site.produce(SOME)
        time.sleep(1 + 2 * site.random.random())
        process.kill()


@fault(2, "connection cut before COMMIT arrives")
def _(site: Site) -> None:
    _cut_at_commit(site, arrives=False)


@fault(2, "connection cut after COMMIT was sent", short=True)
def _(site: Site) -> None:
    _cut_at_commit(site, arrives=True)


def _cut_at_commit(site: Site, *, arrives: bool) -> None:
    site.produce(SOME)
    site.start()
    site.wait_for_progress()
    for _ in range(3):
        seen = site.database_wire.snips
        site.database_wire.snip = Snip(COMMIT, arrives)
        site.produce(SOME // 3)
        site.wait("a cut", lambda seen=seen: site.database_wire.snips > seen)  # type: ignore[misc] # a value bound now


@fault(11, "zombie: stopped beyond its session, then resumed while others have gone on")
def _(site: Site) -> None:
    site.produce(SOME)
    zombie = site.start()
    site.wait_for_progress()
    site.produce(SOME)
    zombie.freeze()
    site.start()
    site.wait("another one has taken over", lambda: site.lag() == 0, 60)
    site.produce(SOME)
    zombie.thaw()
    site.produce(SOME)
    time.sleep(3)


@fault(12, "the same group instance id twice")
def _(site: Site) -> None:
    first = site.start(**STATIC)
    site.produce(SOME)
    site.wait_for_progress()
    site.start(**STATIC)
    for _ in range(8):
        site.produce(SOME // 8)
        time.sleep(0.5)
    if site.wait("the first one has noticed", lambda: not first.running) and first.stop() == 0:
        site.wrong.append("G6: a member that lost its place ended as if all were well")


@fault(10, "rebalance storm: one to seven members that come and go")
def _(site: Site) -> None:
    for _ in range(7):
        site.start()
        site.produce(SOME // 3)
        rest, goes, which, killed = (site.random.random() for _ in range(4))
        time.sleep(rest)
        if len(running := site.consumers) > 2 and goes < 0.6:
            chosen = running[int(which * len(running))]
            if killed < 0.5:
                chosen.kill()
            else:
                _ended_well(site, chosen.stop)


@fault(21, "SIGTERM during a batch, and two at once")
def _(site: Site) -> None:
    for _ in range(2):
        pair = [site.start(), site.start()]
        site.produce(SOME)
        site.wait_for_progress()
        for process in pair:
            _ended_well(site, process.stop)


@fault(21, "SIGTERM while the broker hangs")
def _(site: Site) -> None:
    site.produce(SOME)
    process = site.start()
    site.wait_for_progress()
    site.broker.pause()
    try:
        time.sleep(2)
        _ended_well(site, process.stop)
    finally:
        site.broker.resume()


def _ended_well(site: Site, stop: Callable[[], int]) -> None:
    try:
        code = stop()
    except subprocess.TimeoutExpired:
        site.wrong.append("G6: SIGTERM did not end a consumer within 30 s")
        return
    if code:
        site.wrong.append(f"G6: SIGTERM ended a consumer with {code}")


@fault(24, "two groups on one database")
def _(site: Site) -> None:
    site.start()
    site.start(PLAINT_KAFKA_GROUP=f"{site.settings['PLAINT_KAFKA_GROUP']}-old")
    for _ in range(4):
        site.produce(SOME // 2)
        time.sleep(1)


# ------------------------------------------------------------------------------------------ bent inside


@fault(22, "the listener of rebalances raises")
def _(site: Site) -> None:
    def raises(_: Collection[Partition]) -> None:
        raise RuntimeError("a listener that fails")

    _with_listener(site, raises)


@fault(22, "the listener of rebalances blocks for 20 s, longer than a session of 15 s")
def _(site: Site) -> None:
    _with_listener(site, lambda _: time.sleep(20))


def _with_listener(site: Site, first: Callable[[Collection[Partition]], None]) -> None:
    """Let a listener do this when it is asked first, and then what it should; another member may go on meanwhile."""
    site.produce(SOME)
    with inside(site, site.database) as here:
        member = here.member()
        usual, asked = member.partitions.assigned, []

        def bent(partitions: Collection[Partition]) -> None:
            asked.append(len(partitions))
            if len(asked) == 1:
                first(partitions)
            usual(partitions)

        member.partitions.assigned = bent  # type: ignore[method-assign] # which is the fault
        try:
            if not within(member, lambda: not here.behind(), 60):
                site.wrong.append("G6: the member does not come back to work")
        finally:
            member.close()
    site.produce(SOME)


@fault(9, "our clock an hour ahead, back by two, and over the ends of summer time and of a year")
def _(site: Site) -> None:
    site.again = "streams"  # our clock has its say in when something was received
    now = datetime.now(UTC)
    turns = [now + timedelta(hours=1), now - timedelta(hours=1)]
    turns += [datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]
    with inside(site, site.database) as here:
        for turn in turns:
            site.produce(SOME // 3)
            _by_clock(site, here, turn)


def _by_clock(site: Site, here: Inside, begins: datetime) -> None:
    """Read what is there with a clock that begins at this instant and steps back for a second now and then."""
    started, often = time.monotonic(), itertools.count(site.random.randrange(5))

    def now() -> datetime:
        back = 0.0 if next(often) % 5 else 1.0
        return begins + timedelta(seconds=time.monotonic() - started - back)

    before = site.store.read.head().position
    member = here.member(now=now)
    try:
        if not within(member, lambda: not here.behind(), 40):
            site.wrong.append("G6: a clock that is off stops the reading")
    finally:
        member.close()
    if begins > datetime.now(UTC):
        _by_the_brokers_time(site, before)


def _by_the_brokers_time(site: Site, before: int) -> None:
    """A clock that is ahead starts no deadline: what counts is the broker's time."""
    found = [one for one in site.store.read.log(before, 10_000) if one.name == "complaint.received.v1"]
    late = [one for one in found if one.envelope.received_at not in site.stamps]
    if late or not found:
        site.wrong.append(f"G3: {len(late)} of {len(found)} complaints were received at another time than the broker's")
