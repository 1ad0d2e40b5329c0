"""How each partition stands, as its consumer said last: for people, alarms and the clocks, which wait for backlogs."""

from collections.abc import Collection
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Final, Literal

from engine.store.database.pool import Pool
from engine.store.session import reading

State = Literal["running", "stopped", "tripped", "trying"]
"""``stopped``: a person is needed. ``tripped``: too much was spoiled, it rests. ``trying``: after its rest."""

Lasting = Literal["below_start", "beyond_end", "truncated"]
FOR_GOOD: Final[tuple[Lasting, ...]] = ("below_start", "beyond_end", "truncated")
"""Reasons of a stop that only an adoption lifts."""
_SAY = """
    WITH told AS (
        SELECT * FROM unnest(
            %(source)s::text[], %(topic)s::text[], %(partition)s::integer[], %(member)s::text[], %(state)s::text[],
            %(reason)s::text[], %(since)s::timestamptz[], %(end_offset)s::bigint[], %(reached)s::timestamptz[],
            %(measured)s::timestamptz[], %(adopted)s::integer[])
        AS t (source, topic, partition, member, state, reason, since, end_offset, reached, measured, adopted)),
    lifted AS MATERIALIZED (
        SELECT format('kafka:%%s/%%s/', cluster, topic_id) AS place, adopted FROM plaint.topics
        WHERE topic IN (SELECT topic FROM told WHERE state = 'stopped' AND reason = ANY(%(for_good)s)) FOR SHARE)
    INSERT INTO plaint.standings
        (source, topic, partition, member, state, reason, since, end_offset, reached, measured, seen)
    SELECT source, topic, partition, member, state, reason, since, end_offset, reached, measured, now() FROM told
    WHERE state <> 'stopped' OR reason <> ALL(%(for_good)s) OR NOT EXISTS (
        SELECT FROM lifted WHERE place || told.partition = told.source AND lifted.adopted > told.adopted)
    ON CONFLICT (source) DO UPDATE SET
        member = excluded.member, state = excluded.state, reason = excluded.reason, since = excluded.since,
        end_offset = coalesce(excluded.end_offset, standings.end_offset),
        reached = coalesce(excluded.reached, standings.reached),
        measured = coalesce(excluded.measured, standings.measured), seen = excluded.seen
    WHERE standings.state <> 'stopped' OR standings.reason <> ALL(%(for_good)s)
        OR (excluded.state = 'stopped' AND excluded.reason = ANY(%(for_good)s))
"""
_COLUMNS = "c.source, c.topic, c.partition, c.member, c.state, c.reason, c.since, c.end_offset, c.reached, c.measured"
_ALL = f"""
    SELECT {_COLUMNS}, c.seen, s.position, extract(epoch FROM now() - c.seen)::float8
    FROM plaint.standings c LEFT JOIN plaint.sources s USING (source)
    ORDER BY c.topic, c.partition, c.seen
"""  # noqa: S608 # our own words


@dataclass(frozen=True, slots=True)
class Standing:
    """One partition, as its consumer sees it. ``reached`` is the timestamp of the last record that had its effect.

    ``measured`` is when the broker was last asked for ``end_offset``.
    """

    source: str
    topic: str
    partition: int
    member: str
    state: State
    reason: str | None
    since: datetime
    end_offset: int | None = None
    reached: datetime | None = None
    measured: datetime | None = None
    adopted: int = 0
    """How often its topic had been adopted when it was judged so; it is not kept."""


@dataclass(frozen=True, slots=True)
class StandingRow:
    """The same as it is kept, with the stored position. ``silent_seconds`` ago it was said, by the database's clock."""

    said: Standing
    seen: datetime
    position: int | None
    silent_seconds: float


class Standings:
    """Keeps the last word on every partition. Safe to share between threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def say(self, partitions: Collection[Standing]) -> None:
        """Keep how these partitions stand now.

        A stop of ``FOR_GOOD`` outlives whatever else is said after it, until its topic is adopted; one that
        was judged before the last adoption is not kept.
        """
        if partitions:
            columns = zip(*(astuple(each) for each in sorted(partitions, key=lambda each: each.source)), strict=True)
            told = {each.name: list(column) for each, column in zip(fields(Standing), columns, strict=True)}
            with reading(self._pool) as connection:
                connection.execute(_SAY, {**told, "for_good": list(FOR_GOOD)})

    def stopped(self, sources: Collection[str]) -> dict[str, str]:
        """Return those of the sources that were left standing still, each with its reason."""
        query = "SELECT source, reason FROM plaint.standings WHERE source = ANY(%s) AND state = 'stopped'"
        with reading(self._pool) as connection:
            return {row[0]: row[1] or "" for row in connection.execute(query, (list(sources),)).fetchall()}

    def forget(self, sources: Collection[str], *, of: str | None = None) -> None:
        """Drop what was said of sources; one that stood still may be read again. ``of``: only what this member said."""
        query = "DELETE FROM plaint.standings WHERE source = ANY(%s) AND member = coalesce(%s::text, member)"
        with reading(self._pool) as connection:
            connection.execute(query, (list(sources), of))

    def all(self) -> list[StandingRow]:
        """Return every partition that was ever spoken of, by topic and number."""
        with reading(self._pool) as connection:
            rows = connection.execute(_ALL).fetchall()
        return [StandingRow(Standing(*row[:10]), *row[10:]) for row in rows]
