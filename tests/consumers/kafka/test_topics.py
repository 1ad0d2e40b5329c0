"""The topics that Plaint makes in a real cluster, and what it says of those that somebody else has made."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from consumers.kafka.access import Access
from consumers.kafka.client import Broker, Measures
from consumers.kafka.protocol import LOG_APPEND_TIME, Partition, PlainRecord
from consumers.kafka.topics import Names, State, Wanted, ensure_topics, wanted_topics
from support.broker import RunningBroker, unique
from support.commandline import CommandLine


@pytest.fixture
def broker(kafka: RunningBroker) -> Iterator[Broker]:
    broker = Broker(Access((kafka.servers,)), Measures(record_octets=2_000_000))
    yield broker
    broker.close()


@pytest.fixture
def names() -> Names:
    return Names(*(unique(name) for name in Names()))


def wanted(names: Names) -> list[Wanted]:
    return wanted_topics(names, partitions=3, copies=1, octets=2_000_000)


def test_what_is_missing_is_made_once_and_found_as_it_should_be(broker: Broker, names: Names) -> None:
    assert ensure_topics(broker, wanted(names), create=False) == [State(name, "missing", 0) for name in names]
    assert ensure_topics(broker, wanted(names), create=True) == [State(name, "created", 3) for name in names]
    assert ensure_topics(broker, wanted(names), create=True) == [State(name, "there", 3) for name in names]
    assert set(broker.topic_ids(names)) == set(names)


def test_what_comes_in_is_stamped_by_the_brokers_clock(broker: Broker, names: Names) -> None:
    ensure_topics(broker, wanted_topics(names, partitions=1, copies=1, octets=2_000_000), create=True)
    producer = broker.producer(client="tests")
    for each in [producer.send(name, value=b"x" * 2_000_000) for name in names]:
        each.get(timeout=20)
    producer.close(5)
    stamps = {name: stamp_of(broker, name) for name in names}
    append, create = LOG_APPEND_TIME, 0
    assert list(stamps.values()) == [append, append, create, create, create]


def stamp_of(broker: Broker, topic: str) -> int:
    (record,) = broker.read_raw(Partition(topic, 0), 0)
    assert isinstance(record, PlainRecord)
    return record.timestamp_type


def test_a_topic_that_somebody_else_has_made_is_left_as_it_is_and_told(
    kafka: RunningBroker, broker: Broker, names: Names
) -> None:
    kafka.create_topic(names.inbound, 2, {"cleanup.policy": "compact", "max.message.bytes": "1000"})
    state = ensure_topics(broker, wanted(names), create=True)[0]
    assert state == State(
        names.inbound,
        "there",
        2,
        {
            "message.timestamp.type": ("CreateTime", "LogAppendTime"),
            "max.message.bytes": ("1000", "2262144"),
            "cleanup.policy": ("compact", "delete"),
        },
    )
    assert ensure_topics(broker, wanted(names), create=False)[0] == state


def line(kafka: RunningBroker, names: Names) -> CommandLine:
    topics = {f"PLAINT_KAFKA_{field.upper()}": name for field, name in names._asdict().items()}
    return CommandLine({"PLAINT_KAFKA_SERVERS": kafka.servers, **topics})


def test_the_command_line_makes_topics_and_checks_them(kafka: RunningBroker, names: Names) -> None:
    plaint = line(kafka, names)
    assert plaint("topics", "check").code == 1
    made = plaint.ok("topics", "create", "--partitions", "4", "--json").json()
    assert made["topics"] == [{"topic": name, "state": "created", "partitions": 4, "differs": {}} for name in names]
    assert names.dead_letters in plaint.ok("topics", "check").out


def test_a_topic_that_differs_is_named_with_the_fix_and_ends_with_1(kafka: RunningBroker, names: Names) -> None:
    kafka.create_topic(names.inbound)
    outcome = line(kafka, names)("topics", "create")
    assert outcome.code == 1
    assert "message.timestamp.type is CreateTime, should be LogAppendTime" in outcome.out


def test_without_a_cluster_the_setting_is_named_and_without_an_answer_it_may_be_tried_again() -> None:
    outcome = CommandLine({})("topics", "check")
    assert (outcome.code, outcome.out) == (78, "")
    assert outcome.err.startswith("plaint: PLAINT_KAFKA_SERVERS is not set; name some nodes")
    outcome = CommandLine({"PLAINT_KAFKA_SERVERS": "127.0.0.1:1"})("topics", "check")
    assert (outcome.code, outcome.err) == (75, "plaint: nothing listens on 127.0.0.1:1\n")


def test_a_program_that_is_not_let_in_says_one_line_and_no_more() -> None:
    program = [sys.executable, "-c", "from consumers.cli.main import main; main()", "topics", "check"]
    said = subprocess.run(
        program, capture_output=True, env={**os.environ, "PLAINT_KAFKA_SERVERS": "127.0.0.1:1"}, check=False
    )
    assert (said.returncode, said.stdout, said.stderr) == (75, b"", b"plaint: nothing listens on 127.0.0.1:1\n")
