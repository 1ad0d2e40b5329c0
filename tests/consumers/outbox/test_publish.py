"""The log published to a real Kafka: everything, in order, by one publisher at a time, through kills and outages."""

import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from consumers.kafka.access import Access
from consumers.kafka.client import Broker, ClientProducer
from consumers.outbox.feeds import Feed, events_feed, notices_feed
from consumers.outbox.outgoing import Outgoing
from consumers.outbox.publish import BeyondLog, Pace, Publisher
from consumers.outbox.sending import Producer, PutOff
from consumers.sample.play import play
from engine.store.batch import Append, Batch, SourceMove
from engine.store.database.pool import Pool, open_pool
from schemas.catalogue import EVENTS
from schemas.complaint.classification import Prioritise
from schemas.complaint.correspondence import AddNote
from support.broker import RunningBroker, start_brokers
from support.golden import example, stream_of
from support.installation import Desk
from support.topics import Seen, read_topic

START = datetime(2026, 1, 5, tzinfo=UTC)
QUICK = Pace(batch=50, patience_seconds=10.0, poll_seconds=0.05)


class Naps:
    """A waiter that hears of no news: polling is the rule."""

    def wait(self, timeout_seconds: float) -> bool:
        time.sleep(timeout_seconds)
        return False


@dataclass
class Outbox:
    """Topics of a test's own, and publishers that fill them from one desk's log."""

    desk: Desk
    kafka: RunningBroker
    events: str
    notices: str
    stack: ExitStack

    @property
    def feeds(self) -> list[Feed]:
        return [events_feed(self.events), notices_feed(self.notices)]

    def publisher(
        self,
        feeds: Sequence[Feed] | None = None,
        pace: Pace = QUICK,
        beside: Callable[[Producer], int] = lambda _: 0,
    ) -> Publisher:
        """Return a publisher as a process of its own would have it."""
        pool: Pool = self.stack.enter_context(open_pool(self.desk.conninfo, max_size=3, name="publish"))
        broker = Broker(Access(tuple(self.kafka.servers.split(","))))
        self.stack.callback(broker.close)
        return Publisher(
            pool,
            self.desk.store.read,
            broker,
            feeds or self.feeds,
            seconds=time.monotonic,
            beside=beside,
            pace=pace,
        )

    def started(self, publisher: Publisher) -> tuple[threading.Thread, threading.Event]:
        """Run a publisher until it is told to stop."""
        stop = threading.Event()
        thread = threading.Thread(target=publisher.run, args=(stop, Naps()), daemon=True)
        thread.start()
        self.stack.callback(thread.join, 30)
        self.stack.callback(stop.set)
        return thread, stop

    def expected(self, feed: Feed) -> list[Outgoing]:
        """Return what a topic has to hold of the log as it stands."""
        read = self.desk.store.read
        return list(feed.records(read.log(0, 100_000, open=feed.texts, names=feed.names), read.head().incarnation))

    def seen(self, topic: str) -> list[Seen]:
        return read_topic(self.kafka.inside, topic)

    def note(self, stream: UUID, count: int = 1) -> None:
        """Let something happen that is published: the case is prioritised, over and over."""
        for number in range(count):
            self.desk.later(minutes=1)
            self.desk.give(stream, Prioritise(priority=("high", "low")[number % 2]))


@contextmanager
def outbox_on(desk: Desk, kafka: RunningBroker, partitions: int = 3) -> Iterator[Outbox]:
    with ExitStack() as stack:
        events, notices = kafka.new_topic(partitions, name="events"), kafka.new_topic(1, name="notices")
        yield Outbox(desk, kafka, events, notices, stack)


@pytest.fixture
def outbox(desk: Desk, kafka: RunningBroker) -> Iterator[Outbox]:
    with outbox_on(desk, kafka) as found:
        yield found


def opened(desk: Desk, number: int = 1) -> UUID:
    return desk.opened(channel="web_form", id=f"{number}", text="My kettle is broken, I want a refund.")


def by_key(records: Iterable[Outgoing | Seen]) -> dict[bytes, list[str]]:
    """Return the ids of the records of each key, in their order."""
    found: defaultdict[bytes, list[str]] = defaultdict(list)
    for record in records:
        headers = dict(record.headers)
        found[record.key or b""].append(headers["ce_id"].decode())
    return dict(found)


