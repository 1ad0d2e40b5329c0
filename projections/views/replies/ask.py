"""How good replies are: by team and week, which of them a colleague scores, and what helped to write them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Date, Select, Text, and_, cast, func, select

from projections import sql
from projections.answers import Answer, Moment, OfView, Question, Snapshot
from projections.runtime import copies
from projections.views.cases import rows as listed
from projections.views.funnel import narrow
from projections.views.replies import rows as written
from projections.views.replies.rows import VERSION, VIEW

NAME = (VIEW, VERSION)
NAMES = (NAME, (listed.VIEW, listed.VERSION))
REPLIES, REVIEWS = copies.live(written.REPLIES), copies.live(written.REVIEWS)
FINDINGS, ARTICLES = copies.live(written.FINDINGS), copies.live(written.ARTICLES)
LIST = copies.live(listed.CASES)
_USUAL = 3
"""Replies of a handler that are scored every week, where no rule says so."""


class ReplyFilter(Question):
    """Which replies; days are those on which they were given."""

    from_: date | None = Field(default=None, alias="from")
    """Given on this day or later."""
    to: date | None = None
    """Given on this day or earlier."""
    team: str | None = None
    """That answered for the complaint then."""
    author: str | None = None
    """Opaque id of who gave it."""


class TrendFilter(ReplyFilter):
    """The replies to count, and by what."""

    per: Literal["team", "person"] = "team"
    by: Literal["week", "month"] = "week"


class SampleFilter(Question):
    """The week of which to draw, by any day of it; and how many of each handler, if not as many as the rules say."""

    week: date
    per_handler: Annotated[int, Field(ge=1, le=100)] | None = None
    team: str | None = None


class Quality(Answer):
    """The replies of one team or person in one period. Means are of 100; null where nothing was judged or scored."""

    key: str | None
    period: date | None
    """Its first day; null: all of it."""
    replies: int
    judged: int
    mean_score: float | None
    """Of the reply check."""
    overruled: int
    """Went out with a written reason, though the check kept them back."""
    reviewed: int
    """Scored by a colleague at least once."""
    mean_review: float | None


class Trend(OfView):
    """Whole, and by key and period in order; the findings of the check with the number of replies that have them."""

    whole: Quality
    periods: tuple[Quality, ...]
    findings: Mapping[str, int]


class Drawn(Answer):
    """A reply that a colleague should score."""

    case: UUID
    number: str | None
    message: UUID
    replied_at: Moment
    author: str
    team: str | None
    final: bool
    score: int | None
    reviewed: bool
    """Somebody has scored it already."""


class Sample(OfView):
    """The replies of a week that colleagues score, by author. The same for everybody who asks at one position."""

    week: date
    """Its Monday."""
    per_handler: int
    replies: tuple[Drawn, ...]


class Used(Answer):
    """How often replies were written by an article of the knowledge base, and when last."""

    article: str
    replies: int
    last_used: Moment


class Usage(OfView):
    """The most used first."""

    articles: tuple[Used, ...]


def trend(snapshot: Snapshot, wanted: TrendFilter) -> Trend:
    """Return how good replies were, by team or person and period."""
    key = REPLIES.c.team if wanted.per == "team" else REPLIES.c.author
    period = narrow.bucket(wanted.by, REPLIES.c.week)
    grouped = _figures(wanted).add_columns(key.label("key"), period.label("period")).group_by("key", "period")
    rows = sql.fetch(snapshot.connection, grouped)
    [whole] = sql.fetch(snapshot.connection, _figures(wanted))
    in_order = sorted(rows, key=lambda row: (row["key"] is None, row["key"] or "", row["period"]))
    return Trend(
        **snapshot.stamp(),
        whole=_made(whole),
        periods=tuple(_made(row) for row in in_order),
        findings=_findings(snapshot, wanted),
    )


def sample(snapshot: Snapshot, wanted: SampleFilter) -> Sample:
    """Return which replies of a week a colleague should score: of each handler the same few for everybody.

    They are drawn by a hash of their ids, so that nobody chooses them.
    """
    monday = wanted.week - timedelta(days=wanted.week.weekday())
    rules = snapshot.book().reply_rules
    number = wanted.per_handler or (rules.scored_per_week if rules else _USUAL)
    drawn = _drawn(monday, wanted.team).subquery()
    query = (
        select(drawn, LIST.c.number)
        .join(LIST, LIST.c.stream == drawn.c.stream, isouter=True)
        .where(drawn.c.place <= number)
        .order_by(drawn.c.author, drawn.c.place)
    )
    rows = sql.fetch(snapshot.connection, query)
    return Sample(**snapshot.stamp(), week=monday, per_handler=number, replies=tuple(_shown(row) for row in rows))


def usage(snapshot: Snapshot) -> Usage:
    """Return which articles replies were written by."""
    query = (
        select(ARTICLES.c.article, func.count().label("replies"), func.max(REPLIES.c.replied_at).label("last_used"))
        .join(REPLIES, and_(REPLIES.c.stream == ARTICLES.c.stream, REPLIES.c.message == ARTICLES.c.message))
        .group_by(ARTICLES.c.article)
        .order_by(func.count().desc(), ARTICLES.c.article)
    )
    return Usage(**snapshot.stamp(), articles=tuple(Used(**row) for row in sql.fetch(snapshot.connection, query)))


def _figures(wanted: ReplyFilter) -> Select[Any]:
    means = (
        select(REVIEWS.c.stream, REVIEWS.c.message, func.avg(REVIEWS.c.mean).label("mean"))
        .group_by(REVIEWS.c.stream, REVIEWS.c.message)
        .subquery()
    )
    return (
        select(
            func.count().label("replies"),
            func.count(REPLIES.c.score).label("judged"),
            func.avg(REPLIES.c.score).label("mean_score"),
            func.count().filter(REPLIES.c.passed.is_(False)).label("overruled"),
            func.count(means.c.mean).label("reviewed"),
            func.avg(means.c.mean).label("mean_review"),
        )
        .select_from(REPLIES)
        .join(means, and_(means.c.stream == REPLIES.c.stream, means.c.message == REPLIES.c.message), isouter=True)
        .where(*_conditions(wanted))
    )


def _conditions(wanted: ReplyFilter) -> Sequence[ColumnElement[bool]]:
    day = cast(func.timezone("UTC", REPLIES.c.replied_at), Date)
    conditions: list[ColumnElement[bool]] = []
    if wanted.from_ is not None:
        conditions.append(day >= wanted.from_)
    if wanted.to is not None:
        conditions.append(day <= wanted.to)
    if wanted.team is not None:
        conditions.append(REPLIES.c.team == wanted.team)
    if wanted.author is not None:
        conditions.append(REPLIES.c.author == wanted.author)
    return conditions


def _findings(snapshot: Snapshot, wanted: ReplyFilter) -> dict[str, int]:
    number = func.count().label("number")
    query = (
        select(FINDINGS.c.finding, number)
        .join(REPLIES, and_(REPLIES.c.stream == FINDINGS.c.stream, REPLIES.c.message == FINDINGS.c.message))
        .where(*_conditions(wanted))
        .group_by(FINDINGS.c.finding)
        .order_by(number.desc(), FINDINGS.c.finding)
    )
    return {row["finding"]: row["number"] for row in sql.fetch(snapshot.connection, query)}


def _drawn(monday: date, team: str | None) -> Select[Any]:
    by_hash = func.md5(cast(REPLIES.c.message, Text))
    place = func.row_number().over(partition_by=REPLIES.c.author, order_by=by_hash).label("place")
    scored = (
        select(REVIEWS.c.message)
        .where(REVIEWS.c.stream == REPLIES.c.stream, REVIEWS.c.message == REPLIES.c.message)
        .exists()
        .label("reviewed")
    )
    query = select(REPLIES, place, scored).where(REPLIES.c.week == monday, REPLIES.c.author.like("person:%"))
    return query if team is None else query.where(REPLIES.c.team == team)


def _shown(row: Mapping[str, Any]) -> Drawn:
    names = ("number", "message", "replied_at", "author", "team", "final", "score", "reviewed")
    return Drawn(case=row["stream"], **{name: row[name] for name in names})


def _made(row: Mapping[str, Any]) -> Quality:
    means: dict[str, Any] = {
        name: None if row[name] is None else round(float(row[name]), 1) for name in ("mean_score", "mean_review")
    }
    numbers: dict[str, int] = {name: row[name] for name in ("replies", "judged", "overruled", "reviewed")}
    return Quality(key=row.get("key"), period=row.get("period"), **numbers, **means)
