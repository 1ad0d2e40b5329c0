"""A dead letter tried again: read as its topic is read now, and given to the same service as everything else."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from consumers.kafka.effect import OUTAGES, TOO_OLD
from consumers.kafka.protocol import LOG_APPEND_TIME, PlainRecord
from consumers.kafka.records import Item, Reader, code_of
from engine import order
from engine.incoming import Asked, Buried, Done, Refused, Spoiled
from engine.service import Service
from engine.store.batch import Conflict
from engine.store.set_aside import AsideRow, NotSetAside
from engine.store.store import Store
from schemas.published.dead_letter import DeadLetter, ErrorClass

Status = Literal["done", "already", "parked", "failed", "overtaken", "not_kept", "not_read", "gone"]
_NOT_ITS_OWN: Final = (Conflict, *TOO_OLD, *OUTAGES)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one dead letter.

    ``done``, ``already`` (it had its effect meanwhile) and ``parked``: it is a dead letter no more.
    ``failed``: it is one still, with one more attempt. The rest left it as it was. ``overtaken``:
    something later of its conversation had its effect. ``not_kept``: its value was too large.
    ``not_read``: its topic is none of those that are read. ``gone``: somebody else was first.
    """

    id: UUID
    status: Status
    reason: str = ""
    """Class, code and path of a failure; else the stream where it is, or that is ahead of it."""
    answered: bool = False
    """The case refused this command before; the same id gets the same answer for good."""

    @property
    def good(self) -> bool:
        return self.status in ("done", "already", "parked")


class Replay:
    """Tries dead letters again. ``reader_of`` makes the reader of a topic (cluster, name, id), if that is read."""

    def __init__(
        self,
        store: Store,
        service: Service,
        reader_of: Callable[[str, str, UUID], Reader | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._service, self._reader_of, self._clock = store, service, reader_of, clock

    def again(self, id: UUID, *, force: bool = False) -> Replayed:
        """Have one dead letter its effect, in the transaction that releases it, or keep it with one more attempt.

        ``force``: also where something later of its conversation, or for its case, had its effect already.

        Raises:
            SealBroken, UnknownMasterKey: it cannot be opened.
            ValidationError: it is no letter of this program.
            DatabaseUnavailable: nothing is known to have changed; the same may be asked again.
        """
        try:
            row, octets = self._store.set_aside.show(id)
        except NotSetAside:
            return Replayed(id, "gone")
        if row.kind != "dead_letter":
            return Replayed(id, "gone")
        letter = DeadLetter.from_octets(octets)
        if letter.left_out is not None or letter.value is None:
            return Replayed(id, "not_kept", letter.reason)
        reader = self._reader_of(letter.cluster, letter.topic, letter.topic_id)
        item = None if reader is None else _read(reader, letter)
        if reader is None or item is None:
            return Replayed(id, "not_read", letter.topic)
        if not isinstance(item, Spoiled) and not force:
            later = order.overtaken(self._store, item, self._store.fingerprint.of)
            if later is not None:
                return Replayed(id, "overtaken", f"{later.stream}/{later.version}")
        return self._tried(_Try(row, letter, item, reader.origin.version, self._clock()))

    def _tried(self, one: "_Try") -> Replayed:
        try:
            (result,) = self._service.submit([one.rising()], one.now)
        except Conflict as conflict:
            if one.row.id in conflict.parked:
                return Replayed(one.row.id, "gone")
            raise
        except _NOT_ITS_OWN:
            raise
        except Exception as error:  # noqa: BLE001 # its own fault, whatever it is: it is kept with one more attempt
            return self._failed(one, "internal", code_of(error))
        if isinstance(result, Refused):
            return replace(self._failed(one, "semantic", result.code), answered=result.already)
        if isinstance(result, Buried):
            return Replayed(one.row.id, "failed", self._store.set_aside.show(one.row.id)[0].reason)
        if isinstance(result, Done):
            return Replayed(one.row.id, "already" if result.already else "done", str(result.stream))
        return Replayed(one.row.id, "parked")

    def _failed(self, one: "_Try", error_class: ErrorClass, code: str) -> Replayed:
        """Keep what the service would not bury by itself."""
        again = one.failed(error_class, code)
        self._service.submit([again], one.now)
        return Replayed(one.row.id, "failed", again.reason)


def _read(reader: Reader, letter: DeadLetter) -> Item | None:
    """Read the record as if it had just come, but for when it came: when it failed first it was here."""
    item = reader.read(_record(letter), None)
    if item is None:
        return None
    received_at = min(item.around.received_at, letter.first_failed_at)
    return replace(item, around=replace(item.around, received_at=received_at))


def _record(letter: DeadLetter) -> PlainRecord:
    stamped = -1 if letter.timestamp is None else round(letter.timestamp.timestamp() * 1000)
    kind = LOG_APPEND_TIME if letter.timestamp_type == "log_append" else 0
    headers = [(name.decode("utf-8", "surrogateescape"), value) for name, value in letter.raw_headers]
    return PlainRecord(letter.topic, letter.partition, letter.offset, stamped, kind, letter.key, letter.value, headers)


@dataclass(frozen=True, slots=True)
class _Try:
    """One attempt: the letter, and what its record asks for as it is read now."""

    row: AsideRow
    letter: DeadLetter
    item: Item
    version: str
    now: datetime

    def rising(self) -> Item:
        """Return the item so that it releases its dead letter, or takes that one's place."""
        item = self.item
        if isinstance(item, Spoiled):
            found = DeadLetter.from_octets(item.payload)
            return self.failed(found.error_class, found.code, found.path)
        around = replace(item.around, buried=self.row.id)
        if isinstance(item, Asked):
            return replace(item, around=around, otherwise=lambda refused: self.failed("semantic", refused.code))
        return replace(item, around=around)

    def failed(self, error_class: ErrorClass, code: str, path: str = "") -> Spoiled:
        """Return the letter with one more attempt. It lives no longer for it."""
        again = self.letter.failed_again(error_class, code, path, self.now, self.version)
        around = replace(self.item.around, buried=self.row.id)
        return Spoiled(again.id, again.fingerprint, again.reason, again.to_octets(), around, until=self.row.until)