def exact(records: Sequence[Seen]) -> list[Seen]:
    """Do what the README tells a consumer: keep the last sequence of each partition, pass over what is not larger."""
    last: dict[tuple[int, bytes], str] = {}
    taken = []
    for record in records:
        place = (record.partition, record.headers["ce_source"])
        if record.sequence > last.get(place, ""):
            last[place] = record.sequence
            taken.append(record)
    return taken


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def up_to_date(outbox: Outbox, publisher: Publisher) -> Callable[[], bool]:
    return lambda: publisher.tally.positions.get(outbox.events) == outbox.desk.store.read.head().position


def test_every_event_of_the_log_arrives_once_in_the_order_of_its_complaint(outbox: Outbox) -> None:
    play(outbox.desk.service.submit, 25, 4, "mix", START, START + timedelta(weeks=8))

    assert outbox.publisher().catch_up()

    expected, seen = outbox.expected(outbox.feeds[0]), outbox.seen(outbox.events)
    assert len(expected) > 300
    assert by_key(seen) == by_key(expected)
    assert len({record.partition for record in seen}) == 3
    assert exact(seen) == seen
    assert {record.id: record.value for record in seen} == {
        dict(one.headers)["ce_id"].decode(): one.value for one in expected
    }
    notices = outbox.expected(outbox.feeds[1])
    assert len(notices) > 10
    assert by_key(outbox.seen(outbox.notices)) == by_key(notices)


def test_what_was_published_is_not_published_again(outbox: Outbox) -> None:
    stream = opened(outbox.desk)
    assert outbox.publisher().catch_up()
    before = outbox.seen(outbox.events)
    outbox.note(stream, 3)

    assert outbox.publisher().catch_up()

    after = outbox.seen(outbox.events)
    assert len(after) == len(before) + 3
    assert by_key(after) == by_key(outbox.expected(outbox.feeds[0]))


_KILLED = """
import os, signal, sys, time
from consumers.kafka.access import Access
from consumers.kafka.client import Broker, ClientProducer
from consumers.outbox.feeds import events_feed
from consumers.outbox.publish import Pace, Publisher
from engine.store.database.pool import open_pool
from engine.store.positions import Positions
from engine.store.read import Reader

conninfo, servers, topic, batches = sys.argv[1:]
kept, keep = [], Positions.move_alone

def killed(self, move):
    if len(kept) == int(batches):
        os.kill(os.getpid(), signal.SIGKILL)
    kept.append(move)
    return keep(self, move)

Positions.move_alone = killed
with open_pool(conninfo, max_size=3, name="killed") as pool:
    broker = Broker(Access(tuple(servers.split(","))))
    pace = Pace(batch=20)
    Publisher(pool, Reader(pool), broker, [events_feed(topic)], seconds=time.monotonic, pace=pace).catch_up()
"""


@pytest.mark.parametrize("batches", [0, 3])
def test_a_kill_between_acknowledgement_and_position_repeats_one_batch_and_loses_nothing(
    outbox: Outbox, batches: int
) -> None:
    stream = opened(outbox.desk)
    outbox.note(stream, 90)
    silent = (outbox.desk.history(stream)[0].position - 1) // 20  # full of the shipped configuration, which is not sent
    where = (outbox.desk.conninfo, outbox.kafka.servers, outbox.events, str(silent + batches))
    program = [sys.executable, "-c", _KILLED, *where]

    assert subprocess.run(program, check=False, timeout=60).returncode == -9
    between = outbox.seen(outbox.events)
    assert outbox.publisher([events_feed(outbox.events)]).catch_up()

    seen = outbox.seen(outbox.events)
    expected = by_key(outbox.expected(outbox.feeds[0]))
    repeated = len(seen) - len({record.id for record in seen})
    assert len(between) > 0
    assert 0 < repeated <= 20
    assert {record.id for record in seen} == {one for ids in expected.values() for one in ids}
    assert by_key(exact(seen)) == expected
    twice = [record for record in seen if [one.id for one in seen].count(record.id) == 2]
    assert len({(record.id, record.octets) for record in twice}) == repeated


def test_of_two_publishers_one_works_and_the_other_takes_over(outbox: Outbox) -> None:
    stream = opened(outbox.desk)
    first, second = outbox.publisher(), outbox.publisher()
    thread, stop = outbox.started(first)
    until(up_to_date(outbox, first))
    outbox.started(second)
    for _ in range(10):
        outbox.note(stream, 5)
        until(up_to_date(outbox, first))
    assert (first.tally.owner, second.tally.owner, second.tally.records) == (True, False, {})
    assert outbox.publisher().catch_up() is False

    stop.set()
    thread.join(20)
    outbox.note(stream, 20)
    until(up_to_date(outbox, second))

    seen = outbox.seen(outbox.events)
    assert (first.tally.owner, second.tally.owner) == (False, True)
    assert by_key(seen) == by_key(outbox.expected(outbox.feeds[0]))
    assert first.tally.records[outbox.events] + second.tally.records[outbox.events] == len(seen)


