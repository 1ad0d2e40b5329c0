"""Settings become an opened installation: database, keys, store, service, views. Plain functions, no container."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
import structlog

from consumers.wiring import clock, presets
from consumers.wiring.settings import Settings
from engine.incoming import Circumstances, Sender
from engine.service import Service
from engine.store.database import migrate
from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.errors import DatabaseError, DatabaseUnavailable
from engine.store.database.pool import Pool, open_pool
from engine.store.store import Store
from engine.store.vault import master
from engine.store.vault.fingerprint import opaque_id
from projections.answers import Views
from schemas.envelope import RequestSource

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

    def person_of(self, name: str) -> str:
        """Return the opaque id by which events call a local person; two names are two persons."""
        return f"person:{opaque_id(self.store.fingerprint.of('person', name.strip().casefold().encode())).hex}"


@contextmanager
def opened(settings: Settings) -> Iterator[Installation]:
    """Open what the settings name; migrates the database and brings the configuration into force.

    Raises:
        DatabaseError: the database cannot be reached or used; says why and how to mend it.
        KeyFileRefused: the master key file is not what it should be.
        ConfigurationRefused: a configuration file is not admissible.
    """
    with ExitStack() as stack:
        server = None if settings.database else _embedded(settings, stack)
        conninfo = server.conninfo if server else _given(settings)
        _migrate(conninfo)
        pool = stack.enter_context(open_pool(conninfo, max_size=settings.pool_size, name="plaint"))
        pool.timeout = PATIENCE_SECONDS
        store = stack.enter_context(Store(pool, _master_key(settings), settings.contents))
        service = Service(store)
        around = Circumstances(_SYSTEM, RequestSource(request=clock.new_id()), clock.now())
        service.activate(presets.in_force(settings.config_dir), around, clock.now())
        views = Views(pool, pause=time.sleep)
        yield Installation(settings, conninfo, pool, store, service, views, server)


def _master_key(settings: Settings) -> master.KeyFile:
    """Return the master key. Where none is named, the data directory keeps one, made at the first start."""
    if settings.master_key_file is None:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if master.create_key_file(settings.master_key):
            note = "without it all personal data is lost"
            _log.warning("master_key_created", path=str(settings.master_key), note=note)
    return master.load_key_file(settings.master_key)


def _embedded(settings: Settings, stack: ExitStack) -> EmbeddedPostgres:
    return stack.enter_context(EmbeddedPostgres.start(settings.data_dir, settings.pg_bin))


def _given(settings: Settings) -> str:
    return settings.database.get_secret_value() if settings.database else ""


def _migrate(conninfo: str) -> None:
    """Bring the database into today's shape.

    Raises:
        DatabaseUnavailable: it does not answer, or does not let us in.
        DatabaseError: it answers, but may not be changed as we need.
    """
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            migrate.migrate(connection)
    except psycopg.OperationalError as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DatabaseUnavailable(f"the database of PLAINT_DATABASE does not answer: {reason}") from None
    except psycopg.Error as error:
        reason = error.diag.message_primary or type(error).__name__
        raise DatabaseError(f"the database cannot be brought into shape: {reason}") from error
