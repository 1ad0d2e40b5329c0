import time
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool, open_pool, session_settings


def settings(pool: Pool, *names: str) -> list[str]:
    with pool.connection() as connection:
        rows = [connection.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in names]
    return [row[0] for row in rows if row is not None]


def end_all_sessions(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_sessions_have_a_name_speak_utc_and_do_not_idle_in_a_transaction(empty_database: str) -> None:
    with open_pool(empty_database, max_size=2, name="plaint test") as pool:
        names = ("application_name", "TimeZone", "idle_in_transaction_session_timeout")
        assert settings(pool, *names) == ["plaint test", "UTC", "1min"]
        with pool.connection() as connection:
            assert connection.autocommit is False


def test_the_addresss_own_options_stay_and_win(empty_database: str) -> None:
    address = make_conninfo(empty_database, options="-c work_mem=7MB -c TimeZone=Asia/Omsk")
    with open_pool(address, max_size=1, name="plaint test") as pool:
        names = ("work_mem", "TimeZone", "idle_in_transaction_session_timeout")
        assert settings(pool, *names) == ["7MB", "Asia/Omsk", "1min"]


def test_a_block_commits_and_a_failed_one_leaves_nothing(empty_database: str) -> None:
    with open_pool(empty_database, max_size=1, name="plaint test") as pool:
        with pool.connection() as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS figure")
        with pytest.raises(psycopg.errors.DivisionByZero), pool.connection() as connection:
            connection.execute("INSERT INTO kept VALUES (2); SELECT 1 / 0")
        with pool.connection() as connection:
            assert connection.execute("SELECT figure FROM kept").fetchall() == [(1,)]


def test_the_connection_after_a_lost_one_works(empty_database: str) -> None:
    with open_pool(empty_database, max_size=2, name="plaint test") as pool:
        assert settings(pool, "TimeZone") == ["UTC"]
        end_all_sessions(empty_database)
        assert settings(pool, "TimeZone") == ["UTC"]


def test_no_connection_is_told_within_the_patience_and_without_the_password(tmp_path: Path) -> None:
    address = make_conninfo(host=str(tmp_path), dbname="plaint", user="u", password="a-secret-word")
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match=r"within 0\.3 s \(host .*, dbname plaint\)") as refused:
        open_pool(address, max_size=1, name="plaint test", patience_seconds=0.3)
    assert time.monotonic() - began < 5
    assert "a-secret-word" not in str(refused.value)


def test_what_is_sent_and_never_confirmed_ends_the_connection_after_a_minute() -> None:
    assert session_settings("host=db", "plaint test")["tcp_user_timeout"] == 60_000
