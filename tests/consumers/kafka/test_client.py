"""The client against a real broker: what it reads, what it refuses to skip, and how it says that it cannot get in."""

import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from kafka import KafkaProducer, TopicPartition, errors

from consumers.kafka.access import Access, BrokerUnavailable, Security
from consumers.kafka.client import Broker, ClientConsumer, Measures
from consumers.kafka.protocol import LOG_APPEND_TIME, Bounds, Damaged, Fenced, OutOfRange, Partition, Record
from support.broker import RunningBroker, start_brokers, unique
from support.certificates import Certificates, make_certificates

PATIENCE_SECONDS = 30.0


class Seeking:
    """Begins everything new at one offset, as the loop does at the stored ones."""

    def __init__(self, consumer: ClientConsumer, offset: int) -> None:
        self._consumer = consumer
        self._offset = offset
        self.taken_back: list[Partition] = []

    def assigned(self, partitions: Collection[Partition]) -> None:
        for each in partitions:
            self._consumer.seek(each, self._offset)

    def taken(self, partitions: Collection[Partition]) -> None:
        self.taken_back += partitions


@pytest.fixture
def broker(kafka: RunningBroker) -> Iterator[Broker]:
    broker = broker_at(kafka.servers)
    yield broker
    broker.close()


def broker_at(servers: str, security: Security = "plaintext", **how: object) -> Broker:
    return Broker(Access(servers=tuple(servers.split(",")), security=security, **how))  # type: ignore[arg-type] # tests


@contextmanager
def member(broker: Broker, topic: str, offset: int, group: str | None = None) -> Iterator[ClientConsumer]:
    with members(broker, [topic], group or unique("group"), offset) as consumer:
        yield consumer


@contextmanager
def members(broker: Broker, topics: Sequence[str], group: str, offset: int = 0) -> Iterator[ClientConsumer]:
    consumer = broker.consumer(group=group, client="tests")
    consumer.subscribe(topics, Seeking(consumer, offset))
    try:
        yield consumer
    finally:
        consumer.close(5)


def polled(consumer: ClientConsumer, count: int) -> list[Record]:
    """Poll until `count` records are there."""
    found: list[Record] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline, f"only {len(found)} of {count} records came"
        for records in consumer.poll(0.2, 500).values():
            found += records
    return found


def send(broker: Broker, topic: str, values: Sequence[bytes], **headers: bytes) -> None:
    producer = broker.producer(client="tests")
    sent = [producer.send(topic, key=b"case", value=each, headers=list(headers.items())) for each in values]
    producer.flush(PATIENCE_SECONDS)
    for each in sent:
        each.get(timeout=0)
    producer.close(5)


def test_what_was_sent_is_read_from_the_offset_that_was_sought_octet_for_octet(
    kafka: RunningBroker, broker: Broker
) -> None:
    topic = kafka.new_topic(message_timestamp_type="LogAppendTime")
    send(broker, topic, [b"\x00one", b"\xfftwo", b"three"], trace=b"\xff\x00")
    with member(broker, topic, 1) as consumer:
        records = polled(consumer, 2)
        assert [(each.offset, each.key, each.value) for each in records] == [
            (1, b"case", b"\xfftwo"),
            (2, b"case", b"three"),
        ]
        assert list(records[0].headers) == [("trace", b"\xff\x00")]
        assert records[0].timestamp_type == LOG_APPEND_TIME
        assert consumer.assignment() == {Partition(topic, 0)}
        assert consumer.end(Partition(topic, 0)) == 3


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_every_codec_of_kafka_can_be_read(codec: str, kafka: RunningBroker, broker: Broker) -> None:
    topic = kafka.new_topic()
    producer = KafkaProducer(bootstrap_servers=kafka.inside, compression_type=codec, linger_ms=50)
    values = [b"%d " % each * 500 for each in range(20)]
    for each in values:
        producer.send(topic, each)
    producer.flush()
    producer.close()
    with member(broker, topic, 0) as consumer:
        assert [each.value for each in polled(consumer, 20)] == values
    raw = broker.read_raw(Partition(topic, 0), 0)
    assert [each.value for each in raw if not isinstance(each, Damaged)] == values


