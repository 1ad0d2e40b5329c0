"""What one poll brought, ready to have its effect: items with the moves that belong to them. Touches nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from consumers.kafka.breaker import Breaker
from consumers.kafka.place import Place
from consumers.kafka.protocol import Damaged, PlainRecord, Record
from consumers.kafka.records import Fault, Item, code_of, timestamp
from consumers.tokens import KeysUnavailable
from engine.incoming import Spoiled
from engine.store.batch import SourceMove


class Piece(NamedTuple):
    """One record and what it asks for."""

    place: Place
    record: Record
    item: Item
    breaker: Breaker
    """The partition's, as it will be once this has its effect."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What of one partition is in a lot: up to but without ``end``."""

    place: Place
    end: int
    breaker: Breaker
    reached: datetime | None


@dataclass(slots=True)
class Lot:
    """All that goes into one transaction."""

    pieces: list[Piece] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    moves: list[SourceMove] = field(default_factory=list)
    """Of partitions of which nothing asks for anything."""
    passed_over: int = 0

    def __len__(self) -> int:
        return len(self.pieces) + self.passed_over


def lot(brought: Iterable[tuple[Place, Sequence[Record]]], at: float) -> Lot:
    """Return what the records of running partitions ask for; ``at`` is in the breakers' seconds.

    A partition ends early where its breaker opens. Offsets that are behind its position already are left out.
    """
    made = Lot()
    for place, records in brought:
        _add(made, place, records, at)
    return made


def pass_marks(made: Lot, place: Place, reached: int | None) -> None:
    """Add that nothing which asks for anything stands before ``reached``: marks of transactions, or what was undone."""
    if reached is not None and reached > place.next:
        made.moves.append(SourceMove(place.source, place.position, reached))
        made.stretches.append(Stretch(place, reached, place.breaker, None))


def salvaged(place: Place, found: Sequence[PlainRecord | Damaged], at: float) -> Lot | None:
    """Return what stands at a partition's position, what is damaged as dead letters; None where nothing is."""
    if not any(isinstance(each, Damaged) for each in found):
        return None
    made = Lot()
    _add(made, place, found, at)
    return made


def _add(made: Lot, place: Place, records: Iterable[Record | Damaged], at: float) -> None:
    breaker, expected, end = place.breaker.copied(), place.position, None
    reached, begun = None, len(made.pieces)
    for each in records:
        record, behind = (each.record, each.next_offset) if isinstance(each, Damaged) else (each, each.offset + 1)
        if behind <= place.next:
            continue
        end, reached = behind, timestamp(record) or reached
        item = _read(place, each, SourceMove(place.source, expected, behind))
        if item is None:
            made.passed_over += 1
            continue
        expected = behind
        made.pieces.append(Piece(place, record, item, breaker))
        breaker.saw(at, spoiled=isinstance(item, Spoiled))
        if breaker.state == "open":
            break
    if end is not None:
        made.stretches.append(Stretch(place, end, breaker, reached))
        if expected != end:
            _pass_over(made, begun, SourceMove(place.source, expected, end))


def _pass_over(made: Lot, begun: int, move: SourceMove) -> None:
    """Move past tombstones at the end: with the partition's last piece, or alone where it has none."""
    if len(made.pieces) == begun:
        made.moves.append(move)
        return
    last = made.pieces[-1]
    before = last.item.around.move
    further = replace(before, new=move.new) if before is not None else move
    made.pieces[-1] = last._replace(item=replace(last.item, around=replace(last.item.around, move=further)))


def _read(place: Place, each: Record | Damaged, move: SourceMove) -> Item | None:
    if isinstance(each, Damaged):
        return place.reader.damaged(each, move)
    try:
        return place.reader.read(each, move)
    except KeysUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 # a fault of ours in reading one record must not stop its partition
        return place.reader.spoil(each, Fault("internal", code_of(error)), move)
