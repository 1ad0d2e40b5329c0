"""The figures of the weekly meeting: one period, and the one of equal length before it.

All come from the views of the contract, in one snapshot. What happened counts in its period for good: a complaint
that was resolved and came back is in both numbers. Receipts, outcomes and ends are dated by the days of the case,
promises, ratings and payments by days of UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, LiteralString

from psycopg.rows import dict_row

from projections import units
from projections.answers import Snapshot
from projections.views.funnel import ask as funnels
from projections.views.funnel.ask import FunnelFilter, StageCounts
from projections.views.rates import ask as rating
from projections.views.rates.ask import RateFilter, Ratio, Silence
from projections.views.satisfaction import ask as satisfying
from projections.views.satisfaction.ask import ParameterFigures, SatisfactionFilter

WORST: Final = 10
"""Cases that are listed at most."""
Row = Mapping[str, Any]

_FOUND: Final[LiteralString] = """
    WITH ends AS (
        SELECT case_id, cycle, CASE ended WHEN 'exited' THEN left_on ELSE entered_on END AS day
        FROM analytics.funnel_passages_v1 WHERE ended = 'exited' OR (stage = 'closed' AND entries > 0)
    ),
    outcomes AS (
        SELECT extract(epoch FROM p.entered_at - c.opened_at) / 86400 AS days
        FROM analytics.funnel_passages_v1 AS p JOIN analytics.cases_v1 AS c USING (case_id)
        WHERE p.stage = 'satisfaction_check' AND p.entries > 0
            AND p.entered_on >= %(start)s AND p.entered_on < %(end)s
    )
