"""What teams and persons have to do, what of it is overdue, and how soon they answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, func, or_, select

from projections import sql
from projections.answers import Answer, Moment, OfView, Snapshot
from projections.runtime import copies
from projections.views.funnel import ask as funnel
from projections.views.funnel import narrow
from projections.views.funnel.narrow import CASES, Narrowed
from projections.views.sla_timers import ask as timers
from projections.views.sla_timers import rows as clocks
from projections.views.workload import rows as written
from projections.views.workload.rows import VERSION, VIEW

NAMES = ((VIEW, VERSION), funnel.NAME, timers.NAME)
COMPLAINTS, CLOCKS = copies.live(written.COMPLAINTS), copies.live(clocks.CLOCKS)


class WorkloadFilter(Narrowed):
    """Whose workload, of complaints received in the given days."""

    per: Literal["team", "person"] = "team"


class Load(Answer):
    """One team or person; a null ``key`` stands for complaints that nobody answers for.

    Open, overdue, concluded and reopened ones count for who answers for the complaint now, first
    replies for who gave them. Times are seconds from receipt to the first reply, interim or final;
    an acknowledgement is none.
    """

    key: str | None
    complaints: int
    open: int
    """Not closed."""
    overdue: int
    """Open ones of which a clock has run out and is neither fulfilled nor cancelled, as of ``at``."""
    concluded: int
    """Resolved, discontinued or closed at least once."""
    reopened: int
    """Reopened at least once."""
    reopen_rate: float | None
    """Reopened as a share of concluded."""
    replies: int
    """Complaints first replied to."""
    median_reply_seconds: float | None
    p90_reply_seconds: float | None
    median_reply_worked_seconds: float | None
    """In working time, of complaints with a pinned calendar."""
    p90_reply_worked_seconds: float | None


class Workload(OfView):
    """The most open complaints first. The numbers of all loads add up to those of the whole."""

    at: Moment
    whole: Load
    loads: tuple[Load, ...]


def workload(snapshot: Snapshot, wanted: WorkloadFilter, at: datetime) -> Workload:
    """Return what teams or persons have to do. ``at`` is when clocks have run out; all else stands as it does now."""
    now = CASES.c.team if wanted.per == "team" else COMPLAINTS.c.assignee
    then = COMPLAINTS.c.reply_team if wanted.per == "team" else COMPLAINTS.c.replied_by
    whole = _loads(snapshot, wanted, at, None, None)
    loads = _loads(snapshot, wanted, at, now, then)
    in_order = sorted(loads.items(), key=lambda pair: (-pair[1].get("open", 0), pair[0] is None, pair[0] or ""))
    return Workload(
        **snapshot.stamp(),
        at=at,
        whole=_made(None, whole.get(None, {})),
        loads=tuple(_made(key, row) for key, row in in_order),
    )


def _loads(
    snapshot: Snapshot,
    wanted: WorkloadFilter,
    at: datetime,
    now: ColumnElement[Any] | None,
    then: ColumnElement[Any] | None,
) -> dict[str | None, dict[str, Any]]:
    """Return the figures by key; without keys the whole, under None."""
    found: dict[str | None, dict[str, Any]] = {}
    for key, query in ((now, _standing(wanted, at)), (then, _replies(wanted))):
        grouped = query if key is None else query.add_columns(key.label("key")).group_by(key)
        for row in sql.fetch(snapshot.connection, grouped):
            found.setdefault(row.pop("key", None), {}).update(row)
    return found


def _joined(query: Any, wanted: WorkloadFilter) -> Any:
    query = query.select_from(CASES).join(COMPLAINTS, COMPLAINTS.c.stream == CASES.c.stream, isouter=True)
    return query.where(CASES.c.kind == "complaint", *narrow.conditions(wanted))


def _standing(wanted: WorkloadFilter, at: datetime) -> Any:
    late = select(CLOCKS.c.stream).where(CLOCKS.c.open, _run_out(at))
    is_open = CASES.c.closed.is_(False)
    numbers: Mapping[str, ColumnElement[bool]] = {
        "open": is_open,
        "overdue": and_(is_open, CASES.c.stream.in_(late)),
        "concluded": COMPLAINTS.c.concluded,
        "reopened": CASES.c.reopenings > 0,
    }
    counted = (func.count().filter(meaning).label(name) for name, meaning in numbers.items())
    return _joined(select(func.count().label("complaints"), *counted), wanted)


def _run_out(at: datetime) -> ColumnElement[bool]:
    """The stored state speaks of the case's latest event; since then only a running clock can have run out."""
    return or_(CLOCKS.c.state == "missed", and_(CLOCKS.c.state == "running", CLOCKS.c.due_at < at))


def _replies(wanted: WorkloadFilter) -> Any:
    times = (
        func.percentile_cont(share).within_group(COMPLAINTS.c[column].asc()).label(f"{word}_{column}")
        for word, share in (("median", 0.5), ("p90", 0.9))
        for column in ("reply_seconds", "reply_worked_seconds")
    )
    query = select(func.count().label("replies"), *times)
    return _joined(query, wanted).where(COMPLAINTS.c.replied_at.is_not(None))


def _made(key: str | None, row: Mapping[str, Any]) -> Load:
    names = ("complaints", "open", "overdue", "concluded", "reopened", "replies")
    numbers: dict[str, int] = {name: row.get(name, 0) for name in names}
    seconds = {name: row.get(name) for name in Load.model_fields if name.endswith("seconds")}
    times: dict[str, Any] = {name: None if value is None else round(value, 3) for name, value in seconds.items()}
    concluded = numbers["concluded"]
    return Load(
        key=key,
        **numbers,
        reopen_rate=round(numbers["reopened"] / concluded, 4) if concluded else None,
        **times,
    )
