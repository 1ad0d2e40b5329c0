"""What leaves of the two real files as files says what the files say, and keeps the rules of its format."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from pyarrow import parquet

from consumers.files.history import mapping_named
from engine.store.store import Store
from projections.analytics import contract
from projections.exports import ocel, tables, xes
from projections.exports.tables import Span, cut
from projections.sql import Link
from projections.views import all_views
from support import ocel_rules, xes_rules
from support.real_import import Imported, history
from support.real_told import Happened, Told

pytestmark = pytest.mark.slow
Cases = dict[UUID, Told]
VIEWS = {one.name: one for one in contract.published(all_views())}


SPAN = Span(50_001, 65_000)
"""Of the log, where one file ends and the other begins: writing and reading all of it would take a minute."""


def written(imported: Imported, write: Callable[[Link, Span], Any]) -> Any:
    with imported.snapshot() as seen:
        return write(seen.connection, SPAN)


@pytest.fixture(scope="module")
def happened(imported: Imported, cases: Cases) -> dict[UUID, list[Happened]]:
    """What the files tell of the positions of the span, case by case."""
    found: dict[UUID, list[Happened]] = {}
    for case, version in imported.rows(
        f"SELECT case_id, case_version FROM analytics.audit_entries_v1 "
        f"WHERE position BETWEEN {SPAN.since} AND {SPAN.until} ORDER BY position"
    ):
        found.setdefault(case, []).append(cases[case].history[version - 1])
    assert sum(map(len, found.values())) == 15_000
    assert {cases[case].unit for case in found} == {"helpdesk", "main"}
    return found


def as_csv(imported: Imported, view: str, span: Span | None = None) -> list[dict[str, str]]:
    out = io.StringIO()
    with imported.snapshot() as seen:
        count = tables.write_csv(seen.connection, cut(VIEWS[view], span, seen.position), out)
    found = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
    assert len(found) == count
    return found


@pytest.fixture(scope="module")
def log(imported: Imported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The span as XES."""
    place = tmp_path_factory.mktemp("xes") / "log.xes"
    with place.open("w", encoding="utf-8", newline="") as out:
        written(imported, lambda connection, span: xes.write(connection, span, out))
    return place


def test_every_view_leaves_as_csv_with_as_many_rows_as_the_files_say(imported: Imported, cases: Cases) -> None:
    stays = sum(len(one.stays) for one in cases.values())
    outcomes = sum(any(h.name in ("resolved", "reopened") for h in one.history) for one in cases.values())
    replies = sum(h.name == "replied" for one in cases.values() for h in one.history)
    fields = sum(len(_fields_of(one)) for one in cases.values())
    expected = dict.fromkeys(VIEWS, 0) | {"replies_v1": replies, "case_fields_v1": fields} | {
        "cases_v1": 6131, "case_details_v1": 6131, "cfpb_v1": 6131, "funnel_cases_v1": 6131, "workload_v1": 6131,
        "funnel_passages_v1": stays, "causes_v1": outcomes, "sla_clocks_v1": 26341,
    }  # fmt: skip
    changing = [view for view in VIEWS if view != "audit_entries_v1"]
    assert {view: len(as_csv(imported, view)) for view in changing} == {view: expected[view] for view in changing}


def _fields_of(told: Told) -> set[str]:
    """The company's own fields that are set, be it to a text, which no view shows."""
    return {h.facts["field"] for h in told.history if h.name == "field_set"}


def test_the_list_of_cases_leaves_as_csv_and_parquet_alike_and_as_the_files_say(
    imported: Imported, cases: Cases
) -> None:
    out = io.BytesIO()
    with imported.snapshot() as seen:
        tables.write_parquet(seen.connection, cut(VIEWS["cases_v1"], None, seen.position), out, {})
    found = {UUID(row["case_id"]): row for row in parquet.read_table(io.BytesIO(out.getvalue())).to_pylist()}
    assert found.keys() == cases.keys()
    for row in as_csv(imported, "cases_v1"):
        one, other = cases[UUID(row["case_id"])], found[UUID(row["case_id"])]
        told = (one.channel, one.stage, one.outcome, one.opened, len(one.history), one.day(one.opened))
        names = ("channel", "stage", "outcome", "opened_at", "events", "opened_on")
        assert tuple(other[name] for name in names) == told
        texts = (row["channel"], row["stage"], row["outcome"] or None, datetime.fromisoformat(row["opened_at"]))
        assert (*texts, int(row["events"]), row["opened_on"]) == (*told[:5], told[5].isoformat())


