"""Plaint as it stands in a mesh, on one machine: Envoy before two HTTP doors, and all that is around them."""

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import orjson

from engine.store.vault import master
from journeys.mesh.envoy import Edge, asked, edge
from support.broker import RunningBroker, unique
from support.issuer import AUDIENCE, ISSUER, Issuer
from support.mail_server import Mailroom, free_port, mail_server
from support.postgres import ensure_template, fresh_database
from support.servers import Crashable
from support.workloads import Authority, Papers

PROGRAM = "import sys; from consumers.cli.main import main; main()"
ROLES = Path(__file__).parents[3] / "deploy" / "mesh" / "roles"
WORKLOADS = {
    "gateway": "spiffe://mesh.test/ns/crm/sa/gateway",
    "desk": "spiffe://mesh.test/ns/support/sa/desk",
    "stranger": "spiffe://mesh.test/ns/lab/sa/stranger",
    "unnamed": "spiffe://mesh.test/ns/other/sa/unnamed",
}
"""Who has papers: three whom the mesh lets in, the last of them without a role, and one whom it does not."""
DOORS = ("http-1", "http-2")
OTHERS = ("consume", "publish", "timers", "mail", "project")
SECRET = "what-only-the-proxy-knows-0123456789"
_PATIENCE_SECONDS = 60.0
START_SECONDS = 240.0
"""Seven processes begin at once, and a machine that does other things has little for each."""


class Process:
    """One process of Plaint that stays, with its probes."""

    def __init__(self, name: str, command: str, settings: Mapping[str, str], place: Path) -> None:
        self.name, self._command = name, [sys.executable, "-c", PROGRAM, command]
        self.http, self.health, self._place, self._starts = free_port(), free_port(), place, 0
        own = {"PLAINT_HTTP_PORT": str(self.http), "PLAINT_HEALTH_PORT": str(self.health)}
        self._environment = {**_clean(), **settings, **own}
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it may not be ready yet."""
        self._starts += 1
        with self.log.open("wb") as said:
            self._running = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self._environment
            )

    @property
    def log(self) -> Path:
        return self._place / f"{self.name}-{self._starts}.log"

    def logs(self) -> list[Path]:
        """Return what it wrote in every life."""
        return sorted(self._place.glob(f"{self.name}-*.log"))

    @property
    def pid(self) -> int:
        return self._process().pid

    def probe(self, which: str) -> tuple[int, str]:
        """Return status and text of a probe; (0, why) if nobody answers."""
        return asked(self.health, f"/{which}")

    def wait(self, which: str = "readyz", status: int = 200, seconds: float = _PATIENCE_SECONDS) -> float:
        """Wait until a probe says so; returns how long that took, in seconds."""
        began = time.monotonic()
        while self.probe(which)[0] != status:
            if time.monotonic() - began > seconds or self._process().poll() is not None:
                said = self.log.read_text("utf-8", errors="replace")[-3_000:]
                raise AssertionError(f"{self.name}: {which} is {self.probe(which)}, not {status}; it said: {said}")
            time.sleep(0.2)
        return time.monotonic() - began

    def stop(self, seconds: float = 45) -> int:
        """End it by SIGTERM; returns its exit code."""
        self._process().send_signal(signal.SIGTERM)
        return self._process().wait(seconds)

    def end(self) -> None:
        """Kill it if it is there."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()

    def _process(self) -> subprocess.Popen[bytes]:
        if self._running is None:
            raise AssertionError(f"{self.name} was never started")
        return self._running


@dataclass
class Site:
    """All of it. ``settings`` are those that every process of Plaint has."""

    place: Path
    settings: dict[str, str]
    server: Crashable
    broker: RunningBroker
    authority: Authority
    issuer: Issuer
    room: Mailroom
    edge: Edge
    processes: dict[str, Process]
    papers: dict[str, Papers]
    words: dict[str, Any] = field(default_factory=dict)
    """What one part of the day leaves to a later one."""

    @contextmanager
    def caller(self, workload: str | None, at: str | None = None) -> Iterator[httpx.Client]:
        """Lend a client that calls as a workload of the mesh, with its papers; None has none."""
        name = {"Host": "plaint.mesh.test"}
        address = at or self.edge.address
        with httpx.Client(base_url=address, verify=self.context(workload), headers=name, timeout=40) as client:
            yield client

    def context(self, workload: str | None) -> ssl.SSLContext:
        """Return what a workload shows, and whom it trusts."""
        context = ssl.create_default_context(cafile=str(self.authority.file))
        if workload is not None:
            context.load_cert_chain(*self.papers[workload])
        return context

    def token(self, subject: str, *roles: str, **claims: Any) -> dict[str, str]:
        """Return the header by which a person shows who he is."""
        return {"Authorization": f"Bearer {self.issuer.token(datetime.now(UTC), subject, *roles, **claims)}"}

    def doors(self) -> list[Process]:
        return [self.processes[name] for name in DOORS]

    def plaint(self, *arguments: str) -> Any:
        """Run a command that prints JSON."""
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments, "--json"],
            env={**_clean(), **self.settings},
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stderr.decode(errors="replace")[-2_000:])
        return orjson.loads(done.stdout)

    def said(self) -> str:
        """Return all that every process wrote."""
        files = [file for process in self.processes.values() for file in process.logs()]
        return "\n".join(file.read_text("utf-8", errors="replace") for file in files)


