"""Metrics are called as those who draw them expect, and each says what it counts."""

import re

from schemas.published.metrics import METRICS


def test_names_keep_the_custom_of_prometheus() -> None:
    for name, metric in METRICS.items():
        assert re.fullmatch(r"plaint_[a-z_]+", name), name
        assert name.endswith("_total") == (metric.kind == "counter"), name
        assert name.endswith("_seconds") == (metric.unit == "seconds"), name
        assert metric.kind != "histogram" or metric.unit == "seconds", name


def test_every_metric_says_in_one_sentence_what_it_counts() -> None:
    for name, metric in METRICS.items():
        assert re.fullmatch(r"[A-Z0-9].{15,110}\.", metric.help), name
        assert len(set(metric.labels)) == len(metric.labels), name
