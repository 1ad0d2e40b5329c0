import os
import pwd
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.errors import DataDirectoryRefused
from engine.store.database.server.account import Account, server_account
from engine.store.database.server.programs import find_programs
from support.embedded import BECOME, OtherProcess, temporary_data_dir

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up rights")


def owner(path: Path) -> int:
    return path.stat().st_uid


def nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def ordinary() -> Account:
    entry = nobody()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, dropped=True)


def as_ordinary_user(statement: str, argument: Path) -> str:
    """What a process of that user says on its error stream."""
    command = [sys.executable, "-c", BECOME + statement, str(argument), str(nobody().pw_uid)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stderr


@as_root
def test_started_by_root_the_server_and_its_files_belong_to_a_user_without_rights() -> None:
    with temporary_data_dir() as data_dir, EmbeddedPostgres.start(data_dir) as server:
        home = data_dir / "postgresql"
        uid = owner(home / "cluster")
        assert uid != 0
        assert pwd.getpwuid(uid).pw_name in {"postgres", "nobody"}
        assert owner(Path("/proc", str(server.server_pid()))) == uid
        assert [owner(home / name) for name in ("socket", "passfile", "start.lock")] == [uid, 0, 0]


@as_root
def test_the_user_who_runs_the_server_cannot_read_the_password() -> None:
    with temporary_data_dir() as data_dir, EmbeddedPostgres.start(data_dir) as server:
        account = server_account(data_dir / "postgresql" / "cluster")
        assert account.run(["cat", str(data_dir / "postgresql" / "passfile")]).returncode == 1
        psycopg.connect(server.conninfo).close()


@as_root
def test_files_once_made_keep_their_owner_whatever_users_the_system_has_later() -> None:
    with temporary_data_dir() as data_dir:
        cluster = data_dir / "cluster"
        cluster.mkdir()
        os.chown(cluster, nobody().pw_uid, nobody().pw_gid)
        assert server_account(cluster) == ordinary()


@as_root
def test_files_of_root_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryRefused, match=r"belongs to root.*chown"):
        server_account(tmp_path)


@as_root
def test_a_directory_behind_a_barred_one_is_refused_with_the_bar_and_the_fix() -> None:
    with temporary_data_dir() as barred:
        barred.chmod(0o700)
        with pytest.raises(DataDirectoryRefused, match=rf"and {barred} bars his way.*PLAINT_DATA_DIR.*chmod o\+x"):
            EmbeddedPostgres.start(barred / "inside")
        assert barred.stat().st_mode & 0o777 == 0o700


@as_root
def test_a_group_that_had_rights_keeps_them_and_a_directory_open_to_all_stays_as_it_is() -> None:
    with temporary_data_dir() as place:
        shared = place / "shared"
        shared.mkdir()
        shared.chmod(0o750)
        place.chmod(0o755)
        ordinary().admit(place)
        assert (place.stat().st_mode & 0o777, place.stat().st_gid) == (0o755, 0)
        with pytest.raises(DataDirectoryRefused, match="bars his way"):
            ordinary().admit(shared)
        assert (shared.stat().st_mode & 0o777, shared.stat().st_gid) == (0o750, 0)


@as_root
def test_an_ordinary_user_runs_the_server_as_himself_and_root_may_join_him() -> None:
    entry = nobody()
    try:
        find_programs(None, ordinary(), Path(os.devnull))
    except OSError:
        pytest.skip("the programs lie where an ordinary user cannot reach them")
    with temporary_data_dir() as data_dir:
        os.chown(data_dir, entry.pw_uid, entry.pw_gid)
        with OtherProcess(data_dir, uid=entry.pw_uid) as his:
            pid = his.server_pid
            assert owner(Path("/proc", str(pid))) == entry.pw_uid
            with EmbeddedPostgres.start(data_dir) as joined:
                assert joined.server_pid() == pid
                psycopg.connect(joined.conninfo).close()
            assert his.leave() is True
        with EmbeddedPostgres.start(data_dir) as started:
            assert owner(Path("/proc", str(started.server_pid()))) == entry.pw_uid


@as_root
def test_a_data_directory_of_root_is_refused_to_an_ordinary_user() -> None:
    with temporary_data_dir() as data_dir:
        answer = as_ordinary_user("EmbeddedPostgres.start(Path(sys.argv[1]))", data_dir)
    assert f"DataDirectoryRefused: the data directory {data_dir} cannot be used (Permission denied)" in answer


def test_programs_run_with_a_clean_environment_from_the_root_directory() -> None:
    me = pwd.getpwuid(os.geteuid())
    account = Account(me.pw_name, me.pw_uid, me.pw_gid, dropped=False)
    answer = account.run(["/bin/sh", "-c", "pwd; umask; env | grep -v ^_= | grep -v ^PWD= | cut -d= -f1 | sort"])
    assert answer.stdout.split() == ["/", "0077", "LC_ALL", "PATH", "TZ"]


def test_a_program_that_is_missing_is_no_lack_of_rights() -> None:
    me = pwd.getpwuid(os.geteuid())
    account = Account(me.pw_name, me.pw_uid, me.pw_gid, dropped=False)
    with pytest.raises(FileNotFoundError):
        account.run(["/no/such/program"])


@as_root
def test_a_process_without_the_right_to_change_the_user_says_so() -> None:
    statement = "Account('another', 1, 1, True).run(['/bin/true'])"
    answer = as_ordinary_user(statement, Path("/"))
    assert "DatabaseUnavailable: this process is root but may not change to the user 'another'" in answer
