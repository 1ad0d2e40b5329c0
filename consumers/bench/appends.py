"""Bulk appends beside the same rows through COPY and through the stock library.

A batch is 500 complaints of one event each, with every side row that the service writes when a
complaint arrives. A batch is made up right before it is committed, as it is when messages are taken,
and only the commit is measured. COPY takes the rows that were stored, a commit for every 500.
"""

from dataclasses import dataclass
from time import perf_counter
from typing import Final

from consumers.bench.data import Supply
from consumers.bench.shape import Round
from consumers.bench.stand import Stand

BATCH: Final = 500
"""Complaints of one commit."""


@dataclass(slots=True)
class Appends:
    """One source of batches, measured as often as wanted."""

    stand: Stand
    supply: Supply
    rounds: int
    batches: int
    """Of one round."""
    stock_saves: int
    moved_to: int | None = None
    """Where the source stands."""

    def measure(self) -> tuple[list[Round], list[Round]]:
        """Return rounds against COPY and against the stock library; one more comes first, only to warm up."""
        against_copy, against_stock = [], []
        for number in range(self.rounds + 1):
            self.stand.tell(f"append, round {number} of {self.rounds}")
            copied, saved = self._round()
            against_copy.append(copied)
            against_stock.append(saved)
        return against_copy[1:], against_stock[1:]

    def against_copy(self) -> list[Round]:
        """Return rounds against COPY."""
        return self.measure()[0]

    def _round(self) -> tuple[Round, Round]:
        stand = self.stand
        before = stand.head()
        own = self.batches * BATCH / sum(self._committed() for _ in range(self.batches))
        rows = stand.bare.rows(before, stand.head())
        copied = len(rows) / stand.bare.copy(rows, BATCH)
        saved = self.stock_saves / stand.stock.save([row[-1] for row in rows[: self.stock_saves]])
        return Round(value=own, baseline=copied), Round(value=own, baseline=saved)

    def _committed(self) -> float:
        """Return how many seconds the commit of one more batch took."""
        store = self.stand.here.store
        batch = self.supply.batch(BATCH, store.fingerprint.of, self.moved_to)
        self.moved_to = (self.moved_to or 0) + BATCH
        began = perf_counter()
        store.commit(batch)
        return perf_counter() - began
