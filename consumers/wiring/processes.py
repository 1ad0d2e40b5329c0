"""Which doors and projections run in this process, how they stop, and what their trouble looks like in the log."""

import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType

import structlog
import uvicorn

from consumers.http import app as http
from consumers.http.identity import Identity
from consumers.http.limits import Limits
from consumers.http.platform import Platform
from consumers.http.probes import no_figures
from consumers.reactions import holds, parked
from consumers.reactions.upkeep import Upkeep
from consumers.tokens import Verified
from consumers.wiring import clock, knowledge, proving
from consumers.wiring.build import Installation
from consumers.wiring.listening import CannotListen, bound
from consumers.wiring.settings import Settings
from consumers.wiring.views import runner
from engine import binding as staff
from engine.incoming import Circumstances, Sender
from engine.store.database.errors import DatabaseError, DatabaseUnavailable
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL
from engine.store.vault.ledger import LEDGER_ERRORS
from engine.store.vault.sweep import Sweep
from schemas.envelope import RequestSource
from schemas.streams.staff import StaffBound

_log = structlog.get_logger()
_UPKEEP_SECONDS = 60.0
_LOOK_SECONDS = 0.5
_PRESENCE_SECONDS = 2.0
GRACE_SECONDS = 15
KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open: longer than any proxy before us keeps one (60 s where we set that), so that
the proxy ends it and none of its requests meets a connection that we are just closing."""


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
        """Stop all threads and wait for them, for all together no longer than ``GRACE_SECONDS``."""
        self.stop.set()
        for close in self._closers:
            close()
        over = clock.ticks() + GRACE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, over - clock.ticks()))


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
    here.health.leaves_with(stop)
    here.health.begun()
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


@contextmanager
def address(settings: Settings) -> Iterator[socket.socket]:
    """Hold the address of the HTTP door, so that a second process learns at once that it is taken.

    Nobody is let in before ``serve`` listens there.

    Raises:
        CannotListen: another program has it, or this user may not take it.
    """
    if settings.http_socket is not None:
        with _path(settings.http_socket) as door:
            yield door
        return
    with bound(settings.http_host, settings.http_port, "PLAINT_HTTP_PORT") as door:
        yield door


@contextmanager
def _path(path: Path) -> Iterator[socket.socket]:
    """Hold a Unix socket for the owner and his group; one that a dead process left is taken over.

    Raises:
        CannotListen: another process listens there, or this user may not take it.
    """
    with socket.socket(socket.AF_UNIX) as door:
        try:
            if path.is_socket() and not _answers(path):
                path.unlink()
            door.bind(str(path))
            path.chmod(0o660)
        except OSError as error:
            reason = f"{error.strerror}; let PLAINT_HTTP_SOCKET name a path of its own"
            raise CannotListen(f"cannot answer at {path}: {reason}") from None
        try:
            yield door
        finally:
            path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asked:
        return asked.connect_ex(str(path)) == 0


def serve(
    here: Installation,
    door: socket.socket,
    platform: Platform,
    *,
    more: Mapping[str, Work] | None = None,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Run the HTTP door in this process until a signal comes; then drain.

    It is not ready from that moment on, goes on answering for PLAINT_DRAIN_SECONDS, so that who sends it requests
    can learn of it, then takes no more and finishes those it has. A second signal ends the waiting.
    ``more`` are threads beside it, by name; they work until the last request is answered.

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
                options=http_options(here, platform),
            ),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            proxy_headers=False,  # X-Forwarded-For is what a caller writes, and the address may be the proxy's proof
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        here,
        on_ready,
    )
    background = Background(failed=server.ask_to_stop)
    background.start("database", lambda: keep_database(here, background.stop))
    background.start("presence", lambda: keep_presence(here, background.stop))
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


def http_options(here: Installation, platform: Platform) -> http.Options:
    """Return what this installation has chosen for its HTTP door."""
    chosen = here.settings
    limits = Limits(seconds=chosen.http_timeout_seconds, at_once=chosen.http_at_once, rate=chosen.http_rate)
    return http.Options(
        identity=identity_of(here),
        own=chosen.own_mail,
        note_every_reading=chosen.access_log == "cases",
        limits=limits,
        ticks=clock.ticks,
        meter=here.meter,
        exposition=here.exposition or no_figures,
        checks=None if here.exposition is None else here.health,
        articles=lambda: knowledge.articles(chosen.knowledge_dir),
        platform=platform,
    )


def identity_of(here: Installation) -> Identity | None:
    """Return what the doors believe of who asks; None where nobody is asked."""
    chosen = here.settings
    if not proving.known(chosen):
        return None
    return Identity(
        proving.proof(chosen), proving.tokens(chosen, clock.ticks), here.person_of, clock.now, binding(here)
    )


def binding(here: Installation) -> Callable[[Sender, Verified], bool]:
    """Return what records which person an actor is, once and for all processes."""

    def bind(sender: Sender, token: Verified) -> bool:
        now = clock.now()
        around = Circumstances(sender, RequestSource(request=clock.new_id()), now)
        person = StaffBound(actor=sender.actor, issuer=token.issuer, subject=token.subject, name=token.name)
        return staff.bind(here.store, person, around, now)

    return bind


class _Server(uvicorn.Server):
    """The HTTP server, which tells its address once it answers, and leaves in its own time."""

    def __init__(self, config: uvicorn.Config, here: Installation, on_ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._health, self._drain_seconds = here.health, here.settings.drain_seconds
        self._on_ready = on_ready
        self._ends_at: float | None = None

    def ask_to_stop(self) -> None:
        """Drain and end, without waiting."""
        self._health.leave()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Say to probes at once that no more is wanted; end when those who send can know it."""
        again = self._health.leaving
        self._health.leave()
        if again or not self._drain_seconds:
            super().handle_exit(sig, frame)
        else:
            self._ends_at = clock.ticks() + self._drain_seconds

    async def on_tick(self, counter: int) -> bool:
        """Look several times a second whether it is time to end."""
        if self._ends_at is not None and clock.ticks() >= self._ends_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell where.

        What is there by now stays for good, so the garbage collector need not look through it again and again:
        that took a hundred milliseconds and more each time, in which no request went on.
        """
        gc.collect()
        gc.freeze()
        await super().startup(sockets)
        if self.started and sockets:
            self._health.begun()
            if sockets[0].family == socket.AF_UNIX:
                self._on_ready(f"unix:{sockets[0].getsockname()}")
                return
            host, port = sockets[0].getsockname()[:2]
            self._on_ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
