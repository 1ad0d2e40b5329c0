"""What a member has counted since it started, under the names that dashboards read."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from consumers.kafka.place import Place
from engine.incoming import Buried, Done, Incoming, Parked, Result, Spoiled
from schemas.envelope import KafkaSource
from schemas.published.metrics import NO_METER, Meter, MetricName


class Figures:
    """Counts in memory, and tells the meter; nothing is asked for them."""

    def __init__(self, meter: Meter = NO_METER) -> None:
        self._meter = meter
        self.records: Counter[str] = Counter()
        """By outcome."""
        self.dead_letters: Counter[str] = Counter()
        """By the class of their fault."""
        self.errors: Counter[str] = Counter()
        """By cause."""
        self.alarms: Counter[str] = Counter()
        """By cause."""
        self.batches = 0
        self.batch_seconds = 0.0
        self.rebalances = 0

    def batch(self, seconds: float) -> None:
        """Count a batch that was written, and how long that took."""
        self.batches += 1
        self.batch_seconds += seconds
        self._meter.count("plaint_consumer_batches_total")
        self._meter.observe("plaint_consumer_batch_seconds", seconds)

    def polled(self, seconds: float) -> None:
        """Count how long the broker was asked."""
        self._meter.observe("plaint_consumer_poll_seconds", seconds)

    def aged(self, topic: str, seconds: float) -> None:
        """Count how old the oldest record of a topic was when its batch was written."""
        self._meter.observe("plaint_consumer_age_seconds", max(0.0, seconds), topic=topic)

    def failed(self, cause: str) -> None:
        """Count a batch that is tried again."""
        self.errors[cause] += 1
        self._meter.count("plaint_consumer_errors_total", cause=cause)

    def alarm(self, topic: str, cause: str) -> None:
        """Count what a person must look at."""
        self.alarms[cause] += 1
        self._meter.count("plaint_consumer_alarms_total", topic=topic, cause=cause)

    def count(self, items: Iterable[Incoming], results: Iterable[Result]) -> None:
        """Count what became of records."""
        done, buried = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for item, result in zip(items, results, strict=True):
            done[_topic(item), _outcome(result)] += 1
            if isinstance(result, Buried):
                buried[_topic(item), item.reason.split()[0] if isinstance(item, Spoiled) else "semantic"] += 1
        for (topic, outcome), number in done.items():
            self.records[outcome] += number
            self._meter.count("plaint_consumer_records_total", number, topic=topic, outcome=outcome)
        for (topic, kind), number in buried.items():
            self.dead_letters[kind] += number
            self._meter.count("plaint_dead_letters_total", number, **{"topic": topic, "class": kind})

    def stand(self, places: Sequence[Place], rebalances: int) -> None:
        """Say how the partitions stand that this member reads."""
        self._meter.count("plaint_consumer_rebalances_total", rebalances - self.rebalances)
        self.rebalances = rebalances
        lags: dict[tuple[str, ...], float] = {
            (place.partition.topic, str(place.partition.number)): float(place.lag) for place in places
        }
        self._meter.stand("plaint_consumer_lag_records", lags)
        self._meter.stand("plaint_consumer_assigned_partitions", {(): len(places)})
        self._meter.stand("plaint_consumer_paused_partitions", {(): _paused(places)})

    def told(self, places: Iterable[Place]) -> dict[MetricName, Any]:
        """Return all figures as one line of the log bears them."""
        known = list(places)
        return {
            "plaint_consumer_records_total": dict(self.records),
            "plaint_consumer_batches_total": self.batches,
            "plaint_consumer_batch_seconds": round(self.batch_seconds, 3),
            "plaint_consumer_errors_total": dict(self.errors),
            "plaint_consumer_alarms_total": dict(self.alarms),
            "plaint_consumer_rebalances_total": self.rebalances,
            "plaint_consumer_lag_records": sum(place.lag for place in known),
            "plaint_consumer_assigned_partitions": len(known),
            "plaint_consumer_paused_partitions": _paused(known),
            "plaint_dead_letters_total": dict(self.dead_letters),
        }


def _topic(item: Incoming) -> str:
    source = item.around.source
    return source.topic if isinstance(source, KafkaSource) else ""


def _paused(places: Iterable[Place]) -> int:
    return sum(place.state in ("stopped", "tripped") for place in places)


def _outcome(result: Result) -> str:
    match result:
        case Done(already=True):
            return "already"
        case Done():
            return "done"
        case Parked():
            return "parked"
        case Buried():
            return "dead_letter"
        case _:
            return "refused"
