"""Sealed parts: AES-256-GCM over the personal values of one event and one data subject.

A box is nonce (12 octets), ciphertext and tag (16 octets). Its associated data binds it to its
place: moved to another stream, version, event, subject, key or field, it does not open::

    "plaint event 1" NUL stream(16) version(8, big-endian) subject(16) key id(32)
    name(UTF-8) { NUL field(UTF-8) }

``Keys`` is re-exported as the type that readers are made with.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag

from engine.store.vault.keys import DataKey, Keys, Pair, SubjectErased

__all__ = [
    "DataKey",
    "Keys",
    "Pair",
    "SealBroken",
    "SubjectErased",
    "associated",
    "close_box",
    "new_nonce",
    "new_nonces",
    "open_box",
]

NONCE_OCTETS: Final = 12
_TAG: Final = b"plaint event 1\0"


class SealBroken(Exception):
    """A sealed part does not open by its own key: it was changed, or is not where it was written."""


def new_nonce() -> bytes:
    """Twelve random octets, for one box."""
    return os.urandom(NONCE_OCTETS)


def new_nonces(count: int) -> list[bytes]:
    """So many nonces, drawn at once."""
    octets = os.urandom(NONCE_OCTETS * count)
    return [octets[at : at + NONCE_OCTETS] for at in range(0, len(octets), NONCE_OCTETS)]


def associated(stream: bytes, version: int, name: str, subject: bytes, key_id: bytes, fields: bytes) -> bytes:
    """What a box of an event is bound to, see the module; ``fields`` are JSON Pointers in order, a NUL between two."""
    place = (_TAG, stream, version.to_bytes(8, "big"), subject, key_id, name.encode(), b"\0", fields)
    return b"".join(place)


def close_box(key: DataKey, plain: bytes, bound_to: bytes, nonce: bytes) -> bytes:
    """Encrypt. A nonce must never be used twice under one key."""
    return nonce + key.box.encrypt(nonce, plain, bound_to)


def open_box(key: DataKey, box: bytes, bound_to: bytes) -> bytes:
    """Decrypt.

    Raises:
        SealBroken: the box, its place or its key is another one.
    """
    try:
        return key.box.decrypt(box[:NONCE_OCTETS], box[NONCE_OCTETS:], bound_to)
    except (InvalidTag, ValueError):  # the latter: it is too short to be a box
        raise SealBroken("a sealed part does not open: it was changed or moved") from None
