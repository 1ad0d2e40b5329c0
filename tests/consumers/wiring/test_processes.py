"""Threads that stop together, and the address that only one process has."""

import threading
import time
from pathlib import Path

import pytest

from consumers.wiring import build
from consumers.wiring.processes import Background, CannotListen, address, follow
from consumers.wiring.settings import Settings, from_environment
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
