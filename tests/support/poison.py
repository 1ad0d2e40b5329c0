"""Batches that a broker takes and the client library cannot read."""

from collections.abc import Sequence
from typing import Any, Self

from support.consuming import producer


def send_batch(servers: str, topic: str, records: Sequence[tuple[bytes, bytes]], *, partition: int = 0) -> None:
    """Send one batch of (value, octets of a header's name), as a producer of another language would."""
    with producer(servers, linger_ms=200, enable_idempotence=False) as sender:
        sent = [
            sender.send(topic, value=value, partition=partition, headers=[(_Name(name), b"")])
            for value, name in records
        ]
        for future in sent:
            future.get(30)


class _Name(str):
    """A header's name that is these octets on the wire."""

    __slots__ = ("_octets",)
    _octets: bytes

    def __new__(cls, octets: bytes) -> Self:
        made = super().__new__(cls, octets.decode("utf-8", "replace"))
        made._octets = octets
        return made

    def encode(self, *_: Any) -> bytes:
        return self._octets
