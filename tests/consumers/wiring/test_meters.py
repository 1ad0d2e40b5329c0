"""Figures are told in the two forms that Prometheus reads, under the names that dashboards know, and no others."""

from collections.abc import Iterable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from consumers import tracing
from consumers.wiring.meters import KEPT_ELSEWHERE, Meters
from schemas.published.metrics import METRICS, NO_METER, MetricName
from support import openmetrics
from support.openmetrics import OPENMETRICS

OF_ANY_PYTHON = ("process_", "python_")


def samples(meters: Meters, name: str) -> dict[tuple[str, ...], float]:
    """Return the samples of a name: values of its labels, in order of their names -> value."""
    found = [one for one in openmetrics.samples(meters.exposition(OPENMETRICS)[0].decode()) if one.name == name]
    return {tuple(value for _, value in sorted(one.labels.items())): one.value for one in found}


def told(names: Iterable[str]) -> set[str]:
    """Return the metrics that series of these names belong to, without those that any program has."""
    plain = {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in names}
    return {name for name in plain if not name.startswith(OF_ANY_PYTHON)}


def test_every_metric_of_the_list_can_be_told_and_is_told_by_its_name() -> None:
    meters = Meters()
    for name, metric in METRICS.items():
        labels: dict[str, str] = dict.fromkeys(metric.labels, "x")
        if metric.kind == "counter" and name not in KEPT_ELSEWHERE:
            meters.count(name, 1, **labels)
        elif metric.kind == "histogram":
            meters.observe(name, 0.1, **labels)
        else:
            meters.stand(name, {tuple(labels.values()): 1})
    octets, media_type = meters.exposition(OPENMETRICS)
    assert media_type.startswith("application/openmetrics-text; version=1.0.0")
    assert told(one.name for one in openmetrics.samples(octets.decode())) == set(METRICS)
    octets, media_type = meters.exposition("")
    assert media_type == "text/plain; version=0.0.4; charset=utf-8"
    plain = text_string_to_metric_families(octets.decode())
    assert told(one.name for family in plain for one in family.samples) == set(METRICS)


def test_counts_add_up_by_their_labels() -> None:
    meters = Meters()
    meters.count("plaint_mail_messages_total", outcome="sent")
    meters.count("plaint_mail_messages_total", 2, outcome="sent")
    meters.count("plaint_mail_messages_total", outcome="failed")
    assert samples(meters, "plaint_mail_messages_total") == {("sent",): 3, ("failed",): 1}


def test_a_counter_without_labels_is_there_before_anything_happened() -> None:
    assert samples(Meters(), "plaint_consumer_batches_total") == {(): 0}


def test_what_stands_replaces_what_stood() -> None:
    meters = Meters()
    meters.stand("plaint_consumer_lag_records", {("in", "0"): 5, ("in", "1"): 7})
    meters.stand("plaint_consumer_lag_records", {("in", "1"): 6})
    assert samples(meters, "plaint_consumer_lag_records") == {("1", "in"): 6}, "a partition that went away has no lag"
    meters.stand("plaint_consumer_lag_records", {})
    assert samples(meters, "plaint_consumer_lag_records") == {}


def test_what_is_asked_for_is_asked_whenever_somebody_reads() -> None:
    meters, position = Meters(), [3]
    meters.ask(lambda: [("plaint_log_events_total", {(): position[0]})])
    assert samples(meters, "plaint_log_events_total") == {(): 3}
    position[0] = 4
    assert samples(meters, "plaint_log_events_total") == {(): 4}


def test_a_figure_in_seconds_names_the_trace_it_belongs_to() -> None:
    meters, trace = Meters(), "1a" * 16
    with tracing.within(f"00-{trace}-{'2b' * 8}-01"):
        meters.observe("plaint_projection_batch_seconds", 0.02)
    text = meters.exposition(OPENMETRICS)[0].decode()
    assert f'plaint_projection_batch_seconds_bucket{{le="0.025"}} 1.0 # {{trace_id="{trace}"}} 0.02' in text


def test_a_label_that_a_metric_does_not_have_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="label"):
        Meters().count("plaint_mail_messages_total", colour="red")


def test_two_processes_in_one_test_keep_figures_of_their_own() -> None:
    one, other = Meters(), Meters()
    one.count("plaint_timers_errors_total")
    assert samples(other, "plaint_timers_errors_total") == {(): 0}


@pytest.mark.parametrize("name", ["plaint_timers_errors_total"])
def test_who_is_asked_by_nobody_keeps_nothing(name: MetricName) -> None:
    NO_METER.count(name)
    NO_METER.observe("plaint_projection_batch_seconds", 1)
    NO_METER.stand("plaint_ready", {(): 1})
