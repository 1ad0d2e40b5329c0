from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings

from engine.complaint.decider import Case, fold
from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.api.paging import BadCursor
from projections.views.cases.ask import NAME, CaseFilter, CaseList, find, listing
from projections.views.cases.rows import Cases
from projections.views.funnel.rows import Funnel
from projections.views.funnel.tables import CaseRow
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.classification import ComplaintClassified, ComplaintPrioritised
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintDiscontinued, ComplaintReopened, ComplaintResolved
from support.drawing import SHARED
from support.histories import (
    APPLIED,
    FEEDBACK,
    FEEDBACK_EVENTS,
    RECEIVED,
    START,
    Writer,
    histories,
    registered,
    uid,
)  # fmt: skip
from support.views import asking, build, drop, rows

RESOLVED = ComplaintResolved(outcome="upheld")
CLOSED = ComplaintClosed(reason="decision", cycle=1)


def ask(pool: Pool, **wanted: object) -> CaseList:
    with asking(pool).snapshot([NAME]) as snapshot:
        return listing(snapshot, CaseFilter.model_validate(wanted))


def ids(found: CaseList) -> list[UUID]:
    return [one.id for one in found.cases]


def test_one_row_tells_where_a_case_stands(pool: Pool) -> None:
    writer = Writer().configured().add("case", RECEIVED, registered(), APPLIED)
    writer.add("case", ComplaintClassified(type="product"), ComplaintPrioritised(priority="high"))
    handed = ComplaintAssigned(team="north", assignee="person:k7", business_unit="west", reason="rule")
    writer.add("case", handed, RESOLVED, at=START + timedelta(hours=5))
    build(pool, writer.log())
    found = ask(pool)
    assert found.model_dump(mode="json") == {
        "position": 9,
        "as_of": "2026-03-02T09:00:09Z",
        "incarnation": str(uid("incarnation")),
        "left_out": 0,
        "next": None,
        "cases": [
            {
                "id": str(uid("case")), "kind": "complaint", "number": "PL-00000-00001", "channel": "email",
                "stage": "satisfaction_check", "cycle": 1, "exit_stage": None, "exit_reason": None, "outcome": "upheld",
                "type": "product", "product": "kettle", "priority": "high", "team": "north", "assignee": "person:k7",
                "business_unit": "west", "origin": "live", "opened_at": "2026-03-02T09:00:00Z", "opened_on": None,
                "received_at": "2026-03-02T09:00:00Z", "last_event_at": "2026-03-02T14:00:00Z",
                "resolved_at": "2026-03-02T14:00:00Z", "closed_at": None, "sense": None, "became": None, "version": 7,
                "next_due": {"kind": "first_reply", "due_at": "2026-03-02T10:00:00Z"},
            }
        ],
    }  # fmt: skip


def test_a_case_known_by_day_shows_the_day(pool: Pool) -> None:
    midnight = datetime(2026, 3, 4, 21, 0, tzinfo=UTC)
    build(pool, Writer().add("letter", RECEIVED, at=midnight, precision="day", zone="Europe/Moscow").log(), [Cases()])
    one = ask(pool).cases[0]
    assert (one.opened_at, one.opened_on) == (None, date(2026, 3, 5))


def test_a_reopening_begins_a_clean_cycle(pool: Pool) -> None:
    reopened = ComplaintReopened(reason="disputed", cycle=2)
    build(pool, Writer().add("case", RECEIVED, RESOLVED, CLOSED, reopened).log(), [Cases()])
    one = ask(pool).cases[0]
    assert (one.stage, one.cycle, one.outcome, one.resolved_at, one.closed_at) == ("investigation", 2, None, None, None)


def test_an_exit_keeps_the_stage_it_left(pool: Pool) -> None:
    gone = ComplaintDiscontinued(stage="registration", reason="withdrawn")
    build(pool, Writer().add("case", RECEIVED, gone, CLOSED).log(), [Cases()])
    one = ask(pool).cases[0]
    assert (one.stage, one.exit_stage, one.exit_reason) == ("exited", "registration", "withdrawn")
    assert one.closed_at == START


def test_feedback_is_listed_apart(pool: Pool) -> None:
    build(pool, Writer().add("thanks", *FEEDBACK_EVENTS).add("case", RECEIVED).log(), [Cases()])
    assert ids(ask(pool, kind="complaint")) == [uid("case")]
    one = ask(pool, kind="feedback").cases[0]
    assert (one.id, one.stage, one.cycle, one.sense, one.became) == (
        uid("thanks"), None, 0, "suggestion", uid("case 1"),
    )  # fmt: skip


