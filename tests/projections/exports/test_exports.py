"""What leaves as files: the same octets for the same positions, well formed, without a text of any person."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from pyarrow import parquet

from engine.store.database.pool import Pool
from projections.analytics import contract
from projections.exports import ocel, tables, xes
from projections.exports.tables import Cut, NoPositions, Span, cut
from projections.runtime import progress
from projections.sql import Link
from projections.views import all_views
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.classification import FieldSet, FieldValue
from schemas.complaint.correspondence import NoteAdded
from schemas.complaint.lifecycle import ComplaintResolved
from support import ocel_rules, xes_rules
from support.erasing import eraser
from support.histories import APPLIED, PERSON, RECEIVED, SECRET, START, Writer, registered, uid
from support.views import asking, build, drop

MOVED = ComplaintAssigned(subject_id=PERSON, team="north", assignee="person:k7", reason="handover")
TOLD = (
    Writer()
    .configured()
    .add("case", RECEIVED, APPLIED, registered())
    .add("other", RECEIVED)
    .add("case", MOVED, NoteAdded(subject_id=PERSON, note=SECRET))
    .add("case", ComplaintResolved(subject_id=PERSON, outcome="upheld"))
)
VIEWS = {one.name: one for one in contract.published(all_views())}
ENTRIES = VIEWS["audit_entries_v1"]
NAMES = [(view.name, view.version) for view in all_views()]


@pytest.fixture
def built(pool: Pool) -> Pool:
    build(pool, TOLD.log())
    return pool


def written(pool: Pool, write: Callable[[Link], Any]) -> None:
    with asking(pool).snapshot(NAMES) as seen:
        write(seen.connection)


def as_csv(pool: Pool, wanted: Cut) -> str:
    out = io.StringIO()
    written(pool, lambda connection: tables.write_csv(connection, wanted, out))
    return out.getvalue()


def as_parquet(pool: Pool, wanted: Cut) -> bytes:
    out = io.BytesIO()
    written(pool, lambda connection: tables.write_parquet(connection, wanted, out, {"plaint.view": wanted.view}))
    return out.getvalue()


def as_xes(pool: Pool, span: Span) -> str:
    out = io.StringIO()
    written(pool, lambda connection: xes.write(connection, span, out))
    return out.getvalue()


def as_ocel(pool: Pool, span: Span) -> Any:
    out = io.BytesIO()
    written(pool, lambda connection: ocel.write(connection, span, out))
    return orjson.loads(out.getvalue())


def grown(pool: Pool) -> None:
    """Let the log grow, and fill the views anew in other batches."""
    more = Writer(list(TOLD.events), dict(TOLD.versions)).add("other", APPLIED, MOVED)
    drop(pool)
    build(pool, more.log(), batch=1)
    with pool.connection() as connection:
        assert progress.reached(connection, NAMES)[0].position == len(more.events)


def test_the_same_positions_give_the_same_octets(built: Pool) -> None:
    wanted = cut(ENTRIES, Span(3, 7), 9)
    before = as_csv(built, wanted), as_parquet(built, wanted), as_xes(built, Span(3, 7)), as_ocel(built, Span(3, 7))
    grown(built)
    assert (as_csv(built, wanted), as_parquet(built, wanted)) == before[:2]
    assert as_xes(built, Span(3, 7)) == before[2]
    assert as_ocel(built, Span(3, 7))["events"] == before[3]["events"]


def test_a_cut_has_the_rows_of_its_positions_in_order_and_no_freshness(built: Pool) -> None:
    head, *lines = as_csv(built, cut(ENTRIES, Span(3, 7), 9)).split("\r\n")
    assert head.split(",") == [name for name in ENTRIES.names if name not in tables.FRESHNESS]
    assert [line.split(",")[0] for line in lines] == ["3", "4", "5", "6", "7", ""]


def test_two_cuts_side_by_side_are_the_whole(built: Pool) -> None:
    whole = as_csv(built, cut(ENTRIES, None, 9))
    _, _, second = as_csv(built, cut(ENTRIES, Span(5, 9), 9)).partition("\r\n")
    assert as_csv(built, cut(ENTRIES, Span(1, 4), 9)) + second == whole


def test_more_rows_than_one_batch_are_all_written(built: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = as_csv(built, cut(ENTRIES, None, 9))
    monkeypatch.setattr(tables, "ROWS", 2)
    assert as_csv(built, cut(ENTRIES, None, 9)) == whole
    assert parquet.read_table(io.BytesIO(as_parquet(built, cut(ENTRIES, None, 9)))).num_rows == 9


def test_values_keep_their_types_in_parquet(built: Pool) -> None:
    table = parquet.read_table(io.BytesIO(as_parquet(built, cut(VIEWS["cases_v1"], None, 9))))
    types = {field.name: str(field.type) for field in table.schema}
    assert {name: types[name] for name in ("case_id", "cycle", "ended", "opened_at", "opened_on", "events")} == {
        "case_id": "string", "cycle": "int32", "ended": "bool", "opened_at": "timestamp[us, tz=UTC]",
        "opened_on": "date32[day]", "events": "int64",
    }  # fmt: skip
    rows = {row["case_id"]: row for row in table.to_pylist()}
    case = rows[str(uid("case"))]
    assert (case["number"], case["outcome"], case["opened_at"], case["as_of_position"]) == (
        "PL-00000-00001", "upheld", START, 9,
    )  # fmt: skip
    assert rows[str(uid("other"))]["number"] is None


def test_a_view_whose_rows_change_is_not_cut_by_positions() -> None:
    with pytest.raises(NoPositions, match=r"the rows of cases_v1 change.*leave out --since and --until"):
        cut(VIEWS["cases_v1"], Span(1, 2), 9)


def test_no_export_holds_a_text_of_a_person(built: Pool) -> None:
    told = [as_xes(built, Span(1, 9)), repr(as_ocel(built, Span(1, 9)))]
    told += [as_csv(built, cut(view, None, 9)) for view in VIEWS.values()]
    assert all(SECRET not in one for one in told)
    assert all(str(PERSON) not in one for one in told[:2])


def test_xes_tells_each_case_as_a_trace_in_the_order_of_its_history(built: Pool) -> None:
    log = ET.fromstring(as_xes(built, Span(1, 9)))  # noqa: S314 -- made above
    traces = {}
    for trace in log.findall("trace"):
        activities = [event.find("string[@key='concept:name']") for event in trace.findall("event")]
        name = trace.find("string[@key='concept:name']")
        assert name is not None
        traces[name.get("value")] = [one.get("value") for one in activities if one is not None]
    assert traces == {
        str(uid("case")): [f"complaint.{name}" for name in (
            "received", "sla_applied", "registered", "assigned", "note_added", "resolved")],
        str(uid("other")): ["complaint.received"],
    }  # fmt: skip


def test_xes_has_the_form_of_the_standard(built: Pool) -> None:
    """IEEE Std 1849: order of the parts, declared extensions, typed attributes, globals in every event."""
    log = ET.fromstring(as_xes(built, Span(1, 9)))  # noqa: S314 -- made above
    assert (log.tag, log.get("xes.version")) == ("log", "1849.2023")
    order = ["extension", "global", "classifier", "string", "trace"]
    assert [order.index(one.tag) for one in log] == sorted(order.index(one.tag) for one in log)
    declared = {one.get("prefix") for one in log.findall("extension")}
    events = log.findall("trace/event")
    for one in (attribute for event in events for attribute in event):
        prefix, colon, _ = (one.get("key") or "").partition(":")
        assert one.tag in {"string", "date", "int", "float", "boolean", "id"}
        assert not colon or prefix in declared
        if one.tag == "date":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", one.get("value") or "")
    wanted = {one.get("key") for one in log.findall("global[@scope='event']/*")}
    assert all(wanted <= {one.get("key") for one in event} for event in events)
    assert all(len({one.get("key") for one in event}) == len(event) for event in events)


def test_xes_keeps_every_rule_of_the_schema(built: Pool) -> None:
    assert list(xes_rules.broken(io.BytesIO(as_xes(built, Span(1, 9)).encode()))) == []


@pytest.mark.parametrize(
    ("instead", "of", "told"),
    [
        ('xes.version="1849-2023"', 'xes.version="1849.2023"', "xes.version is no decimal number"),
        ('<int key="position" value="3.0"/>', '<int key="position" value="3"/>', "position of <event> is no int"),
        ('key="own:word"', 'key="origin"', "own:word of <event> is not of a declared extension, or of another type"),
        ('keys="number"', 'keys="concept:name"', "the classifier Activity names number, which is not global"),
        ('value="finished"', 'value="complete"', "finished is no transition of the standard life cycle"),
    ],
)
def test_a_log_that_breaks_a_rule_of_xes_is_found_out(built: Pool, instead: str, of: str, told: str) -> None:
    log = as_xes(built, Span(3, 9))
    assert of in log
    assert told in list(xes_rules.broken(io.BytesIO(log.replace(of, instead).encode())))


def test_ocel_keeps_every_rule_of_the_format(built: Pool) -> None:
    log = as_ocel(built, Span(1, 9))
    assert list(ocel_rules.broken(log)) == []
    log["events"][0]["attributes"][0]["value"] = "3"
    log["events"][1]["relationships"][0]["objectId"] = "nobody"
    log["objects"][0]["type"] = "machine"
    assert len(list(ocel_rules.broken(log))) == 3


def test_ocel_declares_an_attribute_once_though_custom_fields_hold_words_numbers_and_truths(pool: Pool) -> None:
    values: tuple[FieldValue, ...] = ("red", True, 3)
    story = Writer().add("case", RECEIVED, *(FieldSet(subject_id=PERSON, field="own", value=one) for one in values))
    build(pool, story.log())
    log = as_ocel(pool, Span(1, 4))
    assert list(ocel_rules.broken(log)) == []
    declared = next(one["attributes"] for one in log["eventTypes"] if one["name"] == "complaint.field_set")
    assert [(one["name"], one["type"]) for one in declared if one["name"].startswith("fact_value")] == [
        ("fact_value", "string"), ("fact_value_boolean", "boolean"), ("fact_value_integer", "integer"),
    ]  # fmt: skip


def test_ocel_names_only_objects_types_and_attributes_that_it_declares(built: Pool) -> None:
    log = as_ocel(built, Span(1, 9))
    assert sorted(log) == ["eventTypes", "events", "objectTypes", "objects"]
    for things, types in (("events", "eventTypes"), ("objects", "objectTypes")):
        known = {one["name"]: {each["name"] for each in one["attributes"]} for one in log[types]}
        assert all({each["name"] for each in one["attributes"]} <= known[one["type"]] for one in log[things])
        ids = [one["id"] for one in log[things]]
        assert len(set(ids)) == len(ids)
    there = {one["id"] for one in log["objects"]}
    assert {each["objectId"] for one in log["events"] for each in one["relationships"]} == there
    assert {one["type"] for one in log["objects"]} == {"complaint", "actor", "team"}


def test_ocel_tells_every_event_of_a_complaint_and_whom_it_concerns(built: Pool) -> None:
    events = {one["type"]: one for one in as_ocel(built, Span(3, 9))["events"]}
    assert events["complaint.assigned"]["relationships"] == [
        {"objectId": str(uid("case")), "qualifier": "complaint"},
        {"objectId": "person:k7", "qualifier": "by"},
        {"objectId": "team:north", "qualifier": "to"},
    ]
    assert len(as_ocel(built, Span(3, 9))["events"]) == 7


def test_an_erasure_between_two_exports_changes_no_octet_of_what_was_exported(database: str, tmp_path: Path) -> None:
    """No cell of a view that only grows holds a text of a person, so there is none that could differ."""
    with eraser(database, tmp_path) as desk:
        pool = desk.pool
        assert pool is not None
        stream = desk.opened(channel="web_form", id="1", text=f"It broke, {SECRET}. I demand a new one.")
        other = desk.opened(channel="web_form", id="2", text="Mine broke, too. I demand a new one.")
        build(pool, desk.store.read)
        until = desk.store.read.head().position
        span, wanted = Span(1, until), cut(ENTRIES, Span(1, until), until)

        def exported() -> tuple[str, bytes, str, Any]:
            return as_csv(pool, wanted), as_parquet(pool, wanted), as_xes(pool, span), as_ocel(pool, span)

        before = exported()
        assert str(stream) in before[0]
        desk.erased(desk.author(stream))
        build(pool, desk.store.read)
        assert exported() == before
        drop(pool)
        build(pool, desk.store.read)
        assert exported() == before
        later = as_csv(pool, cut(ENTRIES, Span(until + 1, desk.store.read.head().position), until + 10))
        assert "subject.erased.v1" in later
        assert str(desk.author(stream)) in before[0]
        assert desk.texts(stream)[0] == "erased" != desk.texts(other)[0]
