from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from consumers.wiring import presets
from engine.configuration.activation import activation
from engine.store.database.pool import Pool
from projections.runtime.projection import Projection
from projections.views.cases.rows import Cases
from projections.views.replies.ask import (
    NAMES,
    Quality,
    Sample,
    SampleFilter,
    Trend,
    TrendFilter,
    sample,
    trend,
    usage,
)
from projections.views.replies.rows import Replies
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.correspondence import ComplaintReplied, QualityVerdict, ReplyReviewed, ReviewScore
from schemas.configuration.replies import ReplyRules
from support.histories import RECEIVED, Writer, uid
from support.views import asking, build

VIEWS: tuple[Projection, ...] = (Cases(), Replies())
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NORTH = ComplaintAssigned(team="north", assignee="person:ann", reason="rule")
SOUTH = ComplaintAssigned(team="south", assignee="person:bob", reason="rule")


def replied(
    name: str, score: int | None = None, *findings: str, passed: bool = True, articles: tuple[str, ...] | None = None
) -> ComplaintReplied:
    checks = None if score is None else QualityVerdict(score=score, findings=findings, passed=passed)
    return ComplaintReplied(message=uid(name), final=True, checks=checks, articles=articles)


def reviewed(name: str, *scores: int) -> ReplyReviewed:
    marks = tuple(ReviewScore(criterion=f"c{n}", score=score) for n, score in enumerate(scores))
    return ReplyReviewed(message=uid(name), scores=marks)


def told(pool: Pool) -> Writer:
    rules = [activation(one) for one in presets.shipped() if isinstance(one, ReplyRules)]
    writer = Writer().add("configuration", *rules)
    writer.add("one", RECEIVED, NORTH, at=MONDAY)
    writer.add("one", replied("r1", 80, "blame", articles=("late", "lost")), at=MONDAY, actor="person:ann")
    writer.add("two", RECEIVED, NORTH, replied("r2", 100, articles=("late",)), at=MONDAY, actor="person:ann")
    writer.add("two", SOUTH, at=MONDAY)
    later = MONDAY + timedelta(days=7)
    writer.add("two", replied("r3", 30, "blame", "defence", passed=False), at=later, actor="person:bob")
    writer.add("three", RECEIVED, replied("r4"), at=later, actor="service:bot")
    writer.add("one", reviewed("r1", 10, 6), at=later, actor="person:bob")
    writer.add("one", reviewed("r1", 4), at=later, actor="person:eve")
    writer.add("one", reviewed("r1", 10), at=later, actor="person:eve")
    build(pool, writer.log(), VIEWS)
    return writer


def ask(pool: Pool, **wanted: object) -> Trend:
    with asking(pool).snapshot(NAMES) as seen:
        return trend(seen, TrendFilter.model_validate(wanted))


def draw(pool: Pool, week: date, **wanted: object) -> Sample:
    with asking(pool).snapshot(NAMES) as seen:
        return sample(seen, SampleFilter.model_validate({"week": week, **wanted}))


def quality(key: str | None, period: date | None, replies: int, mean: float | None, **more: object) -> Quality:
    usual: dict[str, object] = {"judged": replies, "overruled": 0, "reviewed": 0, "mean_review": None}
    return Quality.model_validate(
        {"key": key, "period": period, "replies": replies, "mean_score": mean, **usual, **more}
    )


def test_the_trend_is_of_the_team_that_answered_then_by_week(pool: Pool) -> None:
    told(pool)
    found = ask(pool)
    assert found.periods == (
        quality("north", date(2026, 3, 2), 2, 90.0, reviewed=1, mean_review=90.0),
        quality("south", date(2026, 3, 9), 1, 30.0, overruled=1),
        quality(None, date(2026, 3, 9), 1, None, judged=0),
    )
    assert found.whole == quality(None, None, 4, 70.0, judged=3, overruled=1, reviewed=1, mean_review=90.0)
    assert found.findings == {"blame": 2, "defence": 1}


def test_it_is_narrowed_by_days_team_and_author(pool: Pool) -> None:
    told(pool)
    assert ask(pool, to="2026-03-02").whole.replies == 2
    assert ask(pool, **{"from": "2026-03-03"}).whole.replies == 2
    assert ask(pool, team="south").findings == {"blame": 1, "defence": 1}
    by_person = ask(pool, per="person", by="month", author="person:ann").periods
    assert by_person == (quality("person:ann", date(2026, 3, 1), 2, 90.0, reviewed=1, mean_review=90.0),)


def test_of_each_handler_the_same_few_are_drawn_for_everybody(pool: Pool) -> None:
    writer = Writer()
    for number in range(6):
        writer.add(f"c{number}", RECEIVED, NORTH, replied(f"r{number}"), at=MONDAY, actor="person:ann")
    writer.add("other", RECEIVED, replied("x"), at=MONDAY, actor="person:bob")
    writer.add("machine", RECEIVED, replied("y"), at=MONDAY, actor="service:bot")
    build(pool, writer.log(), VIEWS)
    found = draw(pool, date(2026, 3, 5))
    assert (found.week, found.per_handler) == (date(2026, 3, 2), 3)
    assert [one.author for one in found.replies] == ["person:ann"] * 3 + ["person:bob"]
    assert draw(pool, date(2026, 3, 8)) == found
    assert draw(pool, date(2026, 3, 9)).replies == ()
    assert [one.message for one in draw(pool, date(2026, 3, 2), per_handler=1, team="north").replies] == [
        found.replies[0].message
    ]


def test_what_was_scored_is_marked_and_the_rules_say_how_many(pool: Pool) -> None:
    told(pool)
    found = draw(pool, date(2026, 3, 2))
    marks: dict[UUID, bool] = {one.message: one.reviewed for one in found.replies}
    assert marks == {uid("r1"): True, uid("r2"): False}
    assert {one.score for one in found.replies} == {80, 100}


def test_the_use_of_articles_is_counted(pool: Pool) -> None:
    told(pool)
    with asking(pool).snapshot(NAMES) as seen:
        assert [(one.article, one.replies, one.last_used) for one in usage(seen).articles] == [
            ("late", 2, MONDAY),
            ("lost", 1, MONDAY),
        ]