def test_what_a_transaction_took_back_is_never_read_by_either_reader(kafka: RunningBroker, broker: Broker) -> None:
    topic = kafka.new_topic()
    producer = KafkaProducer(bootstrap_servers=kafka.inside, transactional_id=unique("transaction"))
    producer.init_transactions()
    for value, end in ((b"aborted", producer.abort_transaction), (b"committed", producer.commit_transaction)):
        producer.begin_transaction()
        producer.send(topic, value).get(20)
        end()
    producer.close()
    with member(broker, topic, 0) as consumer:
        assert [(each.offset, each.value) for each in polled(consumer, 1)] == [(2, b"committed")]
    (raw,) = broker.read_raw(Partition(topic, 0), 0)
    assert not isinstance(raw, Damaged)
    assert (raw.offset, raw.value) == (2, b"committed")


def test_reading_raw_where_nothing_is_there_says_whether_there_ever_could_be(
    kafka: RunningBroker, broker: Broker
) -> None:
    topic = kafka.new_topic()
    send(broker, topic, [b"one"])
    assert broker.read_raw(Partition(topic, 0), 1) == []
    with pytest.raises(OutOfRange):
        broker.read_raw(Partition(topic, 0), 5)
    with pytest.raises(BrokerUnavailable, match="UnknownTopicOrPartitionError"):
        broker.read_raw(Partition("not-there", 0), 0)


def test_a_paused_partition_gives_nothing_until_it_is_resumed(kafka: RunningBroker, broker: Broker) -> None:
    topic = kafka.new_topic()
    send(broker, topic, [b"one"])
    with member(broker, topic, 0) as consumer:
        polled(consumer, 1)
        consumer.pause([Partition(topic, 0)])
        send(broker, topic, [b"two"])
        assert consumer.poll(1.0, 10) == {}
        consumer.resume([Partition(topic, 0)])
        assert [each.value for each in polled(consumer, 1)] == [b"two"]


def test_an_offset_that_is_not_there_is_told_and_after_a_seek_the_same_consumer_goes_on(
    kafka: RunningBroker, broker: Broker
) -> None:
    topic = kafka.new_topic()
    send(broker, topic, [b"one"])
    with member(broker, topic, 7) as consumer:
        with pytest.raises(OutOfRange) as caught:
            polled(consumer, 1)
        assert caught.value.partitions == {Partition(topic, 0)}
        consumer.seek(Partition(topic, 0), 0)
        assert [each.value for each in polled(consumer, 1)] == [b"one"]


def test_without_a_seek_nothing_is_read_instead_of_a_guess(kafka: RunningBroker, broker: Broker) -> None:
    topic = kafka.new_topic()
    send(broker, topic, [b"one"])
    consumer = broker.consumer(group=unique("group"), client="tests")

    class Silent(Seeking):
        def assigned(self, partitions: Collection[Partition]) -> None:
            pass

    consumer.subscribe([topic], Silent(consumer, 0))
    try:
        with pytest.raises(OutOfRange):
            polled(consumer, 1)
    finally:
        consumer.close(5)


def test_a_member_that_polls_shortly_while_it_joins_anew_still_gets_what_it_is_dealt(
    kafka: RunningBroker, broker: Broker
) -> None:
    topic = kafka.new_topic()
    with member(broker, topic, 0) as consumer:
        for grown in range(2, 7):
            with kafka.admin() as admin:
                admin.create_partitions({topic: grown})
            consumer._consumer._cluster.request_update()  # noqa: SLF001 # not in five seconds
            deadline = time.monotonic() + PATIENCE_SECONDS
            while consumer.assignment() != {Partition(topic, each) for each in range(grown)}:
                assert time.monotonic() < deadline, f"of {grown} partitions it has {consumer.assignment()}"
                consumer.poll(0.001, 1)


def test_a_hint_is_what_lag_tools_see(kafka: RunningBroker, broker: Broker) -> None:
    topic, group = kafka.new_topic(), unique("group")
    send(broker, topic, [b"one", b"two"])
    with member(broker, topic, 0, group) as consumer, kafka.admin() as admin:
        polled(consumer, 2)
        consumer.hint({Partition(topic, 0): 2})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while [each.offset for each in admin.list_group_offsets({group: None})[group].values()] != [2]:
            assert time.monotonic() < deadline
            consumer.poll(0.1, 1)


def test_two_members_share_four_partitions_and_what_a_leaver_had_is_taken_over(
    kafka: RunningBroker, broker: Broker
) -> None:
    topic, group = kafka.new_topic(4), unique("group")
    with member(broker, topic, 0, group) as first:
        _until_assigned({4}, first)
        with member(broker, topic, 0, group) as second:
            _until_assigned({2}, first, second)
            assert not first.assignment() & second.assignment()
        _until_assigned({4}, first)


