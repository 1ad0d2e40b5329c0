from datetime import UTC, datetime, timedelta

from engine.store.database.pool import Pool
from projections.runtime.projection import Projection
from projections.views.funnel.rows import Funnel
from projections.views.sla_timers.rows import SlaTimers
from projections.views.workload.ask import NAMES, Load, Workload, WorkloadFilter, workload
from projections.views.workload.rows import Workload as View
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.correspondence import ComplaintReplied
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintReopened, ComplaintResolved
from support.histories import APPLIED, RECEIVED, Writer, uid
from support.views import asking, build

VIEWS: tuple[Projection, ...] = (Funnel(), SlaTimers(), View())
FRIDAY = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)  # 17:00 in Moscow, open until 18:00
MONDAY = datetime(2026, 3, 9, 7, 0, tzinfo=UTC)  # 10:00 in Moscow, open since 09:00
NORTH = ComplaintAssigned(team="north", assignee="person:ann", reason="rule")
SOUTH = ComplaintAssigned(team="south", assignee="person:bob", reason="handover")


def replied(by: str | None = None) -> ComplaintReplied:
    return ComplaintReplied(message=uid("reply"), final=True, signed_by=by)


def ask(pool: Pool, at: datetime = MONDAY, **wanted: object) -> Workload:
    with asking(pool).snapshot(NAMES) as seen:
        return workload(seen, WorkloadFilter.model_validate(wanted), at)


def told(pool: Pool) -> None:
    writer = Writer().configured()
    writer.add("handed on", RECEIVED, APPLIED, NORTH, at=FRIDAY).add(
        "handed on", replied("person:ann"), SOUTH, at=MONDAY
    )
    writer.add("waits", RECEIVED, APPLIED, SOUTH, at=FRIDAY)
    writer.add("done", RECEIVED, NORTH, at=FRIDAY).add("done", replied(), replied("person:bob"), at=MONDAY)
    writer.add("done", ComplaintResolved(outcome="upheld"), ComplaintReopened(reason="disputed", cycle=2), at=MONDAY)
    writer.add("done", ComplaintClosed(reason="decision", cycle=2), at=MONDAY).add("new", RECEIVED, at=MONDAY)
    build(pool, writer.log(), VIEWS)


def test_a_team_has_what_it_answers_for_now_and_the_replies_it_gave(pool: Pool) -> None:
    told(pool)
    found = ask(pool)
    weekend = (MONDAY - FRIDAY).total_seconds()
    by_key = {one.key: one for one in found.loads}
    assert by_key["north"] == Load(
        key="north", complaints=1, open=0, overdue=0, concluded=1, reopened=1, reopen_rate=1.0, replies=2,
        median_reply_seconds=weekend, p90_reply_seconds=weekend, median_reply_worked_seconds=7200.0,
        p90_reply_worked_seconds=7200.0,
    )  # fmt: skip
    assert {one.key: (one.complaints, one.open, one.replies) for one in found.loads} == {
        "south": (2, 2, 0), "north": (1, 0, 2), None: (1, 1, 0),
    }  # fmt: skip


def test_replies_are_those_of_who_signed_or_gave_them(pool: Pool) -> None:
    told(pool)
    found = ask(pool, per="person")
    assert {one.key: (one.open, one.replies) for one in found.loads} == {
        "person:bob": (2, 0), "person:ann": (0, 1), "person:k7": (0, 1), None: (1, 0),
    }  # fmt: skip


def test_overdue_is_told_as_of_the_instant_of_asking(pool: Pool) -> None:
    told(pool)
    before, after = FRIDAY + timedelta(minutes=30), MONDAY + timedelta(days=30)
    assert [ask(pool, at, team="south").whole.overdue for at in (before, MONDAY, after)] == [0, 1, 2]
    assert ask(pool, before, team="south").at == before
    assert ask(pool, after, team="north").whole.overdue == 0, "it is closed"