def test_a_publisher_whose_lock_was_lost_goes_on_only_when_it_has_it_again(outbox: Outbox) -> None:
    stream = opened(outbox.desk)
    publisher = outbox.publisher()
    outbox.started(publisher)
    until(up_to_date(outbox, publisher))
    with psycopg.connect(outbox.desk.conninfo, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND pid IN (SELECT pid FROM pg_stat_activity WHERE application_name = 'publish')"
        ).fetchall()
    assert ended == [(True,)]
    outbox.note(stream, 10)

    until(up_to_date(outbox, publisher))

    assert publisher.tally.errors >= 1
    assert by_key(exact(outbox.seen(outbox.events))) == by_key(outbox.expected(outbox.feeds[0]))


def test_a_position_that_somebody_else_moved_is_left_alone(outbox: Outbox) -> None:
    opened(outbox.desk)
    (source,) = _sources(outbox, outbox.events)
    positions = outbox.desk.store.positions

    def another_publisher(_: object) -> int:
        at = positions.look_up([source]).get(source)
        return 0 if at is None else int(positions.move_alone(SourceMove(source, at, at + 2)))

    publisher = outbox.publisher(pace=QUICK._replace(batch=1), beside=another_publisher)

    with pytest.raises(PutOff) as put_off:
        publisher.catch_up()
    assert put_off.value.cause == "overtaken"
    assert positions.look_up([source]) == {source: 3}


def _sources(outbox: Outbox, topic: str) -> list[str]:
    broker = Broker(Access(tuple(outbox.kafka.servers.split(","))))
    try:
        return [f"publish:{broker.cluster_id()}/{broker.topic_ids([topic])[topic]}"]
    finally:
        broker.close()


def test_while_the_broker_is_down_nothing_is_lost_and_it_goes_on_by_itself(desk: Desk) -> None:
    stream = opened(desk)
    with start_brokers() as kafka, outbox_on(desk, kafka, partitions=1) as outbox:
        publisher = outbox.publisher(pace=QUICK._replace(patience_seconds=3.0))
        outbox.started(publisher)
        until(up_to_date(outbox, publisher))
        kafka.stop()
        outbox.note(stream, 60)
        until(lambda: publisher.tally.errors > 0)
        assert publisher.tally.positions[outbox.events] < desk.store.read.head().position
        kafka.start()

        until(up_to_date(outbox, publisher), 60)

        seen = outbox.seen(outbox.events)
        assert by_key(exact(seen)) == by_key(outbox.expected(outbox.feeds[0]))


def test_a_batch_that_was_given_up_is_not_sent_behind_the_back_of_the_next_publisher(desk: Desk) -> None:
    stream = opened(desk)
    with start_brokers() as kafka, outbox_on(desk, kafka, partitions=1) as outbox:
        outbox.note(stream, 40)
        publisher = outbox.publisher(pace=QUICK._replace(patience_seconds=1.0))
        given: list[ClientProducer] = []
        made = Broker.producer

        class Watched(Broker):
            def producer(self, *, client: str) -> ClientProducer:
                given.append(made(self, client=client))
                given[-1]._producer.partitions_for(outbox.events)  # noqa: SLF001 # else it would not even begin
                kafka.pause()
                return given[-1]

        watched = Watched(Access(tuple(kafka.servers.split(","))))
        publisher._cluster = watched  # noqa: SLF001 # stops the broker then

        with closing(watched), pytest.raises(PutOff, match="KafkaTimeoutError"):
            publisher.catch_up()
        kafka.resume()

        sender = given[0]._producer._sender  # noqa: SLF001 # the library's own thread
        sender.join(10)
        assert not sender.is_alive()


