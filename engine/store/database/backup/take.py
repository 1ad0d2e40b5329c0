"""A backup while everything runs: the log, the keys apart from it, and the content directory, as of one instant.

Into one directory go ``log.dump`` (schema ``plaint``), ``units.dump`` (which analyst sees which business unit) and
``contents/``; into another one ``keys.dump`` (schema ``plaint_keys``). Both dumps read one snapshot. Views are left
out: they are built again from the log. Whoever has one directory alone can read nobody's words; the master key file
and the ledger of erasures belong to neither.
"""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.rows import TupleRow

from engine.store.database import survey
from engine.store.database.backup.manifest import FORMAT, Manifest, leaves
from engine.store.database.backup.tools import BackupFailed, Tools

LOG, KEYS, UNITS, CONTENTS = "log.dump", "keys.dump", "units.dump", "contents"
_OPTIONS: Final = ("--format=custom", "--no-owner", "--no-privileges", "--no-unlogged-table-data")
Tell = Callable[[str], None]


def take(tools: Tools, contents: Path, place: Path, keys: Path, *, now: datetime, program: str, tell: Tell) -> Manifest:
    """Take a backup into ``place`` and ``keys``, which are made or must be empty; others go on working.

    Files of the content directory are copied after the snapshot: each is durable before the commit that names it.

    Raises:
        BackupFailed: a directory is not empty or holds the other one, there is no log, or a program failed; ``place``
            is no backup then.
        DatabaseUnavailable: the database does not answer.
    """
    _apart(place, keys)
    for directory in (place, keys):
        _make(directory)
    with psycopg.connect(tools.conninfo) as connection:
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        snapshot = _snapshot(connection)
        end = survey.log_end(connection)
        if end is None:
            raise BackupFailed("there is no log to back up: the database has no tables of Plaint")
        tell("the log")
        tools.run("pg_dump", *_options(place / LOG, snapshot), "--schema=plaint")
        tell("the keys")
        tools.run("pg_dump", *_options(keys / KEYS, snapshot), "--schema=plaint_keys")
        if _has_units(connection):
            tools.run("pg_dump", *_options(place / UNITS, snapshot), "--table=analytics.units")
        tell("the leaves")
        hashed = leaves(connection)
    tell("the content directory")
    copied = _copy(contents, place / CONTENTS)
    for file in (*place.glob("*.dump"), *keys.glob("*.dump")):
        file.chmod(0o600)
    manifest = Manifest(FORMAT, now, program, end.incarnation, end.position, end.recorded_at, hashed, copied)
    manifest.write(place)
    return manifest


def _apart(place: Path, keys: Path) -> None:
    """Refuse to lay the keys beside what they open: who copies the one directory would have both."""
    log, own = place.resolve(), keys.resolve()
    if log.is_relative_to(own) or own.is_relative_to(log):
        raise BackupFailed("keys are kept apart from the log: name two directories, neither of them in the other")


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        filled = any(directory.iterdir())
    except OSError as error:
        raise BackupFailed(f"cannot write to {directory} ({error.strerror}): name another directory") from None
    if filled:
        raise BackupFailed(f"{directory} is not empty: name a new directory for each backup")


def _snapshot(connection: Connection[TupleRow]) -> str:
    row = connection.execute("SELECT pg_export_snapshot()").fetchone()
    return str(row[0]) if row else ""


def _options(file: Path, snapshot: str) -> tuple[str, ...]:
    return (*_OPTIONS, f"--snapshot={snapshot}", f"--file={file}")


def _has_units(connection: Connection[TupleRow]) -> bool:
    row = connection.execute("SELECT to_regclass('analytics.units')").fetchone()
    return row is not None and row[0] is not None


def _copy(contents: Path, target: Path) -> int:
    """Return how many files were copied; one that an erasure or the sweep takes away meanwhile is left out."""
    copied = 0
    for file in contents.rglob("*") if contents.is_dir() else ():
        if file.is_file():
            wanted = target / file.relative_to(contents)
            wanted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                shutil.copy2(file, wanted)
            except FileNotFoundError:
                continue
            copied += 1
    return copied
