"""Every question about figures answers of the two real files what is counted from the files."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from projections.views.causes import ask as causes
from projections.views.causes.ask import ParetoFilter, TableFilter
from projections.views.funnel import ask as funnels
from projections.views.funnel import drill
from projections.views.funnel.ask import FunnelFilter
from projections.views.funnel.drill import BehindFilter
from projections.views.funnel.narrow import Narrowed
from projections.views.rates import ask as rating
from projections.views.rates.ask import RateFilter
from projections.views.remedies import ask as remedies
from projections.views.remedies.ask import CostFilter, LedgerFilter
from projections.views.satisfaction import ask as satisfying
from projections.views.satisfaction.ask import Figures, NegativeFilter, SatisfactionFilter
from projections.views.workload import ask as loads
from projections.views.workload.ask import WorkloadFilter
from support.real_complaints import both
from support.real_counts import most_frequent, people, percentile, rounded, stages, times, who
from support.real_import import Imported
from support.real_rows import worked
from support.real_told import STAGES, Told

pytestmark = pytest.mark.slow
AT = datetime(2023, 9, 10, tzinfo=UTC)
"""Behind every event of both files."""
WORDS: dict[str, Callable[[Told], str | None]] = {
    "channel": lambda told: told.channel, "type": lambda told: told.type, "product": lambda told: told.product,
    "location": lambda told: told.location, "team": lambda told: told.team, "business_unit": lambda told: told.unit,
    "origin": lambda _: "import",
}  # fmt: skip


@pytest.fixture(scope="module")
def told(imported: Imported) -> tuple[Told, ...]:
    return both(imported.folder)


def month(told: Told) -> date:
    return told.day(told.opened).replace(day=1)


def grouped(told: Iterable[Told], key: Callable[[Told], Any]) -> dict[Any, list[Told]]:
    found: defaultdict[Any, list[Told]] = defaultdict(list)
    for one in told:
        found[key(one)].append(one)
    return found


# --- the funnel -------------------------------------------------------------------------------


def numbers(found: Iterable[funnels.StageCounts]) -> dict[str, dict[str, Any]]:
    wanted = ("entered", "left", "passed", "skipped", "exited", "there_now")
    return {one.stage: {name: getattr(one, name) for name in wanted} for one in found}


@pytest.mark.parametrize("word", WORDS)
def test_the_funnel_of_each_value_is_that_of_the_files(imported: Imported, told: tuple[Told, ...], word: str) -> None:
    wanted = FunnelFilter.model_validate({"per": word, "detail": word in ("product", "location")})
    with imported.snapshot() as seen:
        found = funnels.counts(seen, wanted)
    assert {one.key: numbers(one.stages) for one in found.groups} == {
        key: stages(ones) for key, ones in grouped(told, WORDS[word]).items()
    }
    assert numbers(found.stages) == stages(told)


def test_people_and_times_of_each_stage_are_those_of_the_files(imported: Imported, told: tuple[Told, ...]) -> None:
    with imported.snapshot() as seen:
        found = funnels.counts(seen, FunnelFilter(detail=True))
    assert found.complainants == len({who(one) for one in told})
    for one in found.stages:
        assert one.complainants is not None
        assert one.times is not None
        assert (one.stage, one.complainants.model_dump()) == (one.stage, people(told, one.stage))
        assert (one.stage, one.times.model_dump()) == (one.stage, times(told, one.stage))


def test_passages_by_day_are_those_of_the_files(imported: Imported, told: tuple[Told, ...]) -> None:
    expected = Counter((one.day(stay.entered), stay.stage) for one in told for stay in one.stays)
    with imported.snapshot() as seen:
        found = funnels.counts(seen, FunnelFilter(of="passage", by="day"))
    shown = {(one.begins, each.stage): each.entered for one in found.groups for each in one.stages if each.entered}
    assert shown == expected


def test_cohorts_of_receipt_come_as_far_as_the_files_say(imported: Imported, told: tuple[Told, ...]) -> None:
    with imported.snapshot() as seen:
        found = drill.cohorts(seen, Narrowed()).cohorts
    assert {one.month: one.model_dump(exclude={"month", "shares"}) for one in found} == {
        begins: {
            "received": len(ones), "complainants": len({who(one) for one in ones}),
            "reached": {stage: sum(any(s.stage == stage for s in one.stays) for one in ones) for stage in STAGES},
            "converted": sum(any(cycle.closed for cycle in one.cycles) for one in ones),
        }
        for begins, ones in grouped(told, month).items()
    }  # fmt: skip


def test_the_cases_behind_a_number_are_those_of_the_files(imported: Imported, cases: dict[UUID, Told]) -> None:
    with imported.snapshot() as seen:
        wanted = BehindFilter.model_validate({"stage": "satisfaction_check", "ended": "there_now", "limit": 500})
        found = drill.behind(seen, wanted)
        again = drill.behind(seen, BehindFilter(total="reopened", limit=500))
    waiting = {case for case, one in cases.items() if one.stage == "satisfaction_check"}
    assert {one.case for one in found.cases} == waiting
    assert {one.case for one in again.cases} == {case for case, one in cases.items() if len(one.cycles) > 1}
    assert (found.next, again.next, again.count) == (None, None, 152)


# --- causes, remedies, satisfaction -----------------------------------------------------------


@pytest.mark.parametrize("word", [*WORDS, "outcome", "cause", "code", "responsibility", "department"])
def test_the_most_frequent_of_each_word_are_those_of_the_files(
    imported: Imported, told: tuple[Told, ...], word: str
) -> None:
    def key(one: Told) -> str | None:
        """No cause, code, responsibility or department is in the files."""
        return one.outcome if word == "outcome" else WORDS[word](one) if word in WORDS else None

    with imported.snapshot() as seen:
        found = causes.pareto(seen, ParetoFilter.model_validate({"per": word, "by": "month"}))
    assert [(bar.key, bar.complaints, bar.share, bar.cumulative) for bar in found.bars] == most_frequent(map(key, told))
    assert (found.complaints, found.known) == (len(told), sum(key(one) is not None for one in told))
    assert {(one.begins, one.key): one.complaints for one in found.trend} == Counter(
        (month(one), key(one)) for one in told
    )


def test_the_table_of_decisions_is_that_of_the_files(imported: Imported, told: tuple[Told, ...]) -> None:
    found: list[causes.Row] = []
    with imported.snapshot() as seen:
        page = causes.table(seen, TableFilter(limit=500))
        found += page.complaints
        while page.next:
            page = causes.table(seen, TableFilter(limit=500, cursor=page.next))
            found += page.complaints
    assert [one.received_on for one in found] == sorted((one.received_on for one in found), reverse=True)
    assert Counter(
        (one.received_on, one.type, one.product, one.decision, one.closed, one.satisfied, one.remedies, one.cause)
        for one in found
    ) == Counter(
        (one.day(one.opened), one.type, one.product, one.outcome, one.stage == "closed",
         False if one.disputed else None, (), None)
        for one in told
    )  # fmt: skip


def test_no_money_is_told_where_the_files_name_none(imported: Imported) -> None:
    nothing = remedies.Sums(remedies=0, given=0, reversed=0, statuses={}, costs=())
    with imported.snapshot() as seen:
        assert remedies.costs(seen, CostFilter()).whole == nothing
        assert remedies.ledger(seen, LedgerFilter()).count == 0


def test_nobody_is_content_or_not_where_nobody_was_asked(imported: Imported, told: tuple[Told, ...]) -> None:
    resolved = sum(cycle.resolved is not None for one in told for cycle in one.cycles)
    with imported.snapshot() as seen:
        assert satisfying.satisfaction(seen, SatisfactionFilter()).whole == Figures(
            resolved=resolved, invited=0, rated=0, answered=0, unasked=0, rated_cases=0, rated_of_invited=None,
            rated_of_resolved=0.0, satisfied=0, negative=0, mean_share=None, parameters=(),
        )  # fmt: skip
        assert satisfying.negative(seen, NegativeFilter()).count == 0


# --- workload and rates -----------------------------------------------------------------------


@pytest.mark.parametrize("per", ["team", "person"])
def test_loads_and_replies_are_those_of_the_files(imported: Imported, cases: dict[UUID, Told], per: str) -> None:
    with imported.snapshot() as seen:
        found = loads.workload(seen, WorkloadFilter.model_validate({"per": per}), AT)
    told, late = list(cases.values()), late_cases(imported, cases)
    now = grouped(told, lambda one: one.team if per == "team" else one.assignee)
    then = grouped(
        [one for one in told if one.first_reply],
        lambda one: one.first_reply and one.first_reply[2 if per == "team" else 1],
    )
    shown = {one.key: one.model_dump(exclude={"key"}) for one in found.loads}
    assert shown == {key: load(now.get(key, []), then.get(key, []), late) for key in now.keys() | then.keys()}
    replied = [one for one in told if one.first_reply]
    assert found.whole.model_dump(exclude={"key"}) == load(told, replied, late)


def late_cases(imported: Imported, cases: dict[UUID, Told]) -> set[Told]:
    """The complaints with an open clock that has run out at AT, by the rows that equal those of the second judge."""
    found = imported.rows(
        "SELECT DISTINCT case_id FROM analytics.sla_clocks_v1 "
        f"WHERE open AND (state = 'missed' OR (state = 'running' AND due_at < '{AT.isoformat()}'))"
    )
    return {cases[case] for (case,) in found}


def load(now: Iterable[Told], then: Iterable[Told], late: set[Told]) -> dict[str, Any]:
    now = list(now)
    waited = [(one.first_reply[0] - one.opened).total_seconds() for one in then if one.first_reply]
    open_time = [worked(one, one.opened, one.first_reply[0]) for one in then if one.first_reply]
    concluded = sum(one.first_reply is not None for one in now)
    again = sum(len(one.cycles) > 1 for one in now)
    return {
        "complaints": len(now), "open": sum(one.stage != "closed" for one in now),
        "overdue": sum(one in late and one.stage != "closed" for one in now), "concluded": concluded,
        "reopened": again, "reopen_rate": rounded(again / concluded, 4) if concluded else None,
        "replies": len(waited), "median_reply_seconds": rounded(percentile(waited, 0.5)),
        "p90_reply_seconds": rounded(percentile(waited, 0.9)),
        "median_reply_worked_seconds": rounded(percentile(open_time, 0.5)),
        "p90_reply_worked_seconds": rounded(percentile(open_time, 0.9)),
    }  # fmt: skip


def test_ratios_and_rates_are_those_of_the_files_which_tell_no_praise(
    imported: Imported, told: tuple[Told, ...]
) -> None:
    with imported.snapshot() as seen:
        found = rating.rates(seen, RateFilter(), AT)
    assert found.whole.model_dump() == {"negative": len(told), "positive": 0, "neutral": 0, "ratio": None}
    assert {one.month: one.feedback.negative for one in found.months} == Counter(map(month, told))
    assert all(one.customers is one.orders is one.per_1000_customers is None for one in found.months)


def test_the_rhythm_of_each_channel_is_that_of_the_files(imported: Imported, told: tuple[Told, ...]) -> None:
    with imported.snapshot() as seen:
        found = rating.rates(seen, RateFilter(), AT)
    expected = {}
    for channel, ones in grouped(told, lambda one: one.channel).items():
        opened = sorted(one.opened for one in ones)
        gaps = [(later - earlier) / timedelta(seconds=1) for earlier, later in pairwise(opened)]
        bound = percentile(gaps, 0.99)
        limit = rounded(bound * 1.5) if bound is not None and len(gaps) >= 20 else None
        silent = (AT - opened[-1]) / timedelta(seconds=1)
        expected[channel] = {
            "last_at": opened[-1], "silent_seconds": silent, "gaps": len(gaps),
            "median_seconds": rounded(percentile(gaps, 0.5)), "bound_seconds": limit,
            "silent": limit is not None and silent > limit,
        }  # fmt: skip
    assert {one.channel: one.model_dump(exclude={"channel"}) for one in found.channels} == expected


def test_a_filter_counts_the_complaints_that_it_names(imported: Imported, told: tuple[Told, ...]) -> None:
    wanted = {"from": "2011-01-01", "to": "2023-07-18", "type": "service", "channel": "web_form"}
    last = date(2023, 7, 18)
    expected = [one for one in told if one.type == "service" and one.day(one.opened) <= last]
    with imported.snapshot() as seen:
        found = causes.pareto(seen, ParetoFilter.model_validate(wanted))
    assert found.complaints == sum(one.channel == "web_form" for one in expected)