def test_the_audit_trail_leaves_as_csv_and_parquet_in_the_order_of_the_log(
    imported: Imported, happened: dict[UUID, list[Happened]]
) -> None:
    found, out = as_csv(imported, "audit_entries_v1", SPAN), io.BytesIO()
    assert [int(row["position"]) for row in found] == list(range(SPAN.since, SPAN.until + 1))
    by_case: dict[UUID, list[tuple[str, datetime, int]]] = {}
    for row in found:
        at, line = datetime.fromisoformat(row["occurred_at"]), json.loads(row["source"])["line"]
        by_case.setdefault(UUID(row["case_id"]), []).append((row["name"].split(".")[1], at, line))
    assert by_case == {case: [(one.name, one.at, one.line) for one in ones] for case, ones in happened.items()}
    with imported.snapshot() as seen:
        tables.write_parquet(seen.connection, cut(VIEWS["audit_entries_v1"], SPAN, seen.position), out, {})
    table = parquet.read_table(io.BytesIO(out.getvalue()))
    for name in ("case_id", "name", "actor", "facts", "source"):
        assert table.column(name).to_pylist() == [row[name] for row in found]


def test_xes_keeps_the_rules_of_the_standard_and_tells_every_history(
    log: Path, happened: dict[UUID, list[Happened]]
) -> None:
    with log.open("rb") as file:
        assert next(xes_rules.broken(file), None) is None
    assert {UUID(name): events for name, events in traces(log)} == {
        case: [(f"complaint.{one.name}", one.at, one.actor) for one in ones] for case, ones in happened.items()
    }


def traces(log: Path) -> Iterator[tuple[str, list[tuple[str, datetime, str]]]]:
    for _, trace in ET.iterparse(log):  # noqa: S314 -- made by the test
        if trace.tag == "trace":
            said = [{one.get("key"): one.get("value", "") for one in event} for event in trace.findall("event")]
            name = trace.find("string[@key='concept:name']")
            assert name is not None
            yield (
                name.get("value", ""),
                [
                    (one["concept:name"], datetime.fromisoformat(one["time:timestamp"]), one["org:resource"])
                    for one in said
                ],
            )
            trace.clear()


def test_ocel_keeps_the_rules_of_the_format_and_tells_every_event(
    imported: Imported, happened: dict[UUID, list[Happened]]
) -> None:
    out = io.BytesIO()
    written(imported, lambda connection, span: ocel.write(connection, span, out))
    found = json.loads(out.getvalue())
    assert next(ocel_rules.broken(found), None) is None
    told = [one for ones in happened.values() for one in ones]
    assert Counter(one["type"] for one in found["events"]) == Counter(f"complaint.{one.name}" for one in told)
    actors = {one.actor for one in told}
    teams = {one.facts["team"] for one in told if one.name == "assigned"}
    assert Counter(one["type"] for one in found["objects"]) == {
        "complaint": len(happened), "actor": len(actors), "team": len(teams),
    }  # fmt: skip
    assert {one["id"] for one in found["objects"] if one["type"] != "complaint"} == actors | {
        f"team:{team}" for team in teams
    }


MAPPING = """
mapping: own
version: 1
source:
  kind: xes
  key: own
  id: case:concept:name
  columns: ["case:concept:name", "concept:name", "time:timestamp", "org:resource"]
times:
  default: {column: "time:timestamp"}
people:
  complainant: {role: complainant}
subject: complainant
events:
  - event: complaint.received
    when: {first: true}
    fields: {channel: other, message: {id: message}}
  - event: complaint.field_set
    when: {first: false}
    fields: {field: activity, value: {column: "concept:name", as: code}}
"""


def test_our_own_xes_is_imported_again_case_by_case_and_event_by_event(
    log: Path, happened: dict[UUID, list[Happened]], store: Store, tmp_path: Path
) -> None:
    """Where several events bear one time, they keep their order."""
    mapping = tmp_path / "own.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    doing = history(store)
    result, before = doing.run(log, mapping_named(str(mapping))), len(happened)
    assert (result.cases, result.added, result.rejected, result.events) == (before, before, 0, 15_000)
    known = Counter(one.stream for one in store.read.log(0, 10**6) if one.name.startswith("complaint."))
    assert sorted(known.values()) == sorted(map(len, happened.values()))
