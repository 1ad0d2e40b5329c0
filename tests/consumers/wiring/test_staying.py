"""A process that stays answers its probes from its first moment to its last, whatever its database does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from consumers.wiring import build, processes, staying
from consumers.wiring.health import LEAVING, OPENING, Health
from consumers.wiring.listening import CannotListen
from consumers.wiring.settings import Settings, from_environment
from support.postgres import fresh_database
from support.tcp_proxy import target_of, through, wire


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        return port


def asked(port: int, path: str) -> tuple[int, str | None]:
    """Return the status of a probe and its reason."""
    answer = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10)
    return answer.status_code, answer.json().get("reason")


def ready(port: int, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while asked(port, "/readyz")[0] != 200:
        assert time.monotonic() < deadline, asked(port, "/readyz")
        time.sleep(0.1)


@contextmanager
def following(settings: dict[str, str], port: int) -> Iterator[threading.Event]:
    """Follow the log with all views as ``plaint project`` does."""
    stop = threading.Event()
    with staying.lasting(from_environment({**settings, "PLAINT_HEALTH_PORT": str(port)}), "project") as here:
        thread = threading.Thread(target=processes.follow, args=(here, stop))
        thread.start()
        try:
            yield stop
        finally:
            stop.set()
            thread.join(20)
            assert not thread.is_alive()


def test_what_a_process_says_of_itself_from_its_start_to_its_end() -> None:
    health, stop = Health(), threading.Event()
    assert (health.starting(), health.hindered(), health.leaving) == (OPENING, OPENING, False)
    health.begun()
    assert (health.starting(), health.hindered()) == (None, OPENING), "nothing is open yet"
    health.leaves_with(stop)
    stop.set()
    assert (health.starting(), health.hindered(), health.leaving) == (None, LEAVING, True)
    assert not health.ready(0.1)


def test_what_hinders_a_process_is_told_in_its_words(settings: dict[str, str]) -> None:
    trouble: list[str | None] = [None, None]
    with build.opened(from_environment(settings)) as here:
        here.health.opened(here.store)
        here.health.begun()
        here.health.hindered_by(lambda: trouble[0])
        here.health.hindered_by(lambda: trouble[1])
        assert (here.health.hindered(), here.health.ready(5)) == (None, True)
        trouble[:] = ["no broker", "no mail server"]
        assert (here.health.hindered(), here.health.ready(5)) == ("no broker; no mail server", False)


def test_a_process_that_stays_is_probed_and_says_no_as_soon_as_it_is_told_to_stop(settings: dict[str, str]) -> None:
    port = free_port()
    with following(settings, port) as stop:
        ready(port)
        assert [asked(port, path) for path in ("/livez", "/startupz", "/readyz")] == [(200, None)] * 3
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
        assert "\nplaint_ready 1.0\n" in metrics
        assert "\nplaint_database_up 1.0\n" in metrics
        stop.set()
        assert [asked(port, path) for path in ("/livez", "/startupz", "/readyz")] == [
            (200, None),
            (200, None),
            (503, LEAVING),
        ]
    with pytest.raises(httpx.ConnectError):
        asked(port, "/livez")


def test_while_its_database_is_away_it_is_alive_and_not_ready_and_then_goes_on(
    postgres_server: str, database_template: str, tmp_path: Path
) -> None:
    port = free_port()
    with fresh_database(postgres_server, template=database_template) as conninfo, wire(target_of(conninfo)) as hole:
        settings = {"PLAINT_DATABASE": through(conninfo, hole), "PLAINT_DATA_DIR": str(tmp_path)}
        with following(settings, port):
            ready(port)
            hole.refuses = True
            hole.cut()
            status, reason = asked(port, "/readyz")
            assert (status, asked(port, "/livez"), asked(port, "/startupz")) == (503, (200, None), (200, None))
            assert reason
            assert "\nplaint_ready 0.0\n" in httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
            hole.heal()
            ready(port)


def test_before_its_database_answers_it_is_alive_and_has_not_started(
    postgres_server: str, database_template: str, tmp_path: Path
) -> None:
    port = free_port()
    with fresh_database(postgres_server, template=database_template) as conninfo, wire(target_of(conninfo)) as hole:
        settings = {"PLAINT_DATABASE": through(conninfo, hole), "PLAINT_DATA_DIR": str(tmp_path)}
        hole.jam()
        process = threading.Thread(target=_let_in, args=(settings, port), daemon=True)
        process.start()
        deadline = time.monotonic() + 10
        while True:
            try:
                assert asked(port, "/livez") == (200, None)
                break
            except httpx.ConnectError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert (asked(port, "/startupz"), asked(port, "/readyz")) == ((503, OPENING), (503, OPENING))
        hole.heal()
        process.join(60)
        assert not process.is_alive()


def _let_in(settings: dict[str, str], port: int) -> None:
    with staying.lasting(from_environment({**settings, "PLAINT_HEALTH_PORT": str(port)}), "project"):
        pass


def test_a_taken_port_is_refused_with_the_setting_that_chooses_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Settings(data_dir=tmp_path, health_port=other.getsockname()[1])
        with pytest.raises(CannotListen, match="let PLAINT_HEALTH_PORT name a free port"):
            staying.lasting(taken, "project").__enter__()


def test_where_the_listener_answers_is_said(settings: dict[str, str]) -> None:
    with capture_logs() as logs, staying.lasting(from_environment({**settings, "PLAINT_HEALTH_PORT": "0"}), "x"):
        pass
    (said,) = [line for line in logs if line["event"] == "health_answered_at"]
    assert (said["host"], said["port"] > 0) == ("127.0.0.1", True)
