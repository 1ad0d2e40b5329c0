"""The content directory holds what rows name, and nothing else for long: orphans go, what is missing is told.

A large content is a file before the commit that names it (``content``); a commit that never comes
leaves an orphan, which nobody can find. A file is needed if a row names its content id and key, has
its octets not in the row, and the key of its stream and subject is not destroyed.

**Why no commit in flight loses its file.** Let a commit be prepared at p, which makes the file or
sets its time to now, and be visible at c; a commit is tried for seconds, so c < p + ``age`` (an hour
at least). A file is put aside only if (1) its time is older than ``age``, then (2) no row needs it,
then, after it was renamed, (3) its time is still as old; and it is deleted only if (4) no row needs
it another ``age`` later.

- p before (1): the time would be younger than ``age`` unless c <= p + age < (1); then (2) sees the row.
- p between (1) and the renaming: (3) sees the new time, and the file is put back.
- p after the renaming: it is not there any more, so ``content`` makes a new one.

(4) covers what is left, such as a row that a restored backup brings back: the file is put back.
Sweeps of several processes at once are harmless: every step is one rename, link or unlink, and
whoever comes second finds nothing to do.

**Whose directory.** A directory holds the key id of the database's fingerprint key in ``owner``. One
that belongs to another database is never touched, nor one without an owner whose files are all
unknown: it may be another database's.
"""

import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal, TypeVar
from uuid import UUID

from engine.store.database.pool import Pool
from engine.store.session import reading
from engine.store.vault.content import box_path

T = TypeVar("T")

BATCH_FILES: Final = 500
TOLD_AT_MOST: Final = 100
SHORTEST_AGE: Final = timedelta(hours=1)
OWNER: Final = "owner"
_BOX: Final = re.compile(r"(?P<content>[0-9a-f-]{36})-(?P<key>[0-9a-f]{16})\.box(?P<orphan>\.orphan)?")
_LIVING: Final = """
    c.ciphertext IS NULL AND EXISTS (
        SELECT FROM plaint_keys.data_keys k
        WHERE (k.subject, k.stream) = (c.subject, c.stream) AND k.wrapped IS NOT NULL)
"""
_NEEDED: Final = f"SELECT c.content_id, c.key_id FROM plaint.contents c WHERE c.content_id = ANY(%b) AND {_LIVING}"  # noqa: S608 # our own words
_ALL_NEEDED: Final = f"""
    SELECT c.content_id, c.key_id FROM plaint.contents c WHERE c.content_id > %b AND {_LIVING}
    ORDER BY c.content_id LIMIT %b
"""  # noqa: S608 # our own words
_OWN_ID: Final = "SELECT encode(key_id, 'hex') FROM plaint_keys.service_keys WHERE purpose = 'fingerprint'"

Whose = Literal["ours", "another", "unknown"]
"""Whose directory it is; unknown: nobody claimed it, and we know none of its files."""

Need = tuple[UUID, str]
"""Content id, and the beginning of its key id in hexadecimal, as a file's name says them."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did and found. ``missing`` are contents that rows need and no file holds, 100 at most."""

    whose: Whose
    put_aside: int = 0
    deleted: int = 0
    put_back: int = 0
    drafts: int = 0
    missing: tuple[UUID, ...] = ()


