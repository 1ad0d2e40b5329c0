"""A user of Kafka with the rights that deploy/README.md names, and no others, can do what the table says."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from consumers.kafka.access import Access, BrokerUnavailable
from consumers.kafka.client import Broker
from consumers.kafka.protocol import Partition
from consumers.kafka.topics import Names, ensure_topics, wanted_topics
from support.broker import RunningBroker, start_brokers, unique
from support.certificates import make_certificates

pytestmark = pytest.mark.slow

CLUSTER = (ResourceType.CLUSTER, "kafka-cluster")
Right = tuple[tuple[ResourceType, str], ACLOperation]


class Guarded(NamedTuple):
    """A broker on which users may do nothing that they were not allowed."""

    running: RunningBroker
    authority: Path

    def user(self, name: str) -> Broker:
        return Broker(
            Access((self.running.secured("SASL_SSL"),), "sasl_ssl", "scram-sha-512", name, "made-up", self.authority)
        )

    def allow(self, user: str, rights: Sequence[Right]) -> None:
        allowed = [
            ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(*resource))
            for resource, operation in rights
        ]
        with self.running.admin() as admin:
            admin.create_acls(allowed)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    rights = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    users = dict.fromkeys(("reader", "writer", "maker", "nobody"), "made-up")
    with start_brokers(tls=certificates.broker, users=users, properties=rights) as running:
        yield Guarded(running, certificates.authority)


def test_a_reader_reads(guarded: Guarded) -> None:
    topic, group = guarded.running.new_topic(), unique("group")
    guarded.allow(
        "reader",
        [((ResourceType.TOPIC, topic), ACLOperation.READ), ((ResourceType.GROUP, group), ACLOperation.READ)],
    )
    reader = guarded.user("reader")
    assert list(reader.topic_ids([topic])) == [topic]
    assert reader.bounds([Partition(topic, 0)])[Partition(topic, 0)].end == 0
    assert len(reader.cluster_id()) == 22
    assert reader.read_raw(Partition(topic, 0), 0) == []
    consumer = reader.consumer(group=group, client="tests")

    class FromTheStart:
        def assigned(self, partitions) -> None:  # type: ignore[no-untyped-def] # as short as it can be
            for each in partitions:
                consumer.seek(each, 0)

        def taken(self, partitions) -> None:  # type: ignore[no-untyped-def] # as above
            pass

    consumer.subscribe([topic], FromTheStart())
    for _ in range(100):
        consumer.poll(0.1, 1)
        if consumer.assignment():
            break
    assert consumer.assignment() == {Partition(topic, 0)}
    consumer.hint({Partition(topic, 0): 0})
    consumer.close(5)
    reader.close()


def test_a_writer_writes_and_does_not_read(guarded: Guarded) -> None:
    topic = guarded.running.new_topic()
    guarded.allow("writer", [((ResourceType.TOPIC, topic), ACLOperation.WRITE)])
    writer = guarded.user("writer")
    assert list(writer.topic_ids([topic])) == [topic]
    assert len(writer.cluster_id()) == 22
    producer = writer.producer(client="tests")
    producer.send(topic, value=b"one").get(20)
    producer.close(5)
    with pytest.raises(BrokerUnavailable, match="TopicAuthorizationFailedError"):
        writer.read_raw(Partition(topic, 0), 0)
    writer.close()


def test_whoever_makes_topics_needs_to_create_and_to_look(guarded: Guarded) -> None:
    names = Names(*(unique(name) for name in Names()))
    wanted = wanted_topics(names, partitions=1, copies=1, octets=1_000_000)
    guarded.allow("maker", [(CLUSTER, ACLOperation.CREATE)])
    guarded.allow("maker", [((ResourceType.TOPIC, name), ACLOperation.DESCRIBE_CONFIGS) for name in names])
    guarded.allow("maker", [((ResourceType.TOPIC, name), ACLOperation.DESCRIBE) for name in names])
    maker = guarded.user("maker")
    assert {each.outcome for each in ensure_topics(maker, wanted, create=True)} == {"created"}
    assert {each.outcome for each in ensure_topics(maker, wanted, create=False)} == {"there"}
    maker.close()


def test_whoever_may_not_make_topics_is_told_that_it_is_a_right(guarded: Guarded) -> None:
    wanted = wanted_topics(Names(), partitions=1, copies=1, octets=1_000_000)
    nobody = guarded.user("nobody")
    with pytest.raises(BrokerUnavailable, match="AuthorizationFailedError") as caught:
        ensure_topics(nobody, wanted, create=True)
    assert caught.value.lasting
    nobody.close()
