"""What systemic causes there are, which complaints belong to them, what is done, and what it brought."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, and_, func, or_, select

from projections import sql
from projections.answers import Answer, Moment, OfView, Question, Snapshot
from projections.runtime import copies
from projections.views.causes import ask as causes
from projections.views.funnel import ask as funnel
from projections.views.funnel.narrow import CASES
from projections.views.problems import rows as written
from projections.views.problems.rows import VERSION, VIEW
from schemas.words import Cause

NAME = (VIEW, VERSION)
NAMES = (NAME, funnel.NAME)
NAMES_OF_EFFECT = (NAME, *causes.NAMES)
PROBLEMS, LINKS, ACTIONS = (copies.live(table) for table in (written.PROBLEMS, written.LINKS, written.ACTIONS))
_TENTH: Final = Decimal("0.01")

State = Literal["suspected", "open", "mended", "none"]
"""Suspected by a rule; opened by a person; mended; or closed since it was none."""
_STATES: Final[Mapping[State, ColumnElement[bool]]] = {
    "suspected": and_(PROBLEMS.c.opened_at.is_(None), PROBLEMS.c.closed_at.is_(None)),
    "open": and_(PROBLEMS.c.opened_at.is_not(None), PROBLEMS.c.closed_at.is_(None)),
    "mended": PROBLEMS.c.mended.is_(True),
    "none": PROBLEMS.c.mended.is_(False),
}


class ProblemFilter(Question):
    """Which problems to list."""

    state: State | None = None
    cause: Cause | None = None
    business_unit: str | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class EffectFilter(Question):
    """Over how many days before and after to count."""

    days: Annotated[int, Field(ge=1, le=366)] = 30


class Problem(Answer):
    """One systemic cause, suspected or known."""

    problem: UUID
    state: State
    business_unit: str
    begun_at: Moment
    cause: Cause | None
    code: str | None
    owner: str | None
    complaints: int
    """Those that belong to it now."""
    last_7_days: int
    """Of them, those received in the seven days up to the latest receipt that the views know."""
    to_do: int
    """Actions that are not completed."""
    before_per_day: Decimal | None
    after_per_day: Decimal | None


class ProblemList(OfView):
    """The ones with most complaints first; ``count`` is how many there are."""

    count: int
    problems: tuple[Problem, ...]


class Belonging(Answer):
    """One complaint of a problem."""

    case: UUID
    number: str | None
    received_on: date | None
    type: str | None
    product: str | None
    closed: bool | None
    by_rule: bool
    """Alike by wording; no person has said so."""


class Doing(Answer):
    """One action."""

    action: UUID
    team: str | None
    owner: str | None
    assigned_at: Moment
    due: Moment | None
    completed_at: Moment | None


class Lesson(Answer):
    """What can be learned of one problem. Nobody is named."""

    problem: UUID
    cause: Cause | None
    code: str | None
    complaints: int
    happened: str
    changed: str
    closed: bool
    before_per_day: Decimal | None
    after_per_day: Decimal | None


class Lessons(OfView):
    """The board, the latest problem first."""

    lessons: tuple[Lesson, ...]


class WholeProblem(OfView):
    """All that is known of one problem; null where there is none of this id."""

    problem: Problem | None
    lesson: Lesson | None = None
    complaints: tuple[Belonging, ...] = ()
    actions: tuple[Doing, ...] = ()


class Effect(OfView):
    """Complaints a day before the first action was completed and after it; null where none is, or too lately.

    Counted are the complaints that belong to the problem, and those whose established cause has its code,
    by days of receipt. The day of completion itself counts on neither side.
    """

    problem: UUID
    completed_on: date | None
    days: int
    days_after: int
    """How many days have passed of them."""
    before: int
    after: int
    before_per_day: Decimal | None
    after_per_day: Decimal | None


def problems(snapshot: Snapshot, wanted: ProblemFilter) -> ProblemList:
    """List problems with how many complaints belong to each."""
    given = {name: getattr(wanted, name) for name in ("cause", "business_unit")}
    conditions = [PROBLEMS.c[name] == value for name, value in given.items() if value is not None]
    conditions += [_STATES[wanted.state]] if wanted.state else []
    query = _listed(conditions).limit(wanted.limit)
    count = sql.fetch(snapshot.connection, select(func.count().label("n")).select_from(PROBLEMS).where(*conditions))[0][
        "n"
    ]
    found = tuple(_problem(row) for row in sql.fetch(snapshot.connection, query))
    return ProblemList(**snapshot.stamp(), count=count, problems=found)


def problem(snapshot: Snapshot, stream: UUID) -> WholeProblem:
    """Return one problem with its complaints and actions."""
    heads = sql.fetch(snapshot.connection, _listed([PROBLEMS.c.stream == stream]))
    if not heads:
        return WholeProblem(**snapshot.stamp(), problem=None)
    columns = (
        LINKS.c.complaint.label("case"), CASES.c.number, CASES.c.received_on, CASES.c.type, CASES.c.product,
        CASES.c.closed, LINKS.c.by_rule,
    )  # fmt: skip
    belonging = (
        select(*columns)
        .join_from(LINKS, CASES, CASES.c.stream == LINKS.c.complaint, isouter=True)
        .where(LINKS.c.stream == stream, LINKS.c.inside)
        .order_by(CASES.c.received_on, LINKS.c.complaint)
    )
    doing = select(ACTIONS).where(ACTIONS.c.stream == stream).order_by(ACTIONS.c.assigned_at, ACTIONS.c.action_id)
    return WholeProblem(
        **snapshot.stamp(),
        problem=_problem(heads[0]),
        lesson=_lesson(heads[0]) if heads[0]["happened"] is not None else None,
        complaints=tuple(Belonging(**row) for row in sql.fetch(snapshot.connection, belonging)),
        actions=tuple(_doing(row) for row in sql.fetch(snapshot.connection, doing)),
    )


def lessons(snapshot: Snapshot) -> Lessons:
    """Return the board of lessons."""
    query = _listed([PROBLEMS.c.happened.is_not(None)]).order_by(None).order_by(PROBLEMS.c.begun_at.desc())
    return Lessons(
        **snapshot.stamp(), lessons=tuple(_lesson(row) for row in sql.fetch(snapshot.connection, query))
    )  # fmt: skip


def of_case(snapshot: Snapshot, case: UUID) -> tuple[UUID, ...]:
    """Return the problems that a complaint belongs to."""
    query = select(LINKS.c.stream).where(LINKS.c.complaint == case, LINKS.c.inside).order_by(LINKS.c.stream)
    return tuple(row["stream"] for row in sql.fetch(snapshot.connection, query))


def open_among(snapshot: Snapshot, cases: Sequence[UUID]) -> tuple[UUID, ...]:
    """Return the problems, not closed yet, that any of these complaints belongs or belonged to; the oldest first."""
    query = (
        select(PROBLEMS.c.stream)
        .join_from(PROBLEMS, LINKS, LINKS.c.stream == PROBLEMS.c.stream)
        .where(LINKS.c.complaint.in_(cases), PROBLEMS.c.closed_at.is_(None))
        .group_by(PROBLEMS.c.stream, PROBLEMS.c.begun_at)
        .order_by(PROBLEMS.c.begun_at, PROBLEMS.c.stream)
    )
    return tuple(row["stream"] for row in sql.fetch(snapshot.connection, query))


def effect(snapshot: Snapshot, stream: UUID, wanted: EffectFilter, today: date) -> Effect:
    """Count the complaints of a problem before and after its first completed action. ``today`` is not over yet."""
    query = select(func.min(ACTIONS.c.completed_at).label("at")).where(ACTIONS.c.stream == stream)
    at = sql.fetch(snapshot.connection, query)[0]["at"]
    blank: dict[str, Any] = {"problem": stream, "days": wanted.days}
    if at is None:
        return Effect(
            **snapshot.stamp(), **blank, completed_on=None, days_after=0, before=0, after=0,
            before_per_day=None, after_per_day=None,
        )  # fmt: skip
    done = at.date()
    last = min(done + timedelta(days=wanted.days), today - timedelta(days=1))
    days_after = max((last - done).days, 0)
    before = _received(snapshot, stream, done - timedelta(days=wanted.days), done - timedelta(days=1))
    after = _received(snapshot, stream, done + timedelta(days=1), last)
    return Effect(
        **snapshot.stamp(), **blank, completed_on=done, days_after=days_after, before=before, after=after,
        before_per_day=_rate(before, wanted.days), after_per_day=_rate(after, days_after),
    )  # fmt: skip


def _received(snapshot: Snapshot, stream: UUID, first: date, last: date) -> int:
    linked = select(LINKS.c.complaint).where(LINKS.c.stream == stream, LINKS.c.inside)
    code = select(PROBLEMS.c.code).where(PROBLEMS.c.stream == stream).scalar_subquery()
    query = (
        select(func.count().label("n"))
        .join_from(CASES, causes.CAUSES, causes.CAUSES.c.stream == CASES.c.stream, isouter=True)
        .where(
            CASES.c.received_on.between(first, last),
            or_(CASES.c.stream.in_(linked), causes.CAUSES.c.code == code),
        )
    )
    number: int = sql.fetch(snapshot.connection, query)[0]["n"]
    return number


def _rate(count: int, days: int) -> Decimal | None:
    return (Decimal(count) / days).quantize(_TENTH, ROUND_HALF_UP) if days else None


def _listed(conditions: Sequence[ColumnElement[bool]]) -> Any:
    latest = select(func.max(CASES.c.received_on)).scalar_subquery()
    inside = and_(LINKS.c.stream == PROBLEMS.c.stream, LINKS.c.inside)
    belonging = select(func.count()).where(inside).correlate(PROBLEMS).scalar_subquery()
    recent = (
        select(func.count())
        .join_from(LINKS, CASES, CASES.c.stream == LINKS.c.complaint)
        .where(inside, CASES.c.received_on > latest - 7)
        .correlate(PROBLEMS)
        .scalar_subquery()
    )
    undone = and_(ACTIONS.c.stream == PROBLEMS.c.stream, ACTIONS.c.completed_at.is_(None))
    to_do = select(func.count()).where(undone).correlate(PROBLEMS).scalar_subquery()
    return (
        select(PROBLEMS, belonging.label("complaints"), recent.label("last_7_days"), to_do.label("to_do"))
        .where(*conditions)
        .order_by(belonging.desc(), PROBLEMS.c.begun_at.desc(), PROBLEMS.c.stream)
    )


def _problem(row: Mapping[str, Any]) -> Problem:
    return Problem(
        problem=row["stream"], state=_state(row), **{name: row[name] for name in Problem.model_fields if name in row}
    )


def _state(row: Mapping[str, Any]) -> State:
    if row["closed_at"] is not None:
        return "mended" if row["mended"] else "none"
    return "suspected" if row["opened_at"] is None else "open"


def _lesson(row: Mapping[str, Any]) -> Lesson:
    known = {name: row[name] for name in Lesson.model_fields if name in row}
    return Lesson(problem=row["stream"], closed=row["closed_at"] is not None, **known)


def _doing(row: Mapping[str, Any]) -> Doing:
    return Doing(action=row["action_id"], **{name: row[name] for name in Doing.model_fields if name in row})
