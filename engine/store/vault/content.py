"""Attachments and raw e-mails: encrypted, in a row up to 256 kB, else in a directory.

A large one is durable in the directory before the commit that names it; if that commit never
comes, the file is an orphan that nobody can find, to be swept. An event keeps the SHA-256 of the
ciphertext, so that a proof holds after the key is destroyed. Associated data::

    "plaint content 1" NUL content id(16) stream(16) subject(16) key id(32)
"""

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.batch import PreparedContent
from engine.store.database.pool import Pool
from engine.store.session import reading
from engine.store.vault.keys import DataKey, Keys
from engine.store.vault.seal import SealBroken, close_box, new_nonce, open_box
from schemas.words import Attachment

ROW_LIMIT_OCTETS: Final = 256 * 1024
_STORE: Final = """
    INSERT INTO plaint.contents (content_id, stream, subject, key_id, size, ciphertext) VALUES (%b, %b, %b, %b, %b, %b)
"""


class ContentErased(Exception):
    """The key of this content was destroyed; nothing brings it back."""

    def __init__(self, content_id: UUID) -> None:
        self.content_id = content_id
        super().__init__(f"content {content_id} was erased")


class ContentMissing(LookupError):
    """No content of that id is known, or its file or key is not at hand."""

    def __init__(self, content_id: UUID, what: str) -> None:
        self.content_id = content_id
        super().__init__(f"content {content_id}: {what}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the event says of a content, and what the commit must write."""

    attachment: Attachment
    content: PreparedContent


def store(connection: Connection[TupleRow], contents: Collection[PreparedContent]) -> None:
    """Write the rows, within the commit."""
    for each in contents:
        row = (each.content_id, each.stream, each.subject, each.key_id, each.size, each.ciphertext)
        connection.execute(_STORE, row)


NOT_AT_HAND: Final = (ContentMissing, SealBroken, OSError)
"""Why a content cannot be opened here now, though it was not erased: it may be later, or elsewhere."""


class Contents:
    """Encrypts content before a commit, and opens it again. For any number of threads."""

    def __init__(self, pool: Pool, keys: Keys, directory: Path) -> None:
        self._pool = pool
        self._keys = keys
        self._directory = directory

    def prepare(
        self,
        content_id: UUID,
        stream: UUID,
        subject: UUID,
        data: bytes,
        media_type: str,
        file_name: str | None = None,
        *,
        begins: bool = False,
    ) -> Prepared:
        """Encrypt a content; a large one is on disk when this returns.

        ``begins``: the stream does not exist yet, so no key of it needs to be looked up.

        Raises:
            SubjectErased: nothing may be added for this subject here any more.
            OSError: the directory cannot be written to.
        """
        pair = (stream, subject)
        key = self._keys.for_writing([pair], {stream} if begins else frozenset())[pair]
        bound_to = _bound_to(content_id, stream, subject, key)
        ciphertext = close_box(key, data, bound_to, new_nonce())
        in_row = len(ciphertext) <= ROW_LIMIT_OCTETS
        if not in_row:
            ciphertext = self._kept(self._path(content_id, key.key_id), ciphertext, key, data, bound_to)
        digest = hashlib.sha256(ciphertext).hexdigest()
        attachment = Attachment(
            content_id=content_id, media_type=media_type, size=len(data), sha256=digest, file_name=file_name
        )
        kept = ciphertext if in_row else None
        return Prepared(attachment, PreparedContent(content_id, stream, subject, key.key_id, kept, len(ciphertext)))

    def open(self, content_id: UUID, stream: UUID | None = None) -> bytes:
        """The content in the clear; with ``stream`` only if it was stored for that.

        Raises:
            ContentErased: its key was destroyed.
            ContentMissing: it is not there, or belongs to another stream.
            SealBroken: it was changed.
        """
        query = "SELECT stream, subject, key_id, ciphertext FROM plaint.contents WHERE content_id = %s"
        with reading(self._pool) as connection, connection.cursor(binary=True) as cursor:
            row = cursor.execute(query, (content_id,)).fetchone()
        if row is None:
            raise ContentMissing(content_id, "not known")
        if stream not in (None, row[0]):
            raise ContentMissing(content_id, "not known here")
        stream, subject, key_id, ciphertext = row
        keys = self._keys.for_reading([(stream, subject)])
        if (stream, subject) not in keys:
            raise ContentMissing(content_id, "its key is not at hand")
        key = keys[stream, subject]
        if key is None:
            raise ContentErased(content_id)
        if key.key_id != key_id:
            raise SealBroken(f"content {content_id} was sealed with another key")
        box = self._read(content_id, key_id) if ciphertext is None else ciphertext
        return open_box(key, box, _bound_to(content_id, stream, subject, key))

    def discard(self, content_ids: Collection[UUID]) -> int:
        """Delete the files of these contents, whatever key they were sealed with; how many there were."""
        files = [
            file
            for content_id in content_ids
            for file in (self._directory / content_id.hex[-2:]).glob(f"{content_id}-*")
        ]
        for file in files:
            file.unlink(missing_ok=True)
        for folder in {file.parent for file in files}:
            _sync(folder)
        return len(files)

    def _kept(self, path: Path, ciphertext: bytes, key: DataKey, data: bytes, bound_to: bytes) -> bytes:
        """Put a ciphertext on disk and return it, or what stands there already for the same data.

        Several processes may take the same message at once, and any of them may be the one that
        commits: under one key all get the same ciphertext, and another key has a file of its own.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{new_nonce().hex()}.draft")
        _write_durably(draft, ciphertext)
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            try:
                os.utime(path)  # taken up again: the sweep passes over what is new
                there = path.read_bytes()
            except FileNotFoundError:  # it was swept this very moment
                draft.unlink()
                return self._kept(path, ciphertext, key, data, bound_to)
            if _opens_to(data, there, key, bound_to):
                ciphertext = there
            else:
                draft.replace(path)
        draft.unlink(missing_ok=True)
        for folder in (path.parent, self._directory):
            _sync(folder)
        return ciphertext

    def _read(self, content_id: UUID, key_id: bytes) -> bytes:
        try:
            return self._path(content_id, key_id).read_bytes()
        except FileNotFoundError:
            raise ContentMissing(content_id, "its file is not in the content store") from None

    def _path(self, content_id: UUID, key_id: bytes) -> Path:
        return box_path(self._directory, content_id, key_id)


def box_path(directory: Path, content_id: UUID, key_id: bytes) -> Path:
    """Where the file of a large content is. The name tells which row needs it (``sweep``)."""
    return directory / content_id.hex[-2:] / f"{content_id}-{key_id[:8].hex()}.box"


def _opens_to(data: bytes, box: bytes, key: DataKey, bound_to: bytes) -> bool:
    try:
        return open_box(key, box, bound_to) == data
    except SealBroken:
        return False


def _write_durably(path: Path, octets: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())


def _bound_to(content_id: UUID, stream: UUID, subject: UUID, key: DataKey) -> bytes:
    return b"".join((b"plaint content 1\0", content_id.bytes, stream.bytes, subject.bytes, key.key_id))


def _sync(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
