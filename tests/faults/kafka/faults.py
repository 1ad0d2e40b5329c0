"""The faults, by the number of the fault matrix. Each disturbs a site at its seed and returns; the site judges."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson
from kafka import KafkaProducer

from faults.kafka.site import PARTITIONS, Site
from support import accounts
from support.tcp_proxy import Snip

SOME = 300
"""Messages before, and again during a disturbance."""
COMMIT: Final = b"COMMIT\0"
STATIC: Final = {"PLAINT_KAFKA_INSTANCE": "only"}
"""A member that keeps its place: whoever is started in its stead need not wait until it is given up."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the matrix. ``short`` ones are run by the main suite too."""

    number: int
    name: str
    run: Callable[[Site], None]
    nodes: int = 1
    short: bool = False


FAULTS: list[Fault] = []
NOT_PRODUCED: Final = {
    6: "disk full: needs a file system with a quota, which a test without rights over the machine cannot make",
    9: "the machine's own clock cannot be skewed without libfaketime; above it is the sender's that is",
    17: "the dead-letter topic missing or closed: the relay is a process of its own, its own tests do it",
    22: "a listener that raises or blocks: ours seeks, pauses and takes notes, and asks nobody",
}
"""What could not be produced on one machine, by number, and why."""


def fault(number: int, name: str, *, nodes: int = 1, short: bool = False) -> Callable[[Callable[[Site], None]], None]:
    """Put a fault into the table."""

    def put(run: Callable[[Site], None]) -> None:
        FAULTS.append(Fault(number, name, run, nodes, short))

    return put


# ------------------------------------------------------------------------------------------ our own process


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
        time.sleep(site.random.random())
        running = [process for process in site.processes if process.running]
        if len(running) > 2 and site.random.random() < 0.6:
            chosen = site.random.choice(running)
            if site.random.random() < 0.5:
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


# ------------------------------------------------------------------------------------------ the database


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


# ------------------------------------------------------------------------------------------ the broker


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
        admin.delete_records({_partition(site.topic, p): at for p, at in cut.items()})
    site.passed += [one.place for one in sent if one.place[1] < cut[one.place[0]]]
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
    site.sent, site.highest, site.after = [], {}, site.store.read.head().position
    site.look_up_topic()
    time.sleep(8)  # ids are compared every few seconds
    site.produce(SOME)
    time.sleep(3)
    if site.store.read.head().position != site.after:
        site.wrong.append("G1: another topic was read under the old name")
    if site.run("consumers", "adopt", site.topic):
        site.wrong.append("G6: the new topic could not be adopted")


def _partition(topic: str, number: int) -> object:
    from kafka import TopicPartition

    return TopicPartition(topic, number)


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


# ------------------------------------------------------------------------------------------ the messages


@fault(7, "the same message produced again")
def _(site: Site) -> None:
    first = site.produce(SOME // 3)
    site.start()
    again = [(site.random.randrange(PARTITIONS), one.name, accounts.message(one.name)) for one in first]
    site.put(again)
    site.put(again)


@fault(8, "replies before what they answer, in other partitions too", short=True)
def _(site: Site) -> None:
    site.start()
    pairs = [(site.name(), site.name()) for _ in range(60)]
    replies = [(site.random.randrange(PARTITIONS), b, accounts.message(b, follows=a)) for a, b in pairs]
    site.put(replies)
    time.sleep(1)
    openers = [(site.random.randrange(PARTITIONS), a, accounts.message(a)) for a, _ in pairs]
    site.random.shuffle(openers)
    site.put(openers)


@fault(9, "the sender's clock is an hour off, both ways")
def _(site: Site) -> None:
    site.start()
    now = int(time.time() * 1000)
    for skew in (-3_600_000, 3_600_000, 0):
        site.produce(40, timestamp_ms=now + skew)


JUNK: Final[tuple[bytes, ...]] = (
    b"\xff\xfe not UTF-8",
    b'{"channel": "web_form", "id": "x"',
    b"",
    b"[]",
    b"[" * 100_000,
    b'{"channel": "web_form", "id": ' + b"9" * 5_000 + b"}",
    b'{"channel": "web_form", "id": "x", "text": NaN}',
    b'{"channel": "web_form", "id": "x", "text": "\\ud800"}',
    b'{"channel": "telex", "id": "x", "text": "hello"}',
    b'{"channel": "web_form", "id": 7, "text": ["hello"]}',
    b'{"id": "x", "text": "hello"}',
    orjson.dumps({"channel": "web_form", "extra": {str(n): n for n in range(20_000)}}),
)
"""Values that can never be taken."""


@fault(13, "poison among good ones, in the value: encoding, syntax, depth (14), drift (16)")
def _(site: Site) -> None:
    site.start()
    for octets in JUNK:
        site.produce(30)
        site.put([(site.random.randrange(PARTITIONS), site.name(), octets)], kind="garbage")
        site.produce(30)
    tombstones = site.put([(0, site.name(), None)], kind="garbage")
    site.passed += [one.place for one in tombstones]
    site.produce(30)


class _NotUtf8(str):
    """The name of a header as another client may write it."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


@fault(13, "poison among good ones, in the name of a header", short=True)
def _(site: Site) -> None:
    site.start()
    for _ in range(3):
        site.produce(30)
        name = site.name()
        site.put([(0, name, accounts.message(name))], kind="garbage", headers=[(_NotUtf8("x"), b"1")])
        site.produce(30)


@fault(13, "packed by every codec")
def _(site: Site) -> None:
    site.start()
    for codec in ("gzip", "lz4", "zstd", "snappy"):
        made = KafkaProducer(bootstrap_servers=site.broker.inside.split(","), acks="all", compression_type=codec)
        names = [site.name() for _ in range(40)]
        futures = [(n, made.send(site.topic, value=accounts.message(n), partition=0)) for n in names]
        made.flush(timeout=30)
        site.sent += [accounts.Sent((0, future.get(timeout=30).offset), n) for n, future in futures]
        made.close(timeout=10)


@fault(15, "two hundred headers, and messages of 500 kB")
def _(site: Site) -> None:
    site.start()
    site.produce(20)
    many = [(f"h{n}", b"x") for n in range(200)]
    site.put([(0, site.name(), accounts.message("too many headers"))], kind="garbage", headers=many)
    large = [(n % PARTITIONS, site.name()) for n in range(20)]
    site.put([(partition, name, accounts.message(name, pad=150_000)) for partition, name in large])


@fault(18, "nothing but poison, then good ones")
def _(site: Site) -> None:
    site.start()
    site.put([(0, site.name(), b"nothing") for _ in range(200)], kind="garbage")
    site.produce(SOME)