def test_whoever_joins_gets_his_share_of_every_topic(kafka: RunningBroker, broker: Broker) -> None:
    topics, group = (kafka.new_topic(4), kafka.new_topic(4)), unique("group")
    with members(broker, topics, group) as first:
        _until_assigned({8}, first)
        with members(broker, topics, group) as second:
            _until_assigned({4}, first, second)
            shares = [Counter(one.topic for one in each.assignment()) for each in (first, second)]
        assert shares == [dict.fromkeys(topics, 2)] * 2
        _until_assigned({8}, first)


def _until_assigned(sizes: set[int], *consumers: ClientConsumer) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while {len(each.assignment()) for each in consumers} != sizes:
        assert time.monotonic() < deadline, [len(each.assignment()) for each in consumers]
        for each in consumers:
            each.poll(0.1, 1)


def test_ids_and_bounds_tell_a_topic_from_its_successor(kafka: RunningBroker, broker: Broker) -> None:
    topic = kafka.new_topic()
    send(broker, topic, [b"one", b"two"])
    before = broker.topic_ids([topic, "not-there"])
    assert list(before) == [topic]
    assert isinstance(before[topic], UUID)
    assert broker.bounds([Partition(topic, 0)]) == {Partition(topic, 0): Bounds(0, 2)}
    kafka.delete_topic(topic)
    kafka.create_topic(topic)
    assert broker.topic_ids([topic])[topic] != before[topic]
    assert broker.bounds([Partition(topic, 0)]) == {Partition(topic, 0): Bounds(0, 0)}
    assert len(broker.cluster_id()) == 22


def test_a_cluster_keeps_its_id_and_another_has_another(kafka: RunningBroker, broker: Broker) -> None:
    with start_brokers() as other:
        there = broker_at(other.servers)
        assert there.cluster_id() != broker.cluster_id() == broker.cluster_id()
        there.close()


def test_the_largest_record_that_is_allowed_can_be_sent_and_read(kafka: RunningBroker) -> None:
    topic = kafka.new_topic(max_message_bytes="4000000")
    broker = Broker(Access((kafka.servers,)), Measures(record_octets=3_000_000))
    send(broker, topic, [b"x" * 3_000_000])
    with member(broker, topic, 0) as consumer:
        assert len(polled(consumer, 1)[0].value or b"") == 3_000_000
    broker.close()


def test_a_producer_that_nobody_answers_says_so_in_time_and_close_returns() -> None:
    with start_brokers() as own:
        broker = broker_at(own.servers)
        topic = own.new_topic()
        producer = broker.producer(client="tests")
        producer.send(topic, value=b"one").get(timeout=10)
        with member(broker, topic, 0) as consumer:
            polled(consumer, 1)
            own.pause()
            producer.send(topic, value=b"two")
            began = time.monotonic()
            with pytest.raises(BrokerUnavailable, match="not acknowledged in time"):
                producer.flush(1)
            producer.close(1)
            assert consumer.poll(0.5, 1) == {}
            consumer.close(1)
            assert time.monotonic() - began < 10
            own.resume()
        broker.close()


@pytest.mark.slow
def test_questions_to_a_cluster_that_went_away_end_in_time_and_are_answered_once_it_is_back() -> None:
    with start_brokers() as own:
        broker = broker_at(own.servers)
        cluster = broker.cluster_id()
        own.pause()
        began = time.monotonic()
        with pytest.raises(BrokerUnavailable) as caught:
            broker.cluster_id()
        with pytest.raises(BrokerUnavailable, match="does not answer in time"):
            broker.topic_ids(["any"])
        assert time.monotonic() - began < 25
        assert not caught.value.lasting
        own.resume()
        own.kill()
        with pytest.raises(BrokerUnavailable, match="nothing listens"):
            broker.bounds([Partition("any", 0)])
        own.start()
        assert broker.cluster_id() == cluster
        broker.close()


# ----------------------------------------------------------------------------------------- getting in, and why not


class Secured:
    """A broker with TLS and SCRAM, and the authority that its clients trust."""

    def __init__(self, running: RunningBroker, certificates: Certificates) -> None:
        self.running = running
        self.authority = certificates.authority
        self.tls = running.secured("SSL")
        self.sasl = running.secured("SASL_SSL")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    with start_brokers(tls=certificates.broker, users={"plaint": "made-up"}) as running:
        yield Secured(running, certificates)


def test_over_tls_with_a_password_everything_works(secured: Secured) -> None:
    topic = secured.running.new_topic()
    broker = broker_at(secured.sasl, "sasl_ssl", username="plaint", password="made-up", ca_file=secured.authority)
    broker.probe()
    send(broker, topic, [b"one"])
    with member(broker, topic, 0) as consumer:
        assert [each.value for each in polled(consumer, 1)] == [b"one"]
    assert list(broker.topic_ids([topic])) == [topic]
    broker.close()


