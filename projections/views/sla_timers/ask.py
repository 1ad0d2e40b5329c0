"""What is due next, and which promises were missed, as of any instant.

Nothing here depends on a job having looked: the page is chosen by the stored due times, and each
case on it is judged anew from its marks at the instant that is asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field
from sqlalchemy import Boolean, ColumnElement, Select, Table, and_, literal_column, not_, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from engine.sla import marks
from engine.sla.judge import State, Verdict, judge
from projections import sql
from projections.answers import Answer, Moment, OfView, Question, Snapshot
from projections.api import paging
from projections.runtime import progress
from projections.views.sla_timers.calendars import Compiled
from projections.views.sla_timers.reported import Asks, Key, key_of
from projections.views.sla_timers.rows import CASES, CLOCKS, VERSION, VIEW
from schemas.configuration.policy import PLAIN_KINDS, is_kind
from schemas.words import Origin

NAME = (VIEW, VERSION)
MOST = 500
"""Clocks of one page at most."""
_SORTED = (datetime, UUID, str, int, int)
_CALENDARS = Compiled()
_PAUSED = literal_column("(state = 'paused')", Boolean)
"""As the index has it: a value that is handed in separately would hide the index from the planner."""
_STORED = frozenset(
    {
        "open", "number", "team", "business_unit", "origin", "policy", "policy_version", "warned", "next_action",
        "next_action_at",
    }
)  # fmt: skip
"""What the row says, whatever the instant of asking."""


def _known(kind: str) -> str:
    if not is_kind(kind):
        raise ValueError(f"there is no such kind of clock; one of: {', '.join(PLAIN_KINDS)}, stage:..., statutory:...")
    return kind


class TimerFilter(Question):
    """Which clocks to list; every condition that is given must hold."""

    state: State | None = None
    """As of the instant of asking."""
    open: bool | None = None
    """Neither fulfilled nor cancelled. Where neither ``state`` nor ``case`` is given, only open clocks are listed."""
    kind: Annotated[str, AfterValidator(_known)] | None = None
    case: UUID | None = None
    team: str | None = None
    business_unit: str | None = None
    origin: Origin | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    cursor: str | None = None


class NextDue(Answer):
    """The open clock of a case that is due first; one that is past due comes first too."""

    kind: str
    due_at: Moment


class WarningAt(Answer):
    """A share of a clock's own time and when it is used up."""

    percent: int
    at: Moment


class Timer(Answer):
    """One clock at the instant of asking. Seconds are of the clock's own time."""

    case: UUID
    number: str | None
    team: str | None
    business_unit: str
    origin: Origin
    kind: str
    cycle: int
    instance: int
    reference: str | None
    policy: str | None
    policy_version: int | None
    calendar: str
    calendar_version: int
    target: str | None
    started_at: Moment
    due_at: Moment
    state: Literal["running", "paused", "fulfilled", "missed", "cancelled"]
    open: bool
    fulfilled_at: Moment | None
    missed_at: Moment | None
    elapsed_seconds: float
    remaining_seconds: float | None
    overdue_seconds: float | None
    late_evidence: bool
    provisional: bool
    extended: bool
    paused_seconds: float
    warnings: tuple[WarningAt, ...]
    warned: int | None
    """The largest share, in percent, that a warning was given of."""
    next_action: Asks | None
    """What it will ask for next if nothing happens: a warning, that a miss is recorded, a level, the end of a term."""
    next_action_at: Moment | None


class TimerList(OfView):
    """A page of clocks, what is due next first and paused ones last."""

    at: Moment
    """The instant at which they were judged; not earlier than the latest event of a case, or that case's clocks may
    be listed by what they became later."""
    clocks: tuple[Timer, ...]
    next: str | None


def listing(snapshot: Snapshot, wanted: TimerFilter, at: datetime) -> TimerList:
    """List clocks as of ``at`` by what is due next.

    Raises:
        projections.api.paging.BadCursor: the cursor is not one of ours.
    """
    rows = sql.fetch(snapshot.connection, page(snapshot.on(NAME, CLOCKS), wanted, at))
    shown = rows[: wanted.limit]
    verdicts = _judged(snapshot, [row["stream"] for row in shown], at)
    clocks = tuple(_timer(row, verdicts[row["stream"]]) for row in shown)
    more = _cursor(shown[-1]) if len(rows) > len(shown) else None
    return TimerList(**snapshot.stamp(), at=at, clocks=clocks, next=more)


def page(clocks: Table, wanted: TimerFilter, at: datetime) -> Select[Any]:
    """Return the query of one page of the list, and of one row more."""
    order = (_PAUSED, *_order(clocks))
    return select(clocks).where(*_conditions(clocks, wanted, at)).order_by(*order).limit(wanted.limit + 1)


