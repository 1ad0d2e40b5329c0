"""Which doors and projections run in this process, how they stop, and what their trouble looks like in the log."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial

import structlog
import uvicorn

from consumers.http import app as http
from consumers.reactions import holds, parked
from consumers.reactions.upkeep import Upkeep
from consumers.wiring import clock, knowledge
from consumers.wiring.build import Installation
from consumers.wiring.settings import Settings
from consumers.wiring.views import runner
from engine.store.database.errors import DatabaseError, DatabaseUnavailable
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL
from engine.store.vault.ledger import LEDGER_ERRORS
from engine.store.vault.sweep import Sweep

_log = structlog.get_logger()
_UPKEEP_SECONDS = 60.0
_LOOK_SECONDS = 0.5
_PRESENCE_SECONDS = 2.0
GRACE_SECONDS = 15


class Background:
    """Threads of this process that stop together. A thread that fails stops the process, never silently."""

    def __init__(self, failed: Callable[[], None]) -> None:
        self._failed = failed
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._closers: list[Callable[[], None]] = []

    def start(self, name: str, work: Callable[[], None], close: Callable[[], None] = lambda: None) -> None:
        """Run ``work`` until it returns; it looks at ``stop``."""

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 -- handed to the main thread, which ends the process with it
                self.error = error
                _log.error("background_failed", name=name, kind=type(error).__name__)
                self.stop.set()
                self._failed()

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self._threads.append(thread)
        self._closers.append(close)
        thread.start()

    def end(self) -> None:
        """Stop all threads and wait for them, each bounded."""
        self.stop.set()
        for close in self._closers:
            close()
        for thread in self._threads:
            thread.join(GRACE_SECONDS)


def project(here: Installation, stop: threading.Event) -> None:
    """Follow the log with all views until ``stop`` is set."""
    waiter = Waiter(here.conninfo, CHANNEL)
    try:
        runner(here).run(stop, waiter)
    finally:
        waiter.close()


Work = Callable[[Installation, threading.Event], None]
"""What a thread does until the event is set; it survives what passes."""


def alone(here: Installation, stop: threading.Event, work: Work, *, beside: Mapping[str, Work] | None = None) -> None:
    """Do one work and nothing else until ``stop`` is set, with what every process needs beside it.

    ``beside`` are works that belong to it, each in a thread of its own, by name.

    Raises:
        BaseException: what ended a background thread, and as ``work``.
    """
    background = Background(failed=stop.set)
    background.start("database", lambda: keep_database(here, stop))
    background.start("presence", lambda: keep_presence(here, stop))
    for name, other in (beside or {}).items():
        background.start(name, partial(other, here, stop))
    try:
        work(here, stop)
    finally:
        stop.set()
        background.end()
    if background.error is not None:
        raise background.error


def follow(here: Installation, stop: threading.Event) -> None:
    """Follow the log with all views, and nothing else, until ``stop`` is set; raises as ``alone``."""
    alone(here, stop, project)


def keep_database(here: Installation, stop: threading.Event) -> None:
    """Start the embedded database again should it die; a database of others is others' business."""
    while here.server is not None and not stop.wait(_LOOK_SECONDS):
        if here.server.server_pid() is None:
            _log.error("database_died", note="starting it again")
            try:
                here.server.revive()
            except DatabaseError as error:
                _log.error("database_not_revived", reason=str(error))


def keep_presence(here: Installation, stop: threading.Event) -> None:
    """Stay seen by whoever would take away what this program needs, and say what is left to be taken.

    Raises:
        ProgramTooOld: the connection was lost, and meanwhile the database was changed for newer programs.
    """
    if here.database.left:
        _log.warning("contract_steps_pending", steps=list(here.database.left), note="plaint store migrate --contract")
    while not stop.wait(_PRESENCE_SECONDS):
        with suppress(DatabaseUnavailable):
            here.database.presence.renew()


def upkeep(here: Installation, stop: threading.Event) -> None:
    """Do what the clock asks for: parked messages whose opener never came, and the end of what has had its time."""
    sweep = Sweep(here.pool, here.settings.contents, timedelta(hours=here.settings.orphan_hours))
    works = Upkeep(here.store, here.pool, sweep, timedelta(days=here.settings.answer_retention_days))
    while not stop.wait(_UPKEEP_SECONDS):
        try:
            taken = parked.take_up(here.store, here.service, clock.now())
            released = holds.take_up(here.service, clock.now())
        except (DatabaseUnavailable, *LEDGER_ERRORS) as error:
            _log.warning("upkeep_put_off", reason=str(error))
            continue
        if taken:
            _log.info("parked_taken_up", count=taken)
        if released:
            _log.info("released_erased", count=released)
        for found in works.do(clock.now()):
            (_log.warning if found.serious else _log.info)(found.event, **found.figures)


class CannotListen(Exception):
    """The address of the HTTP door cannot be had; names the settings that choose it."""


@contextmanager
def address(settings: Settings) -> Iterator[socket.socket]:
    """Hold the address of the HTTP door, so that a second process learns at once that it is taken.

    Nobody is let in before ``serve`` listens there.

    Raises:
        CannotListen: another program has it, or this user may not take it.
    """
    host, port = settings.http_host, settings.http_port
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError as error:
            reason = f"{error.strerror}; let PLAINT_HTTP_PORT name a free port, or 0 take one"
            raise CannotListen(f"cannot answer at {host} port {port}: {reason}") from None
        yield door


def serve(
    here: Installation,
    door: socket.socket,
    *,
    more: Mapping[str, Work] | None = None,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Run the HTTP door, all views and the upkeep in this process until a signal comes; then drain.

    ``more`` are threads beside these, by name.

    Raises:
        BaseException: what ended a background thread.
    """
    server = _Server(
        uvicorn.Config(
            http.build(
                here.service,
                here.store,
                here.views,
                clock=clock.now,
                new_id=clock.new_id,
                person_of=here.person_of,
                beside=http.Beside(
                    here.settings.own_mail,
                    partial(knowledge.articles, here.settings.knowledge_dir),
                    note_every_reading=here.settings.access_log == "cases",
                ),
            ),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        on_ready,
    )
    background = Background(failed=server.ask_to_stop)
    background.start("projections", lambda: project(here, background.stop))
    background.start("database", lambda: keep_database(here, background.stop))
    background.start("presence", lambda: keep_presence(here, background.stop))
    background.start("upkeep", lambda: upkeep(here, background.stop))
    for name, work in (more or {}).items():
        background.start(name, partial(work, here, background.stop))
    # The server hands a signal on when it has drained; without a handler that would end the process too early.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[door])
    finally:
        background.end()
        for number, handler in before.items():
            signal.signal(number, handler)
    if background.error is not None:
        raise background.error


class _Server(uvicorn.Server):
    """The HTTP server, which tells its address once it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    def ask_to_stop(self) -> None:
        """Drain and end, as on a signal."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell where."""
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            self._on_ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
