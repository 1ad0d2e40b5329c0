"""Stored positions decide where each partition is read from, and what was lost stops it until a person says so."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import cast

import pytest
from structlog.testing import capture_logs

from consumers.kafka import status
from consumers.kafka.access import Access
from consumers.kafka.client import Broker
from consumers.kafka.protocol import Fenced, Partition
from engine.store.batch import Batch, SourceMove
from support.broker import RunningBroker, unique
from support.consuming import Group, broker, chat, produce, running, step_until, texts, wait_until, working
from support.installation import Desk
from support.simulated_kafka import SimulatedCluster


@pytest.fixture
def cluster(kafka: RunningBroker) -> Iterator[Broker]:
    with broker(kafka.servers) as lent:
        yield lent


def grouped(kafka: RunningBroker, cluster: Broker, desk: Desk, partitions: int = 1) -> tuple[Group, str]:
    topic = kafka.new_topic(partitions)
    return Group(desk, cluster, {topic: "messages"}, unique("group")), topic


def adopted(group: Group, topic: str) -> list[status.Adopted]:
    """Do what ``plaint consumers adopt`` does."""
    cluster, topic_id, planned = status.adoption(cast("Broker", group.cluster), group.desk.store, topic)
    group.desk.service.pass_over([move for _, move in planned if move is not None])
    group.desk.store.topics.adopt(topic, cluster, topic_id)
    return [each for each, _ in planned]


def stopped(member: object) -> dict[int, str | None]:
    places = member.partitions.places  # type: ignore[attr-defined] # a consumption
    return {place.partition.number: place.why for place in places if place.state == "stopped"}


def test_a_restart_reads_on_where_the_store_is_whatever_the_group_says(
    kafka: RunningBroker, cluster: Broker, desk: Desk
) -> None:
    group, topic = grouped(kafka, cluster, desk)
    produce(kafka.servers, topic, [chat(str(n)) for n in range(10)])
    source = f"kafka:{cluster.cluster_id()}/{cluster.topic_ids([topic])[topic]}/0"
    desk.store.commit(Batch(sources=(SourceMove(source, None, 6),)))
    first = group.member()
    with running(first):
        step_until([first], lambda: group.positions() == {(topic, 0): 10})
    assert texts(desk) == [f"It is broken, {n}" for n in range(6, 10)]

    desk.store.commit(Batch(sources=(SourceMove(source, 10, 2),)))
    second = group.member("two")
    with running(second):
        step_until([second], lambda: group.positions() == {(topic, 0): 10})
    assert len(texts(desk)) == 8
    assert second.figures.records == {"done": 4, "already": 4, "passed_over": 0}


def test_two_members_share_four_partitions_and_whoever_stays_gets_all(
    kafka: RunningBroker, cluster: Broker, desk: Desk
) -> None:
    group, topic = grouped(kafka, cluster, desk, 4)
    one, two = group.member("one"), group.member("two")
    with working(one):
        with working(two):
            wait_until(lambda: (len(list(one.partitions.places)), len(list(two.partitions.places))) == (2, 2))
            for number in range(4):
                produce(kafka.servers, topic, [chat(f"{number}/{n}") for n in range(5)], partition=number)
            wait_until(lambda: group.positions() == {(topic, number): 5 for number in range(4)})
            assert (one.figures.records["done"], two.figures.records["done"]) == (10, 10)
        for number in range(4):
            produce(kafka.servers, topic, [chat(f"{number}/last")], partition=number)
        wait_until(lambda: group.positions() == {(topic, number): 6 for number in range(4)})
    assert one.figures.records["done"] == 14
    assert len(set(texts(desk))) == len(texts(desk)) == 24


def test_an_overlapping_batch_of_a_zombie_is_rejected_whole(kafka: RunningBroker, cluster: Broker, desk: Desk) -> None:
    group, topic = grouped(kafka, cluster, desk)
    zombie = group.member("zombie", batch=3)
    with running(zombie):
        step_until([zombie], lambda: zombie.partitions.running(Partition(topic, 0)) is not None)
        other = Group(desk, cluster, group.topics, unique("group")).member("owner", batch=10)
        produce(kafka.servers, topic, [chat(str(n)) for n in range(8)])
        with running(other):
            step_until([other], lambda: group.positions() == {(topic, 0): 8})
        with capture_logs() as logs:
            step_until([zombie], lambda: zombie.figures.errors["conflict"] == 1)
        assert [line["event"] for line in logs] == ["batch_overtaken"]
        produce(kafka.servers, topic, [chat("8")])
        step_until([zombie], lambda: group.positions() == {(topic, 0): 9})
    assert texts(desk) == [f"It is broken, {n}" for n in range(9)]
    assert zombie.figures.records == {"done": 1, "passed_over": 0}


def test_a_topic_made_anew_stands_still_until_it_is_adopted_and_is_then_read_from_its_beginning(
    kafka: RunningBroker, cluster: Broker, desk: Desk
) -> None:
    group, topic = grouped(kafka, cluster, desk)
    produce(kafka.servers, topic, [chat(str(n)) for n in range(3)])
    member = group.member()
    with running(member), capture_logs() as logs:
        step_until([member], lambda: group.positions() == {(topic, 0): 3})
        kafka.delete_topic(topic)
        kafka.create_topic(topic)
        produce(kafka.servers, topic, [chat(str(n)) for n in range(2, 5)])
        step_until([member], lambda: stopped(member) == {0: "topic_replaced"})
        assert group.positions() == {}

        adopted(group, topic)
        step_until([member], lambda: group.positions() == {(topic, 0): 3})
        assert stopped(member) == {}
    alarms = [line for line in logs if line["event"] == "partition_stopped" and line["reason"] == "topic_replaced"]
    assert [(line["log_level"], line["partition"]) for line in alarms] == [("error", 0)]
    assert texts(desk) == [f"It is broken, {n}" for n in range(5)]
    assert member.figures.alarms["topic_replaced"] == 1


def test_of_a_topic_made_anew_between_two_checks_nothing_is_read_that_an_adoption_does_not_mend(
    kafka: RunningBroker, cluster: Broker, desk: Desk
) -> None:
    group, topic = grouped(kafka, cluster, desk)
    produce(kafka.servers, topic, [chat(str(n)) for n in range(3)])
    member = group.member(check_seconds=1_000)
    with running(member):
        step_until([member], lambda: group.positions() == {(topic, 0): 3})
        with ThreadPoolExecutor(1) as pool:
            made = pool.submit(_made_anew_with, kafka, topic, [chat(f"new {n}") for n in range(8)])
            step_until([member], made.done)
        step_until([member], lambda: stopped(member) in ({0: "topic_replaced"}, {0: "beyond_end"}))
        early = texts(desk)[3:]
        member.step()
        adopted(group, topic)
        member.partitions.check()
        step_until([member], lambda: group.positions() == {(topic, 0): 8})
    assert early == []
    assert texts(desk) == [f"It is broken, {n}" for n in range(3)] + [f"It is broken, new {n}" for n in range(8)]


def _made_anew_with(kafka: RunningBroker, topic: str, values: list[bytes | None]) -> None:
    kafka.delete_topic(topic)
    kafka.create_topic(topic)
    produce(kafka.servers, topic, values)


def test_a_topic_that_is_deleted_stops_alone_and_asks_for_adoption_when_it_is_made_anew(
    kafka: RunningBroker, cluster: Broker, desk: Desk
) -> None:
    gone, stays = kafka.new_topic(), kafka.new_topic()
    group = Group(desk, cluster, {gone: "messages", stays: "messages"}, unique("group"))
    produce(kafka.servers, gone, [chat("0"), chat("1")])
    produce(kafka.servers, stays, [chat("other 0")])
    member = group.member()
    with running(member), capture_logs() as logs:
        step_until([member], lambda: group.positions() == {(gone, 0): 2, (stays, 0): 1})
        kafka.delete_topic(gone)
        step_until([member], lambda: standing(group).get(gone) == ("stopped", "topic_missing"))
        produce(kafka.servers, stays, [chat("other 1")])
        step_until([member], lambda: group.positions() == {(stays, 0): 2})
        assert standing(group) == {gone: ("stopped", "topic_missing"), stays: ("running", None)}

        kafka.create_topic(gone)
        produce(kafka.servers, gone, [chat("2")])
        step_until([member], lambda: standing(group).get(gone) == ("stopped", "topic_replaced"))
        produce(kafka.servers, stays, [chat("other 2")])
        step_until([member], lambda: group.positions() == {(stays, 0): 3})
        adopted(group, gone)
        step_until([member], lambda: group.positions() == {(gone, 0): 1, (stays, 0): 3})
    alarms = [line for line in logs if line["event"] == "partition_stopped"]
    assert [(line["topic"], line["log_level"], line["reason"]) for line in alarms] == [
        (gone, "error", "topic_missing"),
        (gone, "error", "topic_replaced"),
    ]
    assert sorted(texts(desk)) == [f"It is broken, {name}" for name in ["0", "1", "2", "other 0", "other 1", "other 2"]]


def test_a_topic_that_is_not_there_is_told_once_and_read_once_it_is_made(desk: Desk) -> None:
    cluster = SimulatedCluster({"there": 1})
    group = Group(desk, cluster, {"there": "messages", "wanted": "messages"})
    cluster.produce(Partition("there", 0), chat("a"))
    member = group.member(check_seconds=0.0)
    with running(member), capture_logs() as logs:
        step_until([member], lambda: group.positions() == {("there", 0): 1})
        for _ in range(3):
            member.step()
        alarms = dict(member.figures.alarms)
        cluster.create("wanted", 1)
        cluster.produce(Partition("wanted", 0), chat("b"))
        cluster.evict(cluster.lent["one"])
        step_until([member], lambda: group.positions() == {("there", 0): 1, ("wanted", 0): 1})
        for _ in range(3):
            member.step()
    assert alarms == dict(member.figures.alarms) == {"topic_missing": 1}
    assert [(line["topic"], line["log_level"]) for line in logs if line["event"] == "topic_missing"] == [
        ("wanted", "error")
    ]


def standing(group: Group) -> dict[str, tuple[str, str | None]]:
    """Return how each topic's partition stands, as it was last said."""
    return {row.said.topic: (row.said.state, row.said.reason) for row in group.desk.store.standings.all()}


