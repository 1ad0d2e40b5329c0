"""Which steps has the database's shape taken, and take the missing ones.

A step is a plain SQL file `NNNN_expand_what.sql` (adds; old programs go on working) or
`NNNN_contract_what.sql` (takes away what no running program uses any more). Files are package
data. Once applied anywhere, a file is never edited: the next number says what is different.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Literal

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from engine.store.database.errors import MigrationRefused

Kind = Literal["expand", "contract"]
State = Literal["applied", "pending", "changed", "unknown"]

_NAME = re.compile(r"(?P<version>\d{4})_(?P<kind>expand|contract)_[a-z0-9_]+\.sql")
_LOCK = 0x706C61696E74  # "plaint": one migration at a time in a database
_TABLE = """
    CREATE SCHEMA IF NOT EXISTS plaint;
    CREATE TABLE IF NOT EXISTS plaint.migrations (
        version integer PRIMARY KEY,
        name text NOT NULL UNIQUE,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT transaction_timestamp()
    );
    COMMENT ON TABLE plaint.migrations IS 'Every step that the shape of this database has taken.';
"""


@dataclass(frozen=True)
class Applied:
    """A step that was taken; `applied_at` is the server's time of its transaction, UTC."""

    version: int
    name: str
    sha256: str
    applied_at: datetime


@dataclass(frozen=True)
class MigrationStatus:
    """One step, by its file and by what the database says of it.

    `changed`: the file is another one than was applied. `unknown`: applied, but this program has
    no such file (a newer program was here).
    """

    version: int
    name: str
    state: State
    applied_at: datetime | None


@dataclass(frozen=True)
class _Step:
    version: int
    name: str
    kind: Kind
    statements: bytes
    sha256: str


def migrate(connection: Connection[TupleRow], source: Traversable | None = None) -> list[Applied]:
    """Take every missing step in order and return those taken now.

    Each step and its row in `plaint.migrations` are one transaction; a step that fails leaves
    those before it. Other processes that migrate the same database wait and then find nothing to
    do. `source` is a folder of files, by default this package's own. Steps of a newer program are
    let be, so that an older one can start beside it.

    Raises:
        MigrationRefused: an applied file was changed or is gone, a number was given twice or came
            too late, a name does not fit, or a step failed in the database.
    """
    _must_be_idle(connection)
    steps = _steps(source)
    with _alone(connection):
        with connection.transaction():
            connection.execute(_TABLE)
            past = _past(connection)
        _must_fit(steps, past)
        return [_take(connection, step) for step in steps if step.version not in past]


def status(connection: Connection[TupleRow], source: Traversable | None = None) -> list[MigrationStatus]:
    """Every step known to the files or to the database, in order; changes nothing.

    Raises:
        MigrationRefused: the files themselves are at odds (name, number given twice).
    """
    _must_be_idle(connection)
    steps = {step.version: step for step in _steps(source)}
    with connection.transaction():
        known = connection.execute("SELECT to_regclass('plaint.migrations')").fetchone()
        past = _past(connection) if known is not None and known[0] is not None else {}
    return [
        _status_of(version, steps.get(version), past.get(version)) for version in sorted(steps.keys() | past.keys())
    ]


def _status_of(version: int, step: _Step | None, past: Applied | None) -> MigrationStatus:
    if past is None:
        return MigrationStatus(version, step.name if step else "", "pending", None)
    if step is None:
        return MigrationStatus(version, past.name, "unknown", past.applied_at)
    state: State = "applied" if _same(step, past) else "changed"
    return MigrationStatus(version, step.name, state, past.applied_at)


def _steps(source: Traversable | None) -> list[_Step]:
    folder = source or resources.files("engine.store.database").joinpath("migrations")
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    steps = [_step(file) for file in sorted(files, key=lambda file: file.name)]
    for earlier, later in pairwise(steps):
        if earlier.version == later.version:
            raise MigrationRefused(
                f"{earlier.name} and {later.name} have the same number: give the later one a new number"
            )
    return steps


def _step(file: Traversable) -> _Step:
    found = _NAME.fullmatch(file.name)
    if found is None:
        raise MigrationRefused(
            f"{file.name} is no name of a migration: NNNN_expand_what.sql or NNNN_contract_what.sql, in small letters"
        )
    # A checkout may have changed the ends of lines; the step is the same.
    statements = file.read_bytes().replace(b"\r\n", b"\n")
    kind: Kind = "expand" if found["kind"] == "expand" else "contract"
    digest = hashlib.sha256(statements).hexdigest()
    return _Step(int(found["version"]), file.name, kind, statements, digest)


def _past(connection: Connection[TupleRow]) -> dict[int, Applied]:
    rows = connection.execute("SELECT version, name, sha256, applied_at FROM plaint.migrations ORDER BY version")
    return {row[0]: Applied(*row) for row in rows}


def _must_fit(steps: Sequence[_Step], past: dict[int, Applied]) -> None:
    files = {step.version: step for step in steps}
    newest_file = max(files, default=0)
    newest_past = max(past, default=0)
    for version, applied in past.items():
        step = files.get(version)
        if step is None and version < newest_file:
            raise MigrationRefused(f"{applied.name} was applied to this database but its file is gone: put it back")
        if step is not None and not _same(step, applied):
            raise MigrationRefused(
                f"{step.name} is not the file that was applied as {applied.name}: put the old "
                "one back and write what is different under a new number"
            )
    for step in steps:
        if step.version not in past and step.version < newest_past:
            raise MigrationRefused(
                f"{step.name} comes too late, {past[newest_past].name} has been applied: give it a new number"
            )


def _same(step: _Step, applied: Applied) -> bool:
    return (step.name, step.sha256) == (applied.name, applied.sha256)


def _take(connection: Connection[TupleRow], step: _Step) -> Applied:
    try:
        with connection.transaction():
            connection.execute(step.statements)
            row = connection.execute(
                "INSERT INTO plaint.migrations (version, name, sha256) VALUES (%s, %s, %s) "
                "RETURNING version, name, sha256, applied_at",
                (step.version, step.name, step.sha256),
            ).fetchone()
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise MigrationRefused(
            f"{step.name} failed{_line(step, error)}: {error.diag.message_primary or error}; nothing of it was applied"
        ) from error
    if row is None:
        raise MigrationRefused(f"{step.name} was applied but not recorded")
    return Applied(*row)


def _line(step: _Step, error: psycopg.Error) -> str:
    position = error.diag.statement_position
    if position is None:
        return ""
    before = step.statements.decode("utf-8")[: int(position)]
    return f" in line {before.count(chr(10)) + 1}"


@contextmanager
def _alone(connection: Connection[TupleRow]) -> Iterator[None]:
    """Hold the session's advisory lock; it ends with the session too, if the session breaks."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        yield
    finally:
        if not connection.closed:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def _must_be_idle(connection: Connection[TupleRow]) -> None:
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise ValueError("a connection outside of a transaction is needed: commit or roll back")
