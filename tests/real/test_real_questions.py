"""The ten questions and the weekly digest say of the two real files what is counted from the files."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from importlib import resources
from typing import Any
from uuid import UUID

import pytest

from projections.report.digest import Digest, Figures, Period, digest
from projections.report.render import render
from support.real_counts import percentile, stages
from support.real_import import Imported
from support.real_told import STAGES, Told

pytestmark = pytest.mark.slow
FOLDER = resources.files("projections.analytics").joinpath("questions")
Cases = dict[UUID, Told]
Answer = list[tuple[Any, ...]]
Clock = tuple[UUID, str, str, bool, bool, str | None, datetime]
"""Case, kind, state, overdue, late evidence, team and due; compared with the second judge's elsewhere."""


@pytest.fixture(scope="module")
def clocks(imported: Imported) -> list[Clock]:
    found = imported.rows(
        "SELECT case_id, kind, state, overdue, late_evidence, team, due_at FROM analytics.sla_clocks_v1"
    )
    return [(*row,) for row in found]


def answered(imported: Imported, name: str) -> Answer:
    question = next(one for one in FOLDER.iterdir() if one.name.startswith(name))
    return imported.rows(question.read_text(encoding="utf-8"))


def tenths(value: float | None) -> Decimal | None:
    """Return a number with one decimal, halves upwards, as the database rounds."""
    return None if value is None else Decimal(f"{value:.15g}").quantize(Decimal("0.1"), ROUND_HALF_UP)


def ends(told: Iterable[Told]) -> list[date]:
    return [one.day(cycle.closed) for one in told for cycle in one.cycles if cycle.closed]


def returns(told: Iterable[Told]) -> list[date]:
    """Return the days on which complaints came back that were closed before."""
    return [
        one.day(cycle.begun)
        for one in told for before, cycle in zip(one.cycles, one.cycles[1:], strict=False) if before.closed
    ]  # fmt: skip


def kept(clock: Clock) -> bool:
    return clock[2] == "fulfilled" and not clock[4]


def missed(clock: Clock) -> bool:
    return (clock[2] == "missed" or clock[3]) and not clock[4]


def test_volume_by_week(imported: Imported, cases: Cases) -> None:
    def weeks(days: Iterable[date]) -> Counter[date]:
        return Counter(day - timedelta(days=day.weekday()) for day in days)

    came, back, ended = (
        weeks(one.day(one.opened) for one in cases.values()), weeks(returns(cases.values())),
        weeks(ends(cases.values())),
    )  # fmt: skip
    expected: Answer = []
    still_open = 0
    for week in sorted(came.keys() | back.keys() | ended.keys()):
        still_open += came[week] + back[week] - ended[week]
        expected.append((week, came[week], back[week], ended[week], still_open))
    assert answered(imported, "01") == expected
    assert still_open == sum(one.stage != "closed" for one in cases.values())
    assert sum(back.values()) == 2


def test_funnel(imported: Imported, cases: Cases) -> None:
    told = stages(list(cases.values()))
    names = ("entered", "passed", "exited", "there_now")
    assert answered(imported, "02") == [(stage, *(told[stage][name] for name in names)) for stage in STAGES]


def test_duration_by_type(imported: Imported, cases: Cases) -> None:
    """For the regulator's complaints it is the least that is possible: the table has no day of the reply."""
    days: dict[str, list[float]] = {}
    for one in cases.values():
        if one.running.resolved:
            spent = (one.running.resolved - one.opened).total_seconds() / 86400
            days.setdefault(one.type or "not classified", []).append(spent)
    told = [
        (kind, len(all_), tenths(percentile(all_, 0.5)), tenths(percentile(all_, 0.9))) for kind, all_ in days.items()
    ]
    assert answered(imported, "03") == sorted(told, key=lambda row: (-row[1], row[0]))


def test_promises_kept(imported: Imported, clocks: list[Clock]) -> None:
    expected = []
    for kind in {one[1] for one in clocks}:
        own = [one for one in clocks if one[1] == kind and (one[2] in ("fulfilled", "missed") or one[3])]
        yes, late, no = (sum(map(test, own)) for test in (kept, lambda one: one[4], missed))
        if own:
            expected.append((kind, yes, late, no, tenths(100 * yes / (yes + no))))
    assert answered(imported, "04") == sorted(expected, key=lambda row: (row[4], row[0]))


def test_overdue_by_team(imported: Imported, clocks: list[Clock]) -> None:
    late: dict[str, list[Clock]] = {}
    for one in clocks:
        if one[3]:
            late.setdefault(one[5] or "nobody", []).append(one)
    told = [(team, len({one[0] for one in own}), len(own), min(one[6] for one in own)) for team, own in late.items()]
    assert answered(imported, "05") == sorted(told, key=lambda row: (-row[2], row[0]))


@pytest.mark.parametrize("question", ["06", "07", "10"])
def test_exits_causes_and_money_are_not_in_the_files(imported: Imported, question: str) -> None:
    assert answered(imported, question) == []


def test_nobody_was_asked(imported: Imported) -> None:
    assert answered(imported, "08") == [(0, 0, 0, None, 0, None)]


def test_reopened(imported: Imported, cases: Cases) -> None:
    again = sum(len(one.cycles) > 1 for one in cases.values())
    assert answered(imported, "09") == [("import", len(cases), again, tenths(100 * again / len(cases)))]


