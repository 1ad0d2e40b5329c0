"""Take the missing steps of the database's shape, and tell which were taken.

Every step is one transaction with its row in `plaint.migrations`. A step waits for the locks of its
tables only for a moment, then lets go and tries again: whoever writes meanwhile queues behind it for
that moment at most, never behind a long transaction that the step waits for.

A contract step takes away what older programs need. It is taken only while none of them runs (see
`running`), and from then on none of them starts.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources.abc import Traversable
from typing import Literal

import psycopg
from psycopg import Connection
from psycopg.errors import DeadlockDetected, InsufficientPrivilege, LockNotAvailable
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from engine.store.database import running
from engine.store.database.deadline import Deadline
from engine.store.database.errors import DatabaseUnavailable, MayNotMigrate, MigrationRefused, OlderProgramsRun
from engine.store.database.steps import (
    Applied,
    Kind,
    Step,
    must_fit,
    newest,
    pending,
    same,
    steps_of,
    without_last_contracts,
)

Contracts = Literal["leave", "if_alone", "take"]
"""What happens to contract steps that no later step builds on: they stay pending; they are taken if no older
program runs, else they stay; they are taken, and refused while an older program runs."""
State = Literal["applied", "pending", "changed", "gone", "late", "unknown"]
What = Literal["begins", "waits", "taken"]
Report = Callable[[str, What], None]
"""Hears of every step by its file's name: it begins, it waits for somebody's lock, it was taken."""

_LOCK = 0x706C61696E74  # "plaint": one at a time migrates a database or gives rights on it
_LOCK_TIMEOUT = "400ms"
_PAUSE_SECONDS = 0.8
PATIENCE_SECONDS = 60.0
_SCHEMA = "CREATE SCHEMA IF NOT EXISTS plaint"
_TABLE = """
    CREATE TABLE IF NOT EXISTS plaint.migrations (
        version integer PRIMARY KEY,
        name text NOT NULL UNIQUE,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT transaction_timestamp()
    );
    COMMENT ON TABLE plaint.migrations IS 'Every step that the shape of this database has taken.';
