"""Who may see some business units gets, of every question, the answer as if there were no others."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from sqlalchemy import select

from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections import sql, units
from projections.answers import Snapshot
from projections.api.actor import HOMES, unit_of
from projections.report import digest
from projections.runtime import copies
from projections.runtime.progress import Name
from projections.units import Confinement, OfAllUnits
from projections.views import all_views
from projections.views.audit_trail import ask as trails
from projections.views.campaigns import ask as campaigns
from projections.views.cases import ask as cases
from projections.views.causes import ask as causes
from projections.views.funnel import ask as funnels
from projections.views.funnel import drill, tables
from projections.views.funnel.narrow import Narrowed
from projections.views.problems import ask as problems
from projections.views.rates import ask as rates
from projections.views.remedies import ask as remedies
from projections.views.remedies import watch
from projections.views.replies import ask as replies
from projections.views.satisfaction import ask as satisfaction
from projections.views.similar import ask as alike
from projections.views.sla_timers import ask as timers
from projections.views.workload import ask as workload
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Event
from schemas.complaint.lifecycle import Score
from schemas.streams.problem import ProblemSuspected
from schemas.streams.survey import RespondentAnswered, RespondentInvited
from support.drawing import SHARED
from support.histories import PERSON, RECEIVED, START, Writer, histories, registered, uid
from support.views import asking, build, empty

LATER = START + timedelta(days=30)
NORTH = Confinement(frozenset({"main"}), HOMES)
NOWHERE = Confinement(frozenset(), HOMES)

QUESTIONS: Mapping[str, tuple[Sequence[Name], Callable[[Snapshot], Any]]] = {
    "cases": ([cases.NAME], lambda at: cases.listing(at, cases.CaseFilter())),
    "cases due": ([cases.NAME, timers.NAME], lambda at: cases.listing(at, cases.CaseFilter(sort="due"))),
    "case by number": ([cases.NAME], lambda at: cases.find(at, "PL-00000-00001")),
    "search": (cases.names(SEARCH := cases.CaseFilter(search="kettle")), lambda at: cases.listing(at, SEARCH)),
    "funnel": ([funnels.NAME], lambda at: funnels.counts(at, funnels.FunnelFilter())),
    "funnel in detail": ([funnels.NAME], lambda at: funnels.counts(at, funnels.FunnelFilter(detail=True, by="month"))),
    "behind the funnel": ([funnels.NAME], lambda at: drill.behind(at, drill.BehindFilter())),
    "cohorts": ([funnels.NAME], lambda at: drill.cohorts(at, Narrowed())),
    "timers": ([timers.NAME], lambda at: timers.listing(at, timers.TimerFilter(), LATER)),
    "missed timers": ([timers.NAME], lambda at: timers.listing(at, timers.TimerFilter(state="missed"), LATER)),
    "trail": ([trails.NAME], lambda at: trails.trail(at, trails.TrailFilter(limit=200))),
    "satisfaction": (
        satisfaction.NAMES,
        lambda at: satisfaction.satisfaction(at, satisfaction.SatisfactionFilter()),
    ),
    "bad marks": (satisfaction.NAMES, lambda at: satisfaction.negative(at, satisfaction.NegativeFilter())),
    "causes": (causes.NAMES, lambda at: causes.pareto(at, causes.ParetoFilter())),
    "table of causes": (causes.NAMES_OF_TABLE, lambda at: causes.table(at, causes.TableFilter())),
    "costs": (remedies.NAMES, lambda at: remedies.costs(at, remedies.CostFilter())),
    "ledger": (remedies.NAMES, lambda at: remedies.ledger(at, remedies.LedgerFilter())),
    "watch": (remedies.NAMES, lambda at: watch.watch(at, watch.WatchFilter())),
    "workload": (workload.NAMES, lambda at: workload.workload(at, workload.WorkloadFilter(), LATER)),
    "rates": (rates.NAMES, lambda at: rates.rates(at, rates.RateFilter(), LATER)),
    "problems": (problems.NAMES, lambda at: problems.problems(at, problems.ProblemFilter())),
    "lessons": (problems.NAMES, problems.lessons),
    "replies": (replies.NAMES, lambda at: replies.trend(at, replies.TrendFilter())),
    "articles": (replies.NAMES, replies.usage),
}
_STAMP = {"position", "as_of"}


def answers(pool: Pool, confinement: Confinement | None) -> dict[str, Any]:
    with units.confined(confinement):
        return {word: _asked(pool, names, ask) for word, (names, ask) in QUESTIONS.items()}


def _asked(pool: Pool, names: Sequence[Name], ask: Callable[[Snapshot], Any]) -> Any:
    with asking(pool).snapshot(list(names)) as snapshot:
        found = ask(snapshot)
    return found.model_dump(mode="json", exclude=_STAMP) if hasattr(found, "model_dump") else found


def of_one_unit(events: Sequence[Recorded]) -> list[Recorded]:
    """The same cases, none of which goes over to another unit."""
    return [one._replace(event=_staying(one.event)) for one in events]


def _staying(event: Event) -> Event:
    return event.model_copy(update={"business_unit": None}) if isinstance(event, ComplaintAssigned) else event


def beside(events: Sequence[Recorded]) -> list[Recorded]:
    """The same cases once more, of another unit."""
    theirs = [one for one in events if not one.name.startswith("configuration.")]
    return [
        one._replace(
            position=len(events) + number,
            recorded_at=events[-1].recorded_at + timedelta(seconds=number),
            stream=uid(f"south {one.stream}"),
            envelope=one.envelope.model_copy(update={"business_unit": "south", "event_id": uid(f"south {number}")}),
        )
        for number, one in enumerate(theirs, 1)
    ]


@settings(max_examples=3, deadline=None, suppress_health_check=SHARED)
@given(histories(receipts=True).map(of_one_unit))
def test_every_question_is_answered_as_if_there_were_no_other_unit(pool: Pool, events: list[Recorded]) -> None:
    empty(pool)
    writer = Writer(list(events))
    build(pool, writer.log())
    alone = answers(pool, None)
    assert answers(pool, NORTH) == alone
    writer.events.extend(beside(events))
    build(pool, writer.log())
    assert answers(pool, NORTH) == alone


def told(pool: Pool) -> None:
    writer = Writer().configured().add("north", RECEIVED, registered())
    handed = ComplaintAssigned(team="north", business_unit="west", reason="rule")
    writer.add("handed", RECEIVED, handed, at=START + timedelta(hours=1))
    build(pool, writer.log())


def test_rights_follow_the_unit_of_now_and_past_buckets_keep_that_of_then(pool: Pool) -> None:
    told(pool)
    with units.confined(Confinement(frozenset({"west"}), HOMES)):
        assert [one["id"] for one in _asked(pool, *QUESTIONS["cases"])["cases"]] == [str(uid("handed"))]
        assert _asked(pool, *QUESTIONS["funnel"])["received"] == 0
    with units.confined(NORTH):
        assert [one["id"] for one in _asked(pool, *QUESTIONS["cases"])["cases"]] == [str(uid("north"))]
        assert _asked(pool, *QUESTIONS["funnel"])["received"] == 2


def test_who_may_see_no_unit_sees_no_row(pool: Pool) -> None:
    told(pool)
    with units.confined(NOWHERE):
        assert _asked(pool, *QUESTIONS["cases"])["cases"] == []
        assert _asked(pool, *QUESTIONS["trail"])["entries"] == []
        assert _asked(pool, *QUESTIONS["funnel"])["received"] == 0


@pytest.mark.parametrize("table", [tables.CELLS, tables.PEOPLE, tables.TIMES], ids=lambda table: table.name)
def test_what_is_kept_over_all_units_is_refused(pool: Pool, table: Any) -> None:
    told(pool)
    with pool.connection() as connection, units.confined(NORTH), pytest.raises(OfAllUnits):
        sql.fetch(connection, select(copies.live(table)))


def test_a_problem_tells_nothing_of_the_complaints_of_other_units(pool: Pool) -> None:
    handed = ComplaintAssigned(team="north", business_unit="west", reason="rule")
    writer = Writer().add("ours", RECEIVED, registered()).add("theirs", RECEIVED, registered(), handed)
    writer.add("problem", ProblemSuspected(complaints=(uid("ours"), uid("theirs")), within_days=7, least=0.5))
    build(pool, writer.log())
    with units.confined(NORTH), asking(pool).snapshot(problems.NAMES) as snapshot:
        (listed,) = problems.problems(snapshot, problems.ProblemFilter()).problems
        whole = problems.problem(snapshot, uid("problem"))
        assert (listed.complaints, listed.last_7_days) == (1, 1)
        assert [one.case for one in whole.complaints] == [uid("ours")]
        assert problems.of_case(snapshot, uid("theirs")) == ()


def test_campaigns_are_those_of_the_units_of_whom_they_asked(pool: Pool) -> None:
    until = START + timedelta(days=20)
    asked = RespondentInvited(survey="spring", survey_version=1, number=1, wave=date(2026, 3, 2), until=until)
    scores = (Score(parameter="overall", score=2),)
    said = RespondentAnswered(survey="spring", survey_version=1, number=1, scores=scores, channel="web_form")
    writer = Writer().add("ours", asked, said).add("theirs", asked, said)
    events = [_of_unit(one, "south") if one.stream == uid("theirs") else one for one in writer.events]
    build(pool, Writer(events).log())
    for confinement, invited in ((None, 2), (NORTH, 1), (NOWHERE, 0)):
        with units.confined(confinement), asking(pool).snapshot(campaigns.NAMES) as snapshot:
            found = campaigns.campaigns(snapshot, campaigns.CampaignFilter()).campaigns
            listed = campaigns.answers(snapshot, campaigns.AnswerFilter(negative=True))
        assert sum(one.invited for one in found) == sum(one.answered for one in found) == listed.count == invited
        assert len(listed.answers) == invited


def test_what_says_the_same_is_sought_among_the_cases_of_the_askers_units(pool: Pool) -> None:
    handed = ComplaintAssigned(team="north", business_unit="west", reason="rule")
    writer = Writer().add("ours", RECEIVED, registered()).add("theirs", RECEIVED, registered(), handed)
    build(pool, writer.add("own", RECEIVED, registered()).log())
    with units.confined(NORTH), asking(pool).snapshot(alike.NAMES) as snapshot:
        found = alike.similar(snapshot, uid("own"), alike.SimilarFilter())
        (group,) = alike.grouped(snapshot, alike.ClusterFilter(smallest=2)).clusters
        assert (found.compared, [one.case for one in found.found]) == (1, [uid("ours")])
        assert set(group.cases) == {uid("own"), uid("ours")}
        assert alike.similar(snapshot, uid("theirs"), alike.SimilarFilter()).compared == 0


def _of_unit(one: Recorded, unit: str) -> Recorded:
    return one._replace(envelope=one.envelope.model_copy(update={"business_unit": unit}))


def test_the_digest_of_the_week_counts_all_units_and_is_refused(pool: Pool) -> None:
    told(pool)
    period = digest.Period(date(2026, 3, 1), date(2026, 3, 7))
    with asking(pool).snapshot([cases.NAME]) as snapshot, units.confined(NORTH), pytest.raises(OfAllUnits):
        digest.digest(snapshot, period)


def test_every_table_of_a_view_is_narrowed_or_refused(pool: Pool) -> None:
    """A table that is new is one of these, or its question fails for who is confined."""
    told(pool)
    open_to_all = set()
    for view in all_views():
        for table in view.tables:
            try:
                text = units_of(select(table))
            except OfAllUnits:
                continue
            if "plaint_units" not in text:
                open_to_all.add(table.name.rpartition("_v")[0])
    assert open_to_all == {"audit_trail_subjects", "case_fields_sets"}


def units_of(statement: Any) -> str:
    with units.confined(NORTH):
        return units.narrowed(str(statement), {}, statement)[0]


def test_without_confinement_a_query_is_what_it_was() -> None:
    assert units.narrowed("SELECT 1 FROM views.cases_list_v1", {"a": 1}, select(cases.CASES)) == (
        "SELECT 1 FROM views.cases_list_v1",
        {"a": 1},
    )


def test_the_unit_of_a_case_is_that_of_its_last_assignment() -> None:
    handed = ComplaintAssigned(subject_id=PERSON, team="north", business_unit="west", reason="rule")
    kept = ComplaintAssigned(subject_id=PERSON, team="south", reason="rule")
    assert unit_of(Writer().add("case", RECEIVED).events) == "main"
    assert unit_of(Writer().add("case", RECEIVED, handed, kept).events) == "west"
    assert unit_of([]) is None
