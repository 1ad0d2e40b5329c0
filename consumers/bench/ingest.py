"""``plaint bench ingest``: what the doors bring, through the service, against bare COPY and the stock library.

Imported histories go through ``service.record``, web-form messages through the intake and
``service.submit``, in the batch sizes of the doors. COPY takes the very rows that came of it, in
as many transactions; the stock library saves one aggregate of one event for each message.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from consumers.bench import data, kafka
from consumers.bench.data import Supply
from consumers.bench.shape import Result, Round, compared
from consumers.bench.stand import Stand
from consumers.files.history import BATCH as CASES_OF_A_COMMIT
from engine.past import PastCase

MESSAGES_OF_A_BATCH = 200


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; counts are of one round."""

    rounds: int
    cases: int
    messages: int
    stock_saves: int


FULL = Size(rounds=5, cases=2 * CASES_OF_A_COMMIT, messages=3 * MESSAGES_OF_A_BATCH, stock_saves=100)
QUICK = Size(rounds=3, cases=20, messages=20, stock_saves=10)


def measure(stand: Stand) -> list[Result]:
    """Return the figures of the doors."""
    size = QUICK if stand.quick else FULL
    supply = Supply(stand.seed)
    imports = [_import(stand, supply, size, number) for number in range(size.rounds + 1)][1:]
    door = _Door(stand)
    messages = [_messages(stand, supply, size, door, number) for number in range(size.rounds + 1)][1:]
    stand.data_size["imported_cases"] = size.rounds * size.cases
    stand.data_size["ingested_messages"] = size.rounds * size.messages
    return [
        compared("import_events_per_s", "events/s", [copied for copied, _ in imports]),
        compared("import_vs_stock", "events/s", [saved for _, saved in imports]),
        compared("ingest_messages_per_s", "messages/s", [copied for copied, _ in messages]),
        compared("ingest_vs_stock", "messages/s", [saved for _, saved in messages]),
        *kafka.measure(stand),
    ]


def _import(stand: Stand, supply: Supply, size: Size, number: int) -> tuple[Round, Round]:
    stand.tell(f"import, round {number} of {size.rounds}")
    cases = supply.past(size.cases)
    before = stand.head()
    spent = _timed(lambda: _record(stand, cases))
    events = stand.head() - before
    copied, saved = _peers(stand, before, events, size, commits=-(-size.cases // CASES_OF_A_COMMIT))
    own = events / spent
    return Round(value=own, baseline=events / copied), Round(value=own, baseline=saved)


def _record(stand: Stand, cases: Sequence[PastCase]) -> None:
    for first in range(0, len(cases), CASES_OF_A_COMMIT):
        stand.here.service.record(cases[first : first + CASES_OF_A_COMMIT], data.around())


def _messages(stand: Stand, supply: Supply, size: Size, door: "_Door", number: int) -> tuple[Round, Round]:
    stand.tell(f"messages, round {number} of {size.rounds}")
    forms = supply.forms(size.messages)
    before = stand.head()
    spent = _timed(lambda: door.take(forms))
    commits = -(-size.messages // MESSAGES_OF_A_BATCH)
    copied, saved = _peers(stand, before, stand.head() - before, size, commits=commits)
    own = size.messages / spent
    return Round(value=own, baseline=size.messages / copied), Round(value=own, baseline=saved)


class _Door:
    """Takes octets to the service, as the doors do, moving the position of one source."""

    def __init__(self, stand: Stand) -> None:
        self._service = stand.here.service
        self._position: int | None = None

    def take(self, forms: Sequence[bytes]) -> None:
        for first in range(0, len(forms), MESSAGES_OF_A_BATCH):
            items = [
                data.taken(octets, data.around(*self._next())) for octets in forms[first : first + MESSAGES_OF_A_BATCH]
            ]
            self._service.submit(items, items[0].around.received_at)

    def _next(self) -> tuple[int | None, int]:
        before = self._position
        self._position = (before or 0) + 1
        return before, 1


def _peers(stand: Stand, before: int, events: int, size: Size, *, commits: int) -> tuple[float, float]:
    """Return the seconds that COPY takes for the same rows, and how many the stock library saves a second."""
    rows = stand.bare.rows(before, before + events)
    copied = stand.bare.copy(rows, -(-events // commits))
    states = [row[-1] for row in rows[: size.stock_saves]]
    return copied, len(states) / stand.stock.save(states)


def _timed(work: Callable[[], None]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began
