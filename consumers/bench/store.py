"""``plaint bench store``: the event store against bare PostgreSQL and the stock library.

Encryption is on, every side row of an arriving complaint is written (its fingerprint, its conversation
key, its data key, the contact of a new complainant, the position of the source), and half of the
complainants are new. Copies and fetches take the very rows that were stored.
"""

from dataclasses import dataclass
from time import perf_counter
from uuid import UUID

from consumers.bench import data, growth
from consumers.bench.appends import BATCH, Appends
from consumers.bench.data import Supply
from consumers.bench.shape import Result, Round, compared, limited
from consumers.bench.stand import Stand
from engine import loading, streams_of

LONG_CASE = 100
"""Events of the case that is loaded."""
ENDLESS_CASE = 10_000
"""Events of the case that is loaded from its snapshot on."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; counts are of one round."""

    rounds: int
    batches: int
    stock_saves: int
    loads: int


FULL = Size(rounds=7, batches=6, stock_saves=100, loads=61)
QUICK = Size(rounds=3, batches=1, stock_saves=10, loads=5)


def measure(stand: Stand) -> list[Result]:
    """Return the figures of the store."""
    size = QUICK if stand.quick else FULL
    supply = Supply(stand.seed)
    appends = Appends(stand, supply, size.rounds, size.batches, size.stock_saves)
    began = stand.head()
    against_copy, against_stock = appends.measure()
    stand.data_size["store_events"] = stand.head() - began
    stand.data_size["store_octets"] = stand.bare.octets(began, stand.head())
    reads = _reads(stand, began, size)
    hundred, endless = _loads(stand, supply, size), _loads_shortened(stand, supply, size)
    memory = growth.Memory()
    grown = growth.measure(stand, against_copy, appends.against_copy)
    return [
        compared("append_vs_copy", "events/s", against_copy, at_least=0.35),
        compared("append_vs_stock", "events/s", against_stock, at_least=30),
        compared("read_vs_fetch", "events/s", reads, at_least=0.2),
        limited("load_100_events_ms", "ms", hundred, below=5),
        limited("load_10000_events_ms", "ms", endless),
        grown,
        memory.grown(),
    ]


def _reads(stand: Stand, began: int, size: Size) -> list[Round]:
    """Every event decrypted and validated, by a reader that has to look up every key."""
    head = stand.head()
    count = min(head - began, size.batches * BATCH)
    rounds = []
    for number in range(size.rounds):
        stand.tell(f"read, round {number + 1} of {size.rounds}")
        spent = _read(stand, head - count, head)
        rounds.append(Round(value=count / spent, baseline=count / stand.bare.fetch(head - count, head, BATCH)))
    return rounds


def _read(stand: Stand, after: int, until: int) -> float:
    reader = stand.cold_reader()
    began = perf_counter()
    while after < until:
        after = reader.log(after, min(BATCH, until - after), open=True)[-1].position
    return perf_counter() - began


def _loads(stand: Stand, supply: Supply, size: Size) -> list[Round]:
    """A case loaded and folded against its rows fetched, in milliseconds."""
    stand.tell("load a long case")
    case = supply.long_case(LONG_CASE)
    service = stand.here.service
    service.record([case], data.around())
    stream = service.identify(case.key)
    return [
        Round(value=1000 * _load(stand, stream), baseline=1000 * stand.bare.fetch_stream(stream))
        for _ in range(size.loads)
    ]


def _load(stand: Stand, stream: UUID) -> float:
    began = perf_counter()
    streams_of.fold(stand.here.store.read.stream(stream))
    return perf_counter() - began


def _loads_shortened(stand: Stand, supply: Supply, size: Size) -> list[Round]:
    """A case loaded from its snapshot on against all its events read and folded, in milliseconds."""
    stand.tell("load an endless case")
    case = supply.long_case(ENDLESS_CASE)
    service, store = stand.here.service, stand.here.store
    service.record([case], data.around())
    stream = service.identify(case.key)
    loading.load(store, [stream])
    rounds = []
    for _ in range(size.rounds):
        began = perf_counter()
        loading.load(store, [stream])
        rounds.append(Round(value=1000 * (perf_counter() - began), baseline=1000 * _load(stand, stream)))
    return rounds
