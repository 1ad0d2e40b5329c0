"""Every column of every view of schema ``analytics`` says of the two real files what the files say."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from projections.analytics import contract
from projections.views import all_views
from support import real_rows
from support.real_complaints import both
from support.real_figures import CFPB, HELPDESK
from support.real_files import digest, rows
from support.real_import import Imported
from support.real_rows import Row
from support.real_table import public
from support.real_told import Told

pytestmark = pytest.mark.slow
FRESHNESS = ("as_of_position", "as_of_time", "lag_seconds")
NOT_TOLD = (
    "feedback_v1", "problems_v1", "remedies_v1", "remedy_payments_v1", "satisfaction_v1", "satisfaction_marks_v1",
    "campaigns_v1", "campaign_marks_v1",
)  # fmt: skip
"""Neither file has thanks, problems, remedies or marks: an amount or a mark that nobody gave would be an invention."""
Cases = dict[UUID, Told]


def published(imported: Imported, view: str, order: str = "case_id") -> list[Row]:
    """Return the rows of a view without its freshness."""
    names = next(one for one in contract.published(all_views()) if one.name == view).names
    found = imported.rows(f"SELECT * FROM analytics.{view} ORDER BY {order}")
    return [{k: v for k, v in zip(names, row, strict=True) if k not in FRESHNESS} for row in found]


def same(cases: Cases, found: list[Row], told: Callable[[Told], Iterable[Row]], left_out: tuple[str, ...] = ()) -> None:
    """Compare whole rows, case by case; ``left_out`` are opaque ids."""
    by_case: dict[UUID, list[Row]] = {case: [] for case in cases}
    for row in found:
        by_case[row["case_id"]].append({k: v for k, v in row.items() if k not in ("case_id", *left_out)})
    for case, one in cases.items():
        assert by_case[case] == list(told(one)), one.name


def test_every_complaint_of_the_files_is_one_case_and_no_other_is_there(imported: Imported, cases: Cases) -> None:
    assert len(cases) == len(both(imported.folder)) == 6131
    assert {row["case_id"] for row in published(imported, "cases_v1")} == cases.keys()


def test_the_list_of_cases_is_that_of_the_files(imported: Imported, cases: Cases) -> None:
    found = published(imported, "cases_v1")
    assert len({row["number"] for row in found}) == len(found)
    same(cases, found, lambda told: [real_rows.cases(told)], ("number",))


def test_the_stages_of_every_cycle_are_those_of_the_files(imported: Imported, cases: Cases) -> None:
    stages = "array_position(ARRAY['registration', 'investigation', 'corrective_action', 'satisfaction_check'], stage)"
    found = published(imported, "funnel_passages_v1", f"case_id, cycle, {stages} NULLS LAST")
    same(cases, found, real_rows.passages)


def test_what_the_funnel_counts_of_a_case_is_that_of_the_files(imported: Imported, cases: Cases) -> None:
    found = published(imported, "funnel_cases_v1")
    same(cases, found, lambda told: [real_rows.funnel_cases(told)], ("complainant",))
    people = {(told.unit, told.complainant) for told in cases.values()}
    pairs = {(cases[row["case_id"]].unit, cases[row["case_id"]].complainant, row["complainant"]) for row in found}
    assert len(pairs) == len(people) == len({row["complainant"] for row in found})


def test_every_clock_is_judged_as_the_second_judge_does(imported: Imported, cases: Cases) -> None:
    as_of = imported.rows("SELECT DISTINCT as_of_time FROM analytics.sla_clocks_v1")[0][0]
    expected = dict(real_rows.all_clocks(imported.folder, as_of))
    found = published(imported, "sla_clocks_v1", 'case_id, kind COLLATE "C", cycle, instance')
    same(cases, [one_order(row) for row in found], lambda told: map(one_order, expected[told]), ("number",))
    assert len(found) == 26341


def one_order(row: Row) -> Row:
    return dict(sorted(row.items()))


def test_who_answers_and_how_soon_is_that_of_the_files(imported: Imported, cases: Cases) -> None:
    same(cases, published(imported, "workload_v1"), real_rows.workload)


def test_finer_words_tags_and_fields_are_those_of_the_files(imported: Imported, cases: Cases) -> None:
    same(cases, published(imported, "case_details_v1"), lambda told: [real_rows.details(told)])


def test_the_regulators_table_comes_back_under_its_own_field_names(imported: Imported, cases: Cases) -> None:
    """The narrative and the ZIP code are texts of a person and do not leave; nor does the Bureau's own number."""
    numbers = dict(imported.rows("SELECT number, case_id FROM analytics.cases_v1"))
    found = {numbers[row.pop("complaint_id")]: row for row in published(imported, "cfpb_v1", "1")}
    table = {row["Complaint ID"]: row for row in rows(imported.folder)}
    expected = {
        case: public(table[told.name]) if told.by_day else real_rows.public_of_ticket(told)
        for case, told in cases.items()
    }
    assert found == expected


