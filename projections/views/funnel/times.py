"""The median and the 90th percentile of a stage's time, exactly, without looking at every passage.

Times are counted by buckets, each less than a hundredth wide; the buckets tell in which of them a rank lies, and an
index on the times tells the value of that rank. So the answer is that of ``percentile_cont`` over all passages.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil, floor
from struct import pack, unpack
from typing import Final, NamedTuple

from psycopg import sql as text
from sqlalchemy import Table, select

from projections import sql
from projections.answers import Snapshot
from projections.sql import Link
from projections.views.funnel.tables import TIMES, VERSION, VIEW, Passage

Key = tuple[str, str, int]
"""Stage, kind of time, bucket."""
KINDS: Final = ("seconds", "worked_seconds")
SHARES: Final[Mapping[str, float]] = {"median": 0.5, "p90": 0.9}

_CUT: Final = 45
"""Bits of a double that a bucket leaves out: sign, exponent and the first 7 bits of the fraction name it."""
_ADD: Final = text.SQL(
    "INSERT INTO {table} AS kept (stage, kind, bucket, n) "
    "SELECT * FROM unnest(%s::text[], %s::text[], %s::int[], %s::bigint[]) "
    "ON CONFLICT (stage, kind, bucket) DO UPDATE SET n = kept.n + excluded.n"
)
_CLEAR: Final = text.SQL("DELETE FROM {table} WHERE n = 0")
_VALUES: Final = text.SQL(
    "SELECT CASE WHEN low.x = high.x THEN low.x ELSE ("
    "SELECT {kind} FROM {table} WHERE stage = w.stage AND ended IS NOT NULL AND entries > 0 AND {kind} >= w.low "
    "ORDER BY {kind} OFFSET w.rank LIMIT 1) END "
    "FROM unnest(%s::text[], %s::float8[], %s::float8[], %s::bigint[]) "
    "WITH ORDINALITY AS w(stage, low, high, rank, nth), "
    "LATERAL (SELECT min({kind}) AS x FROM {table} WHERE stage = w.stage AND ended IS NOT NULL AND entries > 0 "
    "AND {kind} >= w.low) AS low, "
    "LATERAL (SELECT max({kind}) AS x FROM {table} WHERE stage = w.stage AND ended IS NOT NULL AND entries > 0 "
    "AND {kind} < w.high) AS high ORDER BY w.nth"
)


class _Rank(NamedTuple):
    """A value: the ``rank``-th from ``low`` on, 0 being the first; those of its bucket are below ``high``."""

    stage: str
    low: float
    high: float
    rank: int


def of(passage: Passage) -> Iterator[Key]:
    """Return in which buckets a passage is counted: none unless it was entered and left."""
    if passage.ended is None or passage.entries == 0:
        return
    yield passage.stage, "seconds", bucket(passage.seconds)
    if passage.worked_seconds is not None:
        yield passage.stage, "worked_seconds", bucket(passage.worked_seconds)


def bucket(seconds: float) -> int:
    """Return the number of the bucket; a longer time never has a lower one."""
    found: int = unpack(">q", pack(">d", seconds))[0] >> _CUT
    return found


def lowest(number: int) -> float:
    """Return the shortest time of a bucket."""
    found: float = unpack(">d", pack(">q", number << _CUT))[0]
    return found


def move(connection: Link, table: Table, changes: Mapping[Key, int]) -> None:
    """Add the changes to the buckets."""
    changed = sorted((*key, number) for key, number in changes.items() if number)
    if changed:
        named = text.Identifier(table.schema or "views", table.name)
        connection.execute(_ADD.format(table=named), [list(column) for column in zip(*changed, strict=True)])
        connection.execute(_CLEAR.format(table=named))


def percentiles(snapshot: Snapshot, passages: Table) -> dict[str, dict[str, float]]:
    """Return stage -> ``median_seconds`` and so on, of all passages that were entered and left."""
    buckets = snapshot.on((VIEW, VERSION), TIMES)
    counted: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in sql.fetch(snapshot.connection, select(buckets).order_by(buckets.c.bucket)):
        counted.setdefault((row["stage"], row["kind"]), []).append((row["bucket"], row["n"]))
    found: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        wanted = [
            (stage, f"{word}_{kind}", share * (sum(n for _, n in held) - 1), held)
            for (stage, of_kind), held in counted.items()
            if of_kind == kind
            for word, share in SHARES.items()
        ]
        ranks = [_rank(stage, held, end) for stage, _, at, held in wanted for end in (floor(at), ceil(at))]
        values = _values(snapshot.connection, passages, kind, ranks)
        for (stage, name, at, _), low, high in zip(wanted, values[::2], values[1::2], strict=True):
            found.setdefault(stage, {})[name] = low + (at - floor(at)) * (high - low)
    return found


def _rank(stage: str, held: Iterable[tuple[int, int]], rank: int) -> _Rank:
    before = 0
    for number, n in held:
        if rank < before + n:
            return _Rank(stage, lowest(number), lowest(number + 1), rank - before)
        before += n
    raise AssertionError(f"{stage}: no bucket holds the time of rank {rank}")


def _values(connection: Link, passages: Table, kind: str, ranks: Sequence[_Rank]) -> list[float]:
    if not ranks:
        return []
    named = text.Identifier(passages.schema or "views", passages.name)
    query = _VALUES.format(table=named, kind=text.Identifier(kind))
    return [row[0] for row in connection.execute(query, [list(column) for column in zip(*ranks, strict=True)])]
