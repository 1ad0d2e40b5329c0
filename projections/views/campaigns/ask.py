"""Whom campaigns asked, how many answered, how satisfied they are; and who is to be asked or reminded next."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Date, Label, and_, cast, exists, func, or_, select, tuple_

from engine.rules.campaigns import Wave
from projections import sql
from projections.answers import Answer, Moment, OfView, Question, Snapshot
from projections.api import paging
from projections.runtime import copies
from projections.views.campaigns import rows as written
from projections.views.campaigns.rows import VERSION, VIEW
from projections.views.funnel import narrow
from projections.views.satisfaction.ask import ParameterFigures, marks_of, of_parameter
from schemas.configuration.survey import Campaign

NAME = (VIEW, VERSION)
NAMES = (NAME,)
RESPONDENTS, ENROLMENTS, INVITATIONS, MARKS = (
    copies.live(table) for table in (written.RESPONDENTS, written.ENROLMENTS, written.INVITATIONS, written.MARKS)
)
_DAY: Final = cast(func.timezone("UTC", INVITATIONS.c.invited_at), Date)
_ANSWERED: Final = INVITATIONS.c.answered_at.is_not(None)
_BELONGS: Final = RESPONDENTS.c.stream == INVITATIONS.c.stream

By = Literal["wave", "day", "week", "month"]


class CampaignFilter(Question):
    """Whose answers to count: of people who were invited in the given days (UTC)."""

    survey: str | None = None
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    business_unit: str | None = None
    by: By | None = None
    """Broken down by wave of the schedule, or by period of the invitation."""


class AnswerFilter(CampaignFilter):
    """Which answers to list; ``by`` changes nothing."""

    negative: bool = False
    """Only those below the line of satisfied."""
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: str | None = None
    """``next`` of the page before."""


class CampaignFigures(Answer):
    """Invitations of one survey, of one wave or period where ``begins`` says so; no rating of a complaint.

    ``answered`` as a share of ``invited`` is the response rate; an invitation that is still open counts as asked.
    """

    survey: str
    begins: date | None
    invited: int
    to_call: int
    """Of those not answered, whom no program reaches."""
    reminded: int
    answered: int
    response_rate: float | None
    satisfied: int
    """Mean of the marks, each as a share of its best one, at least 4 of 5."""
    negative: int
    mean_share: float | None
    complaints: int
    """Opened of bad marks."""
    parameters: tuple[ParameterFigures, ...]


class Campaigns(OfView):
    """Surveys by name, then by wave or period."""

    campaigns: tuple[CampaignFigures, ...]


class Listed(Answer):
    """Who may be asked by one survey."""

    survey: str
    enrolled: int
    declined: int
    """Of them, those who want to be asked no more, by any survey."""
    unreachable: int
    """Of them, those whose last mail came back."""


class CampaignAnswer(Answer):
    """One answer; what the person wrote beside stands in his stream."""

    respondent: UUID
    survey: str
    number: int
    answered_at: Moment
    business_unit: str
    channel: str
    mean_share: float
    satisfied: bool
    complaint: UUID | None
    marks: Mapping[str, str]
    """Parameter -> mark, such as ``2/5``."""


class CampaignAnswers(OfView):
    """A page of them, the latest first; ``count`` is how many there are."""

    count: int
    answers: tuple[CampaignAnswer, ...]
    next: str | None


# ------------------------------------------------------------------------------------------------ figures


def campaigns(snapshot: Snapshot, wanted: CampaignFilter) -> Campaigns:
    """Return response and marks of each campaign."""
    marks: dict[tuple[Any, ...], dict[tuple[str, int], dict[int, int]]] = {}
    for row in sql.fetch(snapshot.connection, _marks(wanted)):
        scales = marks.setdefault((row["survey"], row.get("begins")), {})
        scales.setdefault((row["parameter"], row["out_of"]), {})[row["score"]] = row["n"]
    rows = sql.fetch(snapshot.connection, _counts(wanted))
    made = (_figures(row, marks.get((row["survey"], row.get("begins")), {})) for row in rows)
    in_order = sorted(made, key=lambda one: (one.survey, one.begins is None, one.begins or date.min))
    return Campaigns(**snapshot.stamp(), campaigns=tuple(in_order))


def listed(snapshot: Snapshot) -> tuple[Listed, ...]:
    """Return how many people each survey may ask."""
    query = (
        select(
            ENROLMENTS.c.survey, func.count().label("enrolled"),
            func.count(RESPONDENTS.c.declined_at).label("declined"),
            func.count().filter(RESPONDENTS.c.unreachable).label("unreachable"),
        )
        .join_from(ENROLMENTS, RESPONDENTS, RESPONDENTS.c.stream == ENROLMENTS.c.stream)
        .group_by(ENROLMENTS.c.survey)
        .order_by(ENROLMENTS.c.survey)
    )  # fmt: skip
    return tuple(Listed(**row) for row in sql.fetch(snapshot.connection, query))


def answers(snapshot: Snapshot, wanted: AnswerFilter) -> CampaignAnswers:
    """List answers, the latest first.

    Raises:
        projections.api.paging.BadCursor: the cursor is not one of ours.
    """
    columns = (
        INVITATIONS.c.stream.label("respondent"), INVITATIONS.c.survey, INVITATIONS.c.number, INVITATIONS.c.answered_at,
        RESPONDENTS.c.business_unit, INVITATIONS.c.channel, INVITATIONS.c.mean_share, INVITATIONS.c.satisfied,
        INVITATIONS.c.complaint,
    )  # fmt: skip
    negative = [INVITATIONS.c.satisfied.is_(False)] if wanted.negative else []
    conditions = (_ANSWERED, *_conditions(wanted), *negative)
    found = select(*columns).join_from(INVITATIONS, RESPONDENTS, _BELONGS).where(*conditions).subquery()
    count = sql.fetch(snapshot.connection, select(func.count().label("n")).select_from(found))[0]["n"]
    order = (found.c.answered_at, found.c.respondent, found.c.number)
    page = select(found).order_by(*(column.desc() for column in order)).limit(wanted.limit + 1)
    if wanted.cursor is not None:
        page = page.where(tuple_(*order) < paging.after(VIEW, wanted.cursor, (datetime, UUID, int)))
    rows = sql.fetch(snapshot.connection, page)
    shown = rows[: wanted.limit]
    last = shown[-1] if len(rows) > len(shown) else None
    marks = marks_of(snapshot, MARKS, "number", [row["respondent"] for row in shown])
    return CampaignAnswers(
        **snapshot.stamp(),
        count=count,
        answers=tuple(CampaignAnswer(**row, marks=marks[row["respondent"], row["number"]]) for row in shown),
        next=paging.cursor(VIEW, last["answered_at"], last["respondent"], last["number"]) if last else None,
    )


def _conditions(wanted: CampaignFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.survey is not None:
        conditions.append(INVITATIONS.c.survey == wanted.survey)
    if wanted.business_unit is not None:
        conditions.append(RESPONDENTS.c.business_unit == wanted.business_unit)
    if wanted.from_ is not None:
        conditions.append(wanted.from_ <= _DAY)
    if wanted.to is not None:
        conditions.append(wanted.to >= _DAY)
    return conditions


def _parts(wanted: CampaignFilter) -> tuple[Label[Any], ...]:
    survey = INVITATIONS.c.survey.label("survey")
    if wanted.by is None:
        return (survey,)
    begins = INVITATIONS.c.wave if wanted.by == "wave" else narrow.bucket(wanted.by, _DAY)
    return survey, begins.label("begins")


def _counts(wanted: CampaignFilter) -> Any:
    parts, uncalled = _parts(wanted), and_(INVITATIONS.c.by_mail.is_(False), INVITATIONS.c.answered_at.is_(None))
    return (
        select(
            *parts, func.count().label("invited"), func.count().filter(uncalled).label("to_call"),
            func.count().filter(INVITATIONS.c.reminders > 0).label("reminded"),
            func.count(INVITATIONS.c.answered_at).label("answered"),
            func.count().filter(INVITATIONS.c.satisfied).label("satisfied"),
            func.avg(INVITATIONS.c.mean_share).label("mean_share"),
            func.count(INVITATIONS.c.complaint).label("complaints"),
        )
        .join_from(INVITATIONS, RESPONDENTS, _BELONGS)
        .where(*_conditions(wanted))
        .group_by(*parts)
    )  # fmt: skip


def _marks(wanted: CampaignFilter) -> Any:
    same = and_(INVITATIONS.c.stream == MARKS.c.stream, INVITATIONS.c.number == MARKS.c.number)
    kinds = (*_parts(wanted), MARKS.c.parameter, MARKS.c.out_of, MARKS.c.score)
    return (
        select(*kinds, func.count().label("n"))
        .join_from(MARKS, INVITATIONS, same)
        .join(RESPONDENTS, _BELONGS)
        .where(*_conditions(wanted))
        .group_by(*kinds)
        .order_by(MARKS.c.parameter, MARKS.c.out_of, MARKS.c.score)
    )


def _figures(row: Mapping[str, Any], scales: Mapping[tuple[str, int], Mapping[int, int]]) -> CampaignFigures:
    invited, answered, mean = row["invited"], row["answered"], row["mean_share"]
    plain = ("survey", "invited", "to_call", "reminded", "answered", "satisfied", "complaints")
    return CampaignFigures(
        **{name: row[name] for name in plain},
        begins=row.get("begins"),
        response_rate=round(answered / invited, 4) if invited else None,
        negative=answered - row["satisfied"],
        mean_share=None if mean is None else round(mean, 4),
        parameters=tuple(of_parameter(*scale, found) for scale, found in scales.items()),
    )


# ------------------------------------------------------------------------------------------------ who is next


def waiting(
    snapshot: Snapshot, survey: str, wave: Wave, quiet_since: datetime, campaign: Campaign, most: int
) -> tuple[UUID, ...]:
    """Return who is to be invited in a wave, the longest enrolled first, at most so many.

    Who came by a case is asked in the wave that chose him; who stands on a list, in every one.
    """
    same = and_(INVITATIONS.c.stream == ENROLMENTS.c.stream, INVITATIONS.c.survey == survey)
    this_wave = and_(same, INVITATIONS.c.wave.is_(None) if wave.day is None else INVITATIONS.c.wave == wave.day)
    sources: list[ColumnElement[bool]] = []
    if "list" in campaign.who:
        sources.append(ENROLMENTS.c.about.is_(None))
    if set(campaign.who) != {"list"}:
        sources.append(and_(ENROLMENTS.c.about.is_not(None), ENROLMENTS.c.enrolled_at >= wave.at))
    query = (
        select(ENROLMENTS.c.stream)
        .join_from(ENROLMENTS, RESPONDENTS, RESPONDENTS.c.stream == ENROLMENTS.c.stream)
        .where(
            ENROLMENTS.c.survey == survey,
            RESPONDENTS.c.declined_at.is_(None),
            RESPONDENTS.c.unreachable.is_(False),
            or_(RESPONDENTS.c.last_invited_at.is_(None), RESPONDENTS.c.last_invited_at <= quiet_since),
            or_(*sources),
            ~exists().where(this_wave),
        )
        .order_by(ENROLMENTS.c.enrolled_at, ENROLMENTS.c.stream)
        .limit(most)
    )
    return tuple(row["stream"] for row in sql.fetch(snapshot.connection, query))


class Unanswered(Answer):
    """An invitation that may be reminded of."""

    stream: UUID
    number: int
    invited_at: Moment
    reminders: int


def unanswered(snapshot: Snapshot, survey: str, before: datetime, now: datetime) -> tuple[Unanswered, ...]:
    """Return the invitations by mail from before an instant that are open and unanswered, the oldest first."""
    query = (
        select(INVITATIONS.c.stream, INVITATIONS.c.number, INVITATIONS.c.invited_at, INVITATIONS.c.reminders)
        .join_from(INVITATIONS, RESPONDENTS, _BELONGS)
        .where(
            INVITATIONS.c.survey == survey,
            INVITATIONS.c.invited_at <= before,
            INVITATIONS.c.until > now,
            INVITATIONS.c.answered_at.is_(None),
            INVITATIONS.c.by_mail,
            RESPONDENTS.c.declined_at.is_(None),
            RESPONDENTS.c.unreachable.is_(False),
        )
        .order_by(INVITATIONS.c.invited_at, INVITATIONS.c.stream)
    )
    return tuple(Unanswered(**row) for row in sql.fetch(snapshot.connection, query))


def declined(snapshot: Snapshot, streams: Sequence[UUID]) -> frozenset[UUID]:
    """Return which of these people want to be asked no more."""
    query = select(RESPONDENTS.c.stream).where(
        RESPONDENTS.c.stream.in_(streams), RESPONDENTS.c.declined_at.is_not(None)
    )
    return frozenset(row["stream"] for row in sql.fetch(snapshot.connection, query)) if streams else frozenset()
