"""PostgreSQL's own ``pg_dump`` and ``pg_restore``, told where to connect without a word on the command line."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from engine.store.database.errors import DatabaseError, DatabaseUnavailable
from engine.store.database.server.account import Account
from engine.store.database.server.programs import find_programs


class BackupFailed(DatabaseError):
    """A backup could not be taken or put back; says why and what was left."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs of one installation of PostgreSQL, and one database that they work on."""

    bin: Path
    conninfo: str

    @classmethod
    def found(cls, conninfo: str, pg_bin: Path | None) -> Self:
        """Return the tools of ``pg_bin``, or of the embedded PostgreSQL; they run as this user.

        Raises:
            DatabaseUnavailable: there are none; says how to have them.
        """
        mine = Account("this user", os.geteuid(), os.getegid(), dropped=False)
        programs = find_programs(pg_bin, mine, Path())
        for name in ("pg_dump", "pg_restore"):
            if not os.access(programs.bin / name, os.X_OK):
                raise DatabaseUnavailable(
                    f"{programs.bin} holds no program {name!r}: let PLAINT_PG_BIN name the directory "
                    "with the programs of PostgreSQL, those of the client included"
                )
        return cls(programs.bin, conninfo)

    def run(self, name: str, *arguments: str) -> None:
        """Run one program to its end.

        Raises:
            BackupFailed: it failed; what it said holds no row.
        """
        given: dict[str, Any] = conninfo_to_dict(self.conninfo)
        password = given.pop("password", None)
        environment = {**os.environ, "LC_ALL": "C", **({} if password is None else {"PGPASSWORD": str(password)})}
        done = subprocess.run(
            [str(self.bin / name), *arguments, f"--dbname={make_conninfo(**given)}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
        if done.returncode:
            said = next((line for line in done.stderr.splitlines() if "error:" in line), done.stderr.strip())
            raise BackupFailed(f"{name} failed: {said[:300]}")
