"""Where is measured: a database of the benchmarks' own, gone when they are over.

With ``PLAINT_DATABASE`` it stands beside the installation's, on the same server; otherwise on an
embedded one in a temporary directory, with the durability that every installation has. Nothing
of the installation itself is touched.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from consumers.bench.peers import Bare
from consumers.bench.stock import Stock, stock
from consumers.wiring import build, clock
from consumers.wiring.build import Installation
from consumers.wiring.settings import Settings
from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.errors import DatabaseUnavailable
from engine.store.read import Reader
from engine.store.vault import master
from engine.store.vault.keys import Keys
from engine.store.vault.service_keys import ServiceKeys
from engine.store.vault.wrapping import WrappingKeys


@dataclass(frozen=True, slots=True)
class Stand:
    """An empty installation with the shipped configuration in force, and its peers on the same database."""

    here: Installation
    bare: Bare
    stock: Stock
    seed: int
    quick: bool
    tell: Callable[[str], None]
    """Hears what is measured now."""
    kafka: str | None = None
    """Some nodes of a cluster to measure on, if the settings name one."""
    data_size: dict[str, int] = field(default_factory=dict)
    """How much there was, by name; groups add to it."""

    def head(self) -> int:
        """Return the log's last position."""
        return self.here.store.read.head().position

    def cold_reader(self) -> Reader:
        """Return a reader that knows no data key yet, as a process that has just started."""
        services = ServiceKeys(self.here.pool, master.load_key_file(self.here.settings.master_key))
        return Reader(self.here.pool, Keys(self.here.pool, WrappingKeys(services)))


@contextmanager
def server(settings: Settings) -> Iterator[str]:
    """Lend the connection string of a server on which databases may be made.

    Raises:
        DatabaseError: the embedded one cannot be started.
    """
    if settings.database is not None:
        yield settings.database.get_secret_value()
        return
    with (
        tempfile.TemporaryDirectory(prefix="plaint-bench-", ignore_cleanup_errors=True) as place,
        EmbeddedPostgres.start(Path(place), settings.pg_bin) as embedded,
    ):
        yield embedded.conninfo


@contextmanager
def opened(
    address: str, seed: int, *, quick: bool, tell: Callable[[str], None], kafka: str | None = None
) -> Iterator[Stand]:
    """Open a stand on a new database of the server at ``address``.

    Raises:
        DatabaseUnavailable: the server does not answer, or this role may not create databases.
    """
    with (
        _database(address) as conninfo,
        tempfile.TemporaryDirectory(prefix="plaint-bench-") as place,
        build.opened(_settings(conninfo, Path(place))) as here,
        stock(conninfo) as peer,
    ):
        yield Stand(here, Bare(here.pool), peer, seed, quick, tell, kafka)


def _settings(conninfo: str, place: Path) -> Settings:
    """Nothing of the environment: what is measured is the program as it is shipped."""
    key_file = place / "master.key"
    master.create_key_file(key_file)
    return Settings.model_validate({"database": conninfo, "data_dir": place, "master_key_file": key_file})


@contextmanager
def _database(address: str) -> Iterator[str]:
    name = f"plaint_bench_{clock.new_id().hex[:12]}"
    _administer(address, sql.SQL("CREATE DATABASE {} TEMPLATE template0"), name)
    try:
        yield make_conninfo(address, dbname=name)
    finally:
        _administer(address, sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)


def _administer(address: str, order: sql.SQL, name: str) -> None:
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(order.format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseUnavailable(
            "this role may not create databases, and benchmarks need one of their own: "
            "grant it CREATEDB, or leave PLAINT_DATABASE out to measure on an embedded server"
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"no database for the benchmarks: {type(error).__name__}") from error
