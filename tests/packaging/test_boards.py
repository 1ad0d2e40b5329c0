"""Dashboards and alerts ask for metrics that exist, by labels that they have, in the language of Prometheus."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from consumers.http.limits import PROBES
from schemas.published.metrics import METRICS

AROUND = {"le", "job", "instance", "app_kubernetes_io_component"}
"""Labels that Prometheus or the monitor of Kubernetes adds."""
INTERVAL = re.compile(r"\$__rate_interval")
LINKED = re.compile(r"deploy/alerts/README\.md#([a-z]+)")


@pytest.fixture(scope="module")
def groups(checkout: Path) -> list[dict[str, Any]]:
    parsed = yaml.safe_load((checkout / "deploy/alerts/rules.yaml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = parsed["groups"]
    return found


@pytest.fixture(scope="module")
def alerts(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def boards(checkout: Path) -> list[dict[str, Any]]:
    files = sorted((checkout / "deploy/dashboards").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions(boards: list[dict[str, Any]]) -> list[str]:
    return [INTERVAL.sub("5m", one["expr"]) for board in boards for panel in panels(board) for one in panel["targets"]]


def parts(node: Any) -> Iterator[Any]:
    """Yield an expression and all that it is made of."""
    yield node
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        inner = getattr(node, name, None)
        if inner is not None and not isinstance(inner, str):
            yield from parts(inner)
    for inner in getattr(node, "args", None) or ():
        yield from parts(inner)


def metric_of(name: str | None) -> str:
    """Return the metric that a series belongs to."""
    name = name or "(no name)"
    plain = re.sub(r"_(bucket|count|sum)$", "", name)
    return plain if plain in METRICS and METRICS[plain].kind == "histogram" else name  # type: ignore[index] # just asked


def faults(expression: str) -> list[str]:
    """Return what is wrong with an expression: metrics that are not there, and labels that they do not have."""
    found = list[str]()
    tree = list(parts(promql_parser.parse(expression)))
    selectors = [node for node in tree if isinstance(node, promql_parser.VectorSelector)]
    known = set(AROUND)
    for selector in selectors:
        name = metric_of(selector.name)
        if name not in METRICS:
            found.append(f"no metric {selector.name}")
            continue
        metric = METRICS[name]  # type: ignore[index] # just asked
        if metric.kind == "histogram" and name == selector.name:
            found.append(f"{name} is a histogram: take _bucket, _count or _sum")
        known |= set(metric.labels)
        found += [
            f"{name} has no label {one.name}"
            for one in selector.matchers.matchers
            if one.name not in {*metric.labels, *AROUND}
        ]
    asked = {label for node in tree if (by := getattr(node, "modifier", None)) for label in getattr(by, "labels", ())}
    return found + [f"no label {one}" for one in sorted(asked - known)]


def test_what_is_wrong_with_an_expression_is_found() -> None:
    assert faults('sum by (colour) (rate(plaint_nosuch_total{route="x"}[5m]))') == [
        "no metric plaint_nosuch_total",
        "no label colour",
    ]
    assert faults('rate(plaint_mail_messages_total{route="x"}[5m])') == [
        "plaint_mail_messages_total has no label route"
    ]
    assert faults("plaint_http_request_seconds") == [
        "plaint_http_request_seconds is a histogram: take _bucket, _count or _sum"
    ]
    assert faults('sum by (le) (rate(plaint_http_request_seconds_bucket{status=~"5.."}[5m]))') == []
    with pytest.raises(ValueError, match="parenthesis"):
        faults("sum(")


def test_every_alert_asks_for_what_there_is(alerts: list[dict[str, Any]]) -> None:
    assert {one["alert"]: wrong for one in alerts if (wrong := faults(one["expr"]))} == {}


def test_shares_of_requests_are_of_requests_and_not_of_probes(
    alerts: list[dict[str, Any]], boards: list[dict[str, Any]]
) -> None:
    """A proxy that asks four times a second whether the door is ready would hide that all else fails."""
    shares = [one for one in (*(alert["expr"] for alert in alerts), *expressions(boards)) if "status=~" in one]
    assert len(shares) == 3
    without = re.compile(r'route!~"/\(([a-z|]+)\)"')
    for one in shares:
        assert [{f"/{name}" for name in found.split("|")} for found in without.findall(one)] == [PROBES] * 2, one


def test_every_panel_asks_for_what_there_is(boards: list[dict[str, Any]]) -> None:
    assert {one: wrong for one in expressions(boards) if (wrong := faults(one))} == {}


def test_every_metric_is_on_a_board(boards: list[dict[str, Any]]) -> None:
    shown = {
        metric_of(node.name)
        for one in expressions(boards)
        for node in parts(promql_parser.parse(one))
        if isinstance(node, promql_parser.VectorSelector)
    }
    assert set(METRICS) - shown == set()


def test_every_alert_says_how_urgent_it_is_what_it_is_and_where_its_page_stands(
    alerts: list[dict[str, Any]], groups: list[dict[str, Any]]
) -> None:
    assert len({group["name"] for group in groups}) == len(groups)
    assert len({one["alert"] for one in alerts}) == len(alerts)
    for one in alerts:
        assert set(one) <= {"alert", "expr", "for", "labels", "annotations"}, one["alert"]
        assert re.fullmatch(r"Plaint[A-Z][A-Za-z]+", one["alert"])
        assert one["labels"] == {"severity": one["labels"]["severity"], "service": "plaint"}
        assert one["labels"]["severity"] in ("page", "ticket")
        assert set(one["annotations"]) == {"summary", "runbook_url"}
        assert one["annotations"]["summary"].endswith(".")
        assert LINKED.fullmatch(one["annotations"]["runbook_url"]), one["alert"]


def test_every_label_that_a_summary_names_is_one_that_the_alert_has(alerts: list[dict[str, Any]]) -> None:
    for one in alerts:
        named = set(re.findall(r"\$labels\.(\w+)", one["annotations"]["summary"]))
        kept = {
            label
            for node in parts(promql_parser.parse(one["expr"]))
            for label in getattr(getattr(node, "modifier", None), "labels", None) or ()
        }
        assert named <= kept, one["alert"]


def test_every_alert_has_its_page_and_every_page_its_alert(checkout: Path, alerts: list[dict[str, Any]]) -> None:
    text = (checkout / "deploy/alerts/README.md").read_text(encoding="utf-8")
    pages = re.findall(r"^## (\w+)$", text, flags=re.MULTILINE)
    assert pages == [one["alert"] for one in alerts], "in the order of the rules"
    assert [LINKED.findall(one["annotations"]["runbook_url"]) for one in alerts] == [[page.lower()] for page in pages]
    for page in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        assert re.search(r"^\*\*Means:\*\* .+\.", page, flags=re.MULTILINE), page[:40]
        assert re.search(r"^\*\*Do:\*\* .+", page, flags=re.MULTILINE), page[:40]


def test_every_panel_says_what_it_shows_and_in_which_unit(boards: list[dict[str, Any]]) -> None:
    assert [board["uid"] for board in boards] == ["plaint-desk", "plaint-doors"]
    for board in boards:
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        for panel in panels(board):
            where = f"{board['uid']}: {panel['title']}"
            assert re.fullmatch(r"[A-Z0-9].{10,}\.", panel["description"]), where
            assert panel["fieldConfig"]["defaults"]["unit"], where
            assert {one["datasource"]["uid"] for one in panel["targets"]} == {"${source}"}, where
            assert all(one["legendFormat"] for one in panel["targets"]), where


def test_no_panel_covers_another(boards: list[dict[str, Any]]) -> None:
    for board in boards:
        for one, other in combinations([panel["gridPos"] for panel in board["panels"]], 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or below, board["uid"]
            assert one["x"] + one["w"] <= 24