def test_a_receipt_stored_after_other_events_still_dates_the_case(pool: Pool) -> None:
    writer = Writer().add("case", RESOLVED, at=START + timedelta(days=1)).add("case", RECEIVED, at=START)
    build(pool, writer.log(), [Cases()])
    one = ask(pool).cases[0]
    assert (one.channel, one.opened_at, one.stage) == ("email", START, "satisfaction_check")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"stage": "satisfaction_check"}, ["two"]),
        ({"channel": "review"}, ["three"]),
        ({"origin": "import"}, ["two"]),
        ({"number": "PL-00000-00002"}, ["two"]),
        ({"type": "delivery", "team": "north"}, ["one"]),
        ({"business_unit": "west"}, ["one"]),
        ({"business_unit": "west", "stage": "closed"}, []),
    ],
)
def test_every_filter_narrows_the_list(pool: Pool, wanted: dict[str, str], expected: list[str]) -> None:
    handed = ComplaintAssigned(team="north", business_unit="west", reason="rule")
    writer = Writer().add("one", RECEIVED, registered(), handed)
    writer.add("two", RECEIVED, registered("PL-00000-00002"), RESOLVED, origin="import").add("three", FEEDBACK)
    build(pool, writer.log(), [Cases()])
    assert ids(ask(pool, **wanted)) == [uid(name) for name in expected]


def test_pages_go_through_all_cases_latest_first_while_new_ones_come(pool: Pool) -> None:
    writer = Writer()
    for number in range(7):
        writer.add(f"case {number}", RECEIVED, at=START + timedelta(hours=number // 2))
    build(pool, writer.log(), [Cases()])
    whole = ids(ask(pool))
    assert whole == sorted((uid(f"case {n}") for n in range(7)), key=lambda one: (_hour(one), one), reverse=True)
    shown, cursor = list[UUID](), None
    for number in range(7, 12):
        page = ask(pool, limit=3, cursor=cursor)
        shown += ids(page)
        cursor = page.next
        writer.add(f"case {number}", RECEIVED, at=START + timedelta(days=1))
        build(pool, writer.log(), [Cases()])
        if cursor is None:
            break
    assert shown == whole


def _hour(one: UUID) -> int:
    return next(n // 2 for n in range(7) if uid(f"case {n}") == one)


@pytest.mark.parametrize("cursor", ["nonsense", "WzFd", "WyIyMDI2LTAzLTAyIiwieCJd"])
def test_a_strange_cursor_is_refused_by_name(pool: Pool, cursor: str) -> None:
    build(pool, Writer().add("case", RECEIVED).log(), [Cases()])
    with pytest.raises(BadCursor, match="cursor: not one that an earlier page gave"):
        ask(pool, cursor=cursor)


def test_a_case_is_found_by_number_and_by_id(pool: Pool) -> None:
    build(pool, Writer().add("case", RECEIVED, registered()).log(), [Cases()])
    with asking(pool).snapshot([NAME]) as snapshot:
        found = [find(snapshot, one) for one in (" pl 00000 00001", str(uid("case")), "PL-00000-00002", "x")]
    assert found == [uid("case"), uid("case"), None, None]


def test_a_list_is_narrowed_by_the_number_however_it_is_spaced(pool: Pool) -> None:
    build(pool, Writer().add("case", RECEIVED, registered()).add("other", RECEIVED).log(), [Cases()])
    assert [one.id for one in ask(pool, number="pl 00000 0000l").cases] == [uid("case")]


@settings(max_examples=25, deadline=None, suppress_health_check=SHARED)
@given(events=histories())
def test_cases_and_funnel_agree_on_where_every_case_stands(pool: Pool, events: list[Recorded]) -> None:
    drop(pool, [Cases(), Funnel()])
    build(pool, Writer(events).log(), [Cases(), Funnel()], batch=5)
    found = rows(pool, [Cases(), Funnel()])
    listed = {row[0]: (row[6], row[7], row[9]) for row in found["cases_list_v1"]}
    funnel = [CaseRow(*row) for row in found["funnel_cases_v3"]]
    counted = {row.stream: (row.cycle, row.exit_reason) for row in funnel}
    stages = {row.stream: row.stage for row in funnel}
    for stream, (cycle, reason) in counted.items():
        kind = next(row[1] for row in found["cases_list_v1"] if row[0] == stream)
        assert listed[stream][0] == cycle
        assert listed[stream][1] == reason
        standing = next(row[4] for row in found["cases_list_v1"] if row[0] == stream)
        assert standing == (None if kind == "feedback" else stages[stream] or "exited")


def test_the_number_of_events_is_the_version_of_the_stream(pool: Pool) -> None:
    writer = Writer().add("case", RECEIVED, registered(), RESOLVED)
    build(pool, writer.log(), [Cases()])
    case = fold(writer.events)
    assert isinstance(case, Case)
    assert ask(pool).cases[0].version == 3
