"""Do both copies of a view hold the same rows? Compared row by row, under one snapshot, at one position."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from psycopg import IsolationLevel
from psycopg import sql as text
from sqlalchemy import Table

from engine.store.database.pool import Pool
from projections.runtime import copies, progress
from projections.runtime.progress import Reached
from projections.runtime.projection import Projection
from projections.sql import Link

EXAMPLES: Final = 5
"""Rows of a table that are shown at most."""
WITHHELD: Final = "not shown"
"""In place of values that hold words of persons: a comparison is printed and kept by whoever runs the machines."""


class NoSecondCopy(LookupError):
    """There is nothing to compare with: no rebuild of the view was begun, or its copy was dropped."""

    def __init__(self, view: str) -> None:
        self.view = view
        super().__init__(f"view {view} stands once: `plaint project rebuild {view}` makes a second copy")


class Apart(Exception):
    """The copies stand at different positions; the one that is behind has to catch up first."""

    def __init__(self, view: str, position: int, behind: int) -> None:
        self.view, self.position, self.behind = view, position, behind
        super().__init__(f"the copies of {view} stand at {position} and {behind}: let the second one catch up")


@dataclass(frozen=True, slots=True)
class Example:
    """One row that differs: its key, and of what differs the value that is read now and the rebuilt one.

    Of tables with plaintext the columns that differ are named, and their values are ``WITHHELD``.
    """

    key: dict[str, str]
    now: dict[str, str | None] | None
    """None: there is no such row in the copy that is read."""
    rebuilt: dict[str, str | None] | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One table of a view: rows in the copy that is read and in the other one, and how many differ, how."""

    table: str
    now: int
    rebuilt: int
    only_now: int
    only_rebuilt: int
    changed: int
    examples: tuple[Example, ...]

    @property
    def differs(self) -> bool:
        """Whether any row does."""
        return bool(self.only_now or self.only_rebuilt or self.changed)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A view's two copies at one position. ``left_out``: cases that an error keeps out of either."""

    view: str
    version: int
    position: int
    left_out: int
    tables: tuple[Compared, ...]

    @property
    def differs(self) -> bool:
        """Whether any row of any table does, or cases are left out of a copy."""
        return bool(self.left_out) or any(one.differs for one in self.tables)


def compare(pool: Pool, view: Projection) -> Comparison:
    """Compare both copies of a view.

    Reads every row of both, without a lock that anybody would wait for.

    Raises:
        NoSecondCopy: the view stands once.
        Apart: the second copy has not caught up.
    """
    with _one_snapshot(pool) as connection:
        now, rebuilt = both(connection, view)
        if now.position != rebuilt.position:
            raise Apart(view.name, now.position, rebuilt.position)
        tables = tuple(_compared(connection, one, now) for one in view.tables)
        return Comparison(view.name, view.version, now.position, now.left_out + rebuilt.left_out, tables)


def both(connection: Link, view: Projection) -> tuple[Reached, Reached]:
    """Return where the copy that is read and the other one stand.

    Raises:
        NoSecondCopy: the view stands once.
    """
    found = progress.copies_of(connection, [(view.name, view.version)])
    if len(found) != 2:
        raise NoSecondCopy(view.name)
    return found[0], found[1]


@contextmanager
def _one_snapshot(pool: Pool) -> Iterator[Link]:
    with pool.connection() as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        try:
            with connection.transaction():
                yield connection
        finally:
            if not connection.closed:
                connection.isolation_level = None
                connection.read_only = None


def _compared(connection: Link, table: Table, now: Reached) -> Compared:
    pair = _Pair(copies.of(table, now.copy), copies.of(table, copies.other(now.copy)))
    counted = connection.execute(pair.counted()).fetchone()
    rows, rebuilt, only_now, only_rebuilt, changed = counted or (0, 0, 0, 0, 0)
    found = connection.execute(pair.examples()).fetchall() if only_now or only_rebuilt or changed else []
    examples = tuple(_example(pair, row) for row in found)
    return Compared(str(table.name), rows, rebuilt, only_now, only_rebuilt, changed, examples)


class _Pair:
    """The statements that compare two tables of one shape, joined by their key."""

    def __init__(self, now: Table, rebuilt: Table) -> None:
        self._tables = {"a": now, "b": rebuilt}
        self.personal = now.schema == copies.PERSONAL
        self.key = [str(column.name) for column in now.primary_key.columns]
        self.rest = [str(column.name) for column in now.columns if column.name not in self.key]

    def counted(self) -> text.Composed:
        missing = text.Identifier(self.key[0])
        return text.SQL(
            "SELECT count(a.{0}), count(b.{0}), count(*) FILTER (WHERE b.{0} IS NULL), "
            "count(*) FILTER (WHERE a.{0} IS NULL), count(*) FILTER (WHERE a.{0} = b.{0} AND {1}) {2}"
        ).format(missing, self._different(), self._joined())

    def examples(self) -> text.Composed:
        sides = [_cast(side, column) for side in "ab" for column in (*self.key, *self.rest)]
        return text.SQL("SELECT {} {} WHERE a.{} IS NULL OR b.{} IS NULL OR {} ORDER BY {} LIMIT {}").format(
            text.SQL(", ").join(sides),
            self._joined(),
            text.Identifier(self.key[0]),
            text.Identifier(self.key[0]),
            self._different(),
            text.SQL(", ").join(
                text.SQL("coalesce(a.{0}, b.{0})").format(text.Identifier(column)) for column in self.key
            ),
            text.Literal(EXAMPLES),
        )

    def _joined(self) -> text.Composed:
        names = (text.Identifier(str(one.schema), one.name) for one in self._tables.values())
        keys = (text.SQL("a.{0} = b.{0}").format(text.Identifier(column)) for column in self.key)
        return text.SQL("FROM {} AS a FULL JOIN {} AS b ON {}").format(*names, text.SQL(" AND ").join(keys))

    def _different(self) -> text.Composed:
        if not self.rest:
            return text.Composed([text.SQL("false")])
        rows = (text.SQL(", ").join(_column(side, column) for column in self.rest) for side in "ab")
        return text.SQL("ROW({}) IS DISTINCT FROM ROW({})").format(*rows)


def _column(side: str, column: str) -> text.Identifier:
    return text.Identifier(side, column)


def _cast(side: str, column: str) -> text.Composed:
    return text.SQL("{}::text").format(_column(side, column))


def _example(pair: _Pair, row: Sequence[Any]) -> Example:
    names = (*pair.key, *pair.rest)
    now, rebuilt = dict(zip(names, row[: len(names)], strict=True)), dict(zip(names, row[len(names) :], strict=True))
    here, there = now[pair.key[0]] is not None, rebuilt[pair.key[0]] is not None
    shown = [name for name in pair.rest if now[name] != rebuilt[name]]
    return Example(
        {name: str(now[name] if here else rebuilt[name]) for name in pair.key},
        {name: WITHHELD if pair.personal else now[name] for name in shown} if here else None,
        {name: WITHHELD if pair.personal else rebuilt[name] for name in shown} if there else None,
    )
