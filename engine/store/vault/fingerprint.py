"""Keyed hashes: the store recognises a message, command, conversation or contact without keeping it.

HMAC-SHA256 under a key of its own that is kept for good (rotating a master key does not touch
it). Each kind has a domain of its own, and parts are length-prefixed, so that no two inputs of
different kinds or cuts have the same hash.
"""

import hmac
from hashlib import sha256
from typing import Final
from uuid import UUID

_LENGTH_OCTETS: Final = 8


class Fingerprint:
    """Hashes under one secret key; give text as it is, normalised by the caller."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "Fingerprint()"

    def message(self, *parts: str | bytes) -> bytes:
        """A channel message: its channel, the sender's id of it, or its content."""
        return self._of(b"message", parts)

    def command(self, *parts: str | bytes) -> bytes:
        """The content of a command, without tokens and transport headers."""
        return self._of(b"command", parts)

    def conversation(self, *parts: str | bytes) -> bytes:
        """A thread, chat or case number, within its channel."""
        return self._of(b"conversation", parts)

    def contact(self, kind: str, value: str) -> bytes:
        """An address of a party."""
        return self._of(b"contact", (kind, value))

    def command_id(self, sender: str, given: str) -> UUID:
        """The opaque id of a command: its sender's own id is unique per sender only."""
        octets = bytearray(self._of(b"command id", (sender, given))[:16])
        octets[6] = octets[6] & 0x0F | 0x80  # version 8, RFC 9562: "custom"
        octets[8] = octets[8] & 0x3F | 0x80
        return UUID(bytes=bytes(octets))

    def of(self, kind: str, octets: bytes) -> bytes:
        """Octets of a named kind; for callers that are handed the hash as a plain function."""
        return self._of(kind.encode(), (octets,))

    def _of(self, kind: bytes, parts: tuple[str | bytes, ...]) -> bytes:
        digest = hmac.new(self._key, kind + b"\0", sha256)
        for part in parts:
            octets = part.encode() if isinstance(part, str) else part
            digest.update(len(octets).to_bytes(_LENGTH_OCTETS, "big"))
            digest.update(octets)
        return digest.digest()
