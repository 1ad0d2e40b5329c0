"""Faults of the messages: doubled, out of order, spoiled in every way, too large, of another schema, nothing else."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from faults.kafka.fault import SOME, fault
from faults.kafka.site import PARTITIONS, Process, Site
from support import accounts


@fault(7, "the same message produced again")
def _(site: Site) -> None:
    site.again = "streams"  # which of the two is first, the order of the partitions decides
    first = site.produce(SOME // 3)
    site.start()
    again = [(site.random.randrange(PARTITIONS), one.name, accounts.message(one.name)) for one in first]
    site.put(again)
    site.put(again)


@fault(8, "replies before what they answer, in other partitions too", short=True)
def _(site: Site) -> None:
    site.again = "streams"  # as above
    site.start()
    pairs = [(site.name(), site.name()) for _ in range(60)]
    replies = [(site.random.randrange(PARTITIONS), b, accounts.message(b, follows=a)) for a, b in pairs]
    site.put(replies)
    time.sleep(1)
    openers = [(site.random.randrange(PARTITIONS), a, accounts.message(a)) for a, _ in pairs]
    site.random.shuffle(openers)
    site.put(openers)


@fault(9, "the sender's clock is an hour off, both ways", topic={"message_timestamp_type": "CreateTime"})
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
    b'{"channel": "telex", "id": "x", "text": "hello"}',
    b'{"channel": "web_form", "id": 7, "text": ["hello"]}',
    b'{"id": "x", "text": "hello"}',
)
"""Values that can never be taken."""


@fault(13, "poison among good ones, in the value: encoding, syntax, tombstones, no key")
def _(site: Site) -> None:
    process = site.start()
    for octets in JUNK:
        site.produce(30)
        site.put([(site.random.randrange(PARTITIONS), site.name(), octets)], kind="garbage")
        site.produce(30)
    tombstones = site.put([(0, site.name(), None)], kind="garbage")
    site.passed += [one.place for one in tombstones]
    site.put([(1, "", accounts.message("of an empty key"))])
    site.produce(30)
    site.wait("all is read", lambda: site.lag() == 0)
    _rests(site, process)


def _rests(site: Site, process: Process) -> None:
    """A process that has nothing to do does nothing."""
    before = _processor_seconds(process)
    time.sleep(2)
    if (used := _processor_seconds(process) - before) > 1:
        site.wrong.append(f"G6: it used the processor for {used:.1f} s of 2 s with nothing to do")


def _processor_seconds(process: Process) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
        names = [site.name() for _ in range(40)]
        site.put([(0, name, accounts.message(name)) for name in names], options={"compression_type": codec})


@fault(13, "a bit of the log is flipped on the broker's disk")
def _(site: Site) -> None:
    site.produce(SOME // 3)
    site.put([(0, "flipped", accounts.message("flipped"))], kind="garbage")
    site.produce(SOME // 3)
    site.broker.stop(1)
    if site.broker.data is None:
        raise AssertionError("these brokers are not a test's own")
    (segment,) = Path(site.broker.data).glob(f"node-1/**/{site.topic}-0/*.log")
    octets = bytearray(segment.read_bytes())
    octets[octets.index(b"kettle flipped")] ^= 1
    segment.write_bytes(octets)
    site.broker.start(1)
    process = site.start()
    site.wait("all is read", lambda: site.lag() == 0)
    _rests(site, process)


def _hostile() -> Iterator[tuple[str, bytes]]:
    """Yield what a parser may choke on, and the class of the dead letter that it must become."""
    start = b'{"channel": "web_form", "system": "shop", "id": "x", "text": "hello", "extra": '
    yield "depth", b"[" * 100_000
    yield "depth", start + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
    yield "syntax", b"9" * 500_000 + b"e"
    yield "syntax", start + b"NaN}"
    yield "syntax", start + b'"\\ud800"}'
    yield "syntax", start + b"9" * 5_000 + b"}"
    yield "size", start + b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(1_000_000)) + b"}}"
    yield "schema", b'{"channel": "telex", "channel": "fax", "id": "x", "id": "y"}'


LARGE: Final = {"max_message_bytes": "62914560"}
"""A topic that takes records of 60 MB."""


@fault(14, "deep JSON, endless numbers, NaN, lone surrogates, a million keys, keys twice", topic=LARGE)
def _(site: Site) -> None:
    process = site.start()
    wanted = {}
    for expected, octets in _hostile():
        (sent,) = site.put([(0, site.name(), octets)], kind="garbage", options=_for_large())
        wanted[sent.place] = expected
        site.produce(10)
    doubled = site.name()
    plain = accounts.message(doubled)
    site.put([(0, doubled, plain.replace(b'{"channel"', b'{"id":"first","channel"', 1))])
    wide = site.name()
    more = {f"k{number}": number for number in range(40_000)}
    site.put([(1, wide, orjson.dumps({**orjson.loads(accounts.message(wide)), "extra": more}))])
    site.wait("all is read", lambda: site.lag() == 0)
    found = {place: letter.error_class for place, letter in accounts.letters(site.store, site.topic)}
    if different := {place: (wanted.get(place), found.get(place)) for place in {**found, **wanted}
                     if wanted.get(place) != found.get(place)}:  # fmt: skip
        site.wrong.append(f"G1: other classes than {different}")
    if (megabytes := _most_memory(process)) > 700:
        site.wrong.append(f"G6: it took {megabytes} MB")
    _rests(site, process)


def _for_large() -> dict[str, Any]:
    return {"max_request_size": 62_914_560}


def _most_memory(process: Process) -> int:
    """Return the most memory that a process has had, in megabytes."""
    (line,) = [
        line
        for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
        if line.startswith("VmHWM")
    ]
    return int(line.split()[1]) // 1024


@fault(15, "messages of 1 to 50 MB, two hundred headers, many of 10 kB", topic=LARGE)
def _(site: Site) -> None:
    process = site.start()
    site.produce(20)
    for megabytes in (2, 10, 50):
        octets = accounts.message("too large", pad=megabytes * 1_000_000)
        site.put([(0, site.name(), octets)], kind="garbage", options=_for_large())
    many = [(f"h{n}", b"x") for n in range(200)]
    site.put([(0, site.name(), accounts.message("too many headers"))], kind="garbage", headers=many)
    large = [(n % PARTITIONS, site.name()) for n in range(200)]
    sizes = [10_000] * 180 + [150_000] * 20
    site.put([(at, name, accounts.message(name, pad=size)) for (at, name), size in zip(large, sizes, strict=True)])
    site.wait("all is read", lambda: site.lag() == 0)
    letters = accounts.letters(site.store, site.topic)
    if [letter.error_class for _, letter in letters if letter.left_out is None] != ["headers"]:
        site.wrong.append("G7: a value beyond the limit was kept, or one within it was not")
    if (megabytes := _most_memory(process)) > 700:
        site.wrong.append(f"G6: it took {megabytes} MB")


@fault(16, "drifting schema: fields missing, renamed, more, of other types, of a newer version")
def _(site: Site) -> None:
    site.start()
    for _ in range(8):
        site.produce(20)
        drifted = [(site.random.randrange(PARTITIONS), *_drifted(site)) for _ in range(10)]
        site.put(drifted, kind="either")
    newer = {"specversion": "1.0", "type": "complaints.web_form.v99", "source": "shop", "id": "n", "data": {}}
    site.put([(0, "newer", orjson.dumps(newer))], kind="garbage")


def _drifted(site: Site) -> tuple[str, bytes]:
    """Return a message with one to three changes that a sender's next release might make."""
    name = site.name()
    given: dict[str, Any] = orjson.loads(accounts.message(name))
    draw = site.random
    for _ in range(draw.randrange(1, 4)):
        field = draw.choice(sorted(given.keys() - {"id"}) or ["channel"])
        match draw.randrange(4):
            case 0:
                given.pop(field, None)
            case 1:
                given[f"{field}_v2"] = given.pop(field, None)
            case 2:
                given[field] = draw.choice([None, 7, -1.5, True, [], {}, "", ["x"], {"x": {"y": 1}}])
            case _:
                given[f"new_{draw.randrange(5)}"] = draw.choice(["x", 1, None, {"a": [1, 2]}])
    return name, orjson.dumps(given)


