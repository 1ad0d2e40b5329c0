"""A backup put back into a database without tables of Plaint, compared with what it said of itself.

What was written after the backup is lost to this database, so its log begins a new incarnation behind the last
event: positions are given again, and nobody may take one from before for one from after.
"""

import shutil
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.commit import LOCK
from engine.store.database import survey
from engine.store.database.backup.manifest import Manifest, leaves
from engine.store.database.backup.take import CONTENTS, KEYS, LOG, UNITS, Tell
from engine.store.database.backup.tools import BackupFailed, Tools
from engine.store.database.survey import LogEnd

_OPTIONS: Final = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
_SCHEMAS: Final = ("plaint", "plaint_keys")
_BEGIN: Final = """
    INSERT INTO plaint.log (number, incarnation, after_position)
    SELECT max(number) + 1, gen_random_uuid(), (SELECT coalesce(max(position), 0) FROM plaint.events) FROM plaint.log
    RETURNING incarnation
"""


def restore(tools: Tools, contents: Path, place: Path, keys: Path, *, lost_nothing: bool, tell: Tell) -> LogEnd:
    """Put the backup in ``place`` and ``keys`` back; return where the log ends now, and in which incarnation.

    All of the database or nothing: what fails is taken away again. Doors open afterwards, and only once the ledger
    of erasures holds there. ``lost_nothing``: nothing was written after the backup, so the incarnation stays.

    Raises:
        BackupFailed: the database has tables of Plaint, or the backup is not whole, or it is not what it said, or its
            contents cannot be written.
    """
    manifest = Manifest.read(place)
    for file in (place / LOG, keys / KEYS):
        if not file.is_file():
            raise BackupFailed(f"{file} is missing: name both directories of one backup")
    with psycopg.connect(tools.conninfo, autocommit=True) as connection:
        _must_be_new(connection)
        try:
            _dumps(tools, connection, place, keys, tell)
            tell("the leaves")
            _must_be_the_same(connection, manifest)
            tell("the content directory")
            _copy(place / CONTENTS, contents)
            incarnation = manifest.incarnation if lost_nothing else begin_incarnation(connection)
        except BaseException:
            _take_away(connection)
            raise
    return LogEnd(incarnation, manifest.position, manifest.recorded_at)


def begin_incarnation(connection: Connection[TupleRow]) -> UUID:
    """Begin a new incarnation of the log behind its last event, and return it."""
    with connection.transaction():
        connection.execute(LOCK)
        row = connection.execute(_BEGIN).fetchone()
    if row is None or not isinstance(row[0], UUID):
        raise BackupFailed("plaint.log is empty: the database was not migrated")
    return row[0]


def _must_be_new(connection: Connection[TupleRow]) -> None:
    found = connection.execute(
        "SELECT to_regnamespace(name) FROM unnest(%s::text[]) AS name", (list(_SCHEMAS),)
    ).fetchall()
    if any(row[0] is not None for row in found):
        raise BackupFailed("the database has tables of Plaint already: restore into a new, empty one")


def _dumps(tools: Tools, connection: Connection[TupleRow], place: Path, keys: Path, tell: Tell) -> None:
    tell("the keys")
    tools.run("pg_restore", *_OPTIONS, str(keys / KEYS))
    if (place / UNITS).is_file():
        connection.execute("CREATE SCHEMA IF NOT EXISTS analytics")
        connection.execute("DROP TABLE IF EXISTS analytics.units")  # nobody's yet: there was no log here
        tools.run("pg_restore", *_OPTIONS, str(place / UNITS))
    tell("the log")
    tools.run("pg_restore", *_OPTIONS, str(place / LOG))


def _must_be_the_same(connection: Connection[TupleRow], manifest: Manifest) -> None:
    end = survey.log_end(connection)
    with connection.transaction():
        same = end == manifest.end and leaves(connection) == manifest.leaves
    if not same:
        raise BackupFailed("the log that was restored is not the one that the backup says: take another backup")


def _take_away(connection: Connection[TupleRow]) -> None:
    for schema in _SCHEMAS:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())


def _copy(source: Path, contents: Path) -> None:
    """Copy what is not there, each file whole or not at all: one that is there never changes."""
    try:
        for file in source.rglob("*") if source.is_dir() else ():
            wanted = contents / file.relative_to(source)
            if file.is_file() and not wanted.exists():
                wanted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _copy_whole(file, wanted)
    except OSError as error:
        raise BackupFailed(
            f"cannot write to {contents} ({error.strerror}): make room there, and restore again"
        ) from None


def _copy_whole(file: Path, wanted: Path) -> None:
    part = wanted.with_name(f".{wanted.name}.part")
    try:
        shutil.copy2(file, part)
        part.replace(wanted)
    finally:
        part.unlink(missing_ok=True)
