"""What the funnel keeps beside its cases, counted anew from rows that were put there by hand."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from psycopg import sql as text

from projections.runtime import copies
from projections.sql import Link
from projections.views.funnel import tally
from projections.views.funnel.rows import Funnel
from projections.views.funnel.tables import CASES, CELLS, PASSAGES, PEOPLE, TIMES, CaseRow, Passage

_CASES_AT_A_TIME: Final = 20_000


def count(connection: Link) -> None:
    """Empty what is kept, and count it from every case and passage that there is, day after day."""
    kept = text.SQL(", ").join(copies.place(one) for one in (CELLS, PEOPLE, TIMES))
    connection.execute(text.SQL("TRUNCATE {}").format(kept))
    view = Funnel()
    for rows in _lots(connection):
        streams = [row.stream for row in rows]
        passages = connection.execute(
            text.SQL("SELECT * FROM {} WHERE stream = ANY(%s) ORDER BY stream").format(copies.place(PASSAGES)),
            (streams,),
        ).fetchall()
        own = {stream: [Passage(*row) for row in held] for stream, held in groupby(passages, key=lambda row: row[0])}
        view.count(connection, tally.moved((), (tally.of(row, own.get(row.stream, ())) for row in rows)))


def _lots(connection: Link) -> Iterator[Sequence[CaseRow]]:
    with connection.cursor(name="every_case") as cursor:
        cursor.itersize = _CASES_AT_A_TIME
        cursor.execute(text.SQL("SELECT * FROM {} ORDER BY received_on").format(copies.place(CASES)))
        rows: list[tuple[Any, ...]]
        while rows := cursor.fetchmany(_CASES_AT_A_TIME):
            yield [CaseRow(*row) for row in rows]
