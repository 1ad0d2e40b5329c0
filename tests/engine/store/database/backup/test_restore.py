"""A backup is taken while others write, is checked by its leaves, and comes back whole or not at all."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from engine.store.batch import Batch
from engine.store.database.backup.manifest import FILE, Manifest
from engine.store.database.backup.restore import begin_incarnation, restore
from engine.store.database.backup.take import take
from engine.store.database.backup.tools import BackupFailed, Tools
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from support.examples import append, note
from support.postgres import fresh_database
from support.servers import client_program

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANNA = uuid4()


def batch(stream: UUID) -> Batch:
    return Batch(appends=(append(stream, 0, note(ANNA)),))


def tools(conninfo: str) -> Tools:
    return Tools(client_program("pg_dump").parent, conninfo)


def taken(conninfo: str, place: Path) -> Manifest:
    return take(
        tools(conninfo), place / "contents", place / "log", place / "keys", now=NOW, program="1", tell=lambda _: None
    )


def put_back(conninfo: str, place: Path, *, lost_nothing: bool = False) -> object:
    return restore(
        tools(conninfo),
        place / "elsewhere",
        place / "log",
        place / "keys",
        lost_nothing=lost_nothing,
        tell=lambda _: None,
    )


@pytest.fixture
def kept(store: Store, database: str, tmp_path: Path) -> Manifest:
    stream = uuid4()
    store.commit(batch(stream))
    file = tmp_path / "contents" / "ab" / "a-file"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"sealed")
    return taken(database, tmp_path)


@pytest.fixture
def elsewhere(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server) as conninfo:
        yield conninfo


def test_the_log_comes_back_octet_by_octet_with_its_texts_and_begins_a_new_incarnation(
    kept: Manifest, store: Store, elsewhere: str, tmp_path: Path, master: KeyFile
) -> None:
    put_back(elsewhere, tmp_path)

    with open_pool(elsewhere, max_size=2, name="test") as pool, Store(pool, master, tmp_path / "elsewhere") as there:
        assert there.read.log(0, 1_000, open=True) == store.read.log(0, 1_000, open=True)
        head = there.read.head()
        assert (head.position, head.recorded_at) == (kept.position, kept.recorded_at)
        assert head.incarnation != kept.incarnation == store.read.head().incarnation
        with pool.connection() as connection:
            last = connection.execute("SELECT number, after_position FROM plaint.log ORDER BY number DESC").fetchone()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM plaint.events")
    assert last == (2, kept.position)
    assert (tmp_path / "elsewhere" / "ab" / "a-file").read_bytes() == b"sealed"


def test_where_nothing_was_lost_the_incarnation_stays(kept: Manifest, elsewhere: str, tmp_path: Path) -> None:
    assert put_back(elsewhere, tmp_path, lost_nothing=True) == kept.end


def test_keys_and_log_are_apart_and_nobody_else_reads_them(kept: Manifest, tmp_path: Path) -> None:
    assert b"data_keys" not in (tmp_path / "log" / "log.dump").read_bytes()
    assert b"access_log" not in (tmp_path / "keys" / "keys.dump").read_bytes()
    files = [*(tmp_path / "log").glob("*.dump"), *(tmp_path / "keys").iterdir(), tmp_path / "log" / FILE]
    assert {file.stat().st_mode & 0o077 for file in files} == {0}
    assert kept == Manifest.read(tmp_path / "log")


def test_what_is_written_after_the_snapshot_is_not_in_it(
    store: Store, database: str, elsewhere: str, tmp_path: Path
) -> None:
    store.commit(batch(uuid4()))

    def write_more(what: str) -> None:
        if what == "the keys":
            store.commit(batch(uuid4()))

    taken_now = take(
        tools(database),
        tmp_path / "none",
        tmp_path / "log",
        tmp_path / "keys",
        now=NOW,
        program="1",
        tell=write_more,
    )
    put_back(elsewhere, tmp_path)

    with psycopg.connect(elsewhere) as connection:
        found = connection.execute(
            "SELECT (SELECT count(*) FROM plaint.events), (SELECT count(*) FROM plaint_keys.data_keys)"
        ).fetchone()
    assert found == (taken_now.position, 1)
    assert store.read.head().position == taken_now.position + 1


def test_a_log_that_is_not_what_the_backup_says_is_taken_away_again(
    kept: Manifest, elsewhere: str, tmp_path: Path
) -> None:
    said = json.loads((tmp_path / "log" / FILE).read_bytes())
    (tmp_path / "log" / FILE).write_text(json.dumps({**said, "leaves": "0" * 64}), encoding="utf-8")

    with pytest.raises(BackupFailed, match="not the one that the backup says"):
        put_back(elsewhere, tmp_path)

    with psycopg.connect(elsewhere) as connection:
        assert connection.execute("SELECT to_regnamespace('plaint'), to_regnamespace('plaint_keys')").fetchone() == (
            None,
            None,
        )


@pytest.mark.parametrize("file", ["log/log.dump", "keys/keys.dump", "log/backup.json"])
def test_half_a_backup_is_none(kept: Manifest, elsewhere: str, tmp_path: Path, file: str) -> None:
    (tmp_path / file).unlink()

    with pytest.raises(BackupFailed):
        put_back(elsewhere, tmp_path)


def test_a_database_in_use_is_left_alone(kept: Manifest, database: str, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="restore into a new, empty one"):
        put_back(database, tmp_path)


def test_a_directory_that_holds_something_is_left_alone(kept: Manifest, database: str, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="is not empty"):
        taken(database, tmp_path)


@pytest.mark.parametrize(
    ("log", "keys"), [("one", "one"), ("one", "one/keys"), ("one/log", "one"), ("one", "x/../one")]
)
def test_keys_beside_the_log_are_no_backup(store: Store, database: str, tmp_path: Path, log: str, keys: str) -> None:
    store.commit(batch(uuid4()))
    with pytest.raises(BackupFailed, match="keys are kept apart from the log"):
        take(
            tools(database), tmp_path / "contents", tmp_path / log, tmp_path / keys,
            now=NOW, program="1", tell=lambda _: None,
        )  # fmt: skip
    assert not (tmp_path / "one").exists()


def test_a_log_that_lost_events_with_the_whole_server_is_told_so(store: Store, database: str) -> None:
    store.commit(batch(uuid4()))
    before = store.read.head()
    with psycopg.connect(database, autocommit=True) as connection:
        begun = begin_incarnation(connection)
    assert (store.read.head().incarnation, store.read.head().position) == (begun, before.position)
    assert begun != before.incarnation


def test_where_the_contents_find_no_room_nothing_is_put_back_and_it_may_be_tried_again(
    kept: Manifest, elsewhere: str, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "ab").write_bytes(b"no directory")

    with pytest.raises(BackupFailed, match=r"cannot write to .*elsewhere.*: make room"):
        put_back(elsewhere, tmp_path)

    (tmp_path / "elsewhere" / "ab").unlink()
    put_back(elsewhere, tmp_path)
    assert [file.name for file in (tmp_path / "elsewhere").rglob("*")] == ["ab", "a-file"]


def test_a_content_of_which_a_part_was_copied_is_copied_whole(
    kept: Manifest, elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(_source: Path, target: Path) -> None:
        Path(target).write_bytes(b"sea")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("shutil.copy2", breaks_off)
        with pytest.raises(BackupFailed):
            put_back(elsewhere, tmp_path)
    put_back(elsewhere, tmp_path)
    assert (tmp_path / "elsewhere" / "ab" / "a-file").read_bytes() == b"sealed"
