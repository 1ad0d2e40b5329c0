"""Everything that is read has its effect exactly once, on a real broker and a real database."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest

from consumers.kafka.breaker import Rule
from consumers.kafka.client import Broker
from consumers.kafka.protocol import Partition
from consumers.tokens import KeysUnavailable
from engine.incoming import Arrived, Incoming, Result, Sender
from engine.service import Service
from engine.store.database.errors import DatabaseUnavailable
from engine.store.mapper import UnknownEvent
from support.broker import RunningBroker, unique
from support.consuming import Group, broker, chat, letters, produce, running, step_until, texts
from support.installation import Desk
from support.simulated_kafka import SimulatedCluster


@pytest.fixture
def cluster(kafka: RunningBroker) -> Iterator[Broker]:
    with broker(kafka.servers) as lent:
        yield lent


@pytest.fixture
def group(kafka: RunningBroker, cluster: Broker, desk: Desk) -> Group:
    """A group that reads one topic of two partitions."""
    topic = kafka.new_topic(2, message_timestamp_type="LogAppendTime")
    return Group(desk, cluster, {topic: "messages"}, unique("group"))


@pytest.fixture
def topic(group: Group) -> str:
    (name,) = group.topics
    return name


def test_what_was_there_before_and_what_comes_after_is_read_in_order(
    kafka: RunningBroker, group: Group, topic: str, desk: Desk
) -> None:
    produce(kafka.servers, topic, [chat(f"a{n}") for n in range(30)])
    produce(kafka.servers, topic, [chat(f"b{n}") for n in range(5)], partition=1)
    member = group.member(batch=7)
    with running(member):
        step_until([member], lambda: group.positions() == {(topic, 0): 30, (topic, 1): 5})
        produce(kafka.servers, topic, [chat("a30")])
        step_until([member], lambda: group.positions() == {(topic, 0): 31, (topic, 1): 5})
    found = texts(desk)
    assert [text for text in found if ", a" in text] == [f"It is broken, a{n}" for n in range(31)]
    assert len(found) == 36
    assert member.figures.records["done"] == 36


def test_the_brokers_time_is_when_it_was_received(kafka: RunningBroker, group: Group, topic: str, desk: Desk) -> None:
    produce(kafka.servers, topic, [chat("a")], timestamp_ms=1)
    member = group.member()
    with running(member):
        step_until([member], lambda: bool(group.positions()))
    envelope = next(one for one in desk.store.read.log(0, 1000) if one.name == "complaint.received.v1").envelope
    assert envelope.received_at is not None
    assert envelope.received_at.year > 2000


def test_poison_goes_aside_whole_and_its_neighbours_go_on(
    kafka: RunningBroker, group: Group, topic: str, desk: Desk
) -> None:
    produce(kafka.servers, topic, [chat("a"), b"{", None, b"\xff", chat("b"), None], key=b"k", headers=[("h", b"\xfe")])
    produce(kafka.servers, topic, [None, None], partition=1, key=b"k")
    member = group.member()
    with running(member):
        step_until([member], lambda: group.positions() == {(topic, 0): 6, (topic, 1): 2})
    assert texts(desk) == ["It is broken, a", "It is broken, b"]
    kept = letters(desk)
    assert [(each.offset, each.error_class, each.value) for each in kept] == [
        (1, "syntax", b"{"),
        (3, "encoding", b"\xff"),
    ]
    assert [(each.key, each.raw_headers) for each in kept] == [(b"k", [(b"h", b"\xfe")])] * 2
    assert member.figures.records == {"done": 2, "dead_letter": 2, "passed_over": 4}


def test_what_the_client_cannot_read_goes_aside_and_reading_goes_on(
    kafka: RunningBroker, group: Group, topic: str, desk: Desk
) -> None:
    from support.poison import send_batch

    produce(kafka.servers, topic, [chat("a")])
    send_batch(kafka.servers, topic, [(chat("b"), b"good"), (chat("c"), b"\xff\xfe"), (chat("d"), b"good")])
    produce(kafka.servers, topic, [chat("e")])
    member = group.member()
    with running(member):
        step_until([member], lambda: group.positions().get((topic, 0)) == 5)
    assert texts(desk) == [f"It is broken, {name}" for name in "abde"]
    (kept,) = letters(desk)
    assert (kept.offset, kept.reason, kept.value) == (2, "encoding header_name", chat("c"))
    assert kept.raw_headers[0].name == b"\xff\xfe"
    assert member.figures.errors["poll"] >= 1


class Troubled(Service):
    """A service that meets trouble of the test's choosing."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.store)
        self.trouble: list[Exception] = []
        self.bugs: set[str] = set()
        """Texts that make it fail, always."""
        self.calls = 0

    def submit(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        self.calls += 1
        if self.trouble:
            raise self.trouble.pop(0)
        for item in items:
            if isinstance(item, Arrived) and item.message.text in self.bugs:
                raise ValueError(item.message.text)
        return super().submit(items, now)


def test_one_record_that_fails_by_itself_sinks_no_other(
    kafka: RunningBroker, group: Group, topic: str, desk: Desk
) -> None:
    service = Troubled(desk)
    group.service = service
    service.bugs = {"It is broken, 17", "It is broken, 40"}
    produce(kafka.servers, topic, [chat(str(n)) for n in range(64)])
    member = group.member()
    with running(member):
        step_until([member], lambda: group.positions() == {(topic, 0): 64})
    assert texts(desk) == [f"It is broken, {n}" for n in range(64) if n not in (17, 40)]
    assert [(each.offset, each.reason) for each in letters(desk)] == [
        (17, "internal value_error"), (40, "internal value_error"),
    ]  # fmt: skip
    assert service.calls < 60, "it is halved, not tried one by one"


@pytest.mark.parametrize("trouble", [DatabaseUnavailable("gone"), OSError("disk full"), MemoryError()])
def test_an_outage_is_waited_out_in_the_group_and_nothing_is_set_aside(
    kafka: RunningBroker, group: Group, topic: str, desk: Desk, trouble: Exception
) -> None:
    service = Troubled(desk)
    group.service = service
    produce(kafka.servers, topic, [chat(str(n)) for n in range(3)])
    member = group.member()
    with running(member):
        step_until([member], lambda: member.partitions.running(Partition(topic, 0)) is not None)
        service.trouble = [trouble] * 4
        produce(kafka.servers, topic, [chat(str(n)) for n in range(3, 6)])
        step_until([member], lambda: group.positions() == {(topic, 0): 6})
        assert member.figures.rebalances == 1
    assert texts(desk) == [f"It is broken, {n}" for n in range(6)]
    assert letters(desk) == []
    assert member.figures.errors["store"] >= 1


def test_a_command_waits_while_nobody_knows_whether_its_token_is_good(
    kafka: RunningBroker, cluster: Broker, desk: Desk
) -> None:
    topic, case = (
        kafka.new_topic(1),
        desk.opened(channel="chat", system="s", id="m", text="It is broken, I want a refund"),
    )
    silent = [KeysUnavailable() for _ in range(3)]

    def people(token: str, _: datetime) -> Sender:
        if silent:
            raise silent.pop()
        return Sender("kafka/commands", f"person:{token}", "token", groups=frozenset({"handler"}))

    group = Group(desk, cluster, {topic: "commands"}, unique("group"), people=people)
    wish = {"stream": str(case), "name": "complaint.assign", "command": {"team": "kettles"}, "id": "a-1"}
    produce(kafka.servers, topic, [json.dumps(wish).encode()], headers=[("authorization", b"Bearer ann")])
    member = group.member()
    with running(member):
        step_until([member], lambda: group.positions() == {(topic, 0): 1})
    assert (member.figures.errors["identity"], letters(desk)) == (3, [])
    last = desk.store.read.stream(case)[-1]
    assert (last.name, last.envelope.actor, last.envelope.identity) == ("complaint.assigned.v1", "person:ann", "token")


def test_a_program_that_is_too_old_ends_and_sets_nothing_aside(
    kafka: RunningBroker, group: Group, topic: str, desk: Desk
) -> None:
    service = Troubled(desk)
    group.service = service
    service.trouble = [UnknownEvent("complaint.received.v9", 7)]
    produce(kafka.servers, topic, [chat("a")])
    member = group.member()
    with running(member), pytest.raises(UnknownEvent):
        step_until([member], lambda: False)
    assert (group.positions(), letters(desk)) == ({}, [])


def test_the_hint_follows_the_stored_position(kafka: RunningBroker, group: Group, topic: str) -> None:
    produce(kafka.servers, topic, [chat(str(n)) for n in range(3)])
    member = group.member()
    with running(member):
        step_until([member], lambda: group.positions() == {(topic, 0): 3})
    with kafka.admin() as admin:
        told = admin.list_group_offsets(group.name)
    assert {at.partition: each.offset for at, each in next(iter(told.values())).items()}[0] == 3


def test_a_batch_without_its_codec_goes_aside_in_one_piece(
    kafka: RunningBroker, group: Group, topic: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zstandard
    from kafka import codec

    produce(kafka.servers, topic, [chat("a")])
    produce(
        kafka.servers, topic, [chat(f"b{n}") for n in range(3)], options={"compression_type": "zstd", "linger_ms": 200}
    )
    produce(kafka.servers, topic, [chat("c")])
    assert zstandard is not None
    monkeypatch.setattr(codec, "has_zstd", lambda: False)
    from consumers.kafka import batches

    monkeypatch.setitem(batches._UNPACK, 4, None)  # noqa: SLF001 # as if the library had never been there
    member = group.member()
    with running(member):
        step_until([member], lambda: group.positions().get((topic, 0)) == 5)
    assert texts(desk) == ["It is broken, a", "It is broken, c"]
    (kept,) = letters(desk)
    assert (kept.offset, kept.error_class) == (1, "codec")
    assert kept.value is not None
    assert len(kept.value) > 61, "the octets of the batch"


def test_a_partition_of_poison_rests_is_tried_again_and_loses_nothing(desk: Desk) -> None:
    simulated = SimulatedCluster({"in": 2})
    rule = Rule(window=10, least=5, share=0.5, rest_seconds=2.0, longest_rest_seconds=2.0)
    group = Group(desk, simulated, {"in": "messages"}, options={"rule": rule})
    poisoned, healthy = Partition("in", 0), Partition("in", 1)
    for number in range(12):
        simulated.produce(poisoned, b"{" if number < 7 else chat(f"good {number}"))
        simulated.produce(healthy, chat(f"other {number}"))
    member = group.member()
    with running(member):
        step_until([member], lambda: group.positions() == {("in", 0): 5, ("in", 1): 12})
        assert {place.partition.number: place.state for place in member.partitions.places} == {
            0: "tripped",
            1: "running",
        }
        member.step()
        assert group.positions()["in", 0] == 5, "it rests"
        step_until([member], lambda: group.positions() == {("in", 0): 12, ("in", 1): 12})
        step_until([member], lambda: all(place.state == "running" for place in member.partitions.places))
    assert len(texts(desk)) == 17
    assert [each.offset for each in letters(desk)] == list(range(7))
    assert member.figures.alarms["spoiled"] == 1
