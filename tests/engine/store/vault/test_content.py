import hashlib
from pathlib import Path
from uuid import uuid4

import pytest

from engine.store.batch import Batch
from engine.store.database.pool import Pool
from engine.store.store import Store
from engine.store.vault.content import ROW_LIMIT_OCTETS, ContentErased, ContentMissing, Prepared
from engine.store.vault.master import KeyFile
from engine.store.vault.seal import SealBroken

STREAM, ANNA = uuid4(), uuid4()
SMALL, LARGE = b"a small file", b"L" * (ROW_LIMIT_OCTETS + 1)


def kept(store: Store, data: bytes) -> Prepared:
    prepared = store.contents.prepare(uuid4(), STREAM, ANNA, data, "text/plain", "письмо.txt")
    store.commit(Batch(contents=(prepared.content,)))
    return prepared


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "contents").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("data", "on_disk"), [(SMALL, 0), (b"", 0), (LARGE, 1)])
def test_content_comes_back_from_its_row_or_from_the_directory(
    store: Store, tmp_path: Path, data: bytes, on_disk: int
) -> None:
    prepared = kept(store, data)

    assert store.contents.open(prepared.attachment.content_id) == data
    assert len(files(tmp_path)) == on_disk


def test_an_attachment_proves_the_ciphertext_and_says_the_size_of_the_plaintext(store: Store, tmp_path: Path) -> None:
    prepared = kept(store, LARGE)

    (file,) = files(tmp_path)
    assert prepared.attachment.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (prepared.attachment.size, prepared.content.size) == (len(LARGE), file.stat().st_size)
    assert b"LLLLLLLL" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_a_large_content_is_on_disk_before_its_commit_and_unknown_without_it(store: Store, tmp_path: Path) -> None:
    prepared = store.contents.prepare(uuid4(), STREAM, ANNA, LARGE, "text/plain")

    assert len(files(tmp_path)) == 1
    with pytest.raises(ContentMissing):
        store.contents.open(prepared.content.content_id)


def test_content_of_an_erased_subject_does_not_open(store: Store, pool: Pool) -> None:
    prepared = kept(store, SMALL)
    with pool.connection() as connection:
        connection.execute("UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL")
        connection.execute("UPDATE plaint_keys.destructions SET count = count + 1")

    with pytest.raises(ContentErased):
        store.contents.open(prepared.content.content_id)


def test_changed_and_swapped_content_does_not_open(store: Store, tmp_path: Path, pool: Pool) -> None:
    one, two = kept(store, LARGE), kept(store, SMALL)
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pool.connection() as connection:
        other = uuid4()
        connection.execute(
            "UPDATE plaint.contents SET content_id = %s WHERE content_id = %s", (other, two.content.content_id)
        )

    for changed in (one.content.content_id, other):
        with pytest.raises(SealBroken):
            store.contents.open(changed)


def test_a_lost_file_is_told_as_missing(store: Store, tmp_path: Path) -> None:
    prepared = kept(store, LARGE)
    files(tmp_path)[0].unlink()

    with pytest.raises(ContentMissing, match="not in the content store"):
        store.contents.open(prepared.content.content_id)


def test_two_processes_that_take_one_message_at_once_lose_no_large_file(
    pool: Pool, master: KeyFile, tmp_path: Path
) -> None:
    content_id, stream, subject = uuid4(), uuid4(), uuid4()
    with Store(pool, master, tmp_path / "contents") as one, Store(pool, master, tmp_path / "contents") as two:
        first = one.contents.prepare(content_id, stream, subject, LARGE, "text/plain", begins=True)
        two.contents.prepare(content_id, stream, subject, LARGE, "text/plain", begins=True)  # under a key of its own
        one.commit(Batch(contents=(first.content,)))

        assert two.contents.open(content_id) == LARGE


def test_preparing_again_under_the_same_key_gives_the_same_proof(store: Store, tmp_path: Path) -> None:
    prepared = kept(store, LARGE)
    content_id = prepared.attachment.content_id
    again = store.contents.prepare(content_id, STREAM, ANNA, LARGE, "text/plain", "письмо.txt")

    assert again.attachment == prepared.attachment
    (file,) = files(tmp_path)
    assert prepared.attachment.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_that_was_left_broken_is_written_anew(store: Store, tmp_path: Path) -> None:
    content_id = uuid4()
    store.contents.prepare(content_id, STREAM, ANNA, LARGE, "text/plain")
    (file,) = files(tmp_path)
    file.write_bytes(b"half")
    prepared = store.contents.prepare(content_id, STREAM, ANNA, LARGE, "text/plain")
    store.commit(Batch(contents=(prepared.content,)))

    assert store.contents.open(content_id) == LARGE