def test_records_that_retention_took_unread_stop_the_partition_and_no_other(
    kafka: RunningBroker, cluster: Broker, desk: Desk
) -> None:
    group, topic = grouped(kafka, cluster, desk, 2)
    first = group.member()
    produce(kafka.servers, topic, [chat("0")])
    with running(first):
        step_until([first], lambda: group.positions() == {(topic, 0): 1})
    produce(kafka.servers, topic, [chat(str(n)) for n in range(1, 8)])
    _delete_before(kafka, topic, 5)

    second = group.member("two")
    with running(second), capture_logs() as logs:
        step_until([second], lambda: stopped(second) == {0: "below_start"})
        produce(kafka.servers, topic, [chat("other")], partition=1)
        step_until([second], lambda: group.positions() == {(topic, 0): 1, (topic, 1): 1})
        for _ in range(10):
            second.step()
        assert group.positions()[topic, 0] == 1, "nothing is reset in silence"
        assert adopted(group, topic) == [status.Adopted(0, 1, 5), status.Adopted(1, 1, 1)]
        step_until([second], lambda: group.positions() == {(topic, 0): 8, (topic, 1): 1})
    assert texts(desk) == [f"It is broken, {name}" for name in ["0", "other", "5", "6", "7"]]
    assert sum(line["event"] == "partition_stopped" for line in logs) == 1


