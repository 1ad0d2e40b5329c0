"""Lists of cases, searches and the audit trail find in the two real files what stands in the files."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from projections.views.audit_trail import ask as trails
from projections.views.audit_trail.ask import TrailFilter
from projections.views.cases import ask as listed
from projections.views.cases.ask import CaseFilter, CaseItem
from support.real_files import Line, rows, traces
from support.real_import import Imported
from support.real_told import Told

pytestmark = pytest.mark.slow
Cases = dict[UUID, Told]


def every(imported: Imported, **wanted: Any) -> list[CaseItem]:
    """Return all pages of a list."""
    found: list[CaseItem] = []
    cursor = None
    with imported.snapshot() as seen:
        while True:
            page = listed.listing(seen, CaseFilter.model_validate({**wanted, "limit": 500, "cursor": cursor}))
            found += page.cases
            cursor = page.next
            if cursor is None:
                return found


NARROWED: dict[str, tuple[dict[str, Any], Callable[[Told], bool]]] = {
    "open ones": ({"open": True}, lambda one: one.stage != "closed"),
    "ended ones": ({"open": False}, lambda one: one.stage == "closed"),
    "by stage": ({"stage": "corrective_action"}, lambda one: one.stage == "corrective_action"),
    "by channel": ({"channel": "call"}, lambda one: one.channel == "call"),
    "by type": ({"type": "price"}, lambda one: one.type == "price"),
    "by product": ({"product": "mortgage"}, lambda one: one.product == "mortgage"),
    "by priority": ({"priority": "urgent"}, lambda one: one.priority == "urgent"),
    "by outcome": ({"outcome": "not_upheld"}, lambda one: one.outcome == "not_upheld"),
    "by team and unit": (
        {"team": "value-1", "business_unit": "helpdesk"}, lambda one: one.team == "value-1" and not one.by_day,
    ),
    "by person": ({"assignee": "person:helpdesk-value-5"}, lambda one: one.assignee == "person:helpdesk-value-5"),
    "no feedback": ({"kind": "feedback"}, lambda _: False),
    "imported ones": ({"origin": "import"}, lambda _: True),
}  # fmt: skip


@pytest.mark.parametrize("name", NARROWED)
def test_a_list_holds_the_complaints_of_the_files_in_order(imported: Imported, cases: Cases, name: str) -> None:
    wanted, holds = NARROWED[name]
    told = sorted(((one.opened, case) for case, one in cases.items() if holds(one)), reverse=True)
    assert [one.id for one in every(imported, **wanted)] == [case for _, case in told]


def test_a_row_of_the_list_says_what_the_file_says(imported: Imported, cases: Cases) -> None:
    for shown in every(imported, channel="letter"):
        one = cases[shown.id]
        said = (shown.opened_at, shown.opened_on, shown.stage, shown.cycle, shown.type, shown.team, shown.outcome)
        assert said == (None, one.day(one.opened), one.stage, 1, one.type, one.team, one.outcome)
        assert (shown.version, shown.last_event_at, shown.closed_at) == (
            len(one.history), one.latest, one.running.closed,
        )  # fmt: skip


def test_what_is_due_next_comes_first_and_only_what_is_due(imported: Imported, cases: Cases) -> None:
    """The order is that of the clocks, which are compared with those of the second judge elsewhere."""
    due = imported.rows(
        "SELECT case_id, min(due_at) FROM analytics.sla_clocks_v1 WHERE open AND state <> 'paused' GROUP BY case_id"
    )
    found = every(imported, sort="due")
    assert [(one.next_due.due_at, one.id) for one in found if one.next_due] == sorted((at, case) for case, at in due)
    assert len(found) == len(due)


# --- searches -----------------------------------------------------------------------------------


def test_every_complaint_is_found_by_its_number_in_the_file(imported: Imported, cases: Cases) -> None:
    """One in 60, as each is a question of its own."""
    for case, one in list(cases.items())[::60]:
        assert [found.id for found in every(imported, reference=one.name)] == [case], one.name
        if one.by_day:
            assert [found.id for found in every(imported, search=one.name)] == [case], one.name


@pytest.mark.parametrize("code", ["30349", "30094", "XXXXX", "601XX"])
def test_a_zip_code_finds_the_rows_that_have_it(imported: Imported, cases: Cases, code: str) -> None:
    wanted = {row["Complaint ID"] for row in rows(imported.folder) if row["ZIP code"] == code}
    assert {cases[one.id].name for one in every(imported, reference=code)} == wanted


@pytest.mark.parametrize("customer", ["Value 22", "Value 9", "Value 300"])
def test_a_customer_number_finds_the_tickets_that_he_opened(imported: Imported, cases: Cases, customer: str) -> None:
    wanted = {one.name for one in traces(imported.folder) if one.events[0]["customer"] == customer}
    found = [cases[one.id] for one in every(imported, reference=customer, business_unit="helpdesk")]
    assert wanted
    assert {one.name for one in found} == wanted


@pytest.mark.parametrize("action", ["Require upgrade", "Create SW anomaly", "Schedule intervention"])
def test_words_find_the_tickets_in_which_they_stand(imported: Imported, cases: Cases, action: str) -> None:
    wanted = {one.name for one in traces(imported.folder) if any(e["concept:name"] == action for e in one.events)}
    assert {cases[one.id].name for one in every(imported, search=action)} == wanted
    assert {cases[one.id].name for one in every(imported, search=f'"{action}"')} == wanted


WORDS = ("mortgage", "bankruptcy", "identity", "lawyer", "attorney", "police", "zebra")
"""Words that stand alone in English: their forms are the word, with or without an s; one that nobody said is last."""


@pytest.mark.parametrize("word", WORDS)
def test_a_word_finds_the_narratives_in_which_it_stands(imported: Imported, cases: Cases, word: str) -> None:
    stem = {"bankruptcy": "bankruptc(?:y|ies)", "identity": "identit(?:y|ies)"}.get(word, f"{word}s?")
    wanted = {row["Complaint ID"] for row in rows(imported.folder) if says(row, rf"\b{stem}\b")}
    assert {cases[one.id].name for one in every(imported, search=word)} == wanted
    assert bool(wanted) == (word != "zebra")


def says(row: Line, pattern: str) -> bool:
    return re.search(pattern, row["Consumer complaint narrative"], re.IGNORECASE) is not None


# --- the audit trail ----------------------------------------------------------------------------


def entries(imported: Imported, **wanted: Any) -> Iterator[trails.TrailEntry]:
    after = 0
    with imported.snapshot() as seen:
        while True:
            page = trails.trail(seen, TrailFilter.model_validate({**wanted, "after": after, "limit": 5000}))
            yield from page.entries
            if page.next is None:
                return
            after = page.next


@pytest.mark.parametrize("name", ["information_requested", "action_completed", "reopened", "outcome_disputed"])
def test_the_trail_of_one_kind_of_event_is_that_of_the_files(imported: Imported, cases: Cases, name: str) -> None:
    told = Counter(
        (case, each.at, each.actor, each.line) for case, one in cases.items() for each in one.history
        if each.name == name
    )  # fmt: skip
    found = list(entries(imported, name=f"complaint.{name}"))
    assert all(one.words for one in found)
    shown = Counter(
        (one.case, one.occurred_at or cases[one.case].history[one.version - 1].at, one.actor, one.source.line)
        for one in found if one.source.kind == "file"
    )  # fmt: skip
    assert shown == told


def test_the_trail_of_one_person_is_that_of_the_file(imported: Imported, cases: Cases) -> None:
    who = "person:helpdesk-value-17"
    told = Counter(each.name for one in cases.values() for each in one.history if each.actor == who)
    assert told
    assert Counter(one.name.split(".")[1] for one in entries(imported, actor=who)) == told


def test_the_trail_of_one_case_is_its_history_in_the_file(imported: Imported, cases: Cases) -> None:
    case = next(case for case, one in cases.items() if len(one.cycles) == 3)
    found = list(entries(imported, case=case))
    assert [(one.name.split(".")[1], one.occurred_at, one.actor) for one in found] == [
        (one.name, one.at, one.actor) for one in cases[case].history
    ]
    assert all(one.policy and (one.policy.policy, one.policy.version) == ("helpdesk", 2) for one in found[3:])
