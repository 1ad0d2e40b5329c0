import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from engine.store.batch import Batch
from engine.store.database.pool import Pool
from engine.store.store import Store
from engine.store.vault import rotation
from engine.store.vault.keys import wrap_context
from engine.store.vault.master import KeyFile, UnknownMasterKey, WrappedKey, add_key, create_key_file, load_key_file
from engine.store.vault.rotation import MasterUse, Rotated
from engine.store.vault.service_keys import ServiceKeys
from engine.store.vault.wrapping import WrappingKeys
from support.examples import append, note

ANNA = uuid4()
STREAMS = [uuid4() for _ in range(7)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "master.key"
    create_key_file(path)
    return path


@pytest.fixture
def running(pool: Pool, file: Path, tmp_path: Path) -> Iterator[Store]:
    """A process that was started before any rotation, with one note in each of seven streams."""
    with Store(pool, load_key_file(file), tmp_path / "contents") as store:
        store.commit(Batch(appends=tuple(append(stream, 0, note(ANNA, "old")) for stream in STREAMS)))
        yield store


def texts(store: Store) -> list[str]:
    found = [store.read.stream(stream, open=True)[-1].event.model_dump()["note"] for stream in STREAMS]
    return [text if isinstance(text, str) else "withheld" for text in found]


def wrap_directly(pool: Pool, file: Path) -> None:
    """Make all data keys as they were before there were wrapping keys."""
    keys = load_key_file(file)
    wrapping = WrappingKeys(ServiceKeys(pool, keys))
    with pool.connection() as connection:
        rows = connection.execute("SELECT stream, subject, master_id, wrapped FROM plaint_keys.data_keys").fetchall()
        for stream, subject, *stored in rows:
            context = wrap_context(stream, subject)
            fresh = keys.wrap(wrapping.unwrap(WrappedKey(*stored), context), context)
            query = "UPDATE plaint_keys.data_keys SET master_id = %s, wrapped = %s WHERE (stream, subject) = (%s, %s)"
            connection.execute(query, (*fresh, stream, subject))


def test_a_rotation_wraps_every_key_anew_and_changes_no_event(pool: Pool, file: Path, running: Store) -> None:
    (old,) = load_key_file(file).ids
    before = events(pool)

    done = rotation.rotate(pool, file)

    new, kept = load_key_file(file).ids
    assert (kept, done) == (old, Rotated(new, made=True, service_keys=2, data_keys=0, left=0))
    assert rotation.usage(pool).masters == (MasterUse(new, 2, 0),)
    assert events(pool) == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert texts(running) == ["old"] * 7


def test_only_what_a_master_key_wraps_directly_is_wrapped_by_a_wrapping_key(
    pool: Pool, file: Path, running: Store, tmp_path: Path
) -> None:
    wrap_directly(pool, file)
    with pool.connection() as connection:
        erased = "UPDATE plaint_keys.data_keys SET master_id = NULL, wrapped = NULL WHERE stream = %s"
        connection.execute(erased, (STREAMS[0],))
    (old,) = load_key_file(file).ids
    assert rotation.usage(pool).masters == (MasterUse(old, 2, 6),)

    done = rotation.rotate(pool, file)

    assert (done.data_keys, done.left) == (6, 0)
    assert [use.data_keys for use in rotation.usage(pool).wrapping] == [6]
    with Store(pool, load_key_file(file), tmp_path / "contents") as fresh:
        assert texts(fresh) == ["withheld", *["old"] * 6]


def test_data_keys_go_in_batches_and_a_row_that_changed_meanwhile_is_left_alone(
    pool: Pool, file: Path, running: Store
) -> None:
    wrap_directly(pool, file)
    keys = load_key_file(file)
    batches = rotation.rewrap_data_keys(pool, keys, WrappingKeys(ServiceKeys(pool, keys)), at_once=3)

    first = next(batches)
    with pool.connection() as connection:
        gone = """UPDATE plaint_keys.data_keys SET master_id = NULL, wrapped = NULL
                  WHERE stream = (SELECT max(stream::text)::uuid FROM plaint_keys.data_keys)"""
        connection.execute(gone)

    assert [first, *batches] == [3, 3]


def test_a_key_that_is_destroyed_while_it_is_wrapped_anew_stays_destroyed(
    pool: Pool, file: Path, running: Store
) -> None:
    wrap_directly(pool, file)
    keys = load_key_file(file)
    wrapping = WrappingKeys(ServiceKeys(pool, keys))

    class Overtaken:
        def wrap(self, key: bytes, context: bytes) -> WrappedKey:
            with pool.connection() as connection:
                connection.execute("UPDATE plaint_keys.data_keys SET master_id = NULL, wrapped = NULL")
            return wrapping.wrap(key, context)

        def unwrap(self, stored: WrappedKey, context: bytes) -> bytes:
            return wrapping.unwrap(stored, context)

    assert list(rotation.rewrap_data_keys(pool, keys, Overtaken())) == [0]
    with pool.connection() as connection:
        found = connection.execute("SELECT DISTINCT master_id, wrapped FROM plaint_keys.data_keys").fetchall()
    assert found == [(None, None)]


def test_an_interrupted_rotation_is_finished_before_another_begins(pool: Pool, file: Path, running: Store) -> None:
    (old,) = load_key_file(file).ids
    new = add_key(file)

    done = rotation.rotate(pool, file)

    assert done == Rotated(new, made=False, service_keys=2, data_keys=0, left=0)
    assert load_key_file(file).ids == (new, old)


def test_two_rotations_at_once_leave_every_text_readable(
    pool: Pool, file: Path, running: Store, tmp_path: Path
) -> None:
    wrap_directly(pool, file)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: rotation.rotate(pool, file), range(2)))
    rotation.rotate(pool, file, add=False)
    removed = rotation.remove_old(pool, file)

    assert len(removed) in (1, 2)
    with Store(pool, load_key_file(file), tmp_path / "contents") as fresh:
        assert texts(fresh) == ["old"] * 7


