"""``plaint run`` as a process of its own, on an embedded database, watched from outside."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from engine.store.database.server import supervision
from engine.store.database.server.cluster import Home

_PROGRAM = [sys.executable, "-c", "from consumers.cli.main import main; main()"]
_PATIENCE_SECONDS = 60.0


class Place:
    """A data directory and the processes that use it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._environment = {**os.environ, "PLAINT_DATA_DIR": str(data_dir), "PLAINT_HTTP_PORT": "0"}
        self._runs = 0

    def plaint(self, *arguments: str, stdin: bytes = b"", **settings: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end."""
        environment = {**self._environment, **settings}
        return subprocess.run(
            [*_PROGRAM, *arguments], input=stdin, capture_output=True, env=environment, check=False, timeout=120
        )

    def start(self, *arguments: str, command: str = "run", **settings: str) -> "Running":
        """Start ``plaint run`` or another command that stays; it may not answer yet."""
        self._runs += 1
        said = self.data_dir.with_name(f"{self.data_dir.name}-run-{self._runs}.log")
        return Running([*_PROGRAM, command, *arguments], {**self._environment, **settings}, said)

    @contextmanager
    def running(self, *arguments: str, command: str = "run") -> Iterator["Running"]:
        """Lend a run that answers; what is still there at the end is killed."""
        run = self.start(*arguments, command=command)
        try:
            run.wait_for_address()
            yield run
        finally:
            run.kill()

    def server_pid(self) -> int | None:
        """The process id of the database's server, None if none runs."""
        return supervision.server_pid(Home(self.data_dir / "postgresql").cluster)


class Running:
    """One ``plaint run``."""

    def __init__(self, program: list[str], environment: dict[str, str], said: Path) -> None:
        self._said = said
        with said.open("wb") as log:
            self._process = subprocess.Popen(program, stdout=log, stderr=log, env=environment)
        self.address = ""

    def said(self) -> str:
        """Return all that it wrote."""
        return self._said.read_text(encoding="utf-8", errors="replace")

    def wait_for_address(self) -> None:
        """Wait until it says where it answers."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            found = re.search(r"answers at (http://\S+)", self.said())
            if found:
                self.address = found.group(1)
                return
            time.sleep(0.05)
        raise AssertionError(f"it does not answer:\n{self.said()}")

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        """Ask; waits out a database that is starting again."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            answer = httpx.get(self.address + path, params=parameters, timeout=30)
            if answer.status_code != 503 or time.monotonic() > deadline:
                return answer
            time.sleep(0.1)

    def post(self, message: dict[str, Any]) -> httpx.Response:
        """Hand in a message once."""
        return httpx.post(f"{self.address}/v1/messages", json=message, timeout=30)

    def stop(self, number: signal.Signals, seconds: float = 15) -> int:
        """End it by a signal; returns the exit code.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.
        """
        self._process.send_signal(number)
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self._process.kill()
        self._process.wait()
