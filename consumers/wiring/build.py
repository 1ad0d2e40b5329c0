"""Settings become an opened installation: database, keys, store, service, views. Plain functions, no container."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psycopg
import structlog
from psycopg import Connection
from psycopg.rows import TupleRow

from consumers.wiring import clock, erasures, nodes, presets
from consumers.wiring.health import Health
from consumers.wiring.settings import Settings
from engine.configuration.activation import kind_of
from engine.configuration.unheeded import unheeded
from engine.incoming import Circumstances, Sender
from engine.service import Service
from engine.store.database import opening
from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.opening import Opened
from engine.store.database.pool import Pool, open_pool, session_settings
from engine.store.store import Store
from engine.store.vault import master, rotation
from engine.store.vault.fingerprint import opaque_id
from projections.answers import Views
from schemas.envelope import RequestSource
from schemas.published.metrics import NO_METER, Meter

_log = structlog.get_logger()
PATIENCE_SECONDS = 10.0
"""How long a call waits for a connection: longer than a restart of the database, shorter than a caller's patience."""
_SYSTEM = Sender(workload="wiring", actor="service:wiring", identity="workload")


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that doors and questions work with, opened. Safe to share between threads."""

    settings: Settings
    conninfo: str
    pool: Pool
    store: Store
    service: Service
    views: Views
    server: EmbeddedPostgres | None
    """Our part in the embedded database; None where the settings name another."""
    database: Opened
    """How the database let this program in."""
    made_key: bool = False
    """The master key file was not there, and was made at this start."""
    health: Health = field(default_factory=Health)
    meter: Meter = NO_METER
    exposition: Callable[[str], tuple[bytes, str]] | None = None
    """All figures in the form that is accepted, and their media type; None in a process that does not stay."""

    def person_of(self, name: str, issuer: str | None = None) -> str:
        """Return the opaque id by which events call a person: of an issuer of tokens, or by the name he goes by here.

        Two names are two persons, and so are the same name here and of an issuer.
        """
        said = name.strip().casefold() if issuer is None else f"{len(issuer)}:{issuer}{name}"
        purpose = "person" if issuer is None else "token"
        return f"person:{opaque_id(self.store.fingerprint.of(purpose, said.encode())).hex}"


@contextmanager
def opened(settings: Settings) -> Iterator[Installation]:
    """Open what the settings name; migrates the database and brings the configuration into force.

    Raises:
        DatabaseError: the database cannot be reached or used; says why and how to mend it.
        KeyFileRefused: the master key file is not what it should be.
        ConfigurationRefused: a configuration file is not admissible.
        LedgerDamaged, LedgerUnavailable: erasures could have been undone by a restore, so nothing opens.
        SettingsRefused: several nodes would each keep for themselves what all must share.
    """
    nodes.refuse_what_is_not_shared(settings)
    with ExitStack() as stack:
        server = None if settings.database else _embedded(settings, stack)
        conninfo = server.conninfo if server else _given(settings)
        database = _let_in(settings, conninfo, stack)
        pool = stack.enter_context(open_pool(conninfo, max_size=settings.pool_size, name="plaint"))
        pool.timeout = PATIENCE_SECONDS
        made_key, keys = _master_key(settings, pool)
        store = stack.enter_context(Store(pool, keys, settings.contents))
        service = Service(store, erasures.erasures(settings, pool, store))
        erasures.settle(service)
        around = Circumstances(_SYSTEM, RequestSource(request=clock.new_id()), clock.now())
        wanted = presets.in_force(settings.config_dir, settings.named_presets)
        service.activate(wanted, around, clock.now())
        for one in unheeded(wanted, service.book()):
            about = {"kind": kind_of(one), "id": one.id, "version": one.version}
            _log.warning("configuration_unheeded", **about, note="it was changed: raise its version")
        views = Views(pool, pause=time.sleep)
        yield Installation(settings, conninfo, pool, store, service, views, server, database, made_key)


def _let_in(settings: Settings, conninfo: str, stack: ExitStack) -> Opened:
    """Be seen on the database and bring it into shape, as far as the settings allow.

    The embedded one is this installation's alone: whoever starts with the newest program takes every
    step, but no older program that runs beside it loses what it needs.
    """
    found = opening.open_database(conninfo, settings.migrate if settings.database else "all")
    stack.callback(found.presence.close)
    return found


@contextmanager
def address(settings: Settings) -> Iterator[str]:
    """Lend the connection string of the database that the settings name; the embedded one runs meanwhile.

    Raises:
        DatabaseError: the embedded one cannot be started.
    """
    with ExitStack() as stack:
        yield _given(settings) if settings.database else _embedded(settings, stack).conninfo


@contextmanager
def connected(settings: Settings) -> Iterator[Connection[TupleRow]]:
    """Lend one connection in autocommit to the database that the settings name, and touch nothing in it.

    Raises:
        DatabaseUnavailable: it does not answer.
        DatabaseError: the embedded one cannot be started.
    """
    with address(settings) as conninfo:
        try:
            connection = psycopg.connect(conninfo, **{**session_settings(conninfo, "plaint store"), "autocommit": True})
        except psycopg.OperationalError as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise DatabaseUnavailable(f"the database of PLAINT_DATABASE does not answer: {reason}") from None
        with connection:
            yield connection


def _master_key(settings: Settings, pool: Pool) -> tuple[bool, master.KeyFile]:
    """Return the master key, and whether it was made now.

    Where none is named, the data directory keeps one, made at the first start; but never for a
    database whose keys another one wraps.
    """
    if settings.master_key_file is not None:
        return False, master.load_key_file(settings.master_key)
    named = rotation.masters_named(pool)
    if named and not settings.master_key.exists():
        raise master.KeyFileRefused(
            f"there is no master key file at {settings.master_key}, and the database's keys are wrapped by master key "
            f"{', '.join(named)}: put that file back, or let PLAINT_MASTER_KEY_FILE name it. No new one was made, "
            "it would open nothing"
        )
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = master.create_key_file(settings.master_key)
    if made:
        _log.warning("master_key_created", path=str(settings.master_key), note="without it all personal data is lost")
    return made, master.load_key_file(settings.master_key)


def _embedded(settings: Settings, stack: ExitStack) -> EmbeddedPostgres:
    return stack.enter_context(EmbeddedPostgres.start(settings.data_dir, settings.pg_bin))


def _given(settings: Settings) -> str:
    return settings.database.get_secret_value() if settings.database else ""
