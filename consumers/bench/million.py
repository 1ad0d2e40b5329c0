"""How soon the funnel and the list of cases answer when there are a million complaints.

The rows of the cases that the log holds are multiplied on the server, each copy under an id of its own, an hour
earlier than the one before and, in the funnel, a day earlier, with other words, people and times; what the funnel
keeps beside them is counted from these rows. Closed clocks are left out, since no question here looks at them.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Final

from psycopg import sql as text
from sqlalchemy import Table

from consumers.bench import kept
from consumers.bench.shape import Result, Round, limited
from consumers.bench.stand import Stand
from projections.answers import Snapshot
from projections.sql import Link
from projections.views.cases import ask as cases
from projections.views.cases import rows as listed
from projections.views.funnel import ask as funnel
from projections.views.funnel import drill, narrow
from projections.views.funnel import tables as counted
from projections.views.funnel.rows import Funnel
from projections.views.sla_timers import ask as timers
from projections.views.sla_timers import rows as timed

COMPLAINTS: Final = 1_000_000
QUICK: Final = 2_000
LIMIT_MS: Final = 50.0
_TIMES: Final = 9
_ALL: Final = text.SQL("")
_HOURS: Final = text.SQL("t.{} - copies.nth * interval '1 hour'")
_DAYS: Final = text.SQL("t.{} - copies.nth % 1000")
_LONG: Final = text.SQL("t.{} * (0.5 + copies.nth % 997 / 997.0)")
_CHANGED: Final = {
    **dict.fromkeys(("opened_at", "received_at", "due_at"), _HOURS),
    **dict.fromkeys(("received_on", "entered_on", "left_on"), _DAYS),
    **dict.fromkeys(("seconds", "worked_seconds"), _LONG),
    "complainant": text.SQL("md5(t.{}::text || copies.nth / 3)::uuid"),
}
_OTHER: Final = {
    "product": text.SQL("'product-' || hashtext(copies.new::text) % 200"),
    "location": text.SQL("'place-' || hashtext(copies.new::text) % 61"),
    "team": text.SQL("'team-' || hashtext(copies.new::text) % 23"),
}
Question = Callable[[Snapshot], object]


def _counted(**wanted: object) -> Question:
    asked = funnel.FunnelFilter.model_validate(wanted)
    return lambda seen: funnel.counts(seen, asked)


def _behind(**wanted: object) -> Question:
    asked = drill.BehindFilter.model_validate(wanted)
    return lambda seen: drill.behind(seen, asked)


QUESTIONS: Final[Mapping[str, Sequence[Question]]] = {
    "days": (
        _counted(**{"from": "2024-02-11", "to": "2024-03-17"}),
        _counted(**{"from": "2024-02-11", "of": "passage", "by": "month"}),
        _counted(by="week", of="passage"),
    ),
    "per_word": tuple(_counted(per=word) for word in narrow.DIMENSIONS)
    + tuple(_counted(**{word: value, "by": "month"}) for word, value in (("team", "team-3"), ("channel", "email"))),
    "detail": (_counted(detail=True),),
    "cohorts": (lambda seen: drill.cohorts(seen, narrow.Narrowed()),),
    "behind": (
        _behind(stage="investigation", ended="there_now"),
        _behind(stage="closed", ended="entered", team="team-3"),
        _behind(ended="exited"),
        _behind(total="dissatisfied"),
        _behind(total="reopened", **{"from": "2024-02-11", "to": "2024-03-17"}),
    ),
    "narrow_detail": (_counted(detail=True, **{"from": "2024-02-11", "to": "2024-02-17"}),),
    "wide_detail": (_counted(detail=True, by="month"),),
}
"""Kinds of questions about the funnel; the slowest of each is what counts."""
WIDE: Final = ("narrow_detail", "wide_detail")
"""Those that look at every case of theirs: nothing is required of them."""
_COPIES: Final = """
    CREATE TEMPORARY TABLE copies AS
    SELECT stream AS old, gen_random_uuid() AS new, nth FROM views.cases_list_v1, generate_series(1, {}) AS nth;
    CREATE INDEX ON copies (old);
    ANALYZE copies
