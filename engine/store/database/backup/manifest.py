"""What a backup says of itself: which log it holds, up to where, and one hash over all of it."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store import leaf
from engine.store.database.backup.tools import BackupFailed
from engine.store.database.survey import LogEnd

FILE: Final = "backup.json"
FORMAT: Final = 1
_LEAVES: Final = f"SELECT {leaf.SQL} FROM plaint.events ORDER BY position"  # noqa: S608 -- our own words
_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup. ``leaves`` is SHA-256 over the leaves of all events in order, in hexadecimal."""

    format: int
    taken_at: datetime
    program: str
    incarnation: UUID
    position: int
    recorded_at: datetime | None
    leaves: str
    contents: int
    """Files of the content directory."""

    @property
    def end(self) -> LogEnd:
        """Where the log ends."""
        return LogEnd(self.incarnation, self.position, self.recorded_at)

    def write(self, directory: Path) -> None:
        """Write it as the last file of a backup: without it there is none."""
        file = directory / FILE
        file.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))
        file.chmod(0o600)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Return what the backup in ``directory`` says of itself.

        Raises:
            BackupFailed: there is none, or one of a newer program.
        """
        try:
            said: dict[str, Any] = orjson.loads((directory / FILE).read_bytes())
            if said["format"] != FORMAT:
                raise BackupFailed(f"{directory} is a backup of format {said['format']}: restore it by a newer Plaint")
            times = {name: said[name] and datetime.fromisoformat(said[name]) for name in ("taken_at", "recorded_at")}
            return cls(**{**said, **times, "incarnation": UUID(said["incarnation"])})
        except OSError as error:
            raise BackupFailed(f"{directory} holds no whole backup: {FILE} cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError):
            raise BackupFailed(f"{directory / FILE} is not what a backup says of itself: take another one") from None


def leaves(connection: Connection[TupleRow]) -> str:
    """Return the hash over the leaves of all events; reads the whole log, in portions."""
    found = hashlib.sha256()
    with connection.cursor(name="leaves", binary=True) as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(_LEAVES)
        for row in cursor:
            found.update(row[0])
    return found.hexdigest()
