"""A file system of a few megabytes under the tables of a site, where this user may mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql

from faults.kafka.site import Site
from support.broker import unique

_MEGABYTES = 64
_LEFT = 200_000
"""Octets that a full disk still has."""


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A disk that can be filled up and emptied."""

    place: Path

    @property
    def _ballast(self) -> Path:
        return self.place / "ballast"

    def fill(self) -> None:
        free = os.statvfs(self.place)
        self._ballast.write_bytes(b"\0" * max(0, free.f_bavail * free.f_frsize - _LEFT))

    def empty(self) -> None:
        self._ballast.unlink()


def cannot_mount() -> str:
    """Return why there can be no small disk here; empty where there can."""
    with TemporaryDirectory(prefix="plaint-disk-") as place:
        if _mount(Path(place)):
            _unmount(Path(place))
            return ""
    return "a small disk has to be mounted, which this user may not"


@contextmanager
def small_disk(site: Site) -> Iterator[SmallDisk]:
    """Have all tables of a site on a disk of 64 MB; they are back where they were at the end."""
    with TemporaryDirectory(prefix="plaint-disk-") as place:
        disk = Path(place)
        disk.chmod(0o755)
        if not _mount(disk):
            raise AssertionError("no disk was mounted")
        try:
            tables = disk / "tables"
            tables.mkdir(mode=0o700)
            owner = site.server.owner
            os.chown(tables, owner.uid, owner.gid)
            with _tablespace(site, tables):
                yield SmallDisk(disk)
        finally:
            _unmount(disk)


@contextmanager
def _tablespace(site: Site, place: Path) -> Iterator[None]:
    name = unique("small")
    with psycopg.connect(site.database, autocommit=True) as connection:
        made = sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(sql.Identifier(name), sql.Literal(str(place)))
        connection.execute(made)
        try:
            _move(connection, "pg_default", name)
            yield
        finally:
            _move(connection, name, "pg_default")
            connection.execute(sql.SQL("DROP TABLESPACE {}").format(sql.Identifier(name)))


def _move(connection: psycopg.Connection, here: str, there: str) -> None:
    for kind in ("TABLE", "INDEX"):
        text = "ALTER {} ALL IN TABLESPACE {} SET TABLESPACE {}"
        words = sql.SQL(kind), sql.Identifier(here), sql.Identifier(there)
        connection.execute(sql.SQL(text).format(*words))


def _mount(place: Path) -> bool:
    try:
        command = ["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m,mode=0755", "tmpfs", str(place)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _unmount(place: Path) -> None:
    subprocess.run(["umount", str(place)], capture_output=True, check=True)
