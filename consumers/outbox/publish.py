"""The log to its topics: the event log is the outbox, so nothing has to be written twice.

A publisher reads the log from a position of its own for each topic, sends a batch of records, waits for
the broker to acknowledge all of them, and only then keeps the new position. So delivery is **at least
once**: whatever ends a publisher (a kill, an outage, a hand-over), at most the batch under way is sent
again, with the same ids, and nothing is left out. A consumer can be exact: records of one partition are
in the order of the log, and what is sent again repeats a piece that was sent before. Whoever keeps the
last ``ce_sequence`` of each partition and ``ce_source``, in the transaction of its own effects, and
passes over what is not larger as text, has every event exactly once; whoever needs no order may
remember ``ce_id`` instead.

One publisher at a time works for a cluster: it holds an advisory lock, on a session that it asks before
every batch, and the others wait to take over. One that lost its lock unawares cannot keep a position
any more, since positions move by compare-and-set; what it still sent is a repetition, too.
A position is named by the ids of the cluster and of the topic: a topic that was made anew, or another
cluster, gets the whole log. Imported history is passed over, unless a feed takes it.
Adding partitions to a topic moves complaints to other partitions, as with every topic of Kafka.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
import structlog

from consumers import tracing
from consumers.kafka.backoff import Backoff
from consumers.outbox.feeds import Feed
from consumers.outbox.sending import Cluster, Producer, PutOff, asked, deliver
from engine.store.batch import Recorded, SourceMove
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.positions import Positions
from engine.store.read import Head, Reader
from projections.runtime import owner
from projections.runtime.runner import Waiter
from projections.sql import Link
from schemas.published.metrics import NO_METER, Meter

LOOK_SECONDS: Final = 15.0
"""How often it is asked whether the topics are still the same ones."""
TRANSIENT: Final = (psycopg.OperationalError, psycopg.InterfaceError, DatabaseUnavailable)
BACKOFF: Final = Backoff()

_log = structlog.get_logger()


class Pace(NamedTuple):
    """How much is sent at once, and how long is waited for what."""

    batch: int = 1_000
    patience_seconds: float = 10.0
    """For an acknowledgement: shorter than the grace at the end. A batch that had none in time is sent again."""
    poll_seconds: float = 1.0


class BeyondLog(Exception):
    """A topic was brought up further than the log reaches: the log has lost events, the position has not."""

    def __init__(self, topic: str, position: int, head: int) -> None:
        super().__init__(
            f"{topic} was brought up to position {position}, and the log ends at {head}: the log lost events; "
            "make the topic anew to have it filled again"
        )


@dataclass(slots=True)
class Tally:
    """What a publisher has done since its start; see ``plaint_publisher_...`` in ``schemas.published.metrics``."""

    records: dict[str, int] = field(default_factory=dict)
    """By topic: acknowledged."""
    positions: dict[str, int] = field(default_factory=dict)
    """By topic: brought up to."""
    errors: int = 0
    owner: bool = False


@dataclass(slots=True)
class _Place:
    """Where a feed stands; ``position`` None: nothing was ever kept."""

    feed: Feed
    source: str
    position: int | None


@dataclass(slots=True)
class _Turn:
    """One time of holding the lock."""

    connection: Link
    producer: Producer
    ids: dict[str, UUID]
    places: list[_Place]
    looked: float


class Publisher:
    """Follows the log into topics. Any number may run; the one that holds the lock works.

    Holds one connection of ``pool`` while it works, and reads over another one. ``seconds`` is a clock that
    only goes forward. ``beside`` is called between batches with the producer and returns how much it did: the
    relay of dead letters. It gets a fourth of the time at most while it has nothing to show for it.
    """

    def __init__(
        self,
        pool: Pool,
        log: Reader,
        cluster: Cluster,
        feeds: Sequence[Feed],
        *,
        seconds: Callable[[], float],
        beside: Callable[[Producer], int] = lambda _: 0,
        pace: Pace = Pace(),  # noqa: B008 # a tuple
        meter: Meter = NO_METER,
    ) -> None:
        self._pool, self._log, self._cluster, self._feeds = pool, log, cluster, tuple(feeds)
        self._positions = Positions(pool)
        self._seconds, self._beside, self._pace = seconds, beside, pace
        self._failures, self._beside_from = 0, 0.0
        self._meter = meter
        self._why: str | None = None
        self.tally = Tally()

    def run(self, stop: Flag, waiter: Waiter) -> None:
        """Publish until ``stop`` is set; the batch under way is finished then.

        Trouble of the broker or the database is survived: ``publishing_put_off`` is logged, the lock given
        back, and tried again after waits that grow.

        Raises:
            engine.store.mapper.UnknownEvent: this program is older than the log; a newer one must go on.
            BeyondLog: the log has lost events.
        """
        while not stop.is_set():
            try:
                worked = self._turn(lambda turn: self._follow(turn, stop, waiter))
            except (PutOff, *TRANSIENT) as error:
                self._put_off(error)
                stop.wait(BACKOFF.seconds(self._failures, 0.5))
            else:
                if not worked and not stop.is_set():
                    waiter.wait(self._pace.poll_seconds)

    def hindered(self) -> str | None:
        """Return why publishing is put off; None where it is not."""
        return self._why

    def catch_up(self) -> bool:
        """Publish up to the log's end; False, with nothing done, if another publisher works.

        Raises:
            PutOff: the broker or a topic is not there; what was sent may be sent again.
            DatabaseUnavailable: likewise.
        """
        return self._turn(self._to_the_end)

    def standing(self) -> dict[str, int]:
        """Return how far each topic is, without publishing anything; 0 where nothing was published yet.

        Raises:
            PutOff: the broker or a topic is not there.
        """
        sources = self._sources(asked(self._cluster.cluster_id), self._topic_ids())
        found = self._positions.look_up(sources.values())
        return {topic: found.get(source, 0) for topic, source in sources.items()}

    def _sources(self, cluster: str, ids: Mapping[str, UUID]) -> dict[str, str]:
        return {feed.topic: f"publish:{cluster}/{ids[feed.topic]}" for feed in self._feeds}

    def _put_off(self, error: Exception) -> None:
        self._failures += 1
        self.tally.errors += 1
        cause = error.cause if isinstance(error, PutOff) else "database_unavailable"
        reason = str(error) if isinstance(error, PutOff | DatabaseUnavailable) else type(error).__name__
        self._why = f"publishing is put off: {reason}"
        self._meter.count("plaint_publisher_errors_total", cause=cause)
        _log.warning("publishing_put_off", cause=cause, reason=reason, failures=self._failures)

    def _turn(self, work: Callable[[_Turn], None]) -> bool:
        cluster = asked(self._cluster.cluster_id)
        with owner.sole(self._pool, f"publish {cluster}") as connection:
            if connection is None:
                self._why = None
                return False
            turn = self._begun(connection, cluster)
            self._owns(now=True)
            try:
                work(turn)
            finally:
                self._owns(now=False)
                turn.producer.close(0)  # all that counts was acknowledged; the rest must not come after us
        return True

    def _owns(self, *, now: bool) -> None:
        """Tell whether this is the one that publishes; who is not says nothing of how far topics are."""
        self.tally.owner = now
        self._meter.stand("plaint_publisher_owner", {(): now})
        if not now:
            self._meter.stand("plaint_publisher_lag_events", {})
            self._meter.stand("plaint_publisher_position", {})

    def _begun(self, connection: Link, cluster: str) -> _Turn:
        ids = self._topic_ids()
        sources = self._sources(cluster, ids)
        found = self._positions.look_up(sources.values())
        places = [_Place(feed, sources[feed.topic], found.get(sources[feed.topic])) for feed in self._feeds]
        producer = asked(lambda: self._cluster.producer(client="plaint-publish"))
        _log.info("publishing_began", positions={place.feed.topic: place.position or 0 for place in places})
        return _Turn(connection, producer, ids, places, self._seconds())

    def _topic_ids(self) -> dict[str, UUID]:
        names = [feed.topic for feed in self._feeds]
        ids = asked(lambda: self._cluster.topic_ids(names))
        missing = [name for name in names if name not in ids]
        if missing:
            raise PutOff(
                "topic_missing", f"the cluster has no topic {', '.join(missing)}; `plaint topics create` makes it"
            )
        return dict(ids)

    def _follow(self, turn: _Turn, stop: Flag, waiter: Waiter) -> None:
        while not stop.is_set():
            self._look(turn)
            if not self._round(turn):
                waiter.wait(self._pace.poll_seconds)

    def _to_the_end(self, turn: _Turn) -> None:
        head = self._log.head().position
        while any((place.position or 0) < head for place in turn.places):
            self._round(turn)
        while self._beside(turn.producer):
            pass

    def _round(self, turn: _Turn) -> int:
        """Move every feed by one batch; return how much was done."""
        head = self._log.head()
        done = sum([self._advance(turn, place, head) for place in turn.places])
        self._failures, self._why = 0, None
        positions: dict[tuple[str, ...], float] = {(place.feed.topic,): place.position or 0 for place in turn.places}
        self._meter.stand("plaint_publisher_position", positions)
        self._meter.stand(
            "plaint_publisher_lag_events", {topic: max(0, head.position - at) for topic, at in positions.items()}
        )
        return done + self._also(turn)

    def _also(self, turn: _Turn) -> int:
        began = self._seconds()
        if began < self._beside_from:
            return 0
        done = self._beside(turn.producer)
        ended = self._seconds()
        self._beside_from = ended if done else ended + 3 * (ended - began)
        return done

    def _look(self, turn: _Turn) -> None:
        """Notice a topic that was made anew: the client would go on into it without a word."""
        if self._seconds() - turn.looked >= LOOK_SECONDS:
            turn.looked = self._seconds()
            if self._topic_ids() != turn.ids:
                raise PutOff("topic_changed", "a topic was made anew; it gets the log from the beginning")

    def _advance(self, turn: _Turn, place: _Place, head: Head) -> int:
        """Send one batch and keep its position; return how many events of the log it went through."""
        feed, after = place.feed, place.position or 0
        if after > head.position:
            raise BeyondLog(feed.topic, after, head.position)
        events = self._log.log(after, self._pace.batch, open=feed.texts, names=feed.names)
        reached = _reached(events, head, full=len(events) == self._pace.batch)
        if reached == after:
            return 0
        turn.connection.execute("SELECT 1")  # the lock is held as long as its session answers
        begun = self._seconds()
        with tracing.span(*_span(feed.topic, len(events)), of=(one.envelope.traceparent for one in events)):
            records = feed.records(events, head.incarnation)
            sent = deliver(turn.producer, feed.topic, records, self._pace.patience_seconds)
        if not self._positions.move_alone(SourceMove(place.source, place.position, reached)):
            raise PutOff("overtaken", f"{feed.topic}: another publisher has moved the position")
        place.position = reached
        self.tally.positions[feed.topic] = reached
        self.tally.records[feed.topic] = self.tally.records.get(feed.topic, 0) + sent
        self._meter.observe("plaint_publisher_batch_seconds", self._seconds() - begun, topic=feed.topic)
        self._meter.count("plaint_publisher_records_total", sent, topic=feed.topic)
        self._meter.count("plaint_publisher_batches_total", topic=feed.topic)
        return reached - after


def _span(topic: str, events: int) -> tuple[str, tracing.Kind, tracing.Words]:
    """Return what the span of a batch says; records carry the trace of their event, not this one."""
    words: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
        "messaging.batch.message_count": events,
    }
    return f"send {topic}", "producer", words


def _reached(events: Sequence[Recorded], head: Head, *, full: bool) -> int:
    """Return up to where the log was looked at: a batch that is not full ends at its head, or behind it."""
    last = events[-1].position if events else 0
    return last if full else max(last, head.position)
