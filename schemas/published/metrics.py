"""The names of all metrics: what is counted, in which unit, by which labels. Dashboards and alerts read these.

Names keep Prometheus' custom: seconds and octets as base units, ``_total`` behind what only grows.
Label values are names of topics, numbers of partitions and closed lists, never a key or a value of a
record, nor anything of a person.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, get_args

MetricName = Literal[
    "plaint_consumer_records_total",
    "plaint_consumer_batches_total",
    "plaint_consumer_errors_total",
    "plaint_consumer_batch_seconds",
    "plaint_consumer_poll_seconds",
    "plaint_consumer_age_seconds",
    "plaint_consumer_lag_records",
    "plaint_consumer_paused_partitions",
    "plaint_consumer_assigned_partitions",
    "plaint_consumer_rebalances_total",
    "plaint_consumer_alarms_total",
    "plaint_dead_letters_total",
    "plaint_dead_letters_waiting",
    "plaint_dead_letters_relayed_total",
    "plaint_dead_letters_replayed_total",
    "plaint_parked_messages",
    "plaint_publisher_records_total",
    "plaint_publisher_batches_total",
    "plaint_publisher_errors_total",
    "plaint_publisher_batch_seconds",
    "plaint_publisher_lag_events",
    "plaint_publisher_position",
    "plaint_publisher_owner",
]
"""Every metric of the program."""
Kind = Literal["counter", "gauge", "histogram"]
Unit = Literal["seconds", "records", "events", "batches", "errors", "partitions", "messages", "position", "flag"]
Label = Literal["topic", "partition", "outcome", "class", "cause"]


class Metric(NamedTuple):
    """What one metric says. A histogram in seconds has ``BUCKETS``."""

    kind: Kind
    unit: Unit
    help: str
    labels: tuple[Label, ...] = ()


BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histograms, in seconds."""

METRICS: Final[Mapping[MetricName, Metric]] = {
    "plaint_consumer_records_total": Metric(
        "counter",
        "records",
        "Records that had their effect, by outcome: done, already, refused, parked, dead_letter, passed_over.",
        ("topic", "outcome"),
    ),
    "plaint_consumer_batches_total": Metric("counter", "batches", "Batches that were committed."),
    "plaint_consumer_errors_total": Metric(
        "counter", "errors", "Batches that were not committed and are tried again, by cause.", ("cause",)
    ),
    "plaint_consumer_batch_seconds": Metric(
        "histogram", "seconds", "From the records in hand to the commit of their batch."
    ),
    "plaint_consumer_poll_seconds": Metric("histogram", "seconds", "How long the broker was asked for records."),
    "plaint_consumer_age_seconds": Metric(
        "histogram", "seconds", "From the broker's timestamp of a record to its commit.", ("topic",)
    ),
    "plaint_consumer_lag_records": Metric(
        "gauge", "records", "Records of a partition that had no effect yet.", ("topic", "partition")
    ),
    "plaint_consumer_paused_partitions": Metric("gauge", "partitions", "Partitions that are not read just now."),
    "plaint_consumer_assigned_partitions": Metric("gauge", "partitions", "Partitions that this process reads."),
    "plaint_consumer_rebalances_total": Metric("counter", "batches", "Times that partitions were dealt anew."),
    "plaint_consumer_alarms_total": Metric(
        "counter",
        "errors",
        "What a person must look at: a gap, a truncated or another topic, too much poison.",
        ("topic", "cause"),
    ),
    "plaint_dead_letters_total": Metric(
        "counter", "records", "Records that were set aside, by the class of their fault.", ("topic", "class")
    ),
    "plaint_dead_letters_waiting": Metric("gauge", "records", "Dead letters that were not relayed yet."),
    "plaint_dead_letters_relayed_total": Metric("counter", "records", "Dead letters that the broker has acknowledged."),
    "plaint_dead_letters_replayed_total": Metric(
        "counter",
        "records",
        "Dead letters that were replayed, by outcome: done, already, refused, parked, failed.",
        ("outcome",),
    ),
    "plaint_parked_messages": Metric("gauge", "messages", "Messages that wait for the one they answer."),
    "plaint_publisher_records_total": Metric(
        "counter", "records", "Records that the broker has acknowledged.", ("topic",)
    ),
    "plaint_publisher_batches_total": Metric("counter", "batches", "Batches whose position was kept.", ("topic",)),
    "plaint_publisher_errors_total": Metric(
        "counter", "errors", "Batches that are sent again, by cause.", ("topic", "cause")
    ),
    "plaint_publisher_batch_seconds": Metric(
        "histogram", "seconds", "From the events in hand to the broker's acknowledgement of all.", ("topic",)
    ),
    "plaint_publisher_lag_events": Metric(
        "gauge", "events", "Events of the log that a topic was not brought up to yet.", ("topic",)
    ),
    "plaint_publisher_position": Metric("gauge", "position", "Position that a topic was brought up to.", ("topic",)),
    "plaint_publisher_owner": Metric("gauge", "flag", "1 in the one process that publishes, else 0."),
}
"""Name -> what it says."""

if set(METRICS) != set(get_args(MetricName)):
    raise ValueError("a metric is named in one of the two lists only")
