"""What the embedded server is set to: from the memory that it may use and the disk that is free."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.server.tuning import memory_of_machine, tuned, unless_chosen
from support.embedded import made_data_dir, temporary_data_dir

MB = 1024 * 1024
GB = 1024 * MB
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with made_data_dir() as place:
        yield place


def shown(conninfo: str, *names: str) -> dict[str, str]:
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)", (list(names),)
        )
        return dict(rows.fetchall())


def sizes(memory: int, disk: int) -> list[str]:
    found = tuned(memory, disk, lz4=False)
    names = ("shared_buffers", "effective_cache_size", "maintenance_work_mem", "wal_buffers", "max_wal_size")
    return [found[name] for name in names]


def test_sizes_follow_memory_and_disk_within_bounds() -> None:
    assert sizes(512 * MB, 1 * GB) == ["64MB", "256MB", "16MB", "4MB", "256MB"]
    assert sizes(8 * GB, 16 * GB) == ["1024MB", "4096MB", "256MB", "16MB", "2048MB"]
    assert sizes(512 * GB, 4096 * GB) == ["2048MB", "262144MB", "512MB", "16MB", "4096MB"]
    assert sizes(64 * MB, 0) == ["32MB", "64MB", "16MB", "4MB", "256MB"]


def test_the_log_is_compressed_by_what_the_server_was_built_with() -> None:
    assert [tuned(GB, GB, lz4=built)["wal_compression"] for built in (True, False)] == ["lz4", "pglz"]


def test_nothing_weakens_what_a_commit_promises() -> None:
    weakening = {"fsync", "full_page_writes", "synchronous_commit", "wal_level", "data_checksums", "zero_damaged_pages"}
    assert weakening & tuned(GB, GB, lz4=True).keys() == set()


def test_what_alter_system_has_set_is_left_alone(tmp_path: Path) -> None:
    assert unless_chosen({"jit": "off"}, tmp_path) == {"jit": "off"}
    (tmp_path / "postgresql.auto.conf").write_text("# jit = 'on'\nshared_buffers = '1GB'\n")
    assert unless_chosen({"jit": "off", "shared_buffers": "64MB"}, tmp_path) == {"jit": "off"}


def group(root: Path, path: str, limit: str, file: str = "memory.max") -> None:
    directory = root / path
    directory.mkdir(parents=True, exist_ok=True)
    (directory / file).write_text(limit + "\n", "ascii")


def test_the_smallest_limit_of_the_groups_above_bounds_the_memory(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/pod/container\n")
    group(tmp_path, "pod", str(96 * MB))
    group(tmp_path, "pod/container", "max")
    assert memory_of_machine(own, tmp_path) == 96 * MB


def test_a_limit_of_the_older_groups_counts_and_its_no_limit_does_not(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("5:cpu:/pod\n4:memory:/pod\n")
    group(tmp_path, "cpu/pod", str(1 * MB), "memory.limit_in_bytes")
    group(tmp_path, "memory/pod", str(128 * MB), "memory.limit_in_bytes")
    group(tmp_path, "memory", "9223372036854771712", "memory.limit_in_bytes")
    assert memory_of_machine(own, tmp_path) == 128 * MB


def test_without_groups_the_machine_is_the_limit(tmp_path: Path) -> None:
    assert memory_of_machine(tmp_path / "absent", tmp_path) == memory_of_machine(tmp_path / "absent") > 64 * MB


def test_a_start_takes_the_settings_and_the_next_one_those_of_a_changed_machine(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("shared_buffers", "jit", "checkpoint_timeout", "fsync", "synchronous_commit", "full_page_writes")
    for memory, buffers in ((512 * MB, "64MB"), (1 * GB, "128MB")):
        monkeypatch.setattr("engine.store.database.server.tuning.memory_of_machine", lambda given=memory: given)
        with EmbeddedPostgres.start(data_dir) as server:
            assert shown(server.conninfo, *names) == {
                "shared_buffers": buffers,
                "jit": "off",
                "checkpoint_timeout": "15min",
                "fsync": "on",
                "synchronous_commit": "on",
                "full_page_writes": "on",
            }


def test_a_setting_changed_by_alter_system_holds_after_a_restart(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server, psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET shared_buffers = '48MB'")
    with EmbeddedPostgres.start(data_dir) as server:
        assert shown(server.conninfo, "shared_buffers", "jit") == {"shared_buffers": "48MB", "jit": "off"}


def test_postgresql_15_takes_the_settings_and_its_lz4() -> None:
    if not DEBIAN_15.exists():
        pytest.skip(f"no PostgreSQL 15 is installed in {DEBIAN_15}")
    with temporary_data_dir() as data_dir, EmbeddedPostgres.start(data_dir, DEBIAN_15) as server:
        found = shown(server.conninfo, "wal_compression", "jit", "server_version_num")
        assert (found["wal_compression"], found["jit"], found["server_version_num"][:2]) == ("lz4", "off", "15")
