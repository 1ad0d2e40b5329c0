import hashlib
import os
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from engine.store.batch import Batch
from engine.store.database.pool import Pool
from engine.store.store import Store
from engine.store.vault.content import ROW_LIMIT_OCTETS, ContentMissing, Prepared
from engine.store.vault.sweep import Need, Sweep, Swept

STREAM, ANNA = uuid4(), uuid4()
LARGE = b"L" * (ROW_LIMIT_OCTETS + 1)
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "contents"


@pytest.fixture
def sweep(store: Store, pool: Pool, directory: Path) -> Sweep:
    """A sweep of a directory that it has claimed already."""
    sweep = Sweep(pool, directory, DAY)
    assert sweep.run(NOW) == Swept("ours")
    return sweep


def prepare(store: Store, content_id: UUID | None = None, data: bytes = LARGE) -> Prepared:
    return store.contents.prepare(content_id or uuid4(), STREAM, ANNA, data, "text/plain")


def keep(store: Store, prepared: Prepared) -> UUID:
    store.commit(Batch(contents=(prepared.content,)))
    return prepared.content.content_id


def files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file() and path.name != "owner")


def age(directory: Path, by: timedelta = 2 * DAY) -> None:
    then = (NOW - by).timestamp()
    for file in files(directory):
        os.utime(file, (then, then))


def test_an_orphan_is_put_aside_and_a_day_later_deleted(store: Store, sweep: Sweep, directory: Path) -> None:
    kept = keep(store, prepare(store))
    prepare(store)
    age(directory)

    assert sweep.run(NOW) == Swept("ours", put_aside=1)
    assert sweep.run(NOW + DAY - timedelta(minutes=1)) == Swept("ours")
    assert sweep.run(NOW + DAY + timedelta(minutes=1)) == Swept("ours", deleted=1)
    assert store.contents.open(kept) == LARGE
    assert len(files(directory)) == 1


def test_what_is_younger_than_a_day_may_be_of_a_commit_on_its_way(store: Store, sweep: Sweep, directory: Path) -> None:
    prepared = prepare(store)

    assert sweep.run(NOW) == Swept("ours")
    assert store.contents.open(keep(store, prepared)) == LARGE


def test_a_draft_that_was_left_over_is_deleted_and_a_new_one_is_not(
    store: Store, sweep: Sweep, directory: Path
) -> None:
    prepare(store)
    (file,) = files(directory)
    old, new = file.with_suffix(".00.draft"), file.with_suffix(".01.draft")
    old.touch()
    age(directory)
    new.touch()

    assert sweep.run(NOW) == Swept("ours", put_aside=1, drafts=1)
    assert [path.name for path in files(directory)] == sorted([new.name, f"{file.name}.orphan"])


class Overtaken(Sweep):
    """Somebody else acts right after the rows were asked, when what is to be put aside has been decided."""

    act: Callable[[], object] = lambda: None

    def _needed(self, contents: Collection[UUID]) -> set[Need]:
        found = super()._needed(contents)
        if contents:
            type(self).act()
        return found


def test_an_orphan_that_is_taken_up_while_it_is_swept_stays_for_its_commit(
    store: Store, sweep: Sweep, pool: Pool, directory: Path
) -> None:
    content_id = prepare(store).content.content_id
    age(directory)
    again: list[Prepared] = []

    class TakenUp(Overtaken):
        act = staticmethod(lambda: again.append(prepare(store, content_id)))

    assert TakenUp(pool, directory, DAY).run(NOW) == Swept("ours")
    assert len(again) == 1
    assert store.contents.open(keep(store, again[0])) == LARGE
    assert again[0].attachment.sha256 == digest(directory)


def test_a_commit_that_is_prepared_after_the_renaming_makes_a_file_of_its_own(
    store: Store, sweep: Sweep, directory: Path
) -> None:
    content_id = prepare(store).content.content_id
    age(directory)
    assert sweep.run(NOW) == Swept("ours", put_aside=1)

    prepared = prepare(store, content_id)
    keep(store, prepared)

    assert sweep.run(NOW) == Swept("ours")
    assert store.contents.open(content_id) == LARGE
    assert prepared.attachment.sha256 == digest(directory)


def test_a_file_that_a_row_names_after_all_is_put_back(store: Store, sweep: Sweep, directory: Path) -> None:
    prepared = prepare(store)
    age(directory)
    sweep.run(NOW)
    content_id = keep(store, prepared)
    with pytest.raises(ContentMissing):
        store.contents.open(content_id)

    assert sweep.run(NOW) == Swept("ours", put_back=1)
    assert store.contents.open(content_id) == LARGE


def test_the_file_of_a_content_whose_key_was_destroyed_is_an_orphan_and_never_missing(
    store: Store, sweep: Sweep, pool: Pool, directory: Path
) -> None:
    keep(store, prepare(store))
    age(directory)
    with pool.connection() as connection:
        connection.execute("UPDATE plaint_keys.data_keys SET wrapped = NULL, master_id = NULL")

    assert sweep.run(NOW) == Swept("ours", put_aside=1)
    assert sweep.run(NOW + 2 * DAY) == Swept("ours", deleted=1)


def test_a_missing_file_is_told_and_a_content_in_its_row_is_not(store: Store, sweep: Sweep, directory: Path) -> None:
    missing, there = keep(store, prepare(store)), keep(store, prepare(store, data=b"small"))
    for file in files(directory):
        file.unlink()

    assert sweep.run(NOW) == Swept("ours", missing=(missing,))
    assert store.contents.open(there) == b"small"


def test_the_directory_of_another_database_is_never_touched(
    store: Store, sweep: Sweep, directory: Path, pool: Pool
) -> None:
    prepare(store)
    age(directory)
    before = files(directory)
    (directory / "owner").write_text("another\n", encoding="ascii")

    assert sweep.run(NOW) == Swept("another")
    assert files(directory) == before


def test_a_directory_that_nobody_claimed_and_whose_files_are_unknown_is_left_alone(
    store: Store, pool: Pool, directory: Path
) -> None:
    prepare(store)
    age(directory)

    assert Sweep(pool, directory, DAY).run(NOW) == Swept("unknown")
    keep(store, prepare(store))
    assert Sweep(pool, directory, DAY).run(NOW) == Swept("ours", put_aside=1)


def test_an_age_below_an_hour_is_refused(pool: Pool, directory: Path) -> None:
    with pytest.raises(ValueError, match="an hour old at least"):
        Sweep(pool, directory, timedelta(minutes=59))


def digest(directory: Path) -> str:
    (file,) = [file for file in files(directory) if file.suffix == ".box"]
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_two_sweeps_at_once_do_the_work_of_one(store: Store, sweep: Sweep, pool: Pool, directory: Path) -> None:
    for _ in range(3):
        prepare(store)
    age(directory)
    beside = Sweep(pool, directory, DAY)

    class Beside(Overtaken):
        act = staticmethod(lambda: beside.run(NOW))

    assert Beside(pool, directory, DAY).run(NOW).put_aside == 0
    assert [file.suffix for file in files(directory)] == [".orphan"] * 3
