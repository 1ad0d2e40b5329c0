"""Threads that stop together, and the address that only one process has."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from consumers.wiring import build
from consumers.wiring.listening import CannotListen
from consumers.wiring.processes import Background, address, follow, keep_presence
from consumers.wiring.settings import Settings, from_environment
from engine.store.database import running
from engine.store.database.errors import ProgramTooOld
from projections.views.cases import ask as cases


def test_a_taken_address_is_refused_with_the_setting_that_chooses_it(tmp_path: Path) -> None:
    with address(Settings(data_dir=tmp_path, http_port=0)) as door:
        door.listen()
        taken = Settings(data_dir=tmp_path, http_port=door.getsockname()[1])
        with pytest.raises(CannotListen, match=r"Address already in use; let PLAINT_HTTP_PORT name a free port"):
            address(taken).__enter__()


def test_a_thread_that_fails_stops_all_and_is_told() -> None:
    failed = threading.Event()
    background = Background(failed=failed.set)
    ended = threading.Event()

    def waits() -> None:
        background.stop.wait(10)
        ended.set()

    def fails() -> None:
        raise RuntimeError("broken")

    background.start("waits", waits)
    background.start("fails", fails)
    assert failed.wait(10)
    assert ended.wait(10)
    background.end()
    assert str(background.error) == "broken"


def test_threads_end_when_they_are_asked_to_and_close_what_they_wait_on() -> None:
    background, closed, ended = Background(failed=lambda: None), threading.Event(), threading.Event()

    def waits() -> None:
        if closed.wait(10):
            ended.set()

    background.start("waits", waits, close=closed.set)
    background.end()
    assert (ended.is_set(), background.stop.is_set(), background.error) == (True, True, None)


def test_threads_that_do_not_end_have_one_time_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod is given 45 seconds: several works that wait for a silent database may not take that time each."""
    monkeypatch.setattr("consumers.wiring.processes.GRACE_SECONDS", 0.5)
    background, never = Background(failed=lambda: None), threading.Event()

    def waits() -> None:
        never.wait(30)

    for name in ("one", "two", "three", "four"):
        background.start(name, waits)
    began = time.monotonic()
    background.end()
    assert 0.4 < time.monotonic() - began < 1.2
    never.set()


def test_views_follow_the_log_until_they_are_stopped(settings: dict[str, str]) -> None:
    stop = threading.Event()
    with build.opened(from_environment(settings)) as here:
        position = here.store.read.head().position
        thread = threading.Thread(target=follow, args=(here, stop))
        thread.start()
        with here.views.snapshot([cases.NAME], _once_built(here, position)) as seen:
            assert seen.position == position
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def cut_presence(here: build.Installation) -> None:
    with here.pool.connection() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = %s AND datname = current_database()",
            (f"plaint presence {here.database.presence.version}",),
        )


def seen(here: build.Installation) -> dict[int, int]:
    with here.pool.connection() as connection:
        return running.programs(connection)


def test_a_process_that_lost_its_connection_is_soon_seen_again(settings: dict[str, str]) -> None:
    stop = threading.Event()
    with build.opened(from_environment(settings)) as here:
        thread = threading.Thread(target=follow, args=(here, stop))
        thread.start()
        cut_presence(here)
        deadline = time.monotonic() + 15
        while seen(here) != {here.database.presence.version: 1} and time.monotonic() < deadline:
            time.sleep(0.1)
        assert seen(here) == {here.database.presence.version: 1}
        stop.set()
        thread.join(10)


def test_a_process_that_has_become_too_old_ends_with_the_reason(settings: dict[str, str]) -> None:
    with build.opened(from_environment(settings)) as here:
        with here.pool.connection() as connection:
            connection.execute(
                "INSERT INTO plaint.migrations (version, name, sha256) VALUES (9001, '9001_contract_it.sql', '')"
            )
        cut_presence(here)
        try:
            with pytest.raises(ProgramTooOld, match=r"has taken 9001_contract_it\.sql since"):
                follow(here, threading.Event())
        finally:
            with here.pool.connection() as connection:
                connection.execute("DELETE FROM plaint.migrations WHERE version = 9001")


def test_contract_steps_that_are_left_are_said_once(settings: dict[str, str]) -> None:
    stop = threading.Event()
    stop.set()
    with build.opened(from_environment(settings)) as here, capture_logs() as logs:
        keep_presence(replace(here, database=replace(here.database, left=("9001_contract_it.sql",))), stop)
    assert logs == [
        {
            "event": "contract_steps_pending",
            "log_level": "warning",
            "steps": ["9001_contract_it.sql"],
            "note": "plaint store migrate --contract",
        }
    ]


def _once_built(here: build.Installation, position: int) -> int:
    """Wait until the views have tables at all; returns the position to ask for."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with here.pool.connection() as connection:
            row = connection.execute("SELECT to_regclass('views.positions')").fetchone()
        if row is not None and row[0] is not None:
            return position
        time.sleep(0.05)
    raise AssertionError("the views were not built")