def test_a_topic_that_is_missing_is_waited_for_and_one_made_anew_is_filled_from_the_beginning(outbox: Outbox) -> None:
    opened(outbox.desk)
    assert outbox.publisher().catch_up()
    outbox.kafka.delete_topic(outbox.events)

    with pytest.raises(PutOff, match=outbox.events) as put_off:
        outbox.publisher().catch_up()
    assert put_off.value.cause == "topic_missing"

    outbox.kafka.create_topic(outbox.events, 2)
    assert outbox.publisher().catch_up()
    assert by_key(outbox.seen(outbox.events)) == by_key(outbox.expected(outbox.feeds[0]))


def test_a_topic_that_is_made_anew_under_a_running_publisher_is_filled_from_the_beginning(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.outbox.publish.LOOK_SECONDS", 0.0)
    opened(outbox.desk)
    publisher = outbox.publisher()
    outbox.started(publisher)
    until(up_to_date(outbox, publisher))
    outbox.kafka.delete_topic(outbox.events)
    outbox.kafka.create_topic(outbox.events, 1)
    wanted = by_key(outbox.expected(outbox.feeds[0]))

    until(lambda: by_key(exact(outbox.seen(outbox.events))) == wanted, 60)


def test_a_log_that_lost_events_stops_the_publisher(outbox: Outbox) -> None:
    opened(outbox.desk)
    (source,) = _sources(outbox, outbox.events)
    assert outbox.desk.store.positions.move_alone(SourceMove(source, None, 1_000_000))

    with pytest.raises(BeyondLog, match=outbox.events):
        outbox.publisher().run(threading.Event(), Naps())


def test_what_stands_beside_is_called_in_every_round_with_the_producer(outbox: Outbox) -> None:
    opened(outbox.desk)
    given: list[Producer] = []

    def relay(producer: Producer) -> int:
        given.append(producer)
        return 0

    assert outbox.publisher(pace=QUICK._replace(batch=5), beside=relay).catch_up()

    assert len(given) > 1
    assert len(set(map(id, given))) == 1


def everything(desk: Desk) -> None:
    """Let every stored event stand in the log once, with every field and every personal text."""
    for name, event in EVENTS.items():
        if name != "configuration.activated.v1":
            desk.store.commit(Batch(appends=(Append(stream_of(name), 0, (example(event),)),)))


def test_no_word_that_a_person_typed_leaves_in_a_key_a_header_or_a_value(outbox: Outbox) -> None:
    everything(outbox.desk)
    feeds = [events_feed(outbox.events, imports=True), notices_feed(outbox.notices)]

    assert outbox.publisher(feeds).catch_up()

    seen = [*outbox.seen(outbox.events), *outbox.seen(outbox.notices)]
    assert len({record.headers["ce_type"] for record in seen}) > 40
    assert [record.headers["ce_type"] for record in seen if "Личное".encode() in record.octets] == []
    assert [record.headers["ce_type"] for record in seen if b"ce_personaldata" in record.octets] == []


def test_a_topic_that_carries_texts_has_them_marked_and_no_text_of_an_erased_person(outbox: Outbox) -> None:
    everything(outbox.desk)
    feed = events_feed(outbox.events, texts=True, imports=True)
    with psycopg.connect(outbox.desk.conninfo, autocommit=True) as connection:
        connection.execute("DELETE FROM plaint_keys.data_keys WHERE stream = %s", (stream_of("complaint.resolved.v1"),))

    assert outbox.publisher([feed]).catch_up()

    seen = outbox.seen(outbox.events)
    told = {record.headers["ce_type"].decode() for record in seen if "Личное".encode() in record.octets}
    marked = {record.headers["ce_type"].decode() for record in seen if "ce_personaldata" in record.headers}
    assert told == marked
    assert "plaint.complaint.received.v1" in told
    assert len(told) == 18
    assert "plaint.complaint.resolved.v1" not in told


def test_imported_history_stays_at_home(outbox: Outbox) -> None:
    everything(outbox.desk)
    imported = {one.stream for one in outbox.desk.store.read.log(0, 1_000) if one.envelope.origin == "import"}

    assert outbox.publisher().catch_up()

    assert imported.isdisjoint({UUID((record.key or b"").decode()) for record in outbox.seen(outbox.events)})


def test_an_internal_note_moves_the_position_and_publishes_nothing(outbox: Outbox) -> None:
    stream = opened(outbox.desk)
    publisher = outbox.publisher()
    assert publisher.catch_up()
    before = publisher.tally.records[outbox.events]
    outbox.desk.give(stream, AddNote(note="between us"))

    assert publisher.catch_up()

    assert publisher.tally.records[outbox.events] == before
    assert publisher.tally.positions[outbox.events] == outbox.desk.store.read.head().position
