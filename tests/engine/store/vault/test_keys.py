from pathlib import Path
from uuid import uuid4

from engine.store.batch import Batch
from engine.store.database.pool import Pool
from engine.store.store import Store
from engine.store.vault.keys import Keys, key_name
from engine.store.vault.master import KeyFile
from engine.store.vault.service_keys import ServiceKeys
from engine.store.vault.wrapping import WrappingKeys
from schemas.words import SEALED
from support.examples import append, note

STREAM, ANNA, BORIS = uuid4(), uuid4(), uuid4()


def test_a_new_key_is_the_same_until_a_commit_has_kept_it(pool: Pool, master: KeyFile) -> None:
    keys = Keys(pool, master)

    first = keys.for_writing([(STREAM, ANNA), (STREAM, BORIS)])

    assert keys.for_writing([(STREAM, ANNA)]) == {(STREAM, ANNA): first[STREAM, ANNA]}
    assert first[STREAM, ANNA].key_id != first[STREAM, BORIS].key_id
    assert keys.for_reading([(STREAM, ANNA)]) == {}


def test_a_kept_key_is_found_by_every_process(store: Store, pool: Pool, master: KeyFile) -> None:
    store.commit(Batch(appends=(append(STREAM, 0, note(ANNA)),)))

    kept = store.keys.for_writing([(STREAM, ANNA)])

    elsewhere = Keys(pool, WrappingKeys(ServiceKeys(pool, master)))
    assert elsewhere.for_reading([(STREAM, ANNA), (STREAM, BORIS)]) == kept
    assert kept[STREAM, ANNA].stored is None


def test_only_a_bounded_number_of_keys_is_remembered(store: Store, pool: Pool, master: KeyFile) -> None:
    streams = [uuid4() for _ in range(5)]
    store.commit(Batch(appends=tuple(append(stream, 0, note(ANNA)) for stream in streams)))
    keys = Keys(pool, WrappingKeys(ServiceKeys(pool, master)), remembered=2)

    for stream in streams:
        assert keys.for_reading([(stream, ANNA)])[stream, ANNA] is not None
    assert len(keys._known) == 2  # noqa: SLF001 # the bound is the promise


def test_a_forgotten_subject_is_looked_up_again(store: Store, pool: Pool) -> None:
    store.commit(Batch(appends=(append(STREAM, 0, note(ANNA)),)))
    store.keys.for_reading([(STREAM, ANNA)])
    with pool.connection() as connection:
        connection.execute("DELETE FROM plaint_keys.data_keys")

    assert (STREAM, ANNA) in store.keys.for_reading([(STREAM, ANNA)])
    store.keys.forget(ANNA)

    assert store.keys.for_reading([(STREAM, ANNA)]) == {}
    assert store.read.stream(STREAM, open=True)[0].event.model_dump()["note"] == SEALED.model_dump()


def test_keys_are_stored_wrapped_only(store: Store, pool: Pool) -> None:
    store.commit(Batch(appends=(append(STREAM, 0, note(ANNA)),)))

    with pool.connection() as connection:
        query = "SELECT octet_length(master_id), octet_length(wrapped), octet_length(key_id) FROM plaint_keys.data_keys"
        assert connection.execute(query).fetchall() == [(len("w12345678"), 12 + 32 + 16, 32)]


def test_rotating_the_master_key_keeps_everything_readable(store: Store, pool: Pool, tmp_path: Path) -> None:
    store.commit(Batch(appends=(append(STREAM, 0, note(ANNA, "old")),)))
    rotated = KeyFile({"m2": bytes(32), "m1": bytes(range(32))})

    with Store(pool, rotated, tmp_path) as later:
        later.commit(Batch(appends=(append(STREAM, 1, note(ANNA, "same key"), note(BORIS, "new key")),)))
        texts = [event.event.model_dump()["note"] for event in later.read.stream(STREAM, open=True)]

    assert texts == ["old", "same key", "new key"]
    with pool.connection() as connection:
        masters = connection.execute("SELECT DISTINCT master_id FROM plaint_keys.service_keys").fetchall()
    assert masters == [("m1",)]


def test_every_process_has_the_same_fingerprint_key(pool: Pool, master: KeyFile) -> None:
    one, two = ServiceKeys(pool, master).fingerprint(), ServiceKeys(pool, master).fingerprint()

    assert one.of("message", b"x") == two.of("message", b"x")


def test_a_key_destroyed_right_after_its_commit_is_not_remembered_by_the_process_that_made_it(
    store: Store, pool: Pool
) -> None:
    pair = (STREAM, ANNA)
    made = store.keys.for_writing([pair])
    store.commit(Batch(appends=(append(STREAM, 0, note(ANNA)),)))
    with pool.connection() as connection:
        connection.execute("UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL")
        connection.execute("UPDATE plaint_keys.destructions SET count = count + 1")
    store.keys.for_reading([])
    store.keys.kept({key_name(*pair): made[pair]})

    assert store.keys.for_reading([pair]) == {pair: None}


def test_the_streams_of_a_person_are_those_that_can_still_be_read(store: Store, pool: Pool) -> None:
    others = [uuid4(), uuid4()]
    store.commit(Batch(appends=tuple(append(stream, 0, note(ANNA)) for stream in (STREAM, *others))))
    store.commit(Batch(appends=(append(STREAM, 1, note(BORIS)),)))
    with pool.connection() as connection:
        connection.execute(
            "UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL WHERE stream = %s", (others[0],)
        )

    found = store.keys.streams_of([ANNA, BORIS, others[0]])

    assert {subject: set(streams) for subject, streams in found.items()} == {
        ANNA: {STREAM, others[1]}, BORIS: {STREAM}, others[0]: set(),
    }  # fmt: skip
