import threading
import time
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from engine.store.database.wake import Waiter

LONG = 20.0


def notify(conninfo: str, channel: str = "news") -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SELECT pg_notify(%s, '')", (channel,))


def end_waiters(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'plaint waiter' "
            "AND datname = current_database()"
        )


def seconds(began: float) -> float:
    return time.monotonic() - began


def test_a_notification_ends_the_wait_at_once(empty_database: str) -> None:
    with Waiter(empty_database, "news") as waiter:
        sender = threading.Timer(0.2, notify, (empty_database,))
        sender.start()
        began = time.monotonic()
        assert waiter.wait(LONG) is True
        assert 0.1 < seconds(began) < LONG / 2
        sender.join()


def test_without_news_the_wait_lasts_its_time(empty_database: str) -> None:
    with Waiter(empty_database, "news") as waiter:
        notify(empty_database, "other")
        began = time.monotonic()
        assert waiter.wait(0.3) is False
        assert 0.3 <= seconds(began) < LONG / 2


def test_notifications_between_two_waits_count_once(empty_database: str) -> None:
    with Waiter(empty_database, "news") as waiter:
        with psycopg.connect(empty_database) as connection:
            for payload in ("first", "second", "third"):
                connection.execute("SELECT pg_notify('news', %s)", (payload,))
        assert [waiter.wait(LONG), waiter.wait(0.1)] == [True, False]


def test_a_channel_is_taken_by_its_exact_name(empty_database: str) -> None:
    with Waiter(empty_database, 'Odd "name"') as waiter:
        notify(empty_database, 'Odd "name"')
        assert waiter.wait(LONG) is True


def test_a_lost_connection_is_made_anew_and_counts_as_possible_news(empty_database: str) -> None:
    with Waiter(empty_database, "news") as waiter:
        end_waiters(empty_database)
        began = time.monotonic()
        assert waiter.wait(LONG) is True
        assert seconds(began) < LONG / 2
        assert waiter.wait(0.1) is False
        notify(empty_database)
        assert waiter.wait(LONG) is True


def test_a_connection_lost_during_the_wait_ends_it_without_an_error(empty_database: str) -> None:
    with Waiter(empty_database, "news") as waiter:
        killer = threading.Timer(0.2, end_waiters, (empty_database,))
        killer.start()
        began = time.monotonic()
        assert waiter.wait(LONG) is True
        assert seconds(began) < LONG / 2
        killer.join()


def test_while_the_database_is_away_a_wait_lasts_its_time_and_raises_nothing(tmp_path: Path) -> None:
    address = make_conninfo(host=str(tmp_path), dbname="plaint", user="u")
    with Waiter(address, "news") as waiter:
        began = time.monotonic()
        assert waiter.wait(0.3) is False
        assert 0.3 <= seconds(began) < LONG / 2