@fault(18, "a bad release of ours: nothing can be taken any more, then the release is mended")
def _(site: Site) -> None:
    site.again = "streams"  # read again without a bad release
    bad = site.start(PLAINT_KAFKA_MAX_HEADERS="1")
    names = [site.name() for _ in range(200)]
    site.put([(0, name, accounts.message(name)) for name in names], headers=[("a", b"1"), ("b", b"2")])
    names = [site.name() for _ in range(100)]
    site.put([(1, name, accounts.message(name)) for name in names])
    site.wait("the partition rests", lambda: "partition_rests" in bad.said)
    site.wait("the others go on", lambda: site.positions().get(1, 0) >= 100)
    time.sleep(2)
    dead = len(site.store.set_aside.listed("dead_letter", limit=1_000))
    if not 0 < dead <= 100:
        site.wrong.append(f"G1: {dead} of 200 healthy records were buried before the partition rested")
    bad.stop()
    site.start()
    site.wait("all is read", lambda: site.lag() == 0)
    if site.run("dead-letters", "replay", "--reason", "headers/too_many"):
        site.wrong.append("G1: what was buried could not be replayed")


@fault(18, "a flood of nothing but poison: the partition rests, is tried again, and goes on by itself")
def _(site: Site) -> None:
    process = site.start()
    site.put([(0, site.name(), b"nothing") for _ in range(25)], kind="garbage")
    site.produce(SOME)
    site.wait("the partition rests", lambda: "partition_rests" in process.said)
    site.wait("it goes on by itself", lambda: site.lag() == 0, 120)
