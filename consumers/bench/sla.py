"""``plaint bench sla``: business time against businesstimedelta, clocks judged, and the due among a million.

Business time is the same work for both: the same starts, durations and instants over spans up to a
year, on the same calendar, right after one another; an answer that differs ends the run. The judge
goes from events to verdicts, all clocks of the default policy; beside it stands the same without
calendars, where the events only become marks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from random import Random
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from consumers.bench import data
from consumers.bench.data import Supply
from consumers.bench.due import measure_due
from consumers.bench.shape import Result, Round, compared
from consumers.bench.stand import Stand
from consumers.wiring import presets
from engine.past import PastCase
from engine.sla.calendar import OpenTime, compile_calendar
from engine.sla.fact import Fact, from_stored
from engine.sla.judge import judge
from engine.sla.kinds import Terms
from engine.sla.marks import steps
from engine.sla.policy import terms_of
from engine.sla.worktime import add_working_time, working_time
from schemas.configuration import Calendar, Policy
from schemas.envelope import Envelope, RequestSource

PEER: Final = "businesstimedelta"
FLOOR: Final = 100.0
ZONE: Final = "Europe/Berlin"
_FIRST: Final = datetime(2024, 1, 1, tzinfo=UTC)
_YEAR: Final = 365 * 86_400
_OPEN_HOURS_OF_A_YEAR: Final = 1_900
_HOLIDAYS: Final = tuple(
    date(year, month, day) for year in range(2023, 2028) for month, day in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))
)


class WrongAnswer(RuntimeError):
    """The two do not agree, so their speeds cannot be compared."""

    def __init__(self, ours: object, theirs: object) -> None:
        super().__init__(f"business time differs: {ours} here, {theirs} by {PEER}; nothing was measured")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; counts are of one round."""

    rounds: int
    spans: int
    cases: int


FULL = Size(rounds=3, spans=20, cases=500)  # the peer needs half a second for one span
QUICK = Size(rounds=1, spans=3, cases=20)


@dataclass(frozen=True, slots=True)
class Span:
    """A duration to add to an instant, and another instant to count up to."""

    start: datetime
    amount: timedelta
    end: datetime


@dataclass(frozen=True, slots=True)
class Way:
    """One way of adding business time and of counting it."""

    add: Callable[[datetime, timedelta], datetime]
    count: Callable[[datetime, datetime], timedelta]

    def go(self, spans: Sequence[Span]) -> list[tuple[datetime, timedelta]]:
        """Return what comes of all spans."""
        return [(self.add(one.start, one.amount), self.count(one.start, one.end)) for one in spans]


def has_peer() -> bool:
    """Whether business time can be compared: the peer is a requirement of development alone."""
    return find_spec(PEER) is not None


def measure(stand: Stand) -> list[Result]:
    """Return the figures of time; without the peer the first one is left out."""
    size = QUICK if stand.quick else FULL
    results = _business_time(stand, size) if has_peer() else []
    return [*results, _judged(stand, size), *measure_due(stand)]


def spans(seed: int, count: int) -> list[Span]:
    """Return whole seconds, the finest that the peer counts in."""
    random = Random(seed)  # noqa: S311 -- repeatable by seed, nothing secret
    made = []
    for _ in range(count):
        start = _FIRST + timedelta(seconds=random.randrange(_YEAR))
        amount = timedelta(seconds=random.randrange(1, _OPEN_HOURS_OF_A_YEAR * 3600))
        made.append(Span(start, amount, start + timedelta(seconds=random.randrange(1, _YEAR))))
    return made


def ours() -> Way:
    """Return how the engine does it."""
    week = {day: ["09:00-13:00", "14:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    calendar = compile_calendar(
        Calendar.model_validate({"id": "bench", "version": 1, "timezone": ZONE, "week": week, "holidays": _HOLIDAYS})
    )
    return Way(
        add=lambda start, amount: add_working_time(calendar, start, amount),
        count=lambda start, end: working_time(calendar, start, end),
    )


def theirs() -> Way:
    """Return how the peer does it."""
    peer, zone = import_module(PEER), import_module("pytz").timezone(ZONE)
    hours = {"tz": zone, "working_days": [0, 1, 2, 3, 4]}
    rules = peer.Rules(
        [
            peer.WorkDayRule(start_time=_at(9), end_time=_at(18), **hours),
            peer.LunchTimeRule(start_time=_at(13), end_time=_at(14), **hours),
            peer.HolidayRule(set(_HOLIDAYS), tz=zone),
        ]
    )
    return Way(
        add=lambda start, amount: start + peer.BusinessTimeDelta(rules, timedelta=amount),
        count=lambda start, end: rules.difference(start, end).timedelta,
    )


def _at(hour: int) -> Any:
    return datetime(2000, 1, 1, hour, tzinfo=UTC).time()


def _business_time(stand: Stand, size: Size) -> list[Result]:
    here, there = ours(), theirs()
    rounds = []
    for number in range(size.rounds + 1):  # the first one warms both up
        stand.tell(f"business time, round {number} of {size.rounds}")
        given = spans(stand.seed + number, size.spans)
        (own, found), (peer, expected) = _timed(here, given), _timed(there, given)
        for one, other in zip(found, expected, strict=True):
            if one != other:
                raise WrongAnswer(one, other)
        rounds.append(Round(value=2 * size.spans / own, baseline=2 * size.spans / peer))
    stand.data_size["business_time_spans"] = size.rounds * size.spans
    return [compared("business_time_vs_businesstimedelta", "operations/s", rounds[1:], at_least=FLOOR)]


def _timed(way: Way, given: Sequence[Span]) -> tuple[float, list[tuple[datetime, timedelta]]]:
    began = perf_counter()
    found = way.go(given)
    return perf_counter() - began, found


def _judged(stand: Stand, size: Size) -> Result:
    stand.tell("judge clocks")
    given, calendars = _terms()
    supply = Supply(stand.seed)
    rounds, clocks = [], 0
    for _ in range(size.rounds + 1):
        histories = [_facts(case) for case in supply.past(size.cases)]
        at = max(fact.occurred_at for facts in histories for fact in facts)
        began = perf_counter()
        marks = [steps(facts, given) for facts in histories]
        marked = perf_counter() - began
        judged = sum(len(judge(one, calendars, at)) for one in marks)
        rounds.append(Round(value=judged / (perf_counter() - began), baseline=judged / marked))
        clocks += judged
    stand.data_size["judged_clocks"] = clocks
    return compared("judge_clocks_per_s", "clocks/s", rounds[1:])


def _terms() -> tuple[tuple[Terms, ...], dict[tuple[str, int], OpenTime]]:
    configuration = presets.in_force(None)
    known = [one for one in configuration if isinstance(one, Calendar)]
    policy = next(one for one in configuration if isinstance(one, Policy) and one.id == data.POLICY)
    given = terms_of(policy, {one.id: one.version for one in known})
    return given, {(one.id, one.version): compile_calendar(one) for one in known}


def _facts(case: PastCase) -> list[Fact]:
    return [from_stored(one.event, _envelope(one.occurred_at), one.occurred_at) for one in case.facts]


def _envelope(occurred_at: datetime) -> Envelope:
    some = UUID(int=0)
    return Envelope(
        event_id=some,
        occurred_at=occurred_at,
        actor="service:bench",
        identity="workload",
        source=RequestSource(request=some),
        command_id=some,
        correlation_id=some,
        business_unit="main",
    )