def test_no_cause_is_told_where_the_files_name_none(imported: Imported, cases: Cases) -> None:
    same(cases, published(imported, "causes_v1"), real_rows.causes)


@pytest.mark.parametrize("view", NOT_TOLD)
def test_what_the_files_do_not_tell_is_not_published(imported: Imported, view: str) -> None:
    assert published(imported, view, "1") == []


def test_the_audit_trail_has_every_event_of_the_files_in_order(imported: Imported, cases: Cases) -> None:
    found = [row for row in published(imported, "audit_entries_v1", "position") if row["case_id"] in cases]
    files = {"helpdesk": digest(imported.folder / HELPDESK), "main": digest(imported.folder / CFPB)}
    for row in found:
        source = row.pop("source")
        assert (source.pop("kind"), source.pop("file")) == ("file", files[row["event_business_unit"]])
        row["line"] = source.pop("line")
        row["facts"] = {name: value for name, value in flat(row["facts"]) if name in TOLD[plain(row["name"])]}
        assert row["correlation_id"] == row["case_id"]
    drawn = ("position", "recorded_at", "event_id", "command_id", "correlation_id")
    assert len({row["event_id"] for row in found}) == len(found) == 80199
    same(cases, [one_order(row) for row in found], lambda told: map(one_order, real_rows.history(told)), drawn)


def test_the_log_holds_what_the_trail_shows(imported: Imported, cases: Cases) -> None:
    shown = Counter(plain(row["name"]) for row in published(imported, "audit_entries_v1", "position"))
    (configured,) = imported.rows("SELECT count(*) FROM plaint.events WHERE name = 'configuration.activated.v1'")[0]
    told = Counter(one.name for case in cases.values() for one in case.history)
    assert shown == told + Counter({"activated": configured})
    assert imported.rows("SELECT count(*) FROM plaint.events")[0] == (shown.total(),)


def test_every_view_says_of_which_position_it_speaks(imported: Imported) -> None:
    head = imported.store.read.head()
    for view in contract.published(all_views()):
        said = imported.rows(f"SELECT DISTINCT as_of_position, as_of_time, lag_seconds FROM analytics.{view.name}")
        assert said == ([] if view.name in NOT_TOLD else [(head.position, head.recorded_at, 0.0)]), view.name


# --- the impersonal facts of each event that the files tell ------------------------------------

TOLD: dict[str, frozenset[str]] = {
    "received": frozenset({"channel", "location"}),
    "registered": frozenset({"product", "subtype", "type"}),
    "sla_applied": frozenset({"policy"}),
    "classified": frozenset({"type", "subtype", "tags"}),
    "field_set": frozenset({"field", "value"}),
    "prioritised": frozenset({"priority"}),
    "assigned": frozenset({"team", "assignee"}),
    "investigation_started": frozenset({"investigator"}),
    "information_requested": frozenset[str](),
    "information_provided": frozenset[str](),
    "action_assigned": frozenset({"kind"}),
    "action_completed": frozenset[str](),
    "message_recorded": frozenset({"purpose", "direction"}),
    "replied": frozenset({"final"}),
    "resolved": frozenset({"outcome"}),
    "outcome_disputed": frozenset[str](),
    "closed": frozenset({"reason", "cycle"}),
    "reopened": frozenset({"reason", "cycle"}),
}


def plain(name: str) -> str:
    return name.split(".")[1]


def flat(facts: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield the facts, those of the one point among them."""
    for name, value in facts.items():
        if name == "points" and value:
            yield from value[0].items()
        else:
            yield name, value


def test_instants_are_instants(imported: Imported) -> None:
    """The rows above were compared as values; this one says that a day of Washington is its own midnight."""
    opened = imported.rows("SELECT min(opened_at) FROM analytics.cases_v1 WHERE channel = 'web_form'")[0][0]
    assert opened == datetime.fromisoformat("2012-01-13T00:00:00-05:00")
