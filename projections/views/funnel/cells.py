"""What the funnel counts, kept up to date by day, month and ever, so that a question reads some hundred rows.

A cell is one period of one slice: of all cases, of one value of one word, or (months alone) of a combination of the
four words that are few. Days are those of receipt, in the slice ``entered`` those of entering a stage.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from psycopg import sql as text
from psycopg.types.json import Jsonb
from sqlalchemy import Table

from projections.sql import Link
from projections.views.funnel.narrow import DIMENSIONS
from projections.views.funnel.tally import EVER, Moved

Cell = tuple[str, str, date, str]
"""Slice, period, its first day, key."""
ALL: Final = "all"
ENTERED: Final = "entered"
COMBINED: Final = "combined"
FEW: Final = ("channel", "type", "origin", "business_unit")
"""The words of the slice ``combined``, in the order of its key, in which they stand with a space between."""

_PLACES: Final = tuple(DIMENSIONS.index(name) for name in FEW)
_READ: Final = text.SQL(
    "SELECT slice, period, begins, key, counted FROM {table} "
    "JOIN unnest(%s::text[], %s::text[], %s::date[], %s::text[]) AS mine(slice, period, begins, key) "
    "USING (slice, period, begins, key)"
)
_WRITE: Final = text.SQL(
    "INSERT INTO {table} (slice, period, begins, key, counted) "
    "SELECT * FROM unnest(%s::text[], %s::text[], %s::date[], %s::text[], %s::jsonb[]) "
    "ON CONFLICT (slice, period, begins, key) DO UPDATE SET counted = excluded.counted"
)
_DROP: Final = text.SQL(
    "DELETE FROM {table} USING unnest(%s::text[], %s::text[], %s::date[], %s::text[]) "
    "AS mine(slice, period, begins, key) WHERE {table}.slice = mine.slice AND {table}.period = mine.period "
    "AND {table}.begins = mine.begins AND {table}.key = mine.key"
)


def spread(moved: Moved) -> dict[Cell, Counter[str]]:
    """Return by how much each cell changes."""
    days: defaultdict[Cell, Counter[str]] = defaultdict(Counter)
    found: defaultdict[Cell, Counter[str]] = defaultdict(Counter)
    for (day, words, what), number in moved.received.items():
        if number:
            days[ALL, "day", day, ""][what] += number
            for name, value in zip(DIMENSIONS, words, strict=True):
                days[name, "day", day, value][what] += number
            key = " ".join(words[place] for place in _PLACES)
            found[COMBINED, "month", day.replace(day=1), key][what] += number
            found[COMBINED, "ever", EVER, key][what] += number
    for (day, what), number in moved.entered.items():
        if number:
            days[ENTERED, "day", day, ""][what] += number
    for (slice_, _, day, key), counted in days.items():
        for longer in ((slice_, "month", day.replace(day=1), key), (slice_, "ever", EVER, key)):
            _add(found[longer], counted)
    return {**days, **found}


def _add(to: Counter[str], counted: Mapping[str, int]) -> None:
    for what, number in counted.items():
        to[what] += number


def move(connection: Link, table: Table, changes: Mapping[Cell, Mapping[str, int]]) -> None:
    """Add the changes to the cells. Only the view's owner writes them: what is read here holds until it is written."""
    wanted = {cell: counted for cell, counted in changes.items() if any(counted.values())}
    if not wanted:
        return
    named = text.Identifier(table.schema or "views", table.name)
    kept: dict[Cell, dict[str, int]] = {
        (row[0], row[1], row[2], row[3]): row[4]
        for row in connection.execute(_READ.format(table=named), _columns(wanted)).fetchall()
    }
    after = {cell: added(kept.get(cell, {}), counted) for cell, counted in wanted.items()}
    full = {cell: counted for cell, counted in after.items() if counted}
    empty = [cell for cell, counted in after.items() if not counted]
    if full:
        values = [*_columns(full), [Jsonb(counted) for counted in full.values()]]
        connection.execute(_WRITE.format(table=named), values)
    if empty:
        connection.execute(_DROP.format(table=named), _columns(dict.fromkeys(empty)))


def added(kept: Mapping[str, int], change: Mapping[str, int]) -> dict[str, int]:
    """Return both added up, without what is 0."""
    found = dict(kept)
    for what, number in change.items():
        found[what] = found.get(what, 0) + number
    return {what: number for what, number in found.items() if number}


def _columns(cells: Mapping[Cell, object]) -> list[list[object]]:
    return [list(column) for column in _turned(list(cells))]


def _turned(cells: list[Cell]) -> Iterator[tuple[object, ...]]:
    return zip(*cells, strict=True)
