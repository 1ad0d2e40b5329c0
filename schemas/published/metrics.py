"""The names of all metrics: what is counted, in which unit, by which labels. Dashboards and alerts read these.

Names keep Prometheus' custom: seconds and octets as base units, ``_total`` behind what only grows.
Label values are names of topics, numbers of partitions and closed lists, never a key or a value of a
record, nor anything of a person. What is asked of the database every process tells alike: take the
largest, not the sum.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, Protocol, get_args

MetricName = Literal[
    "plaint_info",
    "plaint_ready",
    "plaint_http_request_seconds",
    "plaint_http_requests_open",
    "plaint_database_up",
    "plaint_log_events_total",
    "plaint_projection_events_total",
    "plaint_projection_batch_seconds",
    "plaint_projection_errors_total",
    "plaint_projection_lag_events",
    "plaint_projection_lag_seconds",
    "plaint_projection_left_out_cases",
    "plaint_clocks_open",
    "plaint_clocks_overdue",
    "plaint_clocks_due",
    "plaint_timers_recorded_total",
    "plaint_timers_behind_seconds",
    "plaint_timers_errors_total",
    "plaint_reactions_total",
    "plaint_reactions_refused_total",
    "plaint_reactions_errors_total",
    "plaint_reactions_lag_events",
    "plaint_mail_messages_total",
    "plaint_mail_waiting_messages",
    "plaint_mail_errors_total",
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
    "plaint_dead_letters_kept",
    "plaint_dead_letters_waiting",
    "plaint_dead_letters_relayed_total",
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
Unit = Literal[
    "seconds", "records", "events", "batches", "errors", "partitions", "messages", "position", "flag", "requests",
    "cases", "clocks", "commands",
]  # fmt: skip
Label = Literal[
    "topic", "partition", "outcome", "class", "cause", "method", "route", "status", "view", "asks", "reaction",
    "version",
]  # fmt: skip


class Metric(NamedTuple):
    """What one metric says. A histogram in seconds has ``BUCKETS``."""

    kind: Kind
    unit: Unit
    help: str
    labels: tuple[Label, ...] = ()


BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histograms, in seconds."""

METRICS: Final[Mapping[MetricName, Metric]] = {
    "plaint_info": Metric("gauge", "flag", "1, by the version of the program that runs.", ("version",)),
    "plaint_ready": Metric("gauge", "flag", "1 while the process takes work, 0 while it starts, waits or ends."),
    "plaint_http_request_seconds": Metric(
        "histogram",
        "seconds",
        "From a request to its answer, by route, method and status; with the trace as exemplar.",
        ("method", "route", "status"),
    ),
    "plaint_http_requests_open": Metric("gauge", "requests", "Requests that are being answered."),
    "plaint_database_up": Metric("gauge", "flag", "1 where the database answered when it was asked for figures."),
    "plaint_log_events_total": Metric("counter", "events", "Events that were ever appended to the log."),
    "plaint_projection_events_total": Metric("counter", "events", "Events that this process brought into views."),
    "plaint_projection_batch_seconds": Metric(
        "histogram", "seconds", "From the events in hand to the commit of their rows in all views."
    ),
    "plaint_projection_errors_total": Metric(
        "counter", "errors", "Batches that are tried again, by the kind of error.", ("cause",)
    ),
    "plaint_projection_lag_events": Metric(
        "gauge", "events", "Events of the log that a view does not show yet.", ("view",)
    ),
    "plaint_projection_lag_seconds": Metric(
        "gauge", "seconds", "From the last event that a view shows to the last event of the log.", ("view",)
    ),
    "plaint_projection_left_out_cases": Metric(
        "gauge", "cases", "Cases that an error keeps out of a view until a person acts.", ("view",)
    ),
    "plaint_clocks_open": Metric("gauge", "clocks", "Clocks that run or are paused."),
    "plaint_clocks_overdue": Metric("gauge", "clocks", "Running clocks whose due time has passed."),
    "plaint_clocks_due": Metric(
        "gauge", "clocks", "Clocks whose warning, miss or escalation is due and not recorded yet."
    ),
    "plaint_timers_recorded_total": Metric(
        "counter",
        "events",
        "What clocks have brought about, by what they ask for: miss, warning, escalation, term, redated.",
        ("asks",),
    ),
    "plaint_timers_behind_seconds": Metric(
        "gauge", "seconds", "From the instant up to which clocks may act to the present."
    ),
    "plaint_timers_errors_total": Metric("counter", "errors", "Looks at the clocks that were put off."),
    "plaint_reactions_total": Metric(
        "counter", "commands", "Commands of reactions that had an effect, such as notices.", ("reaction",)
    ),
    "plaint_reactions_refused_total": Metric(
        "counter", "commands", "Commands of reactions that their case refused.", ("reaction",)
    ),
    "plaint_reactions_errors_total": Metric(
        "counter", "errors", "Events that a reaction failed at and passed over.", ("reaction",)
    ),
    "plaint_reactions_lag_events": Metric(
        "gauge", "events", "Events of the log that a reaction did not see yet.", ("reaction",)
    ),
    "plaint_mail_messages_total": Metric(
        "counter", "messages", "Messages that left by mail or never will, by outcome: sent, failed.", ("outcome",)
    ),
    "plaint_mail_waiting_messages": Metric("gauge", "messages", "Messages that wait to leave by mail."),
    "plaint_mail_errors_total": Metric("counter", "errors", "Times that sending was put off, by cause.", ("cause",)),
    "plaint_consumer_records_total": Metric(
        "counter",
        "records",
        "Records that had their effect, by outcome: done, already, refused, parked, dead_letter.",
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
        "histogram", "seconds", "From the broker's time of the oldest record of a batch to its commit.", ("topic",)
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
    "plaint_dead_letters_kept": Metric("gauge", "records", "Dead letters that nobody has replayed or discarded."),
    "plaint_dead_letters_waiting": Metric("gauge", "records", "Dead letters that were not relayed yet."),
    "plaint_dead_letters_relayed_total": Metric("counter", "records", "Dead letters that the broker has acknowledged."),
    "plaint_parked_messages": Metric("gauge", "messages", "Messages that wait for the one they answer."),
    "plaint_publisher_records_total": Metric(
        "counter", "records", "Records that the broker has acknowledged.", ("topic",)
    ),
    "plaint_publisher_batches_total": Metric("counter", "batches", "Batches whose position was kept.", ("topic",)),
    "plaint_publisher_errors_total": Metric(
        "counter", "errors", "Times that publishing was put off, by cause.", ("cause",)
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


class Meter(Protocol):
    """What figures are told to. Quick, for any number of threads; it never fails and asks nobody anything."""

    def count(self, name: MetricName, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""

    def observe(self, name: MetricName, value: float, **labels: str) -> None:
        """Add to a histogram."""

    def stand(self, name: MetricName, values: Mapping[tuple[str, ...], float]) -> None:
        """Say how a gauge stands now, by the values of its labels in order: these series, and no others any more."""


class NoMeter:
    """Hears figures and keeps none."""

    def count(self, name: MetricName, amount: float = 1, **labels: str) -> None: ...

    def observe(self, name: MetricName, value: float, **labels: str) -> None: ...

    def stand(self, name: MetricName, values: Mapping[tuple[str, ...], float]) -> None: ...


NO_METER: Final = NoMeter()
"""For what runs where nobody asks for figures."""
