"""The ten questions that a manager asks, answered to an analyst from a story whose answers are counted by hand."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.database.pool import Pool
from engine.store.database.roles import grant
from projections.views.funnel import ask as funnels
from projections.views.funnel.ask import FunnelFilter
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.investigation import CauseEstablished
from schemas.complaint.lifecycle import (
    ComplaintClosed,
    ComplaintDiscontinued,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
    Score,
    SurveyInvited,
)  # fmt: skip
from schemas.complaint.remedies import ComplaintCompensated, RemedyProposed, RemedyReversed
from schemas.words import Money
from support.histories import APPLIED, PERSON, RECEIVED, START, Writer, registered, uid
from support.pages import Block, of_language, only_in_the_checkout
from support.roles import login_role
from support.views import asking, build

only_in_the_checkout()

FOLDER = resources.files("projections.analytics").joinpath("questions")
QUESTIONS = sorted(one.name for one in FOLDER.iterdir() if one.name.endswith(".sql"))


def after(days: float) -> datetime:
    """So many days after a Monday, nine o'clock."""
    return START + timedelta(days=days)


def euro(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def told() -> Writer:
    """Three complaints: one closed, reopened and closed again, one withdrawn, one that nobody answers."""
    refund = uid("refund")
    story = Writer().configured()
    story.add("first", RECEIVED, APPLIED, registered("PL-00000-00001"), at=START)
    story.add("first", CauseEstablished(subject_id=PERSON, cause="process", responsibility="company"), at=after(1))
    story.add(
        "first",
        RemedyProposed(subject_id=PERSON, remedy_id=refund, form="refund", ground="fault", amount=euro("40")),
        at=after(1),
    )
    story.add("first", ComplaintCompensated(subject_id=PERSON, remedy_id=refund, amount=euro("40")), at=after(2))
    story.add("first", RemedyReversed(subject_id=PERSON, remedy_id=refund, amount=euro("15.50")), at=after(2.5))
    story.add("first", ComplaintResolved(subject_id=PERSON, outcome="upheld"), at=after(3))
    story.add("first", SurveyInvited(subject_id=PERSON, survey="direct", survey_version=1, cycle=1), at=after(3))
    scores = (Score(parameter="overall", score=4), Score(parameter="speed", score=5))
    story.add("first", ComplaintRated(subject_id=PERSON, survey="direct", cycle=1, scores=scores), at=after(4))
    story.add("first", ComplaintClosed(subject_id=PERSON, reason="decision", cycle=1), at=after(4))
    story.add("first", ComplaintReopened(subject_id=PERSON, reason="disputed", cycle=2), at=after(8))
    story.add("first", ComplaintResolved(subject_id=PERSON, outcome="partly_upheld"), at=after(9))
    story.add("first", ComplaintClosed(subject_id=PERSON, reason="decision", cycle=2), at=after(10))
    story.add("second", RECEIVED, registered("PL-00000-00002"), at=after(7))
    story.add(
        "second", CauseEstablished(subject_id=PERSON, cause="supplier", responsibility="third_party"), at=after(8)
    )
    story.add("second", ComplaintDiscontinued(subject_id=PERSON, stage="registration", reason="withdrawn"), at=after(8))
    story.add("third", RECEIVED, registered("PL-00000-00003"), at=after(7))
    story.add("third", CauseEstablished(subject_id=PERSON, cause="process", responsibility="company"), at=after(9))
    return story


@pytest.fixture
def analyst(database: str, pool: Pool) -> Iterator[Connection[TupleRow]]:
    build(pool, told().log())
    with login_role(database, "analyst") as role:
        with psycopg.connect(database, autocommit=True) as owner:
            grant(owner, role.name, "analyst")
        with psycopg.connect(role.conninfo) as connection:
            yield connection


ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "01_volume.sql": [(date(2026, 3, 2), 1, 0, 1, 0), (date(2026, 3, 9), 2, 1, 2, 1)],
    "02_funnel.sql": [
        ("registration", 3, 3, 0, 0),
        ("investigation", 4, 4, 0, 0),
        ("corrective_action", 4, 2, 1, 1),
        ("satisfaction_check", 2, 2, 0, 0),
        ("closed", 2, 1, 0, 1),
    ],
    "03_duration.sql": [("delivery", 1, Decimal("9.0"), Decimal("9.0"))],
    "06_exits.sql": [("withdrawn", "corrective_action", 1, Decimal("100.0"))],
    "07_causes.sql": [("process", 2, 2, Decimal("66.7")), ("supplier", 1, 0, Decimal("100.0"))],
    "08_satisfaction.sql": [(1, 1, 0, Decimal("100.0"), 1, Decimal("90.0"))],
    "09_reopened.sql": [("live", 3, 1, Decimal("33.3"))],
    "10_remedies.sql": [("EUR", "fault", 1, Decimal("24.50"))],
}