def test_over_tls_without_a_password_everything_works(secured: Secured) -> None:
    topic = secured.running.new_topic()
    broker = broker_at(secured.tls, "ssl", ca_file=secured.authority)
    broker.probe()
    send(broker, topic, [b"one"])
    broker.close()


def refusal(broker: Broker) -> BrokerUnavailable:
    """Return why a broker does not let us in, which is known within seconds."""
    began = time.monotonic()
    with pytest.raises(BrokerUnavailable) as caught:
        broker.probe()
    assert time.monotonic() - began < 8
    return caught.value


def test_a_wrong_password_is_named_and_never_shown(secured: Secured) -> None:
    error = refusal(
        broker_at(secured.sasl, "sasl_ssl", username="plaint", password="mistaken", ca_file=secured.authority)
    )
    assert error.lasting
    assert "refuses the user name or the password; see PLAINT_KAFKA_USERNAME" in str(error)
    assert "mistaken" not in str(error)
    assert "mistaken" not in repr(Access(("host",), password="mistaken"))


def test_an_unknown_authority_is_named(secured: Secured, tmp_path: Path) -> None:
    other = make_certificates(tmp_path, "other")
    error = refusal(broker_at(secured.tls, "ssl", ca_file=other.authority))
    assert error.lasting
    assert "cannot be trusted (unknown CA); see PLAINT_KAFKA_CA_FILE" in str(error)


def test_plaintext_on_a_port_with_tls_is_named(secured: Secured) -> None:
    error = refusal(broker_at(secured.tls))
    assert error.lasting
    assert "takes no connection without TLS, or is no Kafka; see PLAINT_KAFKA_SECURITY" in str(error)


def test_tls_on_a_port_without_it_is_named(secured: Secured) -> None:
    error = refusal(broker_at(secured.running.servers, "ssl", ca_file=secured.authority))
    assert error.lasting
    assert "does not speak TLS; see PLAINT_KAFKA_SECURITY" in str(error)


def test_a_mechanism_that_is_not_offered_is_named(secured: Secured) -> None:
    error = refusal(
        broker_at(
            secured.sasl,
            "sasl_ssl",
            username="plaint",
            password="made-up",
            mechanism="plain",
            ca_file=secured.authority,
        )
    )
    assert error.lasting
    assert "does not let anybody in by plain; see PLAINT_KAFKA_MECHANISM" in str(error)


def test_a_port_where_nothing_listens_is_named_and_may_come_back() -> None:
    error = refusal(broker_at("127.0.0.1:1"))
    assert not error.lasting
    assert str(error) == "nothing listens on 127.0.0.1:1"


def test_one_node_that_answers_is_enough(kafka: RunningBroker) -> None:
    broker_at(f"127.0.0.1:1,{kafka.servers}").probe()


def test_a_client_that_finds_no_way_in_says_the_cause_too(secured: Secured) -> None:
    broker = broker_at(secured.sasl, "sasl_ssl", username="plaint", password="mistaken", ca_file=secured.authority)
    with pytest.raises(BrokerUnavailable, match="refuses the user name or the password"):
        broker.consumer(group="any", client="tests")
    with pytest.raises(BrokerUnavailable, match="refuses the user name or the password"):
        broker.cluster_id()


class Refusing:
    """The library's consumer at the moment when it finds positions that are no more, or that it has been fenced."""

    def __init__(self, error: errors.KafkaError) -> None:
        self.error = error
        self._coordinator = self
        self.rejoining = False

    def poll(self, **_: object) -> None:
        raise self.error

    def commit_async(self, *_: object, **__: object) -> None:
        raise self.error


_AT = TopicPartition("in", 3)


@pytest.mark.parametrize(
    "error",
    [
        errors.LogTruncationError({_AT: None}),
        errors.OffsetOutOfRangeError({_AT: 7}),
        errors.NoOffsetForPartitionError([_AT]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_way_in_which_a_position_can_be_gone_names_its_partition(error: errors.KafkaError) -> None:
    with pytest.raises(OutOfRange) as found:
        ClientConsumer(Refusing(error)).poll(0.1, 1)
    assert found.value.partitions == {Partition("in", 3)}


def test_a_hint_of_whose_place_was_taken_says_so_whichever_way_the_library_tells_it() -> None:
    with pytest.raises(Fenced):
        ClientConsumer(Refusing(errors.FencedInstanceIdError("same"))).hint({Partition("in", 0): 1})
