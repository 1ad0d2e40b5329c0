"""The stock ``eventsourcing`` library on the same PostgreSQL: what Plaint's store and runner are measured against.

Used as its manual shows: an application on its own tables that saves aggregates one by one, and
its projection runner with the simplest view. It neither encrypts nor validates, and its table is
in a schema of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg import sql

SCHEMA = "stock"
_PATIENCE_SECONDS = 120.0


class StockComplaint(Aggregate):
    """A complaint of the stock kind: what it says is one text of the same size as ours."""

    @event("Received")
    def __init__(self, said: str) -> None:
        self.said = said

    @event("Noted")
    def note(self, said: str) -> None:
        self.said = said


class StockComplaints(Application[UUID]):
    """The stock application."""


class StockView(PostgresTrackingRecorder):
    """One row per event name: how many there were."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        table = sql.Identifier(self.datastore.schema, f"{self.tracking_table_name}_counts")
        self.sql_create_statements.append(
            sql.SQL("CREATE TABLE IF NOT EXISTS {} (name text PRIMARY KEY, count bigint NOT NULL)").format(table)
        )
        self._count = sql.SQL(
            "INSERT INTO {} AS c (name, count) VALUES (%s, 1) ON CONFLICT (name) DO UPDATE SET count = c.count + 1"
        ).format(table)

    def count(self, name: str, tracking: Tracking) -> None:
        """Count one event, together with its position."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self._count, (name,))


class StockProjection(Projection[StockView]):
    """Counts events by name."""

    name = "counts"

    def __init__(self, view: StockView) -> None:
        super().__init__(view)
        self.began = self.ended = 0.0
        self.processed = 0

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.began = self.began or perf_counter()
        self.view.count(type(domain_event).__name__, tracking)
        self.ended = perf_counter()
        self.processed += 1


class Stock:
    """The stock library at work; its application stays open until ``close``."""

    def __init__(self, conninfo: str) -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
            self._environment = _environment(connection.info)
        self._conninfo = conninfo
        self._application = StockComplaints(self._environment)

    def save(self, states: Sequence[bytes]) -> float:
        """Return how many seconds saving one new aggregate for each state takes, one by one."""
        texts = [_as_text(state) for state in states]
        began = perf_counter()
        for text in texts:
            self._application.save(StockComplaint(said=text))
        return perf_counter() - began

    def keep(self, states: Sequence[bytes]) -> UUID:
        """Return the id of a stored aggregate that has one event for each state."""
        first, *others = [_as_text(state) for state in states]
        complaint = StockComplaint(said=first)
        for text in others:
            complaint.note(said=text)
        self._application.save(complaint)
        return complaint.id

    def load(self, id: UUID) -> float:
        """Return how many seconds the repository takes to give an aggregate back."""
        began = perf_counter()
        self._application.repository.get(id)
        return perf_counter() - began

    def project(self) -> tuple[int, float]:
        """Return how many events the stock runner took into a new view, and the seconds from first to last."""
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(SCHEMA, "counts_tracking")))
        with ProjectionRunner(
            application_class=StockComplaints,
            projection_class=StockProjection,
            view_class=StockView,
            env=self._environment,
        ) as runner:
            runner.wait(self._application.recorder.max_notification_id(), timeout=_PATIENCE_SECONDS)
            done = runner.projection
        if not isinstance(done, StockProjection):
            raise TypeError("the stock runner made another projection")
        return done.processed, done.ended - done.began

    def close(self) -> None:
        """Close its connections."""
        self._application.close()


@contextmanager
def stock(conninfo: str) -> Iterator[Stock]:
    """Lend the stock library on this database."""
    peer = Stock(conninfo)
    try:
        yield peer
    finally:
        peer.close()


def _as_text(state: bytes) -> str:
    """As many characters as there are octets, none of which JSON would escape: the stock event is as large as ours."""
    return state.decode("latin-1").replace('"', "'")


def _environment(info: psycopg.ConnectionInfo) -> Mapping[str, str]:
    """Everything that the library would otherwise look for in the process's environment."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": info.dbname,
        "POSTGRES_HOST": info.host,
        "POSTGRES_PORT": str(info.port),
        "POSTGRES_USER": info.user,
        "POSTGRES_PASSWORD": info.password,
        "POSTGRES_SCHEMA": SCHEMA,
        "POSTGRES_ENABLE_DB_FUNCTIONS": "n",
        "COMPRESSOR_TOPIC": "",
        "CIPHER_TOPIC": "",
        "IS_SNAPSHOTTING_ENABLED": "n",
        "AGGREGATE_CACHE_MAXSIZE": "",
    }