# --- the digest -------------------------------------------------------------------------------


WEEKS = [
    Period(date(2011, 5, 2), date(2011, 5, 8)), Period(date(2013, 9, 2), date(2013, 9, 29)),
    Period(date(2023, 7, 17), date(2023, 7, 23)), Period(date(2026, 1, 5), date(2026, 1, 11)),
]  # fmt: skip


def within(period: Period, day: date) -> bool:
    return period.first <= day <= period.last


def volumes(period: Period, cases: Cases) -> dict[str, Any]:
    told, behind = list(cases.values()), period.last + timedelta(days=1)
    outcomes = [
        (one.day(cycle.resolved), (cycle.resolved - one.opened).total_seconds() / 86400)
        for one in told for cycle in one.cycles if cycle.resolved
    ]  # fmt: skip
    back = [one.day(cycle.begun) for one in told for cycle in one.cycles[1:]]
    days = [spent for day, spent in outcomes if within(period, day)]
    came = [one.day(one.opened) for one in told]
    return {
        "received": sum(within(period, day) for day in came), "feedback": 0, "resolved": len(days), "exited": 0,
        "reopened": sum(within(period, day) for day in back),
        "open_at_end": sum(day < behind for day in came + returns(told)) - sum(day < behind for day in ends(told)),
        "median_days": tenths(percentile(days, 0.5)),
    }  # fmt: skip


def promises(period: Period, clocks: list[Clock]) -> dict[str, tuple[int, int, int]]:
    first, last = (datetime.combine(day, time(), UTC) for day in (period.first, period.last + timedelta(days=1)))
    found: dict[str, list[Clock]] = {}
    for one in clocks:
        if first <= one[6] < last and (one[2] in ("fulfilled", "missed") or one[3]):
            found.setdefault(one[1], []).append(one)
    return {
        kind: (sum(map(kept, own)), sum(one[4] for one in own), sum(map(missed, own))) for kind, own in found.items()
    }


@pytest.fixture(params=WEEKS, ids=lambda period: f"{period.first}")
def told(request: pytest.FixtureRequest, imported: Imported) -> Digest:
    with imported.snapshot() as seen:
        return digest(seen, request.param)


def test_volumes_and_promises_of_the_digest(told: Digest, cases: Cases, clocks: list[Clock]) -> None:
    both_periods: list[tuple[Period, Figures]] = [(told.period, told.now), (told.period.before(), told.before)]
    for period, figures in both_periods:
        assert dict(figures.volumes) == volumes(period, cases)
        shown = {row["kind"]: (row["kept"], row["late_evidence"], row["missed"]) for row in figures.promises}
        assert shown == promises(period, clocks)
        assert dict(figures.satisfaction) == {"rated": 0, "satisfied": 0, "mean": None}
        assert (figures.remedies, figures.cost()) == ([], {})
    assert (told.causes, told.broken) == ([], [])


def test_flow_funnel_and_shares_of_the_digest(told: Digest, cases: Cases) -> None:
    step = timedelta(days=1 if (told.period.last - told.period.first).days < 21 else 7)
    inside = [one for one in cases.values() if within(told.period, one.day(one.opened))]
    shown = [(row["day"], row["came_in"], row["ended"]) for row in told.flow]
    expected, first, ended = [], told.period.first, [day for day in ends(cases.values()) if within(told.period, day)]
    while first <= told.period.last:
        came = sum(first <= one.day(one.opened) < first + step for one in inside)
        expected.append((first, came, sum(first <= day < first + step for day in ended)))
        first += step
    assert shown == expected
    names = ("entered", "passed", "there_now")
    assert {one.stage: [getattr(one, name) for name in names] for one in told.stages} == {
        stage: [numbers[name] for name in names] for stage, numbers in stages(inside).items()
    }
    assert {row["key"]: row["n"] for row in told.types} == Counter(one.type for one in inside)
    assert {row["key"]: row["n"] for row in told.channels} == Counter(one.channel for one in inside)


def test_the_worst_cases_of_the_digest(told: Digest, imported: Imported, cases: Cases, clocks: list[Clock]) -> None:
    numbers = {case: number for number, case in imported.rows("SELECT number, case_id FROM analytics.cases_v1")}
    late = Counter(one[0] for one in clocks if missed(one))
    begin = datetime.combine(told.period.first, time(), UTC)
    bad = []
    for case, one in cases.items():
        again = len(one.cycles) - 1
        if one.latest >= begin and one.day(one.opened) <= told.period.last and late[case] + again + one.disputed:
            score = late[case] + 2 * again + 2 * one.disputed
            bad.append((-score, one.opened, numbers[case], late[case], again, one.disputed))
    names = ("case", "missed", "reopenings", "dissatisfied")
    assert [tuple(row[name] for name in names) for row in told.worst] == [row[2:] for row in sorted(bad)[:10]]


def test_the_page_prints_these_numbers(told: Digest) -> None:
    text = render(told, "en", "md")
    for name, words in (("received", "received"), ("open_at_end", "open at the end"), ("reopened", "reopened")):
        now, before = told.now.volumes[name], told.before.volumes[name]
        assert f"| {words} | {now} | {before} | " in text, words
