"""Faults of the cluster: killed, shut down, stopped, far away, swapped, and topics that are not what they were."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from kafka import KafkaProducer, TopicPartition

from faults.kafka.fault import SOME, fault
from faults.kafka.site import PARTITIONS, RIGHTS, Site
from support import accounts
from support.broker import start_brokers
from support.tcp_proxy import Way


@fault(3, "broker killed and started again")
def _(site: Site) -> None:
    _broken(site, site.broker.kill, site.broker.start)


@fault(3, "broker shut down and started again")
def _(site: Site) -> None:
    _broken(site, site.broker.stop, site.broker.start)


@fault(3, "broker stopped (SIGSTOP) and resumed")
def _(site: Site) -> None:
    _broken(site, site.broker.pause, site.broker.resume, rest=6.0)


def _broken(site: Site, off: Callable[[int], None], on: Callable[[int], None], rest: float = 1.0) -> None:
    site.produce(SOME)
    process = site.start()
    site.wait_for_progress()
    off(1)
    time.sleep(rest)
    on(1)
    site.produce(SOME)
    site.wait_for_progress()
    if not process.running:
        site.wrong.append("G6: the consumer did not survive the broker")


@fault(3, "the leader of a partition is killed, of three nodes", nodes=3)
def _(site: Site) -> None:
    site.produce(SOME)
    process = site.start()
    site.wait_for_progress()
    for node in (1, 2):
        site.broker.kill(node)
        time.sleep(12)
        site.broker.start(node)
        site.produce(SOME)
        site.wait_for_progress()
    if not process.running:
        site.wrong.append("G6: the consumer did not survive the change of leaders")


@fault(5, "the way to the broker is slow, cut, then a black hole")
def _(site: Site) -> None:
    (line,) = site.broker_wires
    site.produce(SOME)
    process = site.start()
    site.wait_for_progress()
    line.delay_seconds = 0.1
    site.produce(SOME)
    site.wait_for_progress()
    line.delay_seconds = 0.0
    for _ in range(3):
        site.produce(SOME // 3)
        line.cut()
        time.sleep(1)
    line.jam()
    site.produce(SOME)
    time.sleep(5)
    line.heal()
    line.cut()
    if not process.running:
        site.wrong.append("G6: the consumer did not survive the network")


@fault(23, "partitions are added while it runs")
def _(site: Site) -> None:
    site.produce(SOME)
    site.start()
    site.wait_for_progress()
    with site.broker.admin() as admin:
        admin.create_partitions({site.topic: PARTITIONS + 2})
    time.sleep(2)
    site.put([(PARTITIONS + n % 2, name, accounts.message(name)) for n in range(40) if (name := site.name())])


@fault(19, "retention takes what was not read yet")
def _(site: Site) -> None:
    site.produce(SOME)
    process = site.start()
    site.wait("all is read", lambda: site.lag() == 0)
    process.stop()
    sent = site.produce(SOME)
    with site.broker.admin() as admin:
        ends = site.ends()
        cut = {p: ends[p] - 20 for p in range(PARTITIONS)}
        admin.delete_records({TopicPartition(site.topic, p): at for p, at in cut.items()})
    site.passed += [one.place for one in sent if one.place[1] < cut[one.place[0]]]
    site.firsts, site.again = cut, "streams"
    site.start()
    before = site.lag()
    time.sleep(4)
    if site.lag() != before:
        site.wrong.append("G1: it went on over a gap by itself")
    if site.run("consumers", "adopt", site.topic):
        site.wrong.append("G6: the gap could not be adopted")


@fault(19, "the topic is deleted and made anew under a running consumer")
def _(site: Site) -> None:
    site.produce(SOME)
    site.start()
    site.wait("all is read", lambda: site.lag() == 0)
    site.broker.delete_topic(site.topic)
    site.broker.create_topic(site.topic, PARTITIONS)
    site.look_up_topic()
    site.begin_anew()
    site.again = "streams"  # rows of the old topic are there, too
    time.sleep(8)  # ids are compared every few seconds
    site.produce(SOME)
    time.sleep(3)
    if site.store.read.head().position != site.after:
        site.wrong.append("G1: another topic was read under the old name")
    if site.run("consumers", "adopt", site.topic):
        site.wrong.append("G6: the new topic could not be adopted")


@fault(20, "transactions that were aborted upstream", short=True)
def _(site: Site) -> None:
    site.produce(SOME // 3)
    made = KafkaProducer(bootstrap_servers=site.broker.inside.split(","), transactional_id=site.topic, acks="all")
    try:
        made.init_transactions()
        for _ in range(3):
            made.begin_transaction()
            futures = [
                made.send(site.topic, value=accounts.message(f"aborted {site.name()}"), partition=0) for _ in range(20)
            ]
            made.flush(timeout=30)
            made.abort_transaction()
            site.marks += len(futures) + 1
    finally:
        made.close(timeout=10)
    site.put([(0, name, accounts.message(name)) for _ in range(20) if (name := site.name())])
    site.start()


@fault(19, "the log is shorter than what was read of it: its end was not on the disk")
def _(site: Site) -> None:
    site.again = "no"  # what was read stands in the topic no more
    _a_third_spoiled(site)
    process = site.start()
    site.wait("all is read", lambda: site.lag() == 0)
    process.stop()
    site.broker.kill(1)
    for number in range(PARTITIONS):
        _shorten(site, number)
    site.broker.start(1)
    _stands_until_adopted(site, site.start, "its positions are beyond the end")
    site.begin_anew()
    _a_third_spoiled(site)


def _a_third_spoiled(site: Site) -> None:
    """Offsets are given out again where a log was shortened, so that dead letters of both logs have the same place."""
    names = [(number % PARTITIONS, site.name(), number % 7 < 2) for number in range(SOME)]
    site.put([(at, name, b"nothing" if bad else accounts.message(name)) for at, name, bad in names], kind="either")


def _shorten(site: Site, number: int) -> None:
    """Take the second half of a partition's log away, as a power cut does of what was not flushed."""
    if site.broker.data is None:
        raise AssertionError("these brokers are not a test's own")
    (folder,) = Path(site.broker.data).glob(f"node-1/**/{site.topic}-{number}")
    (segment,) = folder.glob("*.log")
    octets = segment.read_bytes()
    segment.write_bytes(octets[: len(octets) // 2])
    for each in (*folder.glob("*.index"), *folder.glob("*.timeindex"), *folder.glob("*.snapshot")):
        each.unlink()


@fault(19, "another cluster answers at the address, with a topic of the same name")
def _(site: Site) -> None:
    site.again = "no"  # the topic that was read is in another cluster
    (line,) = site.broker_wires
    site.produce(SOME)
    site.start()
    site.wait("all is read", lambda: site.lag() == 0)
    with ExitStack() as stack:
        swapped = stack.enter_context(start_brokers(1, advertise=[line.address], properties=RIGHTS))
        first, target = site.broker, line.target
        swapped.create_topic(site.topic, PARTITIONS)
        swapped.create_topic(site.settings["PLAINT_KAFKA_COMMANDS"])
        try:
            site.broker, line.target = swapped, swapped.direct(1)
            line.cut()
            site.look_up_topic()
            site.begin_anew()
            _stands_until_adopted(site, lambda: None, "another cluster answers")
            site.produce(SOME)
            site.settle()
        finally:
            site.broker, line.target = first, target
            line.cut()


def _stands_until_adopted(site: Site, begin: Callable[[], object], why: str) -> None:
    """Nothing is read by itself, with an alarm; after the adoption what is new is read."""
    head, alarms = site.store.read.head().position, site.said("partition_stopped")
    begin()
    site.wait(f"an alarm that {why}", lambda: site.said("partition_stopped") > alarms)
    site.produce(PARTITIONS)
    time.sleep(3)
    if site.store.read.head().position != head:
        site.wrong.append(f"G1: it went on by itself although {why}")
    if site.run("consumers", "adopt", site.topic):
        site.wrong.append("G6: it could not be adopted")


@fault(5, "the way to the broker is open in one direction alone; then told to end behind a black hole")
def _(site: Site) -> None:
    (line,) = site.broker_wires
    site.produce(SOME)
    process = site.start()
    site.wait_for_progress()
    ways: tuple[Way, ...] = ("down", "up")
    for way in ways:
        line.jam(way)
        site.produce(SOME // 3)
        time.sleep(3)
        line.heal()
        line.cut()
        site.wait_for_progress()
    line.jam()
    began = time.monotonic()
    code = process.stop()
    if code or time.monotonic() - began > 20:
        site.wrong.append(f"G6: behind a black hole it ended with {code} after {time.monotonic() - began:.0f} s")
