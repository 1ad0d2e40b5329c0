"""``plaint bench projections``: all views rebuilt together, and a case loaded.

The log holds whole cases. A rebuild is that of ``plaint project rebuild``, of all views at once, beside the
copies that are read; what it is compared with reads the same log decoded and decrypted, or fetches its bare
rows, or is the stock library's runner with the simplest view over stock events.
"""

from dataclasses import dataclass
from time import perf_counter, sleep
from uuid import UUID

from consumers.bench import data, million
from consumers.bench.data import Supply
from consumers.bench.growth import Memory
from consumers.bench.shape import Result, Round, compared, limited
from consumers.bench.stand import Stand
from consumers.files.history import BATCH as CASES_OF_A_COMMIT
from consumers.wiring import views
from engine import streams_of
from projections.runtime import rebuild
from projections.views import all_views


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    cases: int
    stock_events: int
    loads: int


FULL = Size(rounds=3, cases=800, stock_events=400, loads=31)
QUICK = Size(rounds=1, cases=20, stock_events=10, loads=5)


def measure(stand: Stand) -> list[Result]:
    """Return the figures of the read side."""
    size = QUICK if stand.quick else FULL
    streams = _fill(stand, size)
    head = stand.head()
    views.runner(stand.here).catch_up()
    stand.stock.save([row[-1] for row in stand.bare.rows(head - size.stock_events, head)])
    rounds = [_round(stand, size, 0)]
    memory = Memory()
    rounds += [_round(stand, size, number) for number in range(1, size.rounds)]
    grown = memory.grown("rss_growth_mb")
    loads = [_loads(stand, stream) for stream in streams[: size.loads]]
    stand.data_size["projected_events"] = head
    stand.data_size["projected_cases"] = size.cases
    return [
        compared("rebuild_vs_read", "events/s", [read for read, _, _ in rounds], at_least=0.2),
        compared("rebuild_vs_fetch", "events/s", [fetched for _, fetched, _ in rounds]),
        compared("rebuild_vs_stock", "events/s", [ran for _, _, ran in rounds], at_least=30),
        grown,
        limited("case_load_ms", "ms", [fetched for fetched, _ in loads]),
        limited("case_load_vs_stock_ms", "ms", [stock for _, stock in loads]),
        *million.measure(stand),
    ]


def _fill(stand: Stand, size: Size) -> list[UUID]:
    stand.tell("fill the log")
    supply, service = Supply(stand.seed), stand.here.service
    streams: list[UUID] = []
    for first in range(0, size.cases, CASES_OF_A_COMMIT):
        cases = supply.past(min(CASES_OF_A_COMMIT, size.cases - first))
        service.record(cases, data.around())
        streams.extend(service.identify(case.key) for case in cases)
    return streams


def _round(stand: Stand, size: Size, number: int) -> tuple[Round, Round, Round]:
    """Return one rebuild against reading, fetching and the stock runner."""
    stand.tell(f"rebuild, round {number + 1} of {size.rounds}")
    head = stand.head()
    own = head / _rebuild(stand)
    read = head / _read(stand, head)
    fetched = head / stand.bare.fetch(0, head, stand.here.settings.projection_batch)
    processed, spent = stand.stock.project()
    peers = (read, fetched, processed / spent)
    first, second, third = (Round(value=own, baseline=peer) for peer in peers)
    return first, second, third


def _rebuild(stand: Stand) -> float:
    """Return the seconds of ``plaint project rebuild`` for all views together, from nothing to the end of the log."""
    pool, runner = stand.here.pool, views.runner(stand.here)
    began = perf_counter()
    for view in all_views():
        rebuild.begin(pool, view, pause=sleep)
    runner.catch_up()
    spent = perf_counter() - began
    for view in all_views():
        rebuild.drop(pool, view, pause=sleep)
    return spent


def _read(stand: Stand, head: int) -> float:
    """Return the seconds for the same log, decoded and decrypted by a reader that looks up every key."""
    reader, limit, after = stand.cold_reader(), stand.here.settings.projection_batch, 0
    began = perf_counter()
    while after < head:
        after = reader.log(after, limit, open=True)[-1].position
    return perf_counter() - began


def _loads(stand: Stand, stream: UUID) -> tuple[Round, Round]:
    """Return one case loaded and folded, in milliseconds, against its rows fetched and a stock aggregate."""
    history = stand.here.store.read.stream(stream)
    states = [row[-1] for row in stand.bare.rows(history[0].position - 1, history[-1].position)]
    aggregate = stand.stock.keep(states)
    began = perf_counter()
    streams_of.fold(stand.here.store.read.stream(stream))
    own = 1000 * (perf_counter() - began)
    fetched, stock = 1000 * stand.bare.fetch_stream(stream), 1000 * stand.stock.load(aggregate)
    return Round(value=own, baseline=fetched), Round(value=own, baseline=stock)