"""
"""Before every query: every end of a cycle, and the period's outcomes, also of complaints that came back since."""
_VOLUMES: Final[LiteralString] = """
    SELECT
        (SELECT count(*) FROM analytics.cases_v1 WHERE opened_on >= %(start)s AND opened_on < %(end)s) AS received,
        (SELECT count(*) FROM analytics.feedback_v1 WHERE opened_on >= %(start)s AND opened_on < %(end)s) AS feedback,
        (SELECT count(*) FROM outcomes) AS resolved,
        (SELECT count(*) FROM analytics.funnel_passages_v1 WHERE ended = 'exited' AND left_on >= %(start)s
            AND left_on < %(end)s) AS exited,
        (SELECT count(*) FROM analytics.funnel_passages_v1 WHERE cycle > 1 AND stage = 'investigation'
            AND entered_on >= %(start)s AND entered_on < %(end)s) AS reopened,
        (SELECT count(*) FROM analytics.funnel_cases_v1 WHERE received_on < %(end)s)
            + (SELECT count(*) FROM analytics.funnel_passages_v1 AS p
                JOIN ends AS e ON e.case_id = p.case_id AND e.cycle = p.cycle - 1
                WHERE p.stage = 'investigation' AND p.entered_on < %(end)s)
            - (SELECT count(*) FROM ends WHERE day < %(end)s) AS open_at_end,
        (SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY days)::numeric, 1) FROM outcomes) AS median_days
"""
_FLOW: Final[LiteralString] = """
    SELECT c.day::date AS day, coalesce(sum(h.came_in), 0)::int AS came_in, coalesce(sum(h.ended), 0)::int AS ended
    FROM generate_series(%(start)s::timestamp, %(end)s::timestamp - interval '1 day', make_interval(days => %(step)s))
        AS c (day)
    LEFT JOIN (
        SELECT opened_on, 1, 0 FROM analytics.cases_v1 WHERE opened_on >= %(start)s AND opened_on < %(end)s
        UNION ALL
        SELECT day, 0, 1 FROM ends WHERE day >= %(start)s AND day < %(end)s
    ) AS h (day, came_in, ended)
        ON c.day::date = %(start)s::date + (h.day - %(start)s::date) / %(step)s::int * %(step)s::int
    GROUP BY c.day ORDER BY c.day
"""
_PROMISES: Final[LiteralString] = """
    SELECT kind,
        count(*) FILTER (WHERE state = 'fulfilled' AND NOT late_evidence) AS kept,
        count(*) FILTER (WHERE late_evidence) AS late_evidence,
        count(*) FILTER (WHERE (state = 'missed' OR overdue) AND NOT late_evidence) AS missed
    FROM analytics.sla_clocks_v1
    WHERE due_at >= %(start)s AND due_at < %(end)s AND (state IN ('fulfilled', 'missed') OR overdue)
    GROUP BY kind ORDER BY count(*) DESC, kind
"""
_BROKEN: Final[LiteralString] = """
    SELECT coalesce(number, case_id::text) AS case, due_at, fulfilled_at, count(*) OVER () AS among
    FROM analytics.sla_clocks_v1
    WHERE kind = 'promise' AND due_at >= %(start)s AND due_at < %(end)s AND (state = 'missed' OR overdue)
        AND NOT late_evidence
    ORDER BY due_at, 1 LIMIT %(most)s
"""
_CAUSES: Final[LiteralString] = """
    SELECT x.cause AS key, count(*) AS n FROM analytics.causes_v1 AS x JOIN analytics.cases_v1 AS c USING (case_id)
    WHERE c.opened_on >= %(start)s AND c.opened_on < %(end)s AND x.cause IS NOT NULL
    GROUP BY x.cause ORDER BY n DESC, key
"""
_TYPES: Final[LiteralString] = """
    SELECT type AS key, count(*) AS n FROM analytics.cases_v1
    WHERE opened_on >= %(start)s AND opened_on < %(end)s GROUP BY type ORDER BY n DESC, key
"""
_CHANNELS: Final[LiteralString] = """
    SELECT channel AS key, count(*) AS n FROM analytics.cases_v1
    WHERE opened_on >= %(start)s AND opened_on < %(end)s GROUP BY channel ORDER BY n DESC, key
"""
_SATISFACTION: Final[LiteralString] = """
    SELECT count(*) AS rated, count(*) FILTER (WHERE satisfied) AS satisfied,
        round(100 * avg(mean_share)::numeric, 1) AS mean
    FROM analytics.satisfaction_v1 WHERE rated_at >= %(start)s AND rated_at < %(end)s
"""
_REMEDIES: Final[LiteralString] = """
    SELECT p.currency, r.ground, r.form, count(DISTINCT p.case_id) AS complaints,
        sum(CASE p.kind WHEN 'given' THEN p.amount ELSE -p.amount END) AS cost
    FROM analytics.remedy_payments_v1 AS p LEFT JOIN analytics.remedies_v1 AS r USING (case_id, remedy_id)
    WHERE p.at >= %(start)s AND p.at < %(end)s GROUP BY p.currency, r.ground, r.form
    ORDER BY cost DESC NULLS LAST, complaints DESC, 1, 2, 3
"""
_WORST: Final[LiteralString] = """
    SELECT coalesce(c.number, c.case_id::text) AS case, c.opened_on, c.type, c.stage, s.missed, d.reopenings,
        d.satisfied IS false AS dissatisfied, count(*) OVER () AS among
    FROM analytics.cases_v1 AS c JOIN analytics.funnel_cases_v1 AS d USING (case_id)
    CROSS JOIN LATERAL (SELECT count(*) AS missed FROM analytics.sla_clocks_v1 AS k
        WHERE k.case_id = c.case_id AND (k.state = 'missed' OR k.overdue) AND NOT k.late_evidence) AS s
    WHERE c.last_event_at >= %(start)s AND c.opened_on < %(end)s
        AND s.missed + d.reopenings + (d.satisfied IS false)::int > 0
    ORDER BY s.missed + 2 * d.reopenings + 2 * (d.satisfied IS false)::int DESC, c.opened_at, 1 LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included."""

    first: date
    last: date

    def before(self) -> "Period":
        """Return the period of equal length that ends the day before."""
        length = self.last - self.first + timedelta(days=1)
        return Period(self.first - length, self.last - length)

    def step(self) -> int:
        """Return over how many days a column of the plot goes: days up to three weeks, else weeks."""
        return 1 if (self.last - self.first).days < 21 else 7


