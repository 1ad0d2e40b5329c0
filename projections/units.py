"""Rows by business unit: the one place where every question is narrowed to what its asker may see.

A question is asked within ``confined``; until that ends, every query of this context reads a table of cases as if
it held those of his units alone. The condition is written into the query, once for each table that it names, and so
no route, view or export can leave it out. It is no policy of rows, which would keep the index of words from use, and
no setting of a session. A table that tells cases of all units together is refused.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.sql import ClauseElement, visitors

PARAMETER: Final = "plaint_units"
_NAMED: Final = re.compile(r"\bviews(?:_personal)?\.(\w+_v\d+(?:_b|_live)?)\b")
_VERSIONED: Final = re.compile(r"_v\d+(?:_b|_live)?$")
_COMPLAINT: Final = "complaint"
"""Where it is part of a table's key, a row is of that case as well, which may be another unit's."""
_FOR_ALL: Final = frozenset({"audit_trail_subjects", "case_fields_sets"})
"""Tables without a row of a case that tell nothing by themselves: positions of entries, declarations of fields."""


class OfAllUnits(PermissionError):
    """What is asked for is kept for all business units together, and the asker may see some of them."""

    def __init__(self) -> None:
        super().__init__("this is counted over all business units, and your rights cover some: ask more narrowly")


@dataclass(frozen=True, slots=True)
class Confinement:
    """``homes`` names the table that says to which unit a stream belongs now, by the view that asks; "" for any."""

    units: frozenset[str]
    homes: Mapping[str, str]


_NOW: Final[ContextVar[Confinement | None]] = ContextVar("units", default=None)


def confine(confinement: Confinement | None) -> None:
    """Narrow every question of this context from now on; None: do not."""
    _NOW.set(confinement)


@contextmanager
def confined(confinement: Confinement | None) -> Iterator[None]:
    """Narrow the questions that are asked within."""
    token = _NOW.set(confinement)
    try:
        yield
    finally:
        _NOW.reset(token)


def everywhere() -> bool:
    """Whether the asker may see all units."""
    return _NOW.get() is None


def confinement() -> frozenset[str] | None:
    """Return the units that the asker may see; None: all."""
    now = _NOW.get()
    return None if now is None else now.units


def within(unit: str) -> bool:
    """Whether the asker may see what belongs to a unit."""
    now = _NOW.get()
    return now is None or unit in now.units


def of_all() -> None:
    """Make sure that the asker may see all units, for what no query narrows.

    Raises:
        OfAllUnits: he may not.
    """
    if not everywhere():
        raise OfAllUnits


def narrowed(text: str, values: dict[str, Any], statement: ClauseElement) -> tuple[str, dict[str, Any]]:
    """Return a query as the asker may ask it.

    Raises:
        OfAllUnits: it reads what is kept for all units together.
    """
    now = _NOW.get()
    if now is None:
        return text, values
    tables = {one.name: one for one in visitors.iterate(statement) if isinstance(one, Table)}
    wanted = sorted({found[1] for found in _NAMED.finditer(text)})
    parts = {name: _part(name, tables.get(name), now) for name in wanted}
    shadows = [f"{name} AS NOT MATERIALIZED ({part})" for name, part in parts.items() if part is not None]
    if not shadows:
        return text, values
    body = _NAMED.sub(lambda found: found[1] if parts[found[1]] is not None else found[0], text)
    return _with(shadows, body), {**values, PARAMETER: sorted(now.units)}


def _part(name: str, table: Table | None, now: Confinement) -> str | None:
    """Return the rows of a table that the asker may see, as a query; None where all are for everybody."""
    plain = _VERSIONED.sub("", name)
    if plain in _FOR_ALL:
        return None
    if table is None or not {"business_unit", "stream"} & set(table.c.keys()):
        raise OfAllUnits
    whole = f"SELECT * FROM {table.schema}.{name} WHERE "  # noqa: S608 -- names of our own tables
    own = f"business_unit = ANY(%({PARAMETER})s)"
    if "business_unit" in table.c:
        return whole + own
    home = next((place for view, place in now.homes.items() if view and plain.startswith(f"{view}_")), now.homes[""])
    rows = f"{whole}stream IN (SELECT stream FROM {home} WHERE {own})"  # noqa: S608 -- as above
    if _COMPLAINT in table.c and table.c[_COMPLAINT].primary_key:
        rows += f" AND {_COMPLAINT} IN (SELECT stream FROM {now.homes['']} WHERE {own})"  # noqa: S608 -- as above
    return rows


def _with(shadows: list[str], body: str) -> str:
    first = ", ".join(shadows)
    for opening in ("WITH RECURSIVE ", "WITH "):
        if body.startswith(opening):
            return f"{opening}{first}, {body.removeprefix(opening)}"
    return f"WITH {first} {body}"