class Sweep:
    """Keeps one content directory as its database needs it. To be called from time to time, by any process."""

    def __init__(self, pool: Pool, directory: Path, age: timedelta) -> None:
        if age < SHORTEST_AGE:
            raise ValueError("an orphan is an hour old at least: a commit that names it may be on its way")
        self._pool = pool
        self._directory = directory
        self._age = age

    def run(self, now: datetime) -> Swept:
        """Sweep the whole directory once, some files at a time.

        Raises:
            DatabaseUnavailable: what was done so far is done; the next run goes on.
            OSError: the directory cannot be used.
        """
        whose = self._whose()
        if whose == "another":
            return Swept(whose)
        counts = {"put_aside": 0, "deleted": 0, "put_back": 0, "drafts": 0}
        if whose == "ours":
            before = (now - self._age).timestamp()
            for folder in self._folders():
                for files in _some(sorted(folder.iterdir())):
                    self._tidy(files, before, now.timestamp(), counts)
        return Swept(whose, **counts, missing=tuple(self._missing()))

    def _whose(self) -> Whose:
        """Whose the directory is; an empty one and one with a file of ours is claimed."""
        with reading(self._pool) as connection:
            row = connection.execute(_OWN_ID).fetchone()
        own = "" if row is None else f"{row[0]}\n"
        owner = self._directory / OWNER
        try:
            return "ours" if owner.read_text(encoding="ascii") == own else "another"
        except FileNotFoundError:
            pass
        names = [name for folder in self._folders() for name in map(_named, folder.iterdir()) if name]
        if names and not any(self._needed([content for content, _ in some]) for some in _some(names)):
            return "unknown"
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._directory / f"{OWNER}.{os.getpid()}.draft"
        with draft.open("w", encoding="ascii") as file:
            file.write(own)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(owner)
        return "ours"

    def _tidy(self, files: Sequence[Path], before: float, now: float, counts: dict[str, int]) -> None:
        old = {file for file in files if _changed(file) < before}
        needed = self._needed({name[0] for name in map(_named, files) if name})
        for file in files:
            name = _named(file)
            if name is None:
                counts["drafts"] += file in old and file.suffix == ".draft" and _unlink(file)
            elif file.suffix == ".orphan" and (name in needed or file not in old):
                counts["put_back"] += name in needed and _put_back(file)
            elif file.suffix == ".orphan":
                counts["deleted"] += _unlink(file)
            elif file in old and name not in needed:
                counts["put_aside"] += _put_aside(file, before, now)

    def _needed(self, contents: Collection[UUID]) -> set[Need]:
        if not contents:
            return set()
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(_NEEDED, (list(contents),)).fetchall()
        return {(content_id, key_id[:8].hex()) for content_id, key_id in rows}

    def _missing(self) -> list[UUID]:
        """Contents without a file; looked at twice, for one may be erased between row and file."""
        found: list[UUID] = []
        last = UUID(int=0)
        while len(found) < TOLD_AT_MOST:
            with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
                rows = cursor.execute(_ALL_NEEDED, (last, BATCH_FILES)).fetchall()
            if not rows:
                break
            last = rows[-1][0]
            absent = [content_id for content_id, key_id in rows if not self._is_there(content_id, key_id)]
            still = {content_id for content_id, _ in self._needed(absent)}
            found += [content_id for content_id in absent if content_id in still]
        return found[:TOLD_AT_MOST]

    def _is_there(self, content_id: UUID, key_id: bytes) -> bool:
        path = box_path(self._directory, content_id, key_id)
        return path.exists() or _aside(path).exists()

    def _folders(self) -> Iterator[Path]:
        if self._directory.is_dir():
            yield from sorted(folder for folder in self._directory.iterdir() if folder.is_dir())


def _put_aside(file: Path, before: float, now: float) -> bool:
    """Rename an orphan, from whose new name it goes the next time; back, if it was taken up meanwhile."""
    orphan = _aside(file)
    try:
        file.rename(orphan)
    except FileNotFoundError:
        return False
    if _changed(orphan) >= before:
        _put_back(orphan)
        return False
    os.utime(orphan, (now, now))
    return True


def _put_back(orphan: Path) -> bool:
    """Give a file its name again, unless another of the same content has it by now."""
    try:
        orphan.with_suffix("").hardlink_to(orphan)
    except FileExistsError:
        _unlink(orphan)
        return False
    except FileNotFoundError:
        return False
    return _unlink(orphan)


def _aside(file: Path) -> Path:
    return file.with_name(f"{file.name}.orphan")


def _named(file: Path) -> Need | None:
    """What a file is of; None: it is no content."""
    found = _BOX.fullmatch(file.name)
    return (UUID(found["content"]), found["key"]) if found else None


def _changed(file: Path) -> float:
    """When it was written or taken up; one that is gone counts as new."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _unlink(file: Path) -> bool:
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True


def _some(things: Sequence[T]) -> Iterator[Sequence[T]]:
    return (things[at : at + BATCH_FILES] for at in range(0, len(things), BATCH_FILES))
