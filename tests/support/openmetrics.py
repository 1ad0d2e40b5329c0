"""Figures read as Prometheus reads them."""

from collections.abc import Mapping
from typing import NamedTuple

from prometheus_client.openmetrics.parser import text_string_to_metric_families

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


class Sample(NamedTuple):
    """One value of one series; ``exemplar`` are the labels of the example given with it."""

    name: str
    labels: Mapping[str, str]
    value: float
    exemplar: Mapping[str, str] | None


def samples(text: str) -> list[Sample]:
    """Return all samples of a text of the form OpenMetrics; what is not of that form is an error."""
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call] # the library leaves it so
    return [
        Sample(one.name, one.labels, one.value, one.exemplar.labels if one.exemplar else None)
        for family in families
        for one in family.samples
    ]
