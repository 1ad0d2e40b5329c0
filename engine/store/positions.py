"""How far each source has had its effect; moved by compare-and-set, never "if larger"."""

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
