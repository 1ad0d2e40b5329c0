"""Dead letters reach their topic byte for byte, at least once; what the broker does not take stays pending."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from structlog.testing import capture_logs

from consumers.outbox import relay
from engine.store.batch import Batch, SetAside
from schemas.published.dead_letter import HEADERS, KafkaHeaders, headers_of, kafka_headers
from support.broker import RunningBroker, start_brokers
from support.installation import Desk
from support.letters import AT, bury, letter, spoiled

PARTITION = 0


@pytest.fixture(scope="module")
def producer(kafka: RunningBroker) -> Iterator[KafkaProducer]:
    made = KafkaProducer(bootstrap_servers=kafka.servers.split(","), acks="all", max_block_ms=2_000)
    yield made
    made.close(timeout=5)


def topic_of(broker: RunningBroker, topic: str) -> list[Any]:
    """Return all records of a topic with one partition."""
    with KafkaConsumer(bootstrap_servers=broker.servers.split(","), group_id=None) as consumer:
        place = TopicPartition(topic, PARTITION)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end: int = consumer.end_offsets([place])[place]
        found: list[Any] = []
        while len(found) < end:
            found.extend(consumer.poll(timeout_ms=500).get(place, []))
    return found


def pending(desk: Desk) -> list[str]:
    return [row.reason for row in desk.store.set_aside.unrelayed()]


def said(headers: list[tuple[str, bytes]]) -> dict[str, str]:
    return {name: value.decode() for name, value in headers if name.startswith("plaint-dl-")}


def test_key_value_and_headers_are_the_original_ones_octet_for_octet(
    desk: Desk, kafka: RunningBroker, producer: KafkaProducer
) -> None:
    topic = kafka.new_topic()
    original = [(b"ce_id", b"1"), (b"odd", b"\xff\x00"), (b"ce_id", b"again"), (b"empty", b"")]
    bury(desk, letter(key=b"\xfe\x00k", value=b"\x00\xff{", headers=headers_of(original)))
    assert relay.relay_once(desk.store, producer, topic=topic) == 1
    (record,) = topic_of(kafka, topic)
    assert (record.key, record.value) == (b"\xfe\x00k", b"\x00\xff{")
    assert [(name.encode(), value) for name, value in record.headers[: len(original)]] == original
    assert all(name.startswith("plaint-dl-") for name, _ in record.headers[len(original) :])


def test_a_record_without_value_stays_one_and_without_key_too_is_told_as_one(
    desk: Desk, kafka: RunningBroker, producer: KafkaProducer
) -> None:
    topic = kafka.new_topic()
    bury(desk, letter(1, key=b"k", value=None))
    bury(desk, letter(2, key=None, value=None))
    relay.relay_once(desk.store, producer, topic=topic)
    records = topic_of(kafka, topic)
    assert [(record.key, record.value) for record in records] == [(b"k", None), (None, b"")]
    assert [said(record.headers).get("plaint-dl-null-value") for record in records] == [None, "true"]


def test_its_headers_tell_where_it_came_from_and_why_it_failed() -> None:
    what = letter(timestamp=AT, timestamp_type="log_append", traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    assert said(kafka_headers(what)) == {
        "plaint-dl-id": str(what.id),
        "plaint-dl-class": "syntax",
        "plaint-dl-code": "not_json",
        "plaint-dl-path": "(column 2)",
        "plaint-dl-attempts": "1",
        "plaint-dl-cluster": "c1",
        "plaint-dl-topic": "complaints.inbound",
        "plaint-dl-topic-id": "00000000-0000-0000-0000-000000000003",
        "plaint-dl-partition": "0",
        "plaint-dl-offset": "4",
        "plaint-dl-timestamp": "2026-03-02T09:00:00.000Z",
        "plaint-dl-timestamp-type": "log_append",
        "plaint-dl-first-failed-at": "2026-03-02T09:00:00.000Z",
        "plaint-dl-last-failed-at": "2026-03-02T09:00:00.000Z",
        "plaint-dl-consumer-group": "plaint",
        "plaint-dl-engine-version": "1",
        "plaint-dl-traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
    }


def test_every_header_is_described_and_every_description_is_of_a_header() -> None:
    odd = headers_of([(b"a", None), (b"\xff", b"1")])
    large, _ = relay.fitting(letter(key=None, value=b"v" * 100, timestamp=AT, headers=odd), largest=50)
    traced = large.model_copy(update={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    assert set(said(kafka_headers(traced))) == set(HEADERS)


@pytest.mark.skipif(not (Path(__file__).parents[3] / "README.md").is_file(), reason="judges the checkout")
def test_the_readme_describes_every_header() -> None:
    readme = (Path(__file__).parents[3] / "consumers" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(plaint-dl-[a-z0-9-]+)` \| (.*) \|$", readme, re.MULTILINE) == list(HEADERS.items())


def test_what_a_producer_cannot_send_is_told_instead() -> None:
    headers = kafka_headers(letter(headers=headers_of([(b"a", b"1"), (b"b", None), (b"\xff", b"2")])))
    assert headers[:2] == [("a", b"1"), ("b", b"")]
    told = said(headers)
    assert (told["plaint-dl-null-headers"], told["plaint-dl-unsent-headers"]) == ("1", "1")


def test_a_relayed_letter_is_not_relayed_again(desk: Desk, kafka: RunningBroker, producer: KafkaProducer) -> None:
    topic = kafka.new_topic()
    bury(desk, letter(1), letter(2))
    assert relay.relay_once(desk.store, producer, topic=topic) == 2
    assert relay.relay_once(desk.store, producer, topic=topic) == 0
    assert len(topic_of(kafka, topic)) == 2


def test_one_that_failed_again_is_relayed_again_under_its_id_with_more_attempts(
    desk: Desk, kafka: RunningBroker, producer: KafkaProducer
) -> None:
    topic = kafka.new_topic()
    what = letter()
    bury(desk, what)
    relay.relay_once(desk.store, producer, topic=topic)
    again = what.failed_again("schema", "missing", "text", AT + timedelta(days=1), "2")
    desk.service.submit([spoiled(desk, again, buried=what.id)], desk.at)
    relay.relay_once(desk.store, producer, topic=topic)
    heads = [said(record.headers) for record in topic_of(kafka, topic)]
    assert [(head["plaint-dl-id"], head["plaint-dl-attempts"]) for head in heads] == [
        (str(what.id), "1"),
        (str(what.id), "2"),
    ]


def test_one_that_failed_again_while_it_was_sent_stays_pending(desk: Desk) -> None:
    what = letter()
    bury(desk, what)
    (row,) = desk.store.set_aside.unrelayed()
    again = what.failed_again("schema", "missing", "text", AT + timedelta(days=1), "2")
    desk.service.submit([spoiled(desk, again, buried=what.id)], desk.at)
    assert desk.store.set_aside.relayed([row]) == 0
    assert pending(desk) == ["schema missing text"]


def test_while_the_topic_is_missing_letters_stay_pending_with_an_alarm(
    desk: Desk, kafka: RunningBroker, producer: KafkaProducer
) -> None:
    bury(desk, letter(1), letter(2))
    with capture_logs() as logs:
        assert relay.relay_once(desk.store, producer, topic="no.such.topic") == 0
    assert len(pending(desk)) == 2
    assert [(line["event"], line["log_level"]) for line in logs] == [("dead_letters_not_relayed", "error")]
    topic = kafka.new_topic()
    assert relay.relay_once(desk.store, producer, topic=topic) == 2


def test_while_the_broker_is_down_letters_stay_pending_and_go_when_it_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_PATIENCE_SECONDS", 1.0)
    bury(desk, letter(1), letter(2))
    with start_brokers() as broker:
        topic = broker.new_topic()
        own = KafkaProducer(bootstrap_servers=broker.servers.split(","), acks="all", max_block_ms=1_000)
        broker.pause()
        with capture_logs() as logs:
            assert relay.relay_once(desk.store, own, topic=topic) == 0
        assert [line["event"] for line in logs] == ["dead_letters_not_relayed"]
        assert len(pending(desk)) == 2
        broker.resume()
        _until_relayed(desk, own, topic)
        ids = {said(record.headers)["plaint-dl-id"] for record in topic_of(broker, topic)}
        own.close(timeout=5)
    assert ids == {str(letter(1).id), str(letter(2).id)}


def _until_relayed(desk: Desk, producer: KafkaProducer, topic: str) -> None:
    for _ in range(60):
        relay.relay_once(desk.store, producer, topic=topic)
        if not pending(desk):
            return
    raise AssertionError("letters are still pending")


@dataclass
class Moody:
    """A producer whose broker acknowledges what it likes to."""

    likes: tuple[bytes, ...]
    values: list[bytes | None] = field(default_factory=list)

    def send(
        self, topic: str, *, key: bytes | None = None, value: bytes | None = None, headers: KafkaHeaders | None = None
    ) -> "Moody.Word":
        assert topic == relay.TOPIC
        assert headers
        self.values.append(value)
        return Moody.Word(value in self.likes)

    @dataclass
    class Word:
        good: bool

        def get(self, timeout: float | None = None) -> None:
            assert timeout is not None
            if not self.good:
                raise TimeoutError


def test_what_is_not_acknowledged_stays_pending_alone(desk: Desk) -> None:
    bury(desk, *(letter(number, value=str(number).encode(), code=f"c{number}") for number in range(3)))
    producer = Moody((b"0", b"2"))
    assert relay.relay_once(desk.store, producer) == 2
    assert pending(desk) == ["syntax c1 (column 2)"]


def test_no_more_than_asked_for_are_sent_at_once_the_oldest_first(desk: Desk) -> None:
    for number in range(3):
        bury(desk, letter(number, value=str(number).encode()))
    producer = Moody((b"0", b"1", b"2"))
    assert relay.relay_once(desk.store, producer, 2) == 2
    assert producer.values == [b"0", b"1"]
    assert relay.relay_once(desk.store, producer, 2) == 1


def test_a_letter_that_cannot_be_read_stands_in_no_others_way(desk: Desk) -> None:
    broken = SetAside("dead_letter", letter(1).id, b"1" * 32, "internal broken", "kafka", b"no letter at all")
    desk.store.commit(Batch(set_aside=(broken,)))
    bury(desk, letter(2, value=b"2"))
    with capture_logs() as logs:
        assert relay.relay_once(desk.store, Moody((b"2",)), 1) == 1
    assert pending(desk) == ["internal broken"]
    assert [line["event"] for line in logs] == ["dead_letter_unreadable"]


def test_a_letter_that_cannot_be_read_is_told_once_and_not_with_every_look(desk: Desk) -> None:
    broken = SetAside("dead_letter", letter(1).id, b"1" * 32, "internal broken", "kafka", b"no letter at all")
    desk.store.commit(Batch(set_aside=(broken,)))
    told: set[UUID] = set()
    with capture_logs() as logs:
        for _ in range(3):
            assert relay.relay_once(desk.store, Moody(()), told=told) == 0
    assert [line["event"] for line in logs] == ["dead_letter_unreadable"]
    assert told == {broken.id}


def test_a_parked_message_is_never_relayed(desk: Desk) -> None:
    desk.hear(
        channel="email",
        raw="From: Ann <ann@example.com>\nMessage-ID: <2@example.com>\nIn-Reply-To: <1@example.com>\n\nBroken!\n",
    )
    assert len(desk.store.set_aside.listed("parked")) == 1
    assert relay.relay_once(desk.store, Moody(())) == 0


def test_a_value_too_large_for_the_topic_is_kept_here_and_told_there(
    desk: Desk, kafka: RunningBroker, producer: KafkaProducer
) -> None:
    topic = kafka.new_topic()
    value = b"x" * 1_048_000
    bury(desk, letter(value=value), letter(5, value=b"y" * relay.LARGEST, headers=headers_of([(b"h", b"z" * 1000)])))
    assert relay.relay_once(desk.store, producer, topic=topic) == 2
    record, other = topic_of(kafka, topic)
    told = said(record.headers)
    assert (record.value, told["plaint-dl-value-size"]) == (None, "1048000")
    assert told["plaint-dl-value-sha256"] == sha256(value).hexdigest()
    assert other.headers[0] == ("h", b"z" * 1000)


def test_headers_that_alone_are_too_large_are_left_out_and_counted() -> None:
    given, headers = relay.fitting(letter(value=b"v", headers=headers_of([(b"h", b"z" * 2000)] * 3)), largest=3000)
    assert (given.value, said(headers)["plaint-dl-unsent-headers"]) == (None, "3")
    assert all(name.startswith("plaint-dl-") for name, _ in headers)
