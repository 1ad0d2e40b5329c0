"""What is due among a million open clocks: how soon it is found, and how long ten thousand misses take.

The clocks that are not due stand in the view alone, put there by the server; those that are due are
cases of the log, of which each decides its own miss. Scans of the whole table are told by the plan.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Select

from consumers.bench.shape import Result, Round, limited
from consumers.bench.stand import Stand
from consumers.reactions.loop import Pace, Timers, World
from consumers.wiring import clock, views
from engine.sla.policy import applied_clocks
from engine.store.batch import Append, Batch, NewEvent
from projections import sql
from projections.sql import Link
from projections.views.sla_timers import ask, queue
from projections.views.sla_timers.rows import CLOCKS
from schemas.complaint.base import Event
from schemas.complaint.clocks import AppliedClock, SlaApplied
from schemas.complaint.registration import ComplaintReceived
from schemas.envelope import Envelope, RequestSource

OPEN: Final = 1_000_000
DUE: Final = 10_000
QUICK: Final = (20_000, 300)
LIMIT_MS: Final = 5.0
_AT_ONCE: Final = 500
_NAMES: Final = UUID("5f0c2f0e-8a61-4a0c-9d0a-0d6a1d9f2b77")
_BEGIN: Final = datetime(2026, 2, 2, 8, 0, tzinfo=UTC)
_NOW: Final = _BEGIN + timedelta(days=1)
_TIMES: Final = 15
_FILL: Final = f"""
    INSERT INTO {CLOCKS.schema}.{CLOCKS.name}
        (stream, kind, cycle, instance, business_unit, origin, policy, policy_version, calendar, calendar_version,
         target, started_at, due_at, open, state, late_evidence, provisional, extended, action, action_at,
         stepped, judged_at)
    SELECT gen_random_uuid(), 'resolution', 1, 1, 'main', 'live', 'default', 1, 'desk', 1, '10 working days',
           %(now)s, due, true, CASE WHEN paused THEN 'paused' ELSE 'running' END, false, false, false,
           CASE WHEN paused THEN NULL ELSE 'miss' END, CASE WHEN paused THEN NULL ELSE due END, 3, %(now)s
    FROM (SELECT %(now)s::timestamptz + interval '1 minute' + random() * interval '60 days' AS due,
                 n %% 10 = 0 AS paused
          FROM generate_series(1, %(count)s) AS n) AS made
"""  # noqa: S608 # our own words


def measure_due(stand: Stand) -> list[Result]:
    """Return how soon what is due next is found among a million open clocks, and how long 10,000 misses take."""
    count, due = QUICK if stand.quick else (OPEN, DUE)
    stand.tell(f"store {due:,} cases whose first reply is due")
    _store(stand, due)
    views.runner(stand.here).catch_up()
    stand.tell(f"put {count:,} open clocks into the view")
    _fill(stand, count)
    stand.data_size.update({"sla_open_clocks": count, "sla_due": due})
    stand.tell("what is due next")
    found = _next_due(stand)
    stand.tell(f"record {due:,} misses")
    return [found, _process(stand, due)]


def _store(stand: Stand, count: int) -> None:
    book = stand.here.service.book()
    policy = book.policies["default"]
    rules = tuple(one.model_copy(update={"warn": ()}) for one in policy.clocks if one.kind == "first_reply")
    clocks = applied_clocks(policy.model_copy(update={"clocks": rules}), book.latest_calendar)
    for begin in range(0, count, _AT_ONCE):
        made = (_case(uuid5(_NAMES, str(number)), clocks) for number in range(begin, min(count, begin + _AT_ONCE)))
        stand.here.store.commit(Batch(appends=tuple(made)))


def _case(stream: UUID, clocks: tuple[AppliedClock, ...]) -> Append:
    person = uuid5(stream, "person")
    events: tuple[Event, ...] = (
        ComplaintReceived(subject_id=person, channel="web_form", message=uuid5(stream, "message"), parties=()),
        SlaApplied(subject_id=person, reason="first", policy="default", policy_version=1, clocks=clocks),
    )
    return Append(stream, 0, tuple(NewEvent(_around(stream, nth), event) for nth, event in enumerate(events)))


def _around(stream: UUID, nth: int) -> Envelope:
    command = uuid5(stream, "command")
    return Envelope(
        event_id=uuid5(stream, str(nth)), occurred_at=_BEGIN, actor="service:bench", identity="workload",
        source=RequestSource(request=command), received_at=_BEGIN, command_id=command, correlation_id=command,
        business_unit="main",
    )  # fmt: skip


def _fill(stand: Stand, count: int) -> None:
    with stand.here.pool.connection() as connection:
        connection.execute(_FILL.encode(), {"now": _NOW, "count": count})
    with stand.here.pool.connection() as connection:
        connection.autocommit = True
        connection.execute(f"VACUUM (ANALYZE) {CLOCKS.schema}.{CLOCKS.name}".encode())
        connection.autocommit = False


def _next_due(stand: Stand) -> Result:
    """Both questions, of the handler and of the door; the slower one counts, beside a scan of the whole table."""
    page = ask.page(CLOCKS, ask.TimerFilter(limit=50), _NOW)
    batch = queue.question(CLOCKS, _NOW, 200, None)
    with stand.here.pool.connection() as connection:
        took = max(_took(connection, page), _took(connection, batch))
        connection.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
        scanned = _once(connection, page)
        connection.rollback()
    return limited("next_due_1m_ms", "ms", [Round(value=took, baseline=scanned)], below=LIMIT_MS)


def _took(connection: Link, asked: Select[Any]) -> float:
    return median(_once(connection, asked) for _ in range(_TIMES))


def _once(connection: Link, asked: Select[Any]) -> float:
    began = perf_counter()
    sql.fetch(connection, asked)
    return (perf_counter() - began) * 1000


def _process(stand: Stand, due: int) -> Result:
    here = stand.here
    timers = Timers(
        World(
            here.pool, here.service.submit, here.service.book, here.store.read.head, here.store.standings.all,
            lambda: _NOW, clock.ticks,
        ),
        timedelta(0),
        Pace(),
    )  # fmt: skip
    began = perf_counter()
    passed = timers.once()
    took = perf_counter() - began
    whole = passed is not None and passed.recorded["miss"] == due
    with here.pool.connection() as connection:
        scans = any("Seq Scan" in kind for kind in plan(connection, queue.question(CLOCKS, _NOW, Pace().batch, None)))
    return Result(
        name="process_due_10k_s", value=float(f"{took:.4g}"), unit="s", baseline=None, ratio=None, required=None,
        ok=whole and not scans,
    )  # fmt: skip


def plan(connection: Link, asked: Select[Any]) -> list[str]:
    """Return the kinds of step by which the server would answer, the uppermost first."""
    return list(_steps(sql.explained(connection, asked)))


def _steps(node: dict[str, Any]) -> Iterator[str]:
    yield node["Node Type"]
    for inner in node.get("Plans", ()):
        yield from _steps(inner)
