"""In which order cases are listed: a query, and the mark after which its next page begins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, exists, select, tuple_

from projections.answers import Snapshot
from projections.api import paging
from projections.views.cases import rows as written
from projections.views.sla_timers import ask as timers
from projections.views.sla_timers import rows as timed


@dataclass(frozen=True, slots=True)
class Order:
    """A query of cases in order. ``cursor`` marks a row of it, ``behind`` is true of the rows after such a mark."""

    cases: Table
    query: Select[Any]
    cursor: Callable[[Mapping[str, Any]], str]
    behind: Callable[[str], ColumnElement[bool]]


def by_opening(snapshot: Snapshot) -> Order:
    """The latest opened first."""
    cases = snapshot.on((written.VIEW, written.VERSION), written.CASES)
    key = (cases.c.opened_at, cases.c.stream)
    return Order(
        cases,
        select(cases).order_by(*(column.desc() for column in key)),
        lambda row: paging.cursor("opened", row["opened_at"], row["stream"]),
        lambda cursor: tuple_(*key) < paging.after("opened", cursor, (datetime, UUID)),
    )


def by_due(snapshot: Snapshot) -> Order:
    """What is due next first, by each case's open clock that is due first; cases of which nothing is due are left out.

    Paused clocks have no due. The order by state first is that of the clocks' index, where paused ones stand last.
    """
    cases = snapshot.on((written.VIEW, written.VERSION), written.CASES)
    clocks = snapshot.on(timers.NAME, timed.CLOCKS)
    earlier = clocks.alias("earlier")
    first = ~exists().where(
        earlier.c.stream == clocks.c.stream,
        *_running(earlier),
        tuple_(*_rank(earlier)) < tuple_(*_rank(clocks)),
    )
    key = (clocks.c.due_at, clocks.c.stream)
    query = (
        select(cases, clocks.c.due_at.label("next_due_at"))
        .join_from(clocks, cases, cases.c.stream == clocks.c.stream)
        .where(*_running(clocks), first)
        .order_by(clocks.c.state == "paused", *key)
    )
    return Order(
        cases,
        query,
        lambda row: paging.cursor("due", row["next_due_at"], row["stream"]),
        lambda cursor: tuple_(*key) > paging.after("due", cursor, (datetime, UUID)),
    )


def _running(clocks: Any) -> tuple[ColumnElement[bool], ...]:
    return clocks.c.open, clocks.c.state != "paused"


def _rank(clocks: Any) -> tuple[ColumnElement[Any], ...]:
    return clocks.c.due_at, clocks.c.kind, clocks.c.cycle, clocks.c.instance
