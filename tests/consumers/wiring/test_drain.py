"""A signal ends what works on topics in time, also while the database is a black hole."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.broker import RunningBroker
from support.commandline import CommandLine
from support.consuming import wait_until
from support.postgres import fresh_database
from support.tcp_proxy import Wire, target_of, through, wire

PROGRAM = Path(sys.executable).with_name("plaint")
GRACE = 15
"""As documented."""


def settings(kafka: RunningBroker, conninfo: str, place: Path) -> dict[str, str]:
    names = {
        f"PLAINT_KAFKA_{name}": kafka.new_topic(name=name.lower())
        for name in ("INBOUND", "COMMANDS", "EVENTS", "NOTICES", "DEAD_LETTERS")
    }
    return {"PLAINT_DATABASE": conninfo, "PLAINT_DATA_DIR": str(place), "PLAINT_KAFKA_SERVERS": kafka.servers, **names}


def ended(
    command: str, environment: dict[str, str], hole: Wire, place: Path, *, ready: str | None
) -> tuple[int, float]:
    """Return the exit code of a command that got a signal in a black hole, and how long it took to end."""
    heard = place / "heard"
    with heard.open("wb") as err:
        process = subprocess.Popen([PROGRAM, command], env={**os.environ, **environment}, stderr=err)
    try:
        if ready is None:
            time.sleep(3)
        else:
            wait_until(lambda: ready in heard.read_text(encoding="utf-8"), seconds=60)
            hole.jam()
            time.sleep(2)
        assert process.poll() is None, heard.read_text(encoding="utf-8")
        begun = time.monotonic()
        process.terminate()
        return process.wait(90), time.monotonic() - begun
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", ["consume", "publish"])
def test_a_signal_in_the_first_wait_for_the_database_ends_it_at_once(
    command: str, kafka: RunningBroker, postgres_server: str, database_template: str, tmp_path: Path
) -> None:
    with fresh_database(postgres_server, template=database_template) as conninfo, wire(target_of(conninfo)) as hole:
        hole.jam()
        given = settings(kafka, through(conninfo, hole), tmp_path)
        code, seconds = ended(command, given, hole, tmp_path, ready=None)
    assert code == 143
    assert seconds < GRACE


@pytest.mark.parametrize(("command", "ready"), [("consume", "reading "), ("publish", "publishing_began")])
def test_a_signal_while_the_database_answers_no_more_ends_it_within_the_grace(
    command: str, ready: str, kafka: RunningBroker, postgres_server: str, database_template: str, tmp_path: Path
) -> None:
    with fresh_database(postgres_server, template=database_template) as conninfo, wire(target_of(conninfo)) as hole:
        given = settings(kafka, conninfo, tmp_path)
        CommandLine(given).ok("project", "--once")
        given["PLAINT_DATABASE"] = through(conninfo, hole)
        code, seconds = ended(command, given, hole, tmp_path, ready=ready)
    assert code in (0, 70)
    assert seconds < GRACE + 3, "a moment for the end itself"