"""


def measure(stand: Stand) -> list[Result]:
    """Return the figures of each question, beside the same question before the rows were multiplied."""
    before = _asked(stand)
    wanted = QUICK if stand.quick else COMPLAINTS
    stand.tell(f"put {wanted:,} complaints into the views")
    with stand.here.pool.connection() as connection:
        stand.data_size["listed_complaints"] = _multiply(connection, wanted)
        kept.count(connection)
    _settle(stand)
    after = _asked(stand)
    wide = {f"funnel_1m_{name}_ms" for name in WIDE}
    return [
        limited(name, "ms", [Round(value=after[name], baseline=before[name])], below=None if name in wide else LIMIT_MS)
        for name in after
    ]


def _asked(stand: Stand) -> dict[str, float]:
    with stand.here.views.snapshot([funnel.NAME, cases.NAME, timers.NAME]) as seen:
        return {"funnel_1m_ms": _funnel(seen), "cases_1m_ms": _cases(seen)} | {
            f"funnel_1m_{name}_ms": _slowest(seen, questions, 1 if name in WIDE else _TIMES)
            for name, questions in QUESTIONS.items()
        }


def _funnel(seen: Snapshot) -> float:
    return _took(lambda: funnel.counts(seen, funnel.FunnelFilter()))


def _slowest(seen: Snapshot, questions: Sequence[Question], times: int) -> float:
    return max(_took(lambda question=question: question(seen), times) for question in questions)  # type: ignore[misc] # bound at once


def _cases(seen: Snapshot) -> float:
    """The slowest of what a handler opens: the latest cases, those due next, and one case by its number."""
    pages = (cases.CaseFilter(limit=50), cases.CaseFilter(limit=50, sort="due"))
    found = [_took(lambda page=page: cases.listing(seen, page)) for page in pages]  # type: ignore[misc] # bound at once
    return max(*found, _took(lambda: cases.find(seen, "PL-00000-00000")))


def _took(question: Callable[[], object], times: int = _TIMES) -> float:
    def once() -> float:
        began = perf_counter()
        question()
        return (perf_counter() - began) * 1000

    return median(once() for _ in range(times))


def _multiply(connection: Link, wanted: int) -> int:
    row = connection.execute("SELECT count(*) FROM views.cases_list_v1").fetchone()
    there = int(row[0]) if row else 0
    times = -(-wanted // there)
    connection.execute(text.SQL(_COPIES).format(text.Literal(times)))
    for table in (listed.CASES, counted.CASES, counted.PASSAGES):
        connection.execute(_copied(table))
    connection.execute(_copied(timed.CLOCKS, text.SQL("WHERE t.open")))
    return there * (times + 1)


def _copied(table: Table, where: text.SQL = _ALL) -> text.Composed:
    names = [str(column.name) for column in table.columns]
    return text.SQL("INSERT INTO {} ({}) SELECT {} FROM {} AS t JOIN copies ON t.stream = copies.old {}").format(
        _named(table),
        text.SQL(", ").join(map(text.Identifier, names)),
        text.SQL(", ").join(_value(table, name) for name in names),
        _named(table),
        where,
    )


def _value(table: Table, name: str) -> text.Composable:
    if name == "stream":
        return text.SQL("copies.new")
    if table is counted.CASES and name in _OTHER:
        return _OTHER[name]
    column = text.Identifier(name)
    return _CHANGED.get(name, text.SQL("t.{}")).format(column)


def _named(table: Table) -> text.Identifier:
    return text.Identifier(str(table.schema), str(table.name))


def _settle(stand: Stand) -> None:
    with stand.here.pool.connection() as connection:
        connection.autocommit = True
        for table in (listed.CASES, timed.CLOCKS, *Funnel.tables):
            connection.execute(text.SQL("VACUUM (ANALYZE) {}").format(_named(table)))
        connection.autocommit = False
