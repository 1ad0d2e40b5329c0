import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.errors import DatabaseUnavailable, DataDirectoryRefused
from engine.store.database.server.account import server_account
from engine.store.database.server.supervision import server_pid
from support.embedded import OtherProcess, made_data_dir, temporary_data_dir

DEBIAN_INSTALLATIONS = Path("/usr/lib/postgresql")


@pytest.fixture
def new() -> Iterator[Path]:
    """A data directory with nothing in it."""
    with temporary_data_dir() as place:
        yield place


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory in which a server has been before."""
    with made_data_dir() as place:
        yield place


def ask(conninfo: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(question.encode()).fetchall()


def tell(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(statement.encode())


def wait_until_gone(pid: int) -> None:
    for _ in range(200):
        if not Path("/proc", str(pid), "cwd").exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} is still there")


def test_the_first_start_makes_a_database_with_checksums_that_folds_russian_and_syncs(new: Path) -> None:
    with EmbeddedPostgres.start(new) as server:
        found = ask(
            server.conninfo,
            "SELECT current_database(), current_setting('data_checksums'), current_setting('server_encoding'), "
            "lower('ЖАЛОБА'), current_setting('fsync'), current_setting('TimeZone'), "
            "current_setting('listen_addresses')",
        )
    assert found == [("plaint", "on", "UTF8", "жалоба", "on", "UTC", "")]


def test_a_second_start_finds_what_the_first_one_stored(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server:
        tell(server.conninfo, "CREATE TABLE kept AS SELECT 7 AS figure")
    with EmbeddedPostgres.start(data_dir) as server:
        assert ask(server.conninfo, "SELECT figure FROM kept") == [(7,)]


def test_a_second_process_joins_and_the_last_to_leave_stops_the_server(data_dir: Path) -> None:
    first = EmbeddedPostgres.start(data_dir)
    pid = first.server_pid()
    with OtherProcess(data_dir) as second:
        assert (second.conninfo, second.server_pid) == (first.conninfo, pid)
        assert first.leave() is False
        assert ask(second.conninfo, "SELECT 1") == [(1,)]
        assert second.leave() is True
    assert first.server_pid() is None


def test_processes_that_start_at_once_share_one_server(new: Path) -> None:
    with ExitStack() as stack:
        starting = [stack.enter_context(OtherProcess(new)) for _ in range(3)]
        pids = {process.server_pid for process in starting}
        assert len(pids) == 1
        assert [process.leave() for process in starting] == [False, False, True]


def test_the_server_outlives_the_process_that_started_it(data_dir: Path) -> None:
    with OtherProcess(data_dir) as first:
        joined = EmbeddedPostgres.start(data_dir)
        assert first.leave() is False
    assert ask(joined.conninfo, "SELECT 1") == [(1,)]
    assert joined.leave() is True


def test_leaving_twice_is_harmless_and_a_part_given_up_cannot_be_revived(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    assert [server.leave(), server.leave()] == [True, False]
    with pytest.raises(DatabaseUnavailable, match="start a new one"):
        server.revive()


def test_committed_rows_survive_a_killed_server_and_it_is_revived(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server:
        tell(server.conninfo, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS figure")
        pid = server.server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
        assert server.server_pid() is None
        assert server.revive() is True
        assert ask(server.conninfo, "SELECT count(*), sum(figure) FROM kept") == [(1000, 500500)]
        assert server.revive() is False


def test_a_killed_server_is_started_again_by_the_next_process(data_dir: Path) -> None:
    first = EmbeddedPostgres.start(data_dir)
    tell(first.conninfo, "CREATE TABLE kept AS SELECT 7 AS figure")
    pid = first.server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with OtherProcess(data_dir) as second:
        assert second.server_pid != pid
        assert ask(second.conninfo, "SELECT figure FROM kept") == [(7,)]
        assert first.leave() is False
        assert second.leave() is True


def test_a_killed_user_frees_its_part_and_the_server_it_left_is_used_again(data_dir: Path) -> None:
    with OtherProcess(data_dir) as killed:
        tell(killed.conninfo, "CREATE TABLE kept AS SELECT 7 AS figure")
        killed.kill()
        with EmbeddedPostgres.start(data_dir) as server:
            assert server.server_pid() == killed.server_pid
            assert ask(server.conninfo, "SELECT figure FROM kept") == [(7,)]
            assert server.leave() is True


def test_a_process_id_used_again_by_a_stranger_does_not_keep_the_server_from_starting(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    pid = server.server_pid()
    assert pid is not None
    pid_file = data_dir / "postgresql" / "cluster" / "postmaster.pid"
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)
    account = server_account(pid_file.parent)
    with account.spawn(["sleep", "60"], out=subprocess.DEVNULL, err=subprocess.DEVNULL) as stranger:
        pid_file.write_text(pid_file.read_text().replace(str(pid), str(stranger.pid), 1))
        assert server.revive(patience_seconds=10) is True
        assert stranger.poll() is None
        stranger.kill()
    assert server.leave() is True


def test_a_server_that_does_not_answer_in_time_is_told_and_let_be(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server:
        pid = server.server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(DatabaseUnavailable, match=r"runs but has not answered for 0\.5 s.*try again later"):
                EmbeddedPostgres.start(data_dir, patience_seconds=0.5)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert EmbeddedPostgres.start(data_dir).leave() is False
        assert server.server_pid() == pid


def test_a_ctrl_c_meant_for_its_users_passes_the_server_by(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server:
        pid = server.server_pid()
        assert pid is not None
        assert (os.getsid(pid), os.getpgid(pid)) == (pid, pid)


def test_nobody_else_can_read_anything_and_only_a_way_through_is_given(new: Path) -> None:
    with EmbeddedPostgres.start(new) as server:
        home = new / "postgresql"
        modes = {path.name: path.stat().st_mode & 0o777 for path in sorted(home.iterdir())}
        modes.pop("programs", None)  # PostgreSQL's own, where the environment is closed to the database's user
        way_through = 0o710 if os.geteuid() == 0 else 0o700
        assert [new.stat().st_mode & 0o777, home.stat().st_mode & 0o777] == [way_through, way_through]
        assert modes == {
            "cluster": 0o700,
            "passfile": 0o600,
            "server.log": 0o600,
            "socket": 0o700,
            "start.lock": 0o600,
            "users.lock": 0o600,
        }
        assert str(home / "socket") == conninfo_to_dict(server.conninfo)["host"]
        assert "password" not in conninfo_to_dict(server.conninfo)


def test_a_password_is_always_asked_for(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server:
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(make_conninfo(server.conninfo, passfile="/dev/null"))
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(make_conninfo(server.conninfo, password="guessed"))
        rules = "SELECT type, database, user_name, auth_method FROM pg_hba_file_rules"
        assert ask(server.conninfo, rules) == [("local", ["all"], ["all"], "scram-sha-256")]
        assert ask(server.conninfo, "SELECT left(rolpassword, 13) FROM pg_authid WHERE rolcanlogin") == [
            ("SCRAM-SHA-256",)
        ]


def test_a_statement_that_fails_leaves_no_value_in_the_log(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server:
        tell(server.conninfo, "CREATE TABLE once (word text PRIMARY KEY); INSERT INTO once VALUES ('a-secret-word')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            tell(server.conninfo, "INSERT INTO once VALUES ('a-secret-word')")
    log = (data_dir / "postgresql" / "server.log").read_text()
    assert "duplicate key" in log
    assert "a-secret-word" not in log


def test_a_long_path_gets_a_short_private_socket_directory_that_goes_with_the_server() -> None:
    with temporary_data_dir("long" * 30) as data_dir:
        first = EmbeddedPostgres.start(data_dir)
        short = Path(str(conninfo_to_dict(first.conninfo)["host"]))
        second = EmbeddedPostgres.start(data_dir)
        assert second.conninfo == first.conninfo
        assert ask(second.conninfo, "SELECT 1") == [(1,)]
        assert (short.is_relative_to(data_dir), short.stat().st_mode & 0o777) == (False, 0o700)
        assert [first.leave(), second.leave()] == [False, True]
        assert not short.exists()


def test_a_path_with_a_comma_and_spaces_works() -> None:
    with temporary_data_dir("a, b 'c'") as data_dir, EmbeddedPostgres.start(data_dir) as server:
        assert ask(server.conninfo, "SELECT 1") == [(1,)]


def test_files_of_another_major_version_are_refused_with_the_way_out(data_dir: Path) -> None:
    EmbeddedPostgres.start(data_dir).leave()
    (data_dir / "postgresql" / "cluster" / "PG_VERSION").write_text("14\n")
    with pytest.raises(DataDirectoryRefused, match=r"made by PostgreSQL 14.*PLAINT_PG_BIN.*pg_dumpall.*restore"):
        EmbeddedPostgres.start(data_dir)


def test_an_installed_postgresql_serves_too_and_its_files_are_refused_by_another_major(new: Path) -> None:
    installed = sorted(DEBIAN_INSTALLATIONS.glob("1[567]/bin/postgres"))
    if not installed:
        pytest.skip(f"no PostgreSQL 15 to 17 is installed in {DEBIAN_INSTALLATIONS}")
    pg_bin = installed[0].parent
    with EmbeddedPostgres.start(new, pg_bin) as server:
        version = f"{pg_bin.parent.name}%"
        found = ask(server.conninfo, f"SELECT current_setting('server_version') LIKE '{version}', lower('ЖАЛОБА')")
        assert found == [(True, "жалоба")]
    with pytest.raises(DataDirectoryRefused, match=r"was made by PostgreSQL 1[567]"):
        EmbeddedPostgres.start(new)


def test_a_wrong_password_file_is_named_at_once(data_dir: Path) -> None:
    EmbeddedPostgres.start(data_dir).leave()
    passfile = data_dir / "postgresql" / "passfile"
    passfile.write_text("*:*:*:postgres:another\n")
    with pytest.raises(DataDirectoryRefused, match=r"does not take the password in .*passfile"):
        EmbeddedPostgres.start(data_dir)
    assert server_pid(data_dir / "postgresql" / "cluster") is None
    passfile.unlink()
    with pytest.raises(DataDirectoryRefused, match="passfile is missing"):
        EmbeddedPostgres.start(data_dir)


def test_a_server_that_cannot_start_tells_why(data_dir: Path) -> None:
    EmbeddedPostgres.start(data_dir).leave()
    settings = data_dir / "postgresql" / "cluster" / "postgresql.auto.conf"
    settings.write_text("shared_buffers = 'nonsense'\n")
    with pytest.raises(DatabaseUnavailable, match=r"ended at start \(exit 1\).*shared_buffers"):
        EmbeddedPostgres.start(data_dir)


def test_a_set_up_cut_short_is_done_anew(new: Path) -> None:
    unfinished = new / "postgresql" / "cluster.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    (new / "postgresql" / "passfile").write_text("*:*:*:postgres:of-the-first-try\n")
    with EmbeddedPostgres.start(new) as server:
        assert ask(server.conninfo, "SELECT 1") == [(1,)]
    assert not unfinished.exists()