"""


@dataclass(frozen=True)
class MigrationStatus:
    """One step, by its file and by what the database says of it.

    `changed`: the file is another one than was applied. `gone`: applied, but its file is not among those
    of this program. `late`: not applied, but a later one was. With any of these, `migrate` refuses.
    `unknown`: applied, and newer than all files (a newer program was here).
    """

    version: int
    name: str
    kind: Kind
    state: State
    applied_at: datetime | None


def migrate(
    connection: Connection[TupleRow],
    source: Traversable | None = None,
    *,
    contracts: Contracts = "take",
    patience_seconds: float = PATIENCE_SECONDS,
    report: Report = lambda *_: None,
) -> list[Applied]:
    """Take every missing step in order and return those taken now; without any, nothing is touched.

    A step that fails leaves those before it. Other processes that migrate the same database wait and
    then find nothing to do. `source` is a folder of files, by default this package's own. Steps of a
    newer program are let be, so that an older one can start beside it. `patience_seconds` bounds how
    long each step waits for locks of others.

    Raises:
        MigrationRefused: an applied file was changed or is gone, a number was given twice or came
            too late, a name does not fit, or a step failed in the database.
        MayNotMigrate: this role may not change the tables.
        OlderProgramsRun: a contract step waits until they have ended.
        DatabaseUnavailable: others held locks on the tables for all that time.
    """
    _must_be_idle(connection)
    steps = steps_of(source)
    if not _wanted(connection, steps, contracts):
        return []
    with _alone(connection):
        return list(_take_all(connection, _wanted(connection, steps, contracts), contracts, patience_seconds, report))


def status(connection: Connection[TupleRow], source: Traversable | None = None) -> list[MigrationStatus]:
    """Every step known to the files or to the database, in order; changes nothing.

    Raises:
        MigrationRefused: the files themselves are at odds (name, number given twice).
    """
    _must_be_idle(connection)
    steps = {step.version: step for step in steps_of(source)}
    past = applied(connection)
    ends = newest(tuple(steps.values())), max(past, default=0)
    return [
        _status_of(version, steps.get(version), past.get(version), *ends)
        for version in sorted(steps.keys() | past.keys())
    ]


def applied(connection: Connection[TupleRow]) -> dict[int, Applied]:
    """Version -> the step that was taken; empty where nobody ever migrated."""
    with connection.transaction():
        known = connection.execute("SELECT to_regclass('plaint.migrations')").fetchone()
        if known is None or known[0] is None:
            return {}
        rows = connection.execute("SELECT version, name, sha256, applied_at FROM plaint.migrations ORDER BY version")
        return {row[0]: Applied(*row) for row in rows}


def _status_of(
    version: int, step: Step | None, past: Applied | None, newest_file: int, newest_past: int
) -> MigrationStatus:
    """What `must_fit` refuses is never shown as something else."""
    state: State
    if step is not None and past is None:
        state = "late" if version < newest_past else "pending"
        return MigrationStatus(version, step.name, step.kind, state, None)
    if past is None:
        raise AssertionError("a step is known to its file or to the database")
    if step is None:
        state = "gone" if version < newest_file else "unknown"
        return MigrationStatus(version, past.name, past.kind, state, past.applied_at)
    state = "applied" if same(step, past) else "changed"
    return MigrationStatus(version, step.name, step.kind, state, past.applied_at)


def _wanted(connection: Connection[TupleRow], steps: Sequence[Step], contracts: Contracts) -> list[Step]:
    past = applied(connection)
    must_fit(steps, past)
    missing = pending(steps, past)
    return without_last_contracts(missing) if contracts == "leave" else missing


def _take_all(
    connection: Connection[TupleRow], steps: Sequence[Step], contracts: Contracts, patience: float, report: Report
) -> Iterator[Applied]:
    needed = len(without_last_contracts(steps))
    for number, step in enumerate(steps):
        try:
            yield _take_patiently(connection, step, patience, report, steps[number:])
        except OlderProgramsRun:
            if contracts == "if_alone" and number >= needed:
                return
            raise


def _take_patiently(
    connection: Connection[TupleRow], step: Step, patience: float, report: Report, missing: Sequence[Step]
) -> Applied:
    deadline = Deadline(patience)
    report(step.name, "begins")
    while True:
        try:
            taken = _take(connection, step)
        except (LockNotAvailable, DeadlockDetected) as error:
            if deadline.passed():
                raise DatabaseUnavailable(
                    f"{step.name} waited {patience:g} s for locks that others hold on its tables; nothing of it was "
                    "applied: end the long transactions (pg_stat_activity shows them) and try again"
                ) from error
            report(step.name, "waits")
            time.sleep(min(_PAUSE_SECONDS, deadline.left()))
        except InsufficientPrivilege as error:
            raise MayNotMigrate(connection.info.user, [each.name for each in missing]) from error
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise MigrationRefused(
                f"{step.name} failed{_line(step, error)}: {error.diag.message_primary or error}; "
                "nothing of it was applied"
            ) from error
        else:
            report(step.name, "taken")
            return taken


def _take(connection: Connection[TupleRow], step: Step) -> Applied:
    with connection.transaction():
        connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        if step.kind == "contract" and not running.bar_older(connection, step.version):
            raise OlderProgramsRun(step.name, running.older(connection, step.version))
        _ensure_table(connection)
        connection.execute(step.statements)
        row = connection.execute(
            "INSERT INTO plaint.migrations (version, name, sha256) VALUES (%s, %s, %s) "
            "RETURNING version, name, sha256, applied_at",
            (step.version, step.name, step.sha256),
        ).fetchone()
    if row is None:
        raise MigrationRefused(f"{step.name} was applied but not recorded")
    return Applied(*row)


def _ensure_table(connection: Connection[TupleRow]) -> None:
    """Make what is missing only: IF NOT EXISTS asks for rights that a role may lack where all is there."""
    found = connection.execute("SELECT to_regnamespace('plaint'), to_regclass('plaint.migrations')").fetchone()
    schema, table = found or (None, None)
    if schema is None:
        connection.execute(_SCHEMA)
    if table is None:
        connection.execute(_TABLE)


def _line(step: Step, error: psycopg.Error) -> str:
    position = error.diag.statement_position
    if position is None:
        return ""
    before = step.statements.decode("utf-8")[: int(position)]
    return f" in line {before.count(chr(10)) + 1}"


@contextmanager
def _alone(connection: Connection[TupleRow]) -> Iterator[None]:
    """Hold the session's advisory lock of migrations; it ends with the session too, if the session breaks."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        yield
    finally:
        if not connection.closed:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def hold_off_others(connection: Connection[TupleRow]) -> None:
    """Let nobody else migrate this database, nor give rights on it, until this transaction ends; waits for who does."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


def _must_be_idle(connection: Connection[TupleRow]) -> None:
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise ValueError("a connection outside of a transaction is needed: commit or roll back")
