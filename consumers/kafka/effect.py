"""Have records their effect together; where one fails by itself, it alone is tried again and then set aside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import psycopg
import structlog

from consumers import tracing
from consumers.kafka.backoff import Backoff
from consumers.kafka.figures import Figures
from consumers.kafka.lots import Lot, Piece
from consumers.kafka.records import Fault, code_of
from engine.incoming import Incoming, Result
from engine.store.batch import Conflict, SourceMove
from engine.store.database.errors import DatabaseUnavailable
from engine.store.mapper import UnknownEvent
from engine.store.vault.ledger import LEDGER_ERRORS
from engine.store.vault.master import UnknownMasterKey
from schemas.published.metrics import NO_METER, Meter

_log = structlog.get_logger()

TOO_OLD: Final = (UnknownEvent, UnknownMasterKey)
"""Another program, or another key file, is needed: this one ends, and nothing is set aside for it."""
OUTAGES: Final = (
    DatabaseUnavailable,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.InternalError,
    psycopg.ProgrammingError,
    OSError,
    MemoryError,
    *LEDGER_ERRORS,
)
"""No record's fault: it is tried again for as long as it takes."""
_NOT_ITS_OWN: Final = (Conflict, *TOO_OLD, *OUTAGES)
_TRIES: Final = 3
"""Of a record that fails by itself, before it is set aside."""


class Service(Protocol):
    """The way in."""

    def submit(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]: ...

    def pass_over(self, moves: Sequence[SourceMove]) -> None: ...


@dataclass(frozen=True, slots=True)
class World:
    """What is handed in of the world: our time, seconds that never go back, a wait, chance from 0 to 1, a meter."""

    clock: Callable[[], datetime]
    ticks: Callable[[], float]
    wait: Callable[[float], object]
    chance: Callable[[], float]
    meter: Meter = NO_METER


class Effect:
    """Gives lots to the service."""

    def __init__(self, service: Service, world: World, backoff: Backoff, figures: Figures) -> None:
        self._service, self._world, self._backoff, self._figures = service, world, backoff, figures

    def have(self, lot: Lot) -> None:
        """Have a lot its effect, in one transaction where nothing in it fails by itself.

        Raises:
            Conflict: a partition's position was moved by somebody else, or a case stays contended.
            UnknownEvent, UnknownMasterKey: this program is not the one to do it.
            DatabaseUnavailable, OSError and others of ``OUTAGES``: how much was done is to be looked up.
        """
        begun = self._world.ticks()
        with tracing.span(*_span(lot), of=(piece.item.around.traceparent for piece in lot.pieces)):
            self._submit(lot.pieces)
            self._service.pass_over(lot.moves)
            self._figures.records["passed_over"] += lot.passed_over
            self._figures.batch(self._world.ticks() - begun)
        now = self._world.clock()
        for topic, since in _oldest(lot).items():
            self._figures.aged(topic, (now - since).total_seconds())

    def _submit(self, pieces: Sequence[Piece]) -> None:
        if not pieces:
            return
        try:
            self._give([piece.item for piece in pieces])
        except _NOT_ITS_OWN:
            raise
        except Exception as error:  # noqa: BLE001 # the fault of one of them, whatever it is
            if len(pieces) == 1:
                self._alone(pieces[0], error)
                return
            middle = len(pieces) // 2
            self._submit(pieces[:middle])
            self._submit(pieces[middle:])

    def _give(self, items: Sequence[Incoming]) -> None:
        self._figures.count(items, self._service.submit(items, self._world.clock()))

    def _alone(self, piece: Piece, error: Exception) -> None:
        for failed in range(1, _TRIES + 1):
            self._say(piece, error, failed)
            if failed == _TRIES:
                break
            self._world.wait(self._backoff.seconds(failed, self._world.chance()))
            try:
                self._give([piece.item])
            except _NOT_ITS_OWN:
                raise
            except Exception as again:  # noqa: BLE001 # as above
                error = again
            else:
                return
        self._bury(piece, error)

    def _bury(self, piece: Piece, error: Exception) -> None:
        fault = Fault("internal", code_of(error))
        self._give([piece.place.reader.spoil(piece.record, fault, piece.item.around.move)])
        piece.breaker.saw(self._world.ticks(), spoiled=True)

    def _say(self, piece: Piece, error: Exception, failed: int) -> None:
        with tracing.within(piece.item.around.traceparent):
            _log.error(
                "record_failed",
                topic=piece.record.topic,
                partition=piece.record.partition,
                offset=piece.record.offset,
                kind=type(error).__name__,
                tried=failed,
                of=_TRIES,
            )


def _span(lot: Lot) -> tuple[str, tracing.Kind, tracing.Words]:
    """Return what the span of a lot says, in the words of OpenTelemetry's conventions for messaging."""
    topics = sorted({stretch.place.partition.topic for stretch in lot.stretches})
    words: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.batch.message_count": len(lot),
    }
    if len(topics) == 1:
        words["messaging.destination.name"] = topics[0]
    return " ".join(("process", *topics)), "consumer", words


def _oldest(lot: Lot) -> dict[str, datetime]:
    """Return when the oldest record of each topic reached the broker."""
    found: dict[str, datetime] = {}
    for piece in lot.pieces:
        at, topic = piece.item.around.received_at, piece.record.topic
        if topic not in found or at < found[topic]:
            found[topic] = at
    return found
