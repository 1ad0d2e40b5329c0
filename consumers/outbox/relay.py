"""Dead letters to their topic: at least once, each with its id, so that who reads them can be exact.

The row in the store is the dead letter; the topic holds a copy for others. So nothing waits for the
broker: while the topic is missing or the broker is down, the rows stay pending and the next call
tries again.
"""

from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Final, NamedTuple, Protocol
from uuid import UUID

import structlog
from pydantic import ValidationError

from engine.store.set_aside import AsideRow, NotSetAside
from engine.store.store import Store
from engine.store.vault.master import UnknownMasterKey
from engine.store.vault.seal import SealBroken
from schemas.published.dead_letter import DeadLetter, KafkaHeaders, LeftOut, kafka_headers

TOPIC: Final = "complaints.dead-letters"
LARGEST: Final = 950_000
"""Octets of a record that is relayed whole. Brokers take 1,048,588 unless told otherwise; a larger record's copy has
size and SHA-256 in place of its value."""
_PATIENCE_SECONDS: Final = 30.0
_AROUND_HEADER: Final = 8
"""Octets that the lengths of one header take at most, as far as it fits."""

_log = structlog.get_logger()


class Acknowledgement(Protocol):
    """What the broker will say to one record."""

    def get(self, timeout: float | None = None) -> object:
        """Return once the broker has it; raises what went wrong."""


class Producer(Protocol):
    """Sends records; one that waits for all replicas and is idempotent."""

    def send(
        self, topic: str, *, key: bytes | None = None, value: bytes | None = None, headers: KafkaHeaders | None = None
    ) -> Acknowledgement:
        """Send one record; the broker's word comes later."""


class _Sent(NamedTuple):
    row: AsideRow
    acknowledged: Acknowledgement


def relay_once(
    store: Store, producer: Producer, limit: int = 100, *, topic: str = TOPIC, told: set[UUID] | None = None
) -> int:
    """Copy dead letters that are not in their topic yet, the oldest first; returns how many are there now.

    At most ``limit``. What the broker does not acknowledge stays pending, with the error
    ``dead_letters_not_relayed`` in the log: nothing is raised for it, and nothing else waits for it.
    A letter that cannot be opened is passed over and stands in no other's way; its trouble is logged
    (``dead_letter_unreadable``) unless it is among ``told``, where it is added.

    Raises:
        DatabaseUnavailable: what was sent now may be sent again.
    """
    letters = _letters(store, limit, set() if told is None else told)
    sent, trouble = _send(letters, producer, topic)
    arrived: list[AsideRow] = []
    for each in sent:
        try:
            each.acknowledged.get(timeout=_PATIENCE_SECONDS if trouble is None else 0)
            arrived.append(each.row)
        except Exception as error:  # noqa: BLE001 # whatever the client raises: the row stays pending, and the log says why
            trouble = trouble or error
    if trouble is not None:
        _log.error("dead_letters_not_relayed", topic=topic, reason=type(trouble).__name__, sent=len(arrived))
    return store.set_aside.relayed(arrived) if arrived else 0


def _send(
    letters: Iterator[tuple[AsideRow, DeadLetter]], producer: Producer, topic: str
) -> tuple[list[_Sent], Exception | None]:
    """Give letters to the producer until one is refused; a broker that does not answer is asked once, not for each."""
    sent: list[_Sent] = []
    for row, letter in letters:
        given, headers = fitting(letter)
        try:
            value = b"" if given.key is None and given.value is None else given.value
            record = producer.send(topic, key=given.key, value=value, headers=headers)
        except Exception as error:  # noqa: BLE001 # as above
            return sent, error
        sent.append(_Sent(row, record))
    return sent, None


def _letters(store: Store, limit: int, told: set[UUID]) -> Iterator[tuple[AsideRow, DeadLetter]]:
    last: AsideRow | None = None
    while limit > 0 and (rows := store.set_aside.unrelayed(limit=limit, after=last)):
        for row in rows:
            if (letter := _opened(store, row, told)) is not None:
                limit -= 1
                yield row, letter
        last = rows[-1]


def _opened(store: Store, row: AsideRow, told: set[UUID]) -> DeadLetter | None:
    with suppress(NotSetAside):
        try:
            return DeadLetter.from_octets(store.set_aside.show(row.id)[1])
        except (SealBroken, UnknownMasterKey, ValidationError) as error:
            if row.id not in told:
                _log.error("dead_letter_unreadable", id=str(row.id), reason=type(error).__name__)
            told.add(row.id)
    return None


def fitting(letter: DeadLetter, largest: int = LARGEST) -> tuple[DeadLetter, KafkaHeaders]:
    """Return the letter as the topic takes it, and its headers.

    Without a value that makes the record too large; without original headers that alone would be.
    """
    headers = kafka_headers(letter)
    if letter.value is not None and _octets(letter, headers) > largest:
        left_out = LeftOut(size=len(letter.value), sha256=sha256(letter.value).hexdigest())
        letter = letter.model_copy(update={"value": None, "left_out": left_out})
        headers = kafka_headers(letter)
    if _octets(letter, headers) > largest:
        headers = kafka_headers(letter, original=False)
    return letter, headers


def _octets(letter: DeadLetter, headers: KafkaHeaders) -> int:
    record = len(letter.key or b"") + len(letter.value or b"")
    return record + sum(len(name.encode()) + len(value) + _AROUND_HEADER for name, value in headers)
