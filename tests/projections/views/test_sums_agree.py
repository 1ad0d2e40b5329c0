"""The same cases stand behind the figures of every view: what two views both count, they count alike."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.views import all_views
from projections.views.cases import ask as cases
from projections.views.cases.ask import CaseFilter
from projections.views.causes import ask as causes
from projections.views.causes.ask import ParetoFilter, TableFilter
from projections.views.funnel import ask as funnel
from projections.views.funnel.ask import FunnelFilter
from projections.views.rates import ask as rates
from projections.views.rates.ask import RateFilter
from projections.views.remedies import ask as remedies
from projections.views.remedies.ask import CostFilter, LedgerFilter
from projections.views.satisfaction import ask as satisfaction
from projections.views.satisfaction.ask import NegativeFilter, SatisfactionFilter
from projections.views.workload import ask as workload
from projections.views.workload.ask import WorkloadFilter
from schemas.complaint.lifecycle import ComplaintRated, SurveyInvited
from schemas.complaint.remedies import ComplaintCompensated
from support.drawing import SHARED
from support.histories import START, Writer, histories
from support.views import asking, build, empty

NAMES = [view.name for view in all_views()]
EVERY_VIEW = [(view.name, view.version) for view in all_views()]
on_one_database = settings(max_examples=12, deadline=None, suppress_health_check=SHARED)
ORIGINS = st.sampled_from([None, "live", "import"])


@on_one_database
@given(events=histories(receipts=True), origin=ORIGINS)
def test_views_agree_with_each_other_and_with_the_log(pool: Pool, events: list[Recorded], origin: str | None) -> None:
    empty(pool)
    build(pool, Writer(events).log(), batch=11)
    narrowed = {"origin": origin}
    at = START + timedelta(days=400)
    with asking(pool).snapshot(EVERY_VIEW) as seen:
        counted = funnel.counts(seen, FunnelFilter.model_validate(narrowed))
        rated = satisfaction.satisfaction(seen, SatisfactionFilter.model_validate(narrowed)).whole
        below = satisfaction.negative(seen, NegativeFilter.model_validate(narrowed))
        pareto = causes.pareto(seen, ParetoFilter.model_validate(narrowed))
        table = causes.table(seen, TableFilter.model_validate({**narrowed, "limit": 500}))
        ratio = rates.rates(seen, RateFilter.model_validate(narrowed), at)
        loads = workload.workload(seen, WorkloadFilter.model_validate(narrowed), at).whole
        listed = cases.listing(seen, CaseFilter.model_validate({**narrowed, "limit": 500})).cases
    complaints = {one.stream for one in events if one.name.startswith("complaint.") and _meant(one, events, origin)}
    assert {
        counted.received, counted.stages[0].entered, pareto.complaints, len(table.complaints), ratio.whole.negative,
        loads.complaints, sum(one.kind == "complaint" for one in listed),
    } == {len(complaints)}  # fmt: skip
    assert sum(bar.complaints for bar in pareto.bars) == pareto.complaints
    assert counted.rated == rated.rated_cases
    assert (rated.satisfied + rated.negative, below.count) == (rated.rated, rated.negative)
    assert rated.resolved == counted.stages[3].entered - counted.stages[3].skipped
    assert loads.reopened == counted.reopened
    feedback = sum(ratio.whole.model_dump(include={"positive", "neutral"}).values())
    assert feedback == counted.feedback.received - counted.feedback.became_complaint
    assert sum(month.feedback.negative for month in ratio.months) == counted.received


def _meant(one: Recorded, events: list[Recorded], origin: str | None) -> bool:
    first = next(other for other in events if other.stream == one.stream)
    return origin is None or first.envelope.origin == origin


@on_one_database
@given(events=histories(receipts=True), per=st.sampled_from(["form", "ground", "head", "channel", "team", "origin"]))
def test_remedies_add_up_to_what_the_log_gave(pool: Pool, events: list[Recorded], per: str) -> None:
    empty(pool)
    build(pool, Writer(events).log())
    with asking(pool).snapshot(EVERY_VIEW) as seen:
        found = remedies.costs(seen, CostFilter.model_validate({"per": per}))
        by_month = remedies.costs(seen, CostFilter.model_validate({"of": "giving", "by": "month", "per": per}))
        entries = remedies.ledger(seen, LedgerFilter(limit=500))
    given_sums = [one.event.amount for one in events if isinstance(one.event, ComplaintCompensated)]
    total = sum(money.amount for money in given_sums if money is not None)
    assert sum(cost.given for cost in found.whole.costs) == total
    assert sum(cost.given for group in found.groups for cost in group.sums.costs) == total
    assert sum(cost.given for group in by_month.groups for cost in group.sums.costs) == total
    assert sum(cost.given for entry in entries.remedies for cost in entry.costs) == total
    assert sum(group.sums.remedies for group in found.groups) == found.whole.remedies == entries.count
    assert sum(found.whole.statuses.values()) == found.whole.remedies


@on_one_database
@given(events=histories(receipts=True))
def test_ratings_are_those_of_the_log(pool: Pool, events: list[Recorded]) -> None:
    empty(pool)
    build(pool, Writer(events).log())
    with asking(pool).snapshot(EVERY_VIEW) as seen:
        whole = satisfaction.satisfaction(seen, SatisfactionFilter()).whole
        of_days = satisfaction.satisfaction(seen, SatisfactionFilter(of="rating", by="month", per="channel"))
    last = {(one.stream, one.event.cycle): one.event for one in events if isinstance(one.event, ComplaintRated)}
    asked = {(one.stream, one.event.cycle) for one in events if isinstance(one.event, SurveyInvited)}
    assert (whole.rated, whole.invited) == (len(last), len(asked))
    assert (whole.answered, whole.unasked) == (len(asked & last.keys()), len(last.keys() - asked))
    assert whole.rated_of_invited == (round(len(asked & last.keys()) / len(asked), 4) if asked else None)
    marks = sum(len(event.scores) for event in last.values())
    assert sum(parameter.marks for parameter in whole.parameters) == marks
    assert sum(group.figures.rated for group in of_days.groups) == whole.rated
    assert sum(one.marks for group in of_days.groups for one in group.figures.parameters) == marks


@on_one_database
@given(events=histories(receipts=True), per=st.sampled_from(["team", "person"]))
def test_loads_add_up_to_the_whole(pool: Pool, events: list[Recorded], per: str) -> None:
    empty(pool)
    build(pool, Writer(events).log())
    with asking(pool).snapshot(EVERY_VIEW) as seen:
        found = workload.workload(seen, WorkloadFilter.model_validate({"per": per}), START + timedelta(days=3))
    for name in ("complaints", "open", "overdue", "concluded", "reopened", "replies"):
        assert (name, sum(getattr(load, name) for load in found.loads)) == (name, getattr(found.whole, name))
    assert all(load.overdue <= load.open <= load.complaints for load in found.loads)


def test_every_view_is_asked_here_or_holds_what_was_said_or_is_for_analysts_alone() -> None:
    assert NAMES == [
        "cases", "sla_timers", "funnel", "audit_trail", "search", "satisfaction", "causes", "remedies", "workload",
        "details", "case_fields", "campaigns", "problems", "similar", "replies",
    ]  # fmt: skip
