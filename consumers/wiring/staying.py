"""What a process that stays has around its work: probes, figures and traces, from its start to its very end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from consumers.http import probes, problems
from consumers.http.heads import Heads
from consumers.wiring import build, clock, telemetry
from consumers.wiring.build import Installation
from consumers.wiring.health import Health
from consumers.wiring.listening import bound
from consumers.wiring.meters import Meters
from consumers.wiring.settings import Settings
from consumers.wiring.stock import Stock

_READY_SECONDS: Final = 1.0
_END_SECONDS: Final = 5.0
_log = structlog.get_logger()
_MOST: Final = 32
"""Connections to the listener at once."""


@contextmanager
def lasting(settings: Settings, door: str) -> Iterator[Installation]:
    """Open the installation for a process that stays, and have it be seen from the first moment to the last.

    It answers probes and is asked for figures where a port is named, and sends spans where a collector is.
    ``door`` is what runs in it: http, consume, publish, ... It is not ready before its work has begun.

    Raises:
        CannotListen: another program has the address, or this user may not take it; and as ``build.opened``.
    """
    health, meters = Health(), Meters()
    meters.ask(lambda: [("plaint_ready", {(): float(health.ready(_READY_SECONDS))})])
    with (
        _listening(settings, health, meters),
        telemetry.traced(settings, door),
        build.opened(settings) as here,
    ):
        health.opened(here.store)
        meters.ask(Stock(here.pool, here.store, clock.now, clock.ticks))
        yield replace(here, health=health, meter=meters, exposition=meters.exposition)


@contextmanager
def _listening(settings: Settings, health: Health, meters: Meters) -> Iterator[None]:
    if settings.health_port is None:
        yield
        return
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(Heads)
    problems.install(app)
    app.include_router(probes.router(health, meters.exposition))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            limit_concurrency=_MOST,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        )
    )
    with bound(settings.health_host, settings.health_port, "PLAINT_HEALTH_PORT") as door:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, name="health", daemon=True)
        door.listen()  # who asks before the server runs waits for it
        thread.start()
        _log.info("health_answered_at", host=settings.health_host, port=door.getsockname()[1])
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(_END_SECONDS)
