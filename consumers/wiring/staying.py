"""What a process that stays has around its work: probes, figures and traces, from its start to its very end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import uvicorn
from fastapi import FastAPI

from consumers.http import probes, problems
from consumers.wiring import telemetry
from consumers.wiring.health import Health
from consumers.wiring.meters import Meters
from consumers.wiring.settings import Settings

_READY_SECONDS: Final = 1.0
_END_SECONDS: Final = 5.0
_MOST: Final = 32
"""Connections to the listener at once."""


class CannotListen(Exception):
    """An address cannot be had; names the settings that choose it."""


@dataclass(frozen=True, slots=True)
class Staying:
    """A process that stays, as it is seen."""

    health: Health
    meters: Meters


@contextmanager
def staying(settings: Settings, door: str) -> Iterator[Staying]:
    """Have this process be seen: probed and asked for figures where a port is named, traced where a collector is.

    It is not ready before its installation is open and its work has begun.

    Raises:
        CannotListen: another program has the address, or this user may not take it.
    """
    health, meters = Health(), Meters()
    meters.ask(lambda: [("plaint_ready", {(): float(health.ready(_READY_SECONDS))})])
    with _listening(settings, health, meters), telemetry.traced(settings, door):
        yield Staying(health, meters)


@contextmanager
def _listening(settings: Settings, health: Health, meters: Meters) -> Iterator[None]:
    if settings.health_port is None:
        yield
        return
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(probes.router(health, meters.exposition))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            limit_concurrency=_MOST,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        )
    )
    with bound(settings.health_host, settings.health_port, "PLAINT_HEALTH_PORT") as door:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, name="health", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(_END_SECONDS)


@contextmanager
def bound(host: str, port: int, setting: str) -> Iterator[socket.socket]:
    """Hold an address, so that a second process learns at once that it is taken; nobody is let in yet.

    Raises:
        CannotListen: another program has it, or this user may not take it.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError as error:
            reason = f"{error.strerror}; let {setting} name a free port, or 0 take one"
            raise CannotListen(f"cannot answer at {host} port {port}: {reason}") from None
        yield door
