"""What analysts may build on: the SQL views of schema ``analytics``, gathered from the folders of their views.

A folder in ``projections/views`` says in its ``analytics.sql`` which views it gives, each in this form::

    -- analytics.name_v1: What a row is, in as many comment lines as it takes.
    SELECT
        c.stream AS case_id,  -- What the column says; every column has such a line.
    FROM {cases.list} AS c CROSS JOIN {freshness.cases} AS f WHERE {visible c.business_unit};

``{cases.list}`` is the table ``list`` of the view ``cases``, of this program's version and the copy that
is read; ``{freshness.cases}`` one row that says how far that view is; ``{visible EXPRESSION}`` holds where
the role that logged in may see rows of that business unit. A version of a view is never changed, but
by columns added at its end: another meaning is a ``_v2`` beside it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from projections.runtime import copies
from projections.runtime.projection import Projection

SCHEMA: Final = "analytics"
ROWS_OF_UNIT: Final = """\
((SELECT has_table_privilege(session_user, 'views.positions'::regclass, 'SELECT')
    OR NOT EXISTS (SELECT FROM analytics.units)
    OR EXISTS (SELECT FROM analytics.units AS u WHERE u.role = session_user AND u.business_unit = '*'))
  OR {unit} = ANY (ARRAY(SELECT u.business_unit FROM analytics.units AS u WHERE u.role = session_user)))"""
"""Rows follow the role that logged in, which ``SET ROLE`` and settings do not change.

Without any row in ``analytics.units`` units are not told apart. Who may read the tables below sees all anyway.
"""
_FRESHNESS: Final = """\
(SELECT position AS as_of_position, recorded_at AS as_of_time, lag_seconds
    FROM views.freshness WHERE view = '{view}' AND version = {version})"""

_HEADING: Final = re.compile(r"^-- analytics\.(\w+): ", re.MULTILINE)
_COLUMN: Final = re.compile(r"(?:\bAS |\.)(\w+),?[ ]{1,2}-- (\S.*)$", re.MULTILINE)
_PLACE: Final = re.compile(r"\{(\w+)\.(\w+)\}")
_VISIBLE: Final = re.compile(r"\{visible ([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Published:
    """One view of the contract."""

    name: str
    comment: str
    columns: tuple[tuple[str, str], ...]
    """Name and comment of each, in order."""
    query: str
    """What stands behind ``CREATE VIEW ... AS``."""
    reads: frozenset[str]
    """Tables of schema ``views`` that must be there before."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in order."""
        return tuple(name for name, _ in self.columns)

    @property
    def grows(self) -> bool:
        """Whether rows are only ever added, each at a position of the log that it names first."""
        return self.names[0] == "position"


class Malformed(Exception):
    """An ``analytics.sql`` does not have the form of the contract; says which view and what is missing."""


def published(views: Sequence[Projection]) -> tuple[Published, ...]:
    """Return the contract that these views give, by name; what reads others beside them is left out.

    Raises:
        Malformed: a file does not have its form.
    """
    found = [one for view in views for one in _of_file(_text(view.name), views)]
    return tuple(sorted(found, key=lambda one: one.name))


def _text(view: str) -> str:
    folder = resources.files("projections.views").joinpath(view)
    file = folder.joinpath("analytics.sql")
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _of_file(text: str, views: Sequence[Projection]) -> Iterator[Published]:
    marks = [*_HEADING.finditer(text)]
    ends = [*(mark.start() for mark in marks[1:]), len(text)][: len(marks)]
    for mark, end in zip(marks, ends, strict=True):
        heading, select, query = text[mark.end() : end].partition("\nSELECT")
        comment = " ".join(line.removeprefix("-- ") for line in heading.splitlines())
        found = _view(mark[1], comment, (select + query).strip().removesuffix(";"), views)
        if found is not None:
            yield found


def _view(name: str, comment: str, query: str, views: Sequence[Projection]) -> Published | None:
    columns = tuple((found[1], found[2]) for found in _COLUMN.finditer(query))
    if not columns:
        raise Malformed(f"analytics.{name}: no column with a comment behind it")
    return filled(name, comment, columns, re.sub(r"[ ]+--.*$", "", query, flags=re.MULTILINE), views)


def filled(
    name: str, comment: str, columns: tuple[tuple[str, str], ...], query: str, views: Sequence[Projection]
) -> Published | None:
    """Return a view whose ``query`` names tables as the contract does; None where it reads others than ``views``."""
    places = {found[0]: _table(found[1], found[2], views) for found in _PLACE.finditer(query)}
    body = query
    body = _VISIBLE.sub(lambda found: ROWS_OF_UNIT.replace("{unit}", found[1]), body)
    for place, table in places.items():
        if table is None:
            return None
        body = body.replace(place, table)
    tables = frozenset(found[2] for found in re.finditer(r"\b(views)\.(\w+_live)\b", body))
    return Published(name, comment, columns, body, tables)


def _table(first: str, second: str, views: Sequence[Projection]) -> str | None:
    view = next((view for view in views if view.name == (second if first == "freshness" else first)), None)
    if view is None:
        return None
    if first == "freshness":
        return _FRESHNESS.format(view=view.name, version=view.version)
    wanted = f"{view.name}_{second}_v{view.version}"
    table = next((table for table in view.tables if (table.schema, table.name) == (copies.SCHEMA, wanted)), None)
    return None if table is None else f"{copies.SCHEMA}.{copies.live(table).name}"
