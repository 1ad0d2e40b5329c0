"""How many promises of time were kept, of those that were due in some days; late evidence stands apart."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from sqlalchemy import ColumnElement, and_, case, func, select

from projections import sql
from projections.answers import Answer, Moment, OfView, Question, Snapshot
from projections.views.sla_timers.ask import NAME
from projections.views.sla_timers.rows import CLOCKS
from schemas.configuration.policy import PLAIN_KINDS, is_kind
from schemas.words import Origin

Per = Literal["kind", "team", "business_unit", "policy"]


def _known(kind: str) -> str:
    if not is_kind(kind):
        raise ValueError(f"there is no such kind of clock; one of: {', '.join(PLAIN_KINDS)}, stage:..., statutory:...")
    return kind


class AttainmentFilter(Question):
    """Which promises to count; every condition that is given must hold."""

    from_: date | None = Field(default=None, alias="from")
    """Due on this day (UTC) or later."""
    to: date | None = None
    """Due on this day (UTC) or earlier."""
    kind: Annotated[str, AfterValidator(_known)] | None = None
    team: str | None = None
    business_unit: str | None = None
    origin: Origin | None = None
    per: Per = "kind"
    """A row for each of these."""


class Kept(Answer):
    """Promises of one group. ``attainment`` is the share of kept ones among kept and missed; null without any."""

    key: str | None
    kept: int
    late_evidence: int
    """Kept in the world, as was known only after the due: in neither of the two others."""
    missed: int
    cancelled: int
    open: int
    """Not due yet, or paused."""
    attainment: float | None


class Attainment(OfView):
    """Promises as they stand at ``at``; one that is past due counts as missed whether or not anybody looked."""

    at: Moment
    per: Per
    groups: tuple[Kept, ...]


def attainment(snapshot: Snapshot, wanted: AttainmentFilter, at: datetime) -> Attainment:
    """Count promises by group, the group with most first."""
    clocks = snapshot.on(NAME, CLOCKS)
    overdue = and_(clocks.c.state == "running", clocks.c.due_at < at)
    missed = (clocks.c.state == "missed") | overdue
    counted: dict[str, ColumnElement[bool]] = {
        "kept": and_(clocks.c.state == "fulfilled", ~clocks.c.late_evidence),
        "late_evidence": clocks.c.late_evidence,
        "missed": and_(missed, ~clocks.c.late_evidence),
        "cancelled": clocks.c.state == "cancelled",
        "open": and_(clocks.c.state.in_(("running", "paused")), ~overdue),
    }
    numbers = [func.count(case((condition, 1))).label(name) for name, condition in counted.items()]
    key = clocks.c[wanted.per]
    query = select(key.label("key"), *numbers).where(*_conditions(clocks, wanted)).group_by(key)
    rows = sql.fetch(snapshot.connection, query.order_by(func.count().desc(), key))
    groups = tuple(Kept(**row, attainment=_share(row["kept"], row["missed"])) for row in rows)
    return Attainment(**snapshot.stamp(), at=at, per=wanted.per, groups=groups)


def _conditions(clocks: Any, wanted: AttainmentFilter) -> list[ColumnElement[bool]]:
    plain = wanted.model_dump(include={"kind", "team", "business_unit", "origin"}, exclude_none=True)
    conditions: list[ColumnElement[bool]] = [clocks.c[name] == value for name, value in plain.items()]
    if wanted.from_ is not None:
        conditions.append(clocks.c.due_at >= datetime.combine(wanted.from_, time(), UTC))
    if wanted.to is not None:
        conditions.append(clocks.c.due_at <= datetime.combine(wanted.to, time.max, UTC))
    return conditions


def _share(kept: int, missed: int) -> float | None:
    return kept / (kept + missed) if kept + missed else None