def test_a_running_process_takes_up_the_new_key_to_unwrap_and_to_wrap(
    pool: Pool, file: Path, running: Store, tmp_path: Path
) -> None:
    elsewhere = ServiceKeys(pool, load_key_file(file))
    rotation.rotate(pool, file)
    rotation.remove_old(pool, file)
    (new,) = load_key_file(file).ids

    elsewhere.wrapping(date(2020, 1, 1))
    assert elsewhere.fingerprint().of("x", b"x") == running.fingerprint.of("x", b"x")
    running.commit(Batch(appends=(append(STREAMS[0], 1, note(ANNA, "later")),)))

    assert {use.master_id for use in rotation.usage(pool).masters} == {new}
    with Store(pool, load_key_file(file), tmp_path / "contents") as fresh:
        assert texts(fresh) == ["later", *["old"] * 6]


def test_a_line_that_a_row_still_names_is_not_removed(pool: Pool, file: Path, running: Store) -> None:
    (old,) = load_key_file(file).ids
    add_key(file)

    assert rotation.remove_old(pool, file) == ()
    rotation.rotate(pool, file)
    assert rotation.remove_old(pool, file) == (old,)
    assert rotation.remove_old(pool, file) == ()


class Held:
    """A process that stops between wrapping by the key file as it was and storing what it wrapped."""

    def __init__(self, keys: KeyFile) -> None:
        self._keys = keys
        self.wrapped, self.go_on = threading.Event(), threading.Event()

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        stored = self._keys.wrap(key, context)
        self.wrapped.set()
        assert self.go_on.wait(20)
        return stored

    def unwrap(self, stored: WrappedKey, context: bytes) -> bytes:
        return self._keys.unwrap(stored, context)


def test_no_line_is_removed_while_a_process_is_storing_a_key_that_it_wrapped(
    pool: Pool, file: Path, running: Store
) -> None:
    (old,) = load_key_file(file).ids
    held = Held(load_key_file(file))
    with ThreadPoolExecutor(2) as threads:
        storing = threads.submit(ServiceKeys(pool, held).wrapping, date(2020, 1, 1))
        assert held.wrapped.wait(20)
        add_key(file)
        rotation.rewrap_service_keys(pool, load_key_file(file), load_key_file(file).current)
        removing = threads.submit(rotation.remove_old, pool, file)
        with pytest.raises(TimeoutError):
            removing.result(timeout=0.5)
        held.go_on.set()
        storing.result(20)

        assert removing.result(20) == ()

    assert rotation.usage(pool).rows_of(old) == 1
    assert rotation.rotate(pool, file).left == 0
    assert rotation.remove_old(pool, file) == (old,)


def test_nothing_is_changed_where_a_master_key_is_missing(pool: Pool, file: Path, running: Store) -> None:
    (old,) = load_key_file(file).ids
    file.unlink()
    create_key_file(file)
    before = file.read_bytes()

    with pytest.raises(UnknownMasterKey, match=f"master key {old} is not at hand"):
        rotation.rotate(pool, file)

    assert file.read_bytes() == before


def test_a_database_names_the_master_keys_that_it_needs(pool: Pool, tmp_path: Path) -> None:
    assert rotation.masters_named(pool) == ()
    with Store(pool, KeyFile({"first": bytes(32)}), tmp_path):
        assert rotation.masters_named(pool) == ("first",)


def events(pool: Pool) -> list[tuple[int, UUID, bytes]]:
    with pool.connection() as connection:
        return connection.execute("SELECT position, stream, state FROM plaint.events ORDER BY position").fetchall()