def next_due(snapshot: Snapshot, streams: Sequence[UUID]) -> dict[UUID, NextDue]:
    """Return each case's open clock that is due first; none while the timers stand at another position."""
    try:
        stands = progress.reached(snapshot.connection, [NAME])[0].position == snapshot.position
    except progress.Missing:
        return {}
    if not stands:
        return {}
    clocks = snapshot.on(NAME, CLOCKS)
    query = (
        select(clocks.c.stream, clocks.c.kind, clocks.c.due_at)
        .where(clocks.c.stream.in_(streams), clocks.c.open, clocks.c.state != "paused")
        .ext(distinct_on(clocks.c.stream))
        .order_by(clocks.c.stream, clocks.c.due_at, clocks.c.kind)
    )
    found = sql.fetch(snapshot.connection, query) if streams else []
    return {row["stream"]: NextDue(kind=row["kind"], due_at=row["due_at"]) for row in found}


def _order(clocks: Table) -> tuple[ColumnElement[Any], ...]:
    return clocks.c.due_at, clocks.c.stream, clocks.c.kind, clocks.c.cycle, clocks.c.instance


def _conditions(clocks: Table, wanted: TimerFilter, at: datetime) -> list[ColumnElement[bool]]:
    plain = wanted.model_dump(include={"kind", "team", "business_unit", "origin"}, exclude_none=True)
    conditions: list[ColumnElement[bool]] = [clocks.c[name] == value for name, value in plain.items()]
    if wanted.case is not None:
        conditions.append(clocks.c.stream == wanted.case)
    anything = wanted.state is None and wanted.case is None
    if anything or wanted.open is not None:
        conditions.append(not_(clocks.c.open) if wanted.open is False else clocks.c.open)
    if wanted.state is not None:
        conditions.append(_in_state(clocks, wanted.state, at))
    if wanted.cursor is not None:
        conditions.append(_behind(clocks, wanted.cursor))
    return conditions


def _in_state(clocks: Table, state: State, at: datetime) -> ColumnElement[bool]:
    """The stored state speaks of the case's latest event; since then only a running clock can have become missed."""
    overdue = and_(clocks.c.state == "running", clocks.c.due_at < at)
    match state:
        case "missed":
            return or_(clocks.c.state == "missed", overdue)
        case "running":
            return and_(clocks.c.state == "running", clocks.c.due_at >= at)
        case _:
            return clocks.c.state == state


def _cursor(row: Mapping[str, Any]) -> str:
    names = ("due_at", "stream", "kind", "cycle", "instance")
    return paging.cursor(VIEW, row["state"] == "paused", *(row[name] for name in names))


def _behind(clocks: Table, cursor: str) -> ColumnElement[bool]:
    paused, *values = paging.after(VIEW, cursor, (bool, *_SORTED))
    later = and_(_PAUSED.is_(paused), tuple_(*_order(clocks)) > tuple(values))
    return later if paused else or_(later, _PAUSED)


def _judged(snapshot: Snapshot, streams: Sequence[UUID], at: datetime) -> dict[UUID, dict[Key, Verdict]]:
    if not streams:
        return {}
    calendars = _CALENDARS.of(snapshot.book())
    cases = snapshot.on(NAME, CASES)
    query = select(cases.c.stream, cases.c.marks).where(cases.c.stream.in_(list(dict.fromkeys(streams))))
    return {
        row["stream"]: {key_of(one): one for one in judge(marks.from_json(row["marks"]), calendars, at)}
        for row in sql.fetch(snapshot.connection, query)
    }


def _timer(row: Mapping[str, Any], verdicts: Mapping[Key, Verdict]) -> Timer:
    """A clock that had not begun at the instant of asking shows what is stored of it."""
    one = verdicts.get((row["kind"], row["cycle"], row["instance"]))
    kept = {name: row[name] for name in Timer.model_fields.keys() & row.keys()}
    kept |= {"next_action": row["action"], "next_action_at": row["action_at"]}
    if one is None:
        none = {"remaining_seconds": None, "overdue_seconds": None, "warnings": ()}
        kept |= {"elapsed_seconds": 0.0, "paused_seconds": 0.0, **none}
        return Timer(case=row["stream"], **kept)
    names = kept.keys() - _STORED
    judged = {name: getattr(one, name) for name in names}
    return Timer(
        case=row["stream"],
        elapsed_seconds=one.elapsed_seconds,
        remaining_seconds=one.remaining_seconds,
        overdue_seconds=one.overdue_seconds,
        paused_seconds=one.paused_seconds,
        warnings=tuple(WarningAt(percent=warning.percent, at=warning.at) for warning in one.warnings),
        **(kept | judged),
    )