def test_a_gap_that_opens_under_a_running_member_stops_it_too(
    kafka: RunningBroker, cluster: Broker, desk: Desk
) -> None:
    group, topic = grouped(kafka, cluster, desk)
    member = group.member(check_seconds=1_000)
    with running(member):
        step_until([member], lambda: member.partitions.running(Partition(topic, 0)) is not None)
        member.partitions.hold()
        produce(kafka.servers, topic, [chat(str(n)) for n in range(8)])
        _delete_before(kafka, topic, 5)
        member.partitions.go_on()
        step_until([member], lambda: stopped(member) == {0: "below_start"})
    assert texts(desk) == []


def test_a_log_that_is_shorter_than_what_was_read_stays_stopped_when_it_has_grown_again(
    kafka: RunningBroker, cluster: Broker, desk: Desk
) -> None:
    group, topic = grouped(kafka, cluster, desk)
    produce(kafka.servers, topic, [chat(str(n)) for n in range(3)])
    source = f"kafka:{cluster.cluster_id()}/{cluster.topic_ids([topic])[topic]}/0"
    desk.store.commit(Batch(sources=(SourceMove(source, None, 5),)))
    first = group.member()
    with running(first):
        step_until([first], lambda: stopped(first) == {0: "beyond_end"})
        step_until([first], lambda: [row.said.state for row in desk.store.standings.all()] == ["stopped"])
    produce(kafka.servers, topic, [chat(str(n)) for n in range(3, 9)])
    second = group.member("two")
    with running(second):
        step_until([second], lambda: stopped(second) == {0: "beyond_end"})
        adopted(group, topic)
        step_until([second], lambda: group.positions() == {(topic, 0): 9})
    assert texts(desk) == [f"It is broken, {n}" for n in range(5, 9)]


def test_partitions_that_are_added_are_read_from_their_beginning(
    kafka: RunningBroker, cluster: Broker, desk: Desk
) -> None:
    group, topic = grouped(kafka, cluster, desk)
    first = group.member()
    produce(kafka.servers, topic, [chat("0")])
    with running(first):
        step_until([first], lambda: group.positions() == {(topic, 0): 1})
    with kafka.admin() as admin:
        admin.create_partitions({topic: 2})
    produce(kafka.servers, topic, [chat("1")], partition=1)
    second = group.member("two")
    with running(second):
        step_until([second], lambda: group.positions() == {(topic, 0): 1, (topic, 1): 1})


def test_whose_place_another_process_takes_ends(kafka: RunningBroker, desk: Desk) -> None:
    topic, name, stop = kafka.new_topic(), unique("group"), threading.Event()
    access = Access(servers=tuple(kafka.servers.split(",")))
    with closing(Broker(access, instance="same")) as first, closing(Broker(access, instance="same")) as second:
        old = Group(desk, first, {topic: "messages"}, name).member("old")
        new = Group(desk, second, {topic: "messages"}, name).member("new")
        produce(kafka.servers, topic, [chat("a")])
        with running(old):
            step_until([old], lambda: old.figures.records["done"] == 1)
            with working(new):
                wait_until(lambda: bool(list(new.partitions.places)))
                with pytest.raises(Fenced):
                    step_until([old], stop.is_set, seconds=20)


def _delete_before(kafka: RunningBroker, topic: str, offset: int) -> None:
    from kafka import TopicPartition

    with kafka.admin() as admin:
        admin.delete_records({TopicPartition(topic, 0): offset})
