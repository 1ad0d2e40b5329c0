"""What the funnel counts, kept up to date by month of receipt: a million complaints are some thousand rows.

A row says how much of one thing (``what``) there is among the cases of a month, channel, type, origin and
business unit. What is counted of a case follows from its rows alone, so the tally moves by what they
count after a change less what they counted before it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from psycopg import sql as text
from sqlalchemy import Table

from projections.sql import Link
from projections.views.funnel.tables import CaseRow, Passage

Key = tuple[date, str, str, str, str, str]
"""Month, channel, type, origin, business unit, what."""
GROUPS: Final = ("channel", "type", "origin", "business_unit")

_ADD: Final = text.SQL(
    "INSERT INTO {table} AS kept (month, channel, type, origin, business_unit, what, n) "
    "SELECT * FROM unnest(%s::date[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[]) "
    "ON CONFLICT (month, channel, type, origin, business_unit, what) DO UPDATE SET n = kept.n + excluded.n"
)
_CLEAR: Final = text.SQL("DELETE FROM {table} WHERE month = ANY(%s) AND n = 0")


def of(row: CaseRow, passages: Sequence[Passage]) -> dict[Key, int]:
    """Return what is counted of one case. Nothing is counted that is 0."""
    group = row.received_on.replace(day=1), row.channel or "", row.type or "", row.origin, row.business_unit
    things = _of_feedback(row) if row.kind == "feedback" else _of_complaint(row, passages)
    counted: dict[Key, int] = {}
    for what, number in things:
        if number:
            counted[*group, what] = counted.get((*group, what), 0) + number
    return counted


def _of_feedback(row: CaseRow) -> Iterable[tuple[str, int]]:
    return (f"feedback/{row.sense}", 1), ("became", int(row.became is not None))


def _of_complaint(row: CaseRow, passages: Sequence[Passage]) -> Iterable[tuple[str, int]]:
    yield "received", 1
    yield "registered", int(row.registered)
    yield "converted", int(any(one.stage == "closed" and one.entries > 0 for one in passages))
    yield "reopened", int(row.reopenings > 0)
    yield "reopenings", row.reopenings
    yield "waited", int(row.waits > 0)
    yield "waits", row.waits
    yield "rated", int(row.rated)
    yield "satisfied", int(row.satisfied is True)
    yield "dissatisfied", int(row.satisfied is False)
    for one in passages:
        yield f"{one.stage}/{one.ended or 'there_now'}/{one.exit_reason or ''}", 1
        yield f"{one.stage}/skipped/", int(one.entries == 0)


def move(
    connection: Link, table: Table, before: Iterable[Mapping[Key, int]], after: Iterable[Mapping[Key, int]]
) -> None:
    """Add to the tally what rows count now, less what they counted before."""
    moved: Counter[Key] = Counter()
    for counted in after:
        moved.update(counted)
    for counted in before:
        moved.subtract(counted)
    changed = sorted((*key, number) for key, number in moved.items() if number)
    if not changed:
        return
    named = text.Identifier(table.schema or "views", table.name)
    connection.execute(_ADD.format(table=named), [list(column) for column in zip(*changed, strict=True)])
    months = sorted({row[0] for row in changed})
    connection.execute(_CLEAR.format(table=named), (months,))
