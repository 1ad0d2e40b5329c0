"""What a member has counted since it started, under the names that dashboards read."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from consumers.kafka.place import Place
from engine.incoming import Buried, Done, Incoming, Parked, Result, Spoiled
from schemas.published.metrics import MetricName


class Figures:
    """Counts in memory; nothing is asked for them."""

    def __init__(self) -> None:
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

    def count(self, items: Iterable[Incoming], results: Iterable[Result]) -> None:
        """Count what became of records."""
        for item, result in zip(items, results, strict=True):
            self.records[_outcome(result)] += 1
            if isinstance(result, Buried):
                self.dead_letters[item.reason.split()[0] if isinstance(item, Spoiled) else "semantic"] += 1

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
            "plaint_consumer_paused_partitions": sum(place.state in ("stopped", "tripped") for place in known),
            "plaint_dead_letters_total": dict(self.dead_letters),
        }


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
