"""How far each source has had its effect, and each topic our events; moved by compare-and-set, never "if larger"."""

from collections.abc import Collection
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.batch import SourceMove
from engine.store.database.pool import Pool
from engine.store.session import reading

DIFFER: Final = """ARRAY(
    SELECT w.source FROM unnest(%(sources)b::text[], %(source_positions)b::bigint[]) AS w (source, position)
    LEFT JOIN plaint.sources s USING (source) WHERE s.position IS DISTINCT FROM w.position)"""
"""Sources that are elsewhere than expected."""
_MOVE: Final = """
    INSERT INTO plaint.sources (source, position) SELECT * FROM unnest(%b::text[], %b::bigint[])
    ON CONFLICT (source) DO UPDATE SET position = excluded.position
"""


def move(connection: Connection[TupleRow], moves: Collection[SourceMove]) -> None:
    """Move sources, within the commit that has compared them."""
    if moves:
        connection.execute(_MOVE, ([each.source for each in moves], [each.new for each in moves]))


class Positions:
    """Looks up where sources are."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def look_up(self, sources: Collection[str]) -> dict[str, int]:
        """Source -> its position; no entry for one that was never moved. One query."""
        with reading(self._pool) as connection:
            query = "SELECT source, position FROM plaint.sources WHERE source = ANY(%s)"
            return dict(connection.execute(query, (list(sources),)).fetchall())

    def below(self, prefix: str) -> dict[str, int]:
        """Source -> its position, of all whose name begins so."""
        with reading(self._pool) as connection:
            query = "SELECT source, position FROM plaint.sources WHERE starts_with(source, %s)"
            return dict(connection.execute(query, (prefix,)).fetchall())

    def move_alone(self, move: SourceMove) -> bool:
        """Move one position in a transaction of its own, without events; False if it is elsewhere than expected.

        For who reads the log and has nothing to write: it needs no writers' lock.
        """
        with reading(self._pool) as connection:
            if move.expected is None:
                query = "INSERT INTO plaint.sources (source, position) VALUES (%s, %s) ON CONFLICT DO NOTHING"
                return connection.execute(query, (move.source, move.new)).rowcount == 1
            query = "UPDATE plaint.sources SET position = %s WHERE source = %s AND position = %s"
            return connection.execute(query, (move.new, move.source, move.expected)).rowcount == 1
