"""A key management service in place of the key file: slow, with keys of its own, and asked seldom."""

import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.store.batch import Batch, SetAside
from engine.store.database.pool import Pool
from engine.store.store import Store
from engine.store.vault import rotation
from engine.store.vault.keys import Keys
from engine.store.vault.master import UnknownMasterKey, WrappedKey
from engine.store.vault.service_keys import ServiceKeys
from engine.store.vault.wrapping import WrappingKeys
from support.examples import append, note


class Service:
    """Has the shape of ``MasterKeys``, answers after a while, and counts what it is asked."""

    def __init__(self) -> None:
        self._boxes = {"kms:1": AESGCM(os.urandom(32))}
        self.current = "kms:1"
        self.asked = Counter[str]()

    def rotate(self) -> None:
        self.current = f"kms:{len(self._boxes) + 1}"
        self._boxes[self.current] = AESGCM(os.urandom(32))

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        self._answer("wrap")
        nonce = os.urandom(12)
        return WrappedKey(self.current, nonce + self._boxes[self.current].encrypt(nonce, key, context))

    def unwrap(self, stored: WrappedKey, context: bytes) -> bytes:
        self._answer("unwrap")
        if stored.master_id not in self._boxes:
            raise UnknownMasterKey(stored.master_id)
        return self._boxes[stored.master_id].decrypt(stored.wrapped[:12], stored.wrapped[12:], context)

    def _answer(self, question: str) -> None:
        time.sleep(0.02)
        self.asked[question] += 1


def parked(text: bytes) -> SetAside:
    until = datetime.now(UTC) + timedelta(days=30)
    return SetAside("parked", uuid4(), uuid4().bytes, "opener_unknown", "topic", text, until=until)


def test_a_service_is_asked_for_each_service_key_and_never_for_a_data_key(pool: Pool, tmp_path: Path) -> None:
    service = Service()
    streams = [uuid4() for _ in range(300)]
    messages = [parked(b"one"), parked(b"two"), parked(b"three")]

    with Store(pool, service, tmp_path) as store:
        assert service.asked == {"wrap": 2}  # the fingerprint key and the wrapping key of this month
        store.commit(Batch(appends=tuple(append(stream, 0, note(uuid4())) for stream in streams)))
        for message in messages:
            store.commit(Batch(set_aside=(message,)))
        assert service.asked == {"wrap": 3}  # the key of one week

    service.asked.clear()
    with Store(pool, service, tmp_path) as later:
        assert len([later.read.stream(stream, open=True) for stream in streams]) == 300
        assert [later.set_aside.show(message.id)[1] for message in messages] == [b"one", b"two", b"three"]
    assert service.asked == {"unwrap": 3}


def test_a_service_that_rotates_is_asked_twice_for_each_service_key(pool: Pool, tmp_path: Path) -> None:
    service = Service()
    stream, anna = uuid4(), uuid4()
    with Store(pool, service, tmp_path) as store:
        store.commit(Batch(appends=(append(stream, 0, note(anna, "old")),)))
    service.rotate()
    service.asked.clear()

    assert rotation.rewrap_service_keys(pool, service, service.current) == 2

    assert service.asked == {"unwrap": 2, "wrap": 2}
    assert [use.master_id for use in rotation.usage(pool).masters] == ["kms:2"]
    keys = Keys(pool, WrappingKeys(ServiceKeys(pool, service)))
    assert keys.for_reading([(stream, anna)])[stream, anna] is not None
