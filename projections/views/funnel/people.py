"""How many distinct people stand behind the funnel's numbers, kept up to date without looking at every case.

Of every complainant it is kept how often he is counted in what; a number of people changes when that leaves 0 or
comes back to it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from psycopg import sql as text
from psycopg.types.json import Jsonb
from sqlalchemy import Table

from projections.sql import Link
from projections.views.funnel.cells import ALL, Cell, added
from projections.views.funnel.tally import EVER

Person = tuple[UUID, date]
"""A complainant, and a month of receipt or ``EVER``."""

_READ: Final = text.SQL(
    "SELECT complainant, begins, counted FROM {table} "
    "JOIN unnest(%s::uuid[], %s::date[]) AS mine(complainant, begins) USING (complainant, begins)"
)
_WRITE: Final = text.SQL(
    "INSERT INTO {table} (complainant, begins, counted) SELECT * FROM unnest(%s::uuid[], %s::date[], %s::jsonb[]) "
    "ON CONFLICT (complainant, begins) DO UPDATE SET counted = excluded.counted"
)
_DROP: Final = text.SQL(
    "DELETE FROM {table} USING unnest(%s::uuid[], %s::date[]) AS mine(complainant, begins) "
    "WHERE {table}.complainant = mine.complainant AND {table}.begins = mine.begins"
)


def move(connection: Link, table: Table, changes: Mapping[tuple[UUID, date, str], int]) -> dict[Cell, Counter[str]]:
    """Add the changes to what is kept of each person; return by how much the numbers of people change."""
    wanted: defaultdict[Person, dict[str, int]] = defaultdict(dict)
    for (complainant, begins, what), number in changes.items():
        if number:
            wanted[complainant, begins][what] = number
    if not wanted:
        return {}
    named = text.Identifier(table.schema or "views", table.name)
    read = connection.execute(_READ.format(table=named), _columns(list(wanted))).fetchall()
    kept: dict[Person, dict[str, int]] = {(row[0], row[1]): row[2] for row in read}
    after = {person: added(kept.get(person, {}), change) for person, change in wanted.items()}
    _write(connection, named, after)
    return _crossed({person: kept.get(person, {}) for person in wanted}, after)


def _write(connection: Link, table: text.Identifier, after: Mapping[Person, Mapping[str, int]]) -> None:
    full = {person: counted for person, counted in after.items() if counted}
    if full:
        values = [*_columns(list(full)), [Jsonb(counted) for counted in full.values()]]
        connection.execute(_WRITE.format(table=table), values)
    empty = [person for person, counted in after.items() if not counted]
    if empty:
        connection.execute(_DROP.format(table=table), _columns(empty))


def _crossed(
    before: Mapping[Person, Mapping[str, int]], after: Mapping[Person, Mapping[str, int]]
) -> dict[Cell, Counter[str]]:
    found: defaultdict[Cell, Counter[str]] = defaultdict(Counter)
    for person, now in after.items():
        then = before[person]
        cell = (ALL, "ever" if person[1] == EVER else "month", person[1], "")
        for what in then.keys() ^ now.keys():
            found[cell][f"people/{what}"] += 1 if what in now else -1
    return found


def _columns(people: list[Person]) -> list[list[object]]:
    return [list(column) for column in zip(*people, strict=True)]