@dataclass(frozen=True, slots=True)
class Figures:
    """What is told of one period."""

    volumes: Row
    promises: Sequence[Row]
    satisfaction: Row
    remedies: Sequence[Row]
    feedback: Ratio

    def attainment(self) -> float | None:
        """Return the share of promises that were kept, late evidence left out; None without any."""
        kept, missed = (sum(row[name] for row in self.promises) for name in ("kept", "missed"))
        return kept / (kept + missed) if kept + missed else None

    def cost(self) -> dict[str, Any]:
        """Return the money that was given, less what was taken back, by currency."""
        found: dict[str, Any] = {}
        for row in self.remedies:
            if row["currency"] is not None and row["cost"] is not None:
                found[row["currency"]] = found.get(row["currency"], 0) + row["cost"]
        return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything that the report shows."""

    period: Period
    stamp: Mapping[str, Any]
    now: Figures
    before: Figures
    flow: Sequence[Row]
    stages: Sequence[StageCounts]
    types: Sequence[Row]
    channels: Sequence[Row]
    causes: Sequence[Row]
    marks: Sequence[ParameterFigures]
    """Of what was rated in the period."""
    silent: Sequence[Silence]
    """Channels that were unusually quiet at the end of the period."""
    broken: Sequence[Row]
    """The first of them; ``among`` says how many there are, as of the worst ones."""
    worst: Sequence[Row]


def digest(snapshot: Snapshot, period: Period) -> Digest:
    """Return the figures of ``period`` as they stand at the snapshot's position."""

    def ask(query: LiteralString) -> list[dict[str, Any]]:
        return _rows(snapshot, query, period)

    funnel = funnels.counts(snapshot, FunnelFilter(from_=period.first, to=period.last))
    return Digest(
        period=period,
        stamp=snapshot.stamp(),
        now=_figures(snapshot, period),
        before=_figures(snapshot, period.before()),
        flow=ask(_FLOW),
        stages=funnel.stages,
        types=ask(_TYPES),
        channels=ask(_CHANNELS),
        causes=ask(_CAUSES),
        marks=_marks(snapshot, period),
        silent=_silent(snapshot, period),
        broken=ask(_BROKEN),
        worst=ask(_WORST),
    )


def _figures(snapshot: Snapshot, period: Period) -> Figures:
    volumes, promises, satisfaction, remedies = (
        _rows(snapshot, query, period) for query in (_VOLUMES, _PROMISES, _SATISFACTION, _REMEDIES)
    )
    feedback = rating.ratio(snapshot, RateFilter(from_=period.first, to=period.last))
    return Figures(volumes[0], promises, satisfaction[0], remedies, feedback)


def _marks(snapshot: Snapshot, period: Period) -> Sequence[ParameterFigures]:
    wanted = SatisfactionFilter(of="rating", from_=period.first, to=period.last)
    return satisfying.satisfaction(snapshot, wanted).whole.parameters


def _silent(snapshot: Snapshot, period: Period) -> Sequence[Silence]:
    """At the end of the period, or at the last event where that is earlier: no clock is read."""
    if snapshot.recorded_at is None:
        return ()
    end = datetime.combine(period.last + timedelta(days=1), time(), UTC)
    found = rating.channels(snapshot, RateFilter(), min(end, snapshot.recorded_at))
    return tuple(one for one in found if one.silent)


def _rows(snapshot: Snapshot, query: LiteralString, period: Period) -> list[dict[str, Any]]:
    units.of_all()
    values = {"start": period.first, "end": period.last + timedelta(days=1), "most": WORST, "step": period.step()}
    with snapshot.connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_FOUND + query, values).fetchall()
