"""How soon the funnel and the list of cases answer when there are a million complaints.

The rows of the cases that the log holds are multiplied on the server, each copy under an id of its own and
an hour earlier than the one before; closed clocks are left out, since neither question looks at them.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Final

from psycopg import sql as text
from sqlalchemy import Table

from consumers.bench.shape import Result, Round, limited
from consumers.bench.stand import Stand
from projections.answers import Snapshot
from projections.sql import Link
from projections.views.cases import ask as cases
from projections.views.cases import rows as listed
from projections.views.funnel import ask as funnel
from projections.views.funnel import tables as counted
from projections.views.sla_timers import ask as timers
from projections.views.sla_timers import rows as timed

COMPLAINTS: Final = 1_000_000
QUICK: Final = 2_000
LIMIT_MS: Final = 50.0
_TIMES: Final = 9
_ALL: Final = text.SQL("")
_SHIFTED: Final = {"opened_at", "received_at", "due_at"}
_COPIES: Final = """
    CREATE TEMPORARY TABLE copies AS
    SELECT stream AS old, gen_random_uuid() AS new, nth FROM views.cases_list_v1, generate_series(1, {}) AS nth;
    CREATE INDEX ON copies (old);
    ANALYZE copies
"""


def measure(stand: Stand) -> list[Result]:
    """Return the figures of both questions, each beside the same question before the rows were multiplied."""
    with stand.here.views.snapshot([funnel.NAME, cases.NAME, timers.NAME]) as seen:
        before = _funnel(seen), _cases(seen)
    wanted = QUICK if stand.quick else COMPLAINTS
    stand.tell(f"put {wanted:,} complaints into the views")
    with stand.here.pool.connection() as connection:
        stand.data_size["listed_complaints"] = _multiply(connection, wanted)
    _settle(stand)
    with stand.here.views.snapshot([funnel.NAME, cases.NAME, timers.NAME]) as seen:
        after = _funnel(seen), _cases(seen)
    names = ("funnel_1m_ms", "cases_1m_ms")
    rounds = (Round(value=now, baseline=then) for now, then in zip(after, before, strict=True))
    return [limited(name, "ms", [one], below=LIMIT_MS) for name, one in zip(names, rounds, strict=True)]


def _funnel(seen: Snapshot) -> float:
    return _took(lambda: funnel.counts(seen, funnel.FunnelFilter()))


def _cases(seen: Snapshot) -> float:
    """The slowest of what a handler opens: the latest cases, those due next, and one case by its number."""
    pages = (cases.CaseFilter(limit=50), cases.CaseFilter(limit=50, sort="due"))
    found = [_took(lambda page=page: cases.listing(seen, page)) for page in pages]  # type: ignore[misc] # bound at once
    return max(*found, _took(lambda: cases.find(seen, "PL-00000-00000")))


def _took(question: Callable[[], object]) -> float:
    def once() -> float:
        began = perf_counter()
        question()
        return (perf_counter() - began) * 1000

    return median(once() for _ in range(_TIMES))


def _multiply(connection: Link, wanted: int) -> int:
    row = connection.execute("SELECT count(*) FROM views.cases_list_v1").fetchone()
    there = int(row[0]) if row else 0
    times = -(-wanted // there)
    connection.execute(text.SQL(_COPIES).format(text.Literal(times)))
    for table in (listed.CASES, counted.CASES, counted.PASSAGES):
        connection.execute(_copied(table))
    connection.execute(_copied(timed.CLOCKS, text.SQL("WHERE t.open")))
    connection.execute(text.SQL("UPDATE {} SET n = n * {}").format(_named(counted.TALLY), text.Literal(times + 1)))
    return there * (times + 1)


def _copied(table: Table, where: text.SQL = _ALL) -> text.Composed:
    names = [str(column.name) for column in table.columns]
    return text.SQL("INSERT INTO {} ({}) SELECT {} FROM {} AS t JOIN copies ON t.stream = copies.old {}").format(
        _named(table),
        text.SQL(", ").join(map(text.Identifier, names)),
        text.SQL(", ").join(map(_value, names)),
        _named(table),
        where,
    )


def _value(name: str) -> text.Composable:
    if name == "stream":
        return text.SQL("copies.new")
    column = text.Identifier("t", name)
    return text.SQL("{} - copies.nth * interval '1 hour'").format(column) if name in _SHIFTED else column


def _named(table: Table) -> text.Identifier:
    return text.Identifier(str(table.schema), str(table.name))


def _settle(stand: Stand) -> None:
    with stand.here.pool.connection() as connection:
        connection.autocommit = True
        for table in (listed.CASES, counted.CASES, counted.PASSAGES, counted.TALLY, timed.CLOCKS):
            connection.execute(text.SQL("VACUUM (ANALYZE) {}").format(_named(table)))
        connection.autocommit = False