def answered(analyst: Connection[TupleRow], question: str) -> list[tuple[Any, ...]]:
    return analyst.execute(FOLDER.joinpath(question).read_text(encoding="utf-8").encode()).fetchall()


@pytest.mark.parametrize("question", sorted(ANSWERS))
def test_a_question_has_the_answer_that_is_counted_by_hand(analyst: Connection[TupleRow], question: str) -> None:
    assert answered(analyst, question) == ANSWERS[question]


@pytest.mark.parametrize("block", of_language("sql"), ids=lambda block: block.place)
def test_sql_of_a_page_runs_as_it_stands(analyst: Connection[TupleRow], database: str, block: Block) -> None:
    """What asks is run by the analyst, what binds him to his units by whoever runs the database."""
    if block.text.startswith("SELECT"):
        assert analyst.execute(block.text.encode()).fetchall() == [("delivery", 3, 2, Decimal("9.0"))]
        return
    with psycopg.connect(database) as owner:
        owner.execute(block.text.encode())
    assert analyst.execute("SELECT count(*) FROM analytics.cases_v1").fetchone() == (0,)


def test_there_are_ten_and_each_says_what_it_asks_and_how_to_read_it() -> None:
    assert len(QUESTIONS) == 10
    for question in QUESTIONS:
        asked, read, *_ = FOLDER.joinpath(question).read_text(encoding="utf-8").splitlines()
        assert asked.startswith("-- ")
        assert asked.endswith("?"), question
        assert read.startswith("-- "), question


def test_promises_are_kept_or_late_by_the_clocks_of_the_story(analyst: Connection[TupleRow]) -> None:
    """Of the first complaint alone, which has promises: nobody replied, in neither of its cycles."""
    kept = {row[0]: row[1:] for row in answered(analyst, "04_promises_kept.sql")}
    assert kept["first_reply"] == (0, 0, 2, Decimal("0.0"))
    assert kept["resolution"][:3] == (2, 0, 0)
    clocks = analyst.execute("SELECT count(*) FROM analytics.sla_clocks_v1 WHERE state IN ('fulfilled', 'missed')")
    assert clocks.fetchone() == (sum(sum(row[:3]) for row in kept.values()),)


def test_what_is_late_is_with_the_team_that_answers_for_it(database: str, pool: Pool) -> None:
    story = told().add("third", SlaApplied(**APPLIED.model_dump()), at=after(7))
    story.add("configuration", *[one.event for one in story.events[:1]], recorded_at=datetime(2027, 1, 1, tzinfo=UTC))
    build(pool, story.log())
    with psycopg.connect(database) as connection:
        rows = answered(connection, "05_overdue.sql")
    assert [(team, complaints) for team, complaints, _, _ in rows] == [("nobody", 1)]


def test_the_funnel_of_the_contract_is_that_of_the_program(analyst: Connection[TupleRow], pool: Pool) -> None:
    with asking(pool).snapshot([funnels.NAME]) as seen:
        stages = funnels.counts(seen, FunnelFilter()).stages
    told = [(one.stage, one.entered, one.passed, one.exited, one.there_now) for one in stages]
    assert answered(analyst, "02_funnel.sql") == told
