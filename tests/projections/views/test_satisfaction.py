from datetime import UTC, date, datetime, timedelta

from engine.store.database.pool import Pool
from projections.runtime.projection import Projection
from projections.views.funnel.rows import Funnel
from projections.views.satisfaction.ask import (
    NAMES,
    Figures,
    NegativeFilter,
    ParameterFigures,
    Satisfaction,
    SatisfactionFilter,
    negative,
    satisfaction,
)
from projections.views.satisfaction.rows import Satisfaction as View
from schemas.complaint.lifecycle import ComplaintRated, ComplaintReopened, ComplaintResolved, Score, SurveyInvited
from support.histories import RECEIVED, START, Writer, uid
from support.views import asking, build

VIEWS: tuple[Projection, ...] = (Funnel(), View())
RESOLVED = ComplaintResolved(outcome="upheld")
INVITED = SurveyInvited(survey="direct", survey_version=1, cycle=1)


def ask(pool: Pool, **wanted: object) -> Satisfaction:
    with asking(pool).snapshot(NAMES) as seen:
        return satisfaction(seen, SatisfactionFilter.model_validate(wanted))


def rated(*scores: tuple[str, int, int], cycle: int = 1) -> ComplaintRated:
    marks = tuple(Score(parameter=name, score=score, out_of=best) for name, score, best in scores)
    return ComplaintRated(survey="direct", cycle=cycle, scores=marks)


def test_marks_are_counted_by_parameter_with_response_csat_and_nps(pool: Pool) -> None:
    writer = Writer().add("glad", RECEIVED, RESOLVED, INVITED, rated(("speed", 5, 5), ("recommend", 10, 10)))
    writer.add("so-so", RECEIVED, RESOLVED, INVITED, rated(("speed", 4, 5), ("recommend", 7, 10)))
    writer.add("cross", RECEIVED, RESOLVED, rated(("speed", 2, 5), ("recommend", 6, 10)))
    writer.add("silent", RECEIVED, RESOLVED, INVITED).add("open", RECEIVED)
    build(pool, writer.log(), VIEWS)
    assert ask(pool).whole == Figures(
        resolved=4, invited=3, rated=3, answered=2, unasked=1, rated_cases=3, rated_of_invited=0.6667,
        rated_of_resolved=0.75, satisfied=1, negative=2, mean_share=0.75,
        parameters=(
            ParameterFigures(
                parameter="recommend", out_of=10, marks=3, mean=7.6667, csat=0.3333, nps=0.0,
                distribution={6: 1, 7: 1, 10: 1},
            ),
            ParameterFigures(
                parameter="speed", out_of=5, marks=3, mean=3.6667, csat=0.6667, nps=None,
                distribution={2: 1, 4: 1, 5: 1},
            ),
        ),
    )  # fmt: skip


def test_who_rates_without_being_asked_raises_no_response_rate(pool: Pool) -> None:
    writer = Writer().add("asked", RECEIVED, RESOLVED, INVITED, rated(("speed", 5, 5)))
    writer.add("asked-silent", RECEIVED, RESOLVED, INVITED)
    for name in ("of himself", "at once"):
        writer.add(name, RECEIVED, RESOLVED, rated(("speed", 1, 5)))
    build(pool, writer.log(), VIEWS)
    whole = ask(pool).whole
    assert (whole.invited, whole.rated, whole.answered, whole.unasked) == (2, 3, 1, 2)
    assert whole.rated_of_invited == 0.5


def test_the_last_rating_of_a_cycle_holds_and_each_cycle_counts(pool: Pool) -> None:
    writer = Writer().add(
        "case", RECEIVED, rated(("speed", 1, 5)), rated(("ease", 5, 5)), rated(("ease", 3, 5), cycle=2)
    )
    build(pool, writer.log(), VIEWS)
    whole = ask(pool).whole
    assert (whole.rated, whole.rated_cases, whole.satisfied) == (2, 1, 1)
    assert [(one.parameter, one.distribution) for one in whole.parameters] == [("ease", {3: 1, 5: 1})]


def test_figures_are_broken_down_by_unit_and_location(pool: Pool) -> None:
    shop = RECEIVED.model_copy(update={"location": "shop-7"})
    writer = Writer().add("there", shop, RESOLVED, rated(("speed", 5, 5))).add("else", RECEIVED, rated(("speed", 1, 5)))
    build(pool, writer.log(), VIEWS)
    by_place = ask(pool, per="location").groups
    assert [(one.key, one.figures.rated, one.figures.negative) for one in by_place] == [("shop-7", 1, 0), (None, 1, 1)]
    assert [(one.key, one.figures.rated) for one in ask(pool, per="business_unit").groups] == [("main", 2)]


def test_figures_are_broken_down_by_cycle(pool: Pool) -> None:
    again = ComplaintReopened(reason="disputed", cycle=2)
    writer = Writer().add("case", RECEIVED, RESOLVED, rated(("speed", 1, 5)), again, RESOLVED)
    writer.add("case", rated(("speed", 5, 5), cycle=2)).add("other", RECEIVED, RESOLVED)
    build(pool, writer.log(), VIEWS)
    found = ask(pool, per="cycle").groups
    assert [
        (one.key, one.figures.resolved, one.figures.rated, [mark.distribution for mark in one.figures.parameters])
        for one in found
    ] == [("1", 2, 1, [{1: 1}]), ("2", 1, 1, [{5: 1}])]


def test_days_of_rating_say_nothing_of_those_who_were_asked(pool: Pool) -> None:
    may = datetime(2026, 5, 31, 22, 0, tzinfo=UTC)
    writer = Writer().add("case", RECEIVED, RESOLVED, INVITED).add("case", rated(("speed", 5, 5)), at=may)
    writer.add("letter", RECEIVED).add(
        "letter", rated(("speed", 4, 5)), at=may, precision="day", zone="Europe/Moscow", origin="import"
    )
    build(pool, writer.log(), VIEWS)
    found = ask(pool, of="rating", by="month")
    assert (found.whole.resolved, found.whole.invited, found.whole.rated_of_invited) == (None, None, None)
    assert [(one.begins, one.figures.rated) for one in found.groups] == [(date(2026, 5, 1), 1), (date(2026, 6, 1), 1)]
    assert ask(pool, **{"of": "rating", "from": "2026-06-01"}).whole.rated == 1


def test_negative_ratings_are_listed_at_once_the_latest_first(pool: Pool) -> None:
    writer = Writer()
    for number in range(4):
        at = START + timedelta(hours=number)
        mark = 5 if number == 2 else number
        writer.add(number, RECEIVED).add(number, rated(("speed", mark, 5)), at=at)
    build(pool, writer.log(), VIEWS)
    with asking(pool).snapshot(NAMES) as seen:
        first = negative(seen, NegativeFilter(limit=2))
        rest = negative(seen, NegativeFilter(limit=2, cursor=first.next))
    assert [(one.case, one.mean_share, one.marks) for one in (*first.ratings, *rest.ratings)] == [
        (uid(number), number / 5, {"speed": f"{number}/5"}) for number in (3, 1, 0)
    ]
    assert (first.count, rest.next) == (3, None)