def wait_for(what: str, holds: Callable[[], Any], seconds: float = _PATIENCE_SECONDS) -> Any:
    """Wait until something is there, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)
    return found


@contextmanager
def site(server: Crashable, broker: RunningBroker) -> Iterator[Site]:
    """Lend an installation of its own, with every process ready."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="plaint-mesh-", ignore_cleanup_errors=True)))
        template = ensure_template(server.maintenance)
        database = stack.enter_context(fresh_database(server.maintenance, template=template))
        room = stack.enter_context(mail_server())
        issuer, authority = Issuer(), Authority(place)
        settings = _settings(place, database, broker, room)
        _publish(issuer, place)
        processes = {name: Process(name, "serve", settings, place) for name in DOORS}
        processes |= {name: Process(name, name, settings, place) for name in OTHERS}
        for process in processes.values():
            stack.callback(process.end)
        papers = {name: authority.papers(name, spiffe) for name, spiffe in WORKLOADS.items()}
        first, second = (processes[name].http for name in DOORS)
        front = stack.enter_context(edge(place, free_port(), free_port(), **words(authority, first, second)))
        found = Site(place, settings, server, broker, authority, issuer, room, front, processes, papers)
        found.plaint("topics", "create", "--copies", "1")
        _begin(found)
        yield found


def words(authority: Authority, first: int, second: int) -> dict[str, object]:
    """Return what an Envoy is told that stands before these two ports."""
    own = authority.papers("edge")
    trusted = {"certificate": own.certificate, "key": own.key, "authority": authority.file}
    return {**trusted, "secret": SECRET, "first": first, "second": second}


def _begin(here: Site) -> None:
    """Start one door, which makes what all need, and then the others."""
    here.processes[DOORS[0]].start()
    here.processes[DOORS[0]].wait(seconds=START_SECONDS)
    for process in list(here.processes.values())[1:]:
        process.start()
    for process in here.processes.values():
        process.wait(seconds=START_SECONDS)
    wait_for("Envoy sends to both doors", lambda: here.edge.healthy() == len(DOORS))


def _publish(issuer: Issuer, place: Path) -> None:
    (place / "jwks.json").write_bytes(issuer.published())


def _settings(place: Path, database: str, broker: RunningBroker, room: Mailroom) -> dict[str, str]:
    key = place / "master.key"
    master.create_key_file(key)
    topics = {name: unique(name) for name in ("inbound", "commands", "events", "notices", "dead_letters")}
    return {
        "PLAINT_DATABASE": database,
        "PLAINT_MASTER_KEY_FILE": str(key),
        "PLAINT_DATA_DIR": str(place / "data"),
        "PLAINT_CONFIG_DIR": str(ROLES),
        "PLAINT_KAFKA_SERVERS": broker.inside,
        "PLAINT_KAFKA_GROUP": unique("plaint"),
        **{f"PLAINT_KAFKA_{name.upper()}": topic for name, topic in topics.items()},
        "PLAINT_SMTP_SERVER": f"{room.host}:{room.port}",
        "PLAINT_SMTP_SECURITY": "none",
        "PLAINT_SMTP_FROM": "Complaints <complaints@mesh.test>",
        "PLAINT_POLL_SECONDS": "0.2",
        "PLAINT_DRAIN_SECONDS": "1",
        "PLAINT_LOG_FORMAT": "json",
        **identity(place),
    }


def identity(place: Path) -> dict[str, str]:
    """Return the settings by which the doors know who asks."""
    proxy = {"PLAINT_PROXY_PROOF": "secret", "PLAINT_PROXY_SECRET": SECRET}
    tokens = {"PLAINT_JWKS": str(place / "jwks.json"), "PLAINT_ISSUER": ISSUER, "PLAINT_AUDIENCE": AUDIENCE}
    return proxy | tokens


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not re.match("PLAINT_", name)}
