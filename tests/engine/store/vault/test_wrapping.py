import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from engine.store.batch import Batch
from engine.store.database.pool import Pool
from engine.store.store import Store
from engine.store.vault.keys import wrap_context
from engine.store.vault.master import KeyFile, UnknownMasterKey, WrappedKey
from engine.store.vault.service_keys import ServiceKeys
from engine.store.vault.wrapping import UnknownWrappingKey, WrappingKeys, name_of
from support.examples import append, note

STREAM, ANNA = uuid4(), uuid4()


def opened(pool: Pool, master: KeyFile) -> WrappingKeys:
    return WrappingKeys(ServiceKeys(pool, master))


def stored(pool: Pool) -> list[tuple[str, bytes]]:
    query = "SELECT master_id, key_id FROM plaint_keys.service_keys WHERE purpose = 'wrapping' ORDER BY period"
    with pool.connection() as connection:
        return connection.execute(query).fetchall()


def test_a_key_opens_only_in_the_place_that_it_was_wrapped_for(pool: Pool, master: KeyFile) -> None:
    keys = opened(pool, master)

    wrapped = keys.wrap(b"secret", b"row 1")

    assert keys.unwrap(wrapped, b"row 1") == b"secret"
    with pytest.raises(ValueError, match="does not belong to its row"):
        keys.unwrap(wrapped, b"row 2")


def test_the_wrapping_key_is_stored_under_the_master_and_names_itself(pool: Pool, master: KeyFile) -> None:
    keys = opened(pool, master)

    ((master_id, key_id),) = stored(pool)

    assert master_id == "m1"
    assert keys.current == keys.wrap(b"x", b"").master_id == f"w{key_id.hex()[:8]}"


def test_of_many_that_open_at_once_all_use_one_wrapping_key(pool: Pool, master: KeyFile) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: opened(pool, master).current, range(8)))

    assert len(made) == len(stored(pool)) == 1


def test_the_wrapping_key_of_another_month_is_looked_up_when_it_is_met(pool: Pool, master: KeyFile) -> None:
    keys = opened(pool, master)
    other = ServiceKeys(pool, master).wrapping(date(2020, 1, 1))
    nonce = os.urandom(12)
    wrapped = WrappedKey(name_of(other.key_id), nonce + other.box.encrypt(nonce, b"secret", b"here"))

    assert wrapped.master_id != keys.current
    assert keys.unwrap(wrapped, b"here") == b"secret"


def test_a_wrapping_key_that_is_nowhere_is_named(pool: Pool, master: KeyFile) -> None:
    with pytest.raises(UnknownWrappingKey, match=r"wrapping key w00000000 is not at hand: restore .*service_keys"):
        opened(pool, master).unwrap(WrappedKey("w00000000", bytes(60)), b"")
    with pytest.raises(UnknownMasterKey, match="master key m9 is not at hand"):
        opened(pool, master).unwrap(WrappedKey("m9", bytes(60)), b"")


def test_rows_from_before_there_were_wrapping_keys_are_unwrapped_by_the_master(
    store: Store, pool: Pool, master: KeyFile
) -> None:
    store.commit(Batch(appends=(append(STREAM, 0, note(ANNA, "old")),)))
    pair = (STREAM, ANNA)
    with pool.connection() as connection:
        query = "SELECT master_id, wrapped FROM plaint_keys.data_keys"
        ((name, wrapped),) = connection.execute(query).fetchall()
        key = opened(pool, master).unwrap(WrappedKey(name, wrapped), wrap_context(*pair))
        direct = master.wrap(key, wrap_context(*pair))
        connection.execute("UPDATE plaint_keys.data_keys SET master_id = %s, wrapped = %s", direct)

    with Store(pool, master, Path("unused")) as later:
        assert [one.event.model_dump()["note"] for one in later.read.stream(STREAM, open=True)] == ["old"]


def test_no_nonce_is_used_twice_by_threads_or_after_a_fork(pool: Pool, master: KeyFile) -> None:
    keys = opened(pool, master)

    def nonces(count: int) -> list[bytes]:
        return [keys.wrap(b"", b"").wrapped[:12] for _ in range(count)]

    nonces(1)
    ours, theirs = os.pipe()
    with warnings.catch_warnings(action="ignore"):  # newer Pythons warn of any fork beside threads
        child = os.fork()
    if child == 0:
        os.write(theirs, b"".join(nonces(100)))
        os._exit(0)
    os.waitpid(child, 0)
    octets = os.read(ours, 1200)
    after_fork = [octets[at : at + 12] for at in range(0, 1200, 12)]
    with ThreadPoolExecutor(8) as threads:
        drawn = [nonce for part in threads.map(nonces, [2_000] * 8) for nonce in part]

    assert len({*after_fork, *drawn}) == 100 + 16_000
