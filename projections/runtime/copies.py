"""A view's tables stand twice, so that a rebuild can run beside what is asked; a pointer tells which copy is read.

Copy 1 of a table has its plain name, copy 2 the same with ``_b`` behind it. Questions read neither, but
``<table>_live``: an SQL view over both, each behind the condition that the pointer names it. PostgreSQL
looks the pointer up once for a query and does not touch the other branch. Both branches are there from
the beginning, so that a switch is one UPDATE and no reader ever waits for a change of definitions.
"""

from functools import lru_cache
from typing import Final, Literal

from psycopg import sql as text
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.sql.elements import quoted_name

SCHEMA: Final = "views"
PERSONAL: Final = "views_personal"
"""The schema of tables with plaintext; it is left out of dumps, and filled again where it is missing."""

Copy = Literal[1, 2]

POINTERS: Final = Table(
    "pointers",
    MetaData(schema=SCHEMA),
    Column("view", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("copy", Integer, nullable=False, comment="Which copy of the view's tables questions read: 1 or 2."),
    Column("switched_at", DateTime(timezone=True), comment="When it was last changed; null: never."),
)


def other(copy: int) -> Copy:
    """Return the copy that this one is not."""
    return 1 if copy == 2 else 2


@lru_cache(maxsize=256)
def of(table: Table, copy: Copy) -> Table:
    """Return a table of a view in this copy, with indexes of its own."""
    if copy == 1:
        return table
    found = table.to_metadata(MetaData(schema=table.schema), name=f"{table.name}_b")
    for index in found.indexes:
        index.name = quoted_name(f"{index.name}_b", quote=None)
    return found


@lru_cache(maxsize=256)
def live(table: Table) -> Table:
    """Return what questions read in place of ``table``: the same columns, of the copy that the pointer names."""
    columns = (Column(column.name, column.type, primary_key=column.primary_key) for column in table.columns)
    return Table(f"{table.name}_live", MetaData(schema=table.schema), *columns)


def definition(table: Table, view: str, version: int) -> text.Composed:
    """Return the statement that makes the SQL view over both copies of a table."""
    columns = text.SQL(", ").join(text.Identifier(column.name) for column in table.columns)
    branches = text.SQL(" UNION ALL ").join(
        text.SQL("SELECT {} FROM {} WHERE (SELECT copy FROM {}.pointers WHERE view = {} AND version = {}) = {}").format(
            columns,
            place(of(table, copy)),
            text.Identifier(SCHEMA),
            text.Literal(view),
            text.Literal(version),
            text.Literal(copy),
        )
        for copy in (1, 2)
    )
    return text.SQL("CREATE VIEW {} AS {}").format(place(live(table)), branches)


def place(table: Table) -> text.Identifier:
    """Return the name of a view's table with its schema."""
    return text.Identifier(table.schema or SCHEMA, table.name)
