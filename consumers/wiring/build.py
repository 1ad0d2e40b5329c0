"""Settings become an opened installation: database, keys, store, service, views. Plain functions, no container."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg

from consumers.wiring import clock, presets
from consumers.wiring.settings import Settings
from engine.incoming import Circumstances, Sender
from engine.service import Service
from engine.store.database import migrate
from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.pool import Pool, open_pool
from engine.store.store import Store, open_store
from projections.answers import Views
from schemas.envelope import RequestSource

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
    embedded: bool

    def person_of(self, name: str) -> str:
        """Return the opaque id by which events call a local person; two names are two persons."""
        return f"person:{UUID(bytes=self.store.keyed('person', name.strip().casefold().encode())[:16]).hex}"


@contextmanager
def opened(settings: Settings) -> Iterator[Installation]:
    """Open what the settings name; migrates the database and brings the configuration into force.

    Raises:
        DatabaseError: the database cannot be reached or used; says why and how to mend it.
        KeyFileRefused: the master key file is not what it should be.
        ConfigurationRefused: a configuration file is not admissible.
    """
    with ExitStack() as stack:
        conninfo = _database(settings, stack)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            migrate.migrate(connection)
        pool = stack.enter_context(open_pool(conninfo, max_size=settings.pool_size, name="plaint"))
        store = open_store(pool, master_key=settings.master_key, contents=settings.contents)
        service = Service(store)
        around = Circumstances(_SYSTEM, RequestSource(request=clock.new_id()), clock.now())
        service.activate(presets.in_force(settings.config_dir), around, clock.now())
        views = Views(pool, pause=time.sleep)
        yield Installation(settings, conninfo, pool, store, service, views, embedded=settings.database is None)


def _database(settings: Settings, stack: ExitStack) -> str:
    if settings.database is not None:
        return settings.database.get_secret_value()
    return stack.enter_context(EmbeddedPostgres.start(settings.data_dir, settings.pg_bin)).conninfo
