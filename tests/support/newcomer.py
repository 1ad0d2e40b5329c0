"""A newcomer's folder: a clone in which everything is installed, two histories, and a Plaint that runs."""

import csv
import gzip
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from consumers.files.history import mapping_named
from support import warm
from support.pages import ROOT

_PLAINT = "from consumers.cli.main import main; main()"
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Where somebody types what a README tells."""

    folder: Path
    environment: dict[str, str]


@contextmanager
def newcomer() -> Iterator[Newcomer]:
    """Lend the folder, with ``.venv/bin/plaint`` in it and a ``plaint run`` beside it."""
    # Not in pytest's own folder, which bars the way of the user that the database runs as when root tests.
    with tempfile.TemporaryDirectory(prefix="plaint-readmes-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        program(folder, "plaint", "-ISc", warm.CALL, str(folder / "call"))
        program(folder, "python")
        for part in ("golden", "support"):
            shutil.copytree(ROOT / "tests" / part, folder / "tests" / part)
        _histories(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = surroundings(folder, port)
        with running(folder, environment), answering(folder, environment):
            yield Newcomer(folder, environment)


def program(folder: Path, name: str, *arguments: str) -> None:
    """Write a program that starts this Python with these arguments in front of its own."""
    file = folder / ".venv" / "bin" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    words = shlex.join((sys.executable, *arguments))
    file.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    file.chmod(0o755)


def surroundings(folder: Path, port: int) -> dict[str, str]:
    """The environment of a newcomer: no settings but where data and port of this test are."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLAINT_")}
    return {
        **own,
        "PLAINT_DATA_DIR": str(folder / "data"),
        "PLAINT_HTTP_PORT": str(port),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        "COLUMNS": "240",
    }


@contextmanager
def running(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """What ``make run`` starts, with fewer cases; it must stop cleanly."""
    told = folder / "run.out"
    with told.open("wb") as file:
        command = [sys.executable, "-c", _PLAINT, "run", "--sample", "--cases", "12"]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=file, stderr=file)
        try:
            _wait(lambda: b"Plaint answers at" in told.read_bytes() or process.poll() is not None)
            assert process.poll() is None, told.read_text()
            yield
        finally:
            process.terminate()
            code = process.wait(30)
    assert code == 0, told.read_text()


@contextmanager
def answering(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """What makes the two dozen calls of ``plaint`` start at once, see ``support.warm``."""
    command = [sys.executable, "-m", "support.warm", str(folder / "call")]
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            _wait(lambda: (folder / "call").exists() or process.poll() is not None)
            yield
        finally:
            process.kill()


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not done():
        assert time.monotonic() < deadline, "plaint run did not come up"
        time.sleep(0.05)


def _histories(folder: Path) -> None:
    """Two small files in the form of the shipped mappings."""
    columns = list(mapping_named("cfpb").source.columns)
    row = dict.fromkeys(columns, "") | {
        "Date received": "2023-05-02",
        "Date sent to company": "2023-05-03",
        "Product": "Mortgage",
        "Issue": "Closing on a mortgage",
        "Company": "A Bank",
        "Submitted via": "Web",
        "Company response to consumer": "Closed with explanation",
        "Timely response?": "Yes",
        "Complaint ID": "1",
    }
    with (folder / "complaints.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows([row, row | {"Complaint ID": "2"}])
    trace = "".join(
        f'<event><string key="concept:name" value="{name}"/>'
        f'<date key="time:timestamp" value="2013-0{month}-01T10:00:00Z"/>'
        f'<string key="seriousness_2" value="Value 1"/></event>'
        for month, name in enumerate(("Assign seriousness", "Take in charge ticket", "Resolve ticket", "Closed"), 1)
    )
    log = f'<log><trace><string key="concept:name" value="Case 1"/>{trace}</trace></log>'
    (folder / "helpdesk.xes.gz").write_bytes(gzip.compress(log.encode()))
