"""Wrapping keys: they stand between the master key and the data keys, so that the master is asked seldom.

A data key is wrapped here, in memory, by a wrapping key; only the wrapping key is wrapped by the
master, and stored in ``plaint_keys.service_keys``. So a key management service is called once for
each wrapping key that a process meets, never for a data key, and rotating the master key rewraps
a row a month. All processes of one month (UTC, by the database's clock) share one wrapping key;
a process keeps the one it was opened with.

A wrapping key is named by ``w`` and the first 4 octets of its key id in hexadecimal. A row that
names anything else was wrapped by a master key directly, before there were wrapping keys.
A wrapped key is nonce (12 octets), ciphertext and tag (16 octets) of AES-256-GCM. Nonces are
random: 2**32 keys may be wrapped under one wrapping key before a repeated one is likelier than 2**-32.
"""

import os
import re
from collections.abc import Iterator
from typing import Final

from cryptography.exceptions import InvalidTag

from engine.store.vault.keys import DataKey
from engine.store.vault.master import UnknownMasterKey, WrappedKey
from engine.store.vault.service_keys import ServiceKeys

NAMED: Final = re.compile("w[0-9a-f]{8}")
"""What the id of a wrapping key looks like."""
_NONCE_OCTETS: Final = 12
_NONCES_AT_ONCE: Final = 256


class UnknownWrappingKey(UnknownMasterKey):
    """A data key was wrapped by a wrapping key whose row is gone, as after a restore of some tables alone."""

    def __init__(self, wrapping_id: str) -> None:
        super().__init__(wrapping_id)
        self.args = (f"wrapping key {wrapping_id} is not at hand: restore the table plaint_keys.service_keys",)


class WrappingKeys:
    """Has the shape of ``MasterKeys``, for data keys. For any number of threads, and after a fork too.

    Raises:
        DatabaseUnavailable: the wrapping key of this month cannot be read or made now.
        UnknownMasterKey: it was wrapped by a master key that is not at hand.
    """

    def __init__(self, services: ServiceKeys) -> None:
        self._services = services
        self._master = services.master
        current = services.wrapping()
        self._current = name_of(current.key_id)
        self._encrypt = current.box.encrypt
        self._decrypt = {self._current: current.box.decrypt}

    @property
    def current(self) -> str:
        """Id of the wrapping key that wraps."""
        return self._current

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """Wrap a data key; about 1 microsecond, and nothing outside of this process is asked."""
        nonce = _new_nonce()
        return WrappedKey(self._current, nonce + self._encrypt(nonce, key, context))

    def unwrap(self, stored: WrappedKey, context: bytes) -> bytes:
        """Unwrap a data key; a wrapping key that is met for the first time is looked up.

        Raises:
            UnknownMasterKey: what wrapped it is neither stored nor at hand (``UnknownWrappingKey``: a wrapping key).
            ValueError: the wrapped key does not belong to its row, or was changed.
            DatabaseUnavailable: a wrapping key cannot be looked up now.
        """
        name, wrapped = stored
        decrypt = self._decrypt.get(name)
        if decrypt is None:
            met = self._meet(name)
            if met is None:
                return self._by_master(stored, context)
            decrypt = self._decrypt[name] = met.box.decrypt
        try:
            return decrypt(wrapped[:_NONCE_OCTETS], wrapped[_NONCE_OCTETS:], context)
        except InvalidTag:
            raise ValueError("a wrapped key does not belong to its row, or was changed") from None

    def _by_master(self, stored: WrappedKey, context: bytes) -> bytes:
        try:
            return self._master.unwrap(stored, context)
        except UnknownMasterKey as error:
            raise UnknownWrappingKey(stored.master_id) if NAMED.fullmatch(stored.master_id) else error from None

    def _meet(self, name: str) -> DataKey | None:
        return self._services.wrapping_named(bytes.fromhex(name[1:])) if NAMED.fullmatch(name) else None


def name_of(key_id: bytes) -> str:
    """The id by which the rows of data keys call a wrapping key."""
    return f"w{key_id[:4].hex()}"


class _Nonces:
    """Random nonces, drawn from the system many at a time: asking for each alone costs more than wrapping does."""

    def __init__(self) -> None:
        self._block: Iterator[bytes] = iter(())

    def new(self) -> bytes:
        """Twelve random octets. Each is handed out once: ``next`` of a list's iterator is one step for all threads."""
        try:
            return next(self._block)
        except StopIteration:
            octets = os.urandom(_NONCE_OCTETS * _NONCES_AT_ONCE)
            first, *others = (octets[at : at + _NONCE_OCTETS] for at in range(0, len(octets), _NONCE_OCTETS))
            self._block = iter(others)
            return first

    def forget(self) -> None:
        """Begin anew: after a fork parent and child hold the same block."""
        self._block = iter(())


_NONCES: Final = _Nonces()
_new_nonce: Final = _NONCES.new
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_NONCES.forget)
