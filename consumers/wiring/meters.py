"""Figures of this process in the forms that Prometheus reads; those in seconds carry the trace as exemplar."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from consumers import tracing
from schemas.published.metrics import BUCKETS, METRICS, Kind, MetricName

Standing = tuple[MetricName, Mapping[tuple[str, ...], float]]
"""A gauge, or a counter that somebody else keeps, as it stands: values of labels in order -> value."""
Asked = Callable[[], Iterable[Standing]]
"""Says how things stand when figures are asked for. It takes seconds at most, and does not raise."""
KEPT_ELSEWHERE: Final[frozenset[MetricName]] = frozenset({"plaint_log_events_total"})
"""Counters that this process does not keep."""


class Meters:
    """Keeps the figures of one process; a ``schemas.published.metrics.Meter``."""

    def __init__(self) -> None:
        # When a series was made says nothing that its reset does not.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # the library leaves it so
        self._registry = CollectorRegistry()
        self._counters = {name: self._counter(name) for name in _of("counter") if name not in KEPT_ELSEWHERE}
        self._histograms = {name: self._histogram(name) for name in _of("histogram")}
        self._standing = _Standings()
        self._registry.register(self._standing)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self.stand("plaint_info", {(version("plaint"),): 1})

    def count(self, name: MetricName, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def observe(self, name: MetricName, value: float, **labels: str) -> None:
        """Add to a histogram; where the work at hand belongs to a trace, that is the exemplar."""
        histogram = self._histograms[name]
        trace = tracing.ids().get("trace_id")
        exemplar = None if trace is None else {"trace_id": trace}
        (histogram.labels(**labels) if labels else histogram).observe(value, exemplar)

    def stand(self, name: MetricName, values: Mapping[tuple[str, ...], float]) -> None:
        """Say how a gauge stands now."""
        self._standing.known[name] = dict(values)

    def ask(self, asked: Asked) -> None:
        """Have these figures asked for anew whenever somebody reads."""
        self._standing.asked.append(asked)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return all figures in the form that suits ``accept`` (OpenMetrics or plain text), and its media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def _counter(self, name: MetricName) -> Counter:
        return Counter(name, METRICS[name].help, METRICS[name].labels, registry=self._registry)

    def _histogram(self, name: MetricName) -> Histogram:
        of = METRICS[name]
        return Histogram(name, of.help, of.labels, buckets=BUCKETS, registry=self._registry)


class _Standings(Collector):
    """What stands, as it was said last or is asked for now."""

    def __init__(self) -> None:
        self.known: dict[MetricName, Mapping[tuple[str, ...], float]] = {}
        self.asked: list[Asked] = []

    def collect(self) -> Iterator[Metric]:
        found = dict(self.known)
        for asked in self.asked:
            found.update(asked())
        for name, values in found.items():
            yield _family(name, values)

    def describe(self) -> Iterable[Metric]:
        return ()


def _of(kind: Kind) -> list[MetricName]:
    return [name for name, metric in METRICS.items() if metric.kind == kind]


def _family(name: MetricName, values: Mapping[tuple[str, ...], float]) -> Metric:
    of = METRICS[name]
    kind = CounterMetricFamily if of.kind == "counter" else GaugeMetricFamily
    family = kind(name, of.help, labels=of.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family
