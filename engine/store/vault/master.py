"""Master keys: they wrap data keys, so that only the wrapped form is ever stored.

``MasterKeys`` is the shape that a key management service can take instead: it never shows a
master key, it wraps and unwraps. ``KeyFile`` keeps master keys in one file, a line each::

    # anything
    <id> <base64 of 32 octets>

The first line wraps; the others only unwrap what they once wrapped. A process looks into the file
again before it wraps, if the file has changed, and once before it calls a master key unknown: so a
rotation (``engine/store/vault/rotation.py``) needs no restart. Losing the file loses every personal
text for good: it belongs in a backup of its own, apart from the database's.
"""

import base64
import binascii
import os
import re
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NONCE_OCTETS: Final = 12
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


FileState = tuple[int, int, int, int]
"""Device, inode, size and time of change: another one, another content."""


class KeyFileRefused(Exception):
    """The master key file cannot be used as it is; the text names the file and the fix."""


class UnknownMasterKey(Exception):
    """A data key was wrapped by a master key that is not at hand: add its line to the key file."""

    def __init__(self, master_id: str) -> None:
        self.master_id = master_id
        super().__init__(f"master key {master_id} is not at hand: put its line back into the key file")


class WrappedKey(NamedTuple):
    """A key as it is stored: which master key wrapped it, and the result."""

    master_id: str
    wrapped: bytes


class MasterKeys(Protocol):
    """Wraps and unwraps other keys. ``context`` binds the result to its place and is not stored.

    Raises:
        UnknownMasterKey: ``unwrap`` has no master key of that id.
        ValueError: ``unwrap`` was given another context, or the wrapped key was changed.
    """

    def wrap(self, key: bytes, context: bytes) -> WrappedKey: ...

    def unwrap(self, stored: WrappedKey, context: bytes) -> bytes: ...


class KeyFile:
    """Master keys of a file, in memory. Make it by ``load_key_file``; ``path`` None: keys of no file.

    A file that cannot be read or used any more leaves a process with the keys that it has.
    """

    def __init__(self, keys: dict[str, bytes], path: Path | None = None, seen: FileState | None = None) -> None:
        if not keys:
            raise ValueError("at least one master key is needed")
        self._path = path
        self._seen = seen
        self._boxes = {master_id: AESGCM(key) for master_id, key in keys.items()}

    @property
    def current(self) -> str:
        """Id of the key that wraps."""
        return next(iter(self._boxes))

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all keys; the first one wraps."""
        return tuple(self._boxes)

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        self._look_again()
        nonce = os.urandom(_NONCE_OCTETS)
        master_id, box = next(iter(self._boxes.items()))
        return WrappedKey(master_id, nonce + box.encrypt(nonce, key, context))

    def unwrap(self, stored: WrappedKey, context: bytes) -> bytes:
        box = self._boxes.get(stored.master_id)
        if box is None:
            self._look_again()
            box = self._boxes.get(stored.master_id)
        if box is None:
            raise UnknownMasterKey(stored.master_id)
        try:
            return box.decrypt(stored.wrapped[:_NONCE_OCTETS], stored.wrapped[_NONCE_OCTETS:], context)
        except InvalidTag:
            raise ValueError("a wrapped key does not belong to its row, or was changed") from None

    def _look_again(self) -> None:
        """Take the keys that the file holds now, if it has changed."""
        if self._path is None:
            return
        try:
            if _state(self._path.stat()) != self._seen:
                fresh = load_key_file(self._path)
                self._boxes, self._seen = fresh._boxes, fresh._seen  # noqa: SLF001 # of its own kind
        except (OSError, KeyFileRefused):
            return


def create_key_file(path: Path) -> bool:
    """Make a key file with one new master key, readable by its owner only; False if one is there.

    The file appears whole or not at all, so that of several processes all use the same one.

    Raises:
        OSError: the directory cannot be written to.
    """
    _, line = _new_line()
    draft = _draft(path)
    _write_durably(draft, line)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
        _sync_directory(path.parent)
    return True


def add_key(path: Path) -> str:
    """Put a new master key first, so that it wraps from now on; returns its id. All other lines stay.

    The file is replaced whole and durably, open to its owner only, who stays the same. Two at once
    would lose one key: the caller sees to it that it is alone.

    Raises:
        KeyFileRefused: the file is not what it should be.
        OSError: the file or its directory cannot be written to.
    """
    load_key_file(path)
    master_id, line = _new_line()
    _replace(path, line + path.read_bytes())
    return master_id


def remove_keys(path: Path, ids: Collection[str]) -> None:
    """Take lines out, by the ids of their keys. What they wrapped can be unwrapped no more.

    Raises:
        ValueError: the key that wraps is among them, or one that is not there.
        KeyFileRefused, OSError: as ``add_key``, which see also for how the file is replaced.
    """
    _, *others = load_key_file(path).ids
    if not set(ids) <= set(others):
        raise ValueError("only keys that no longer wrap can be removed")
    gone = {master_id.encode("ascii") for master_id in ids}
    lines = path.read_bytes().splitlines(keepends=True)
    _replace(path, b"".join(line for line in lines if not gone & set(line.split()[:1])))


def load_key_file(path: Path) -> KeyFile:
    """Read master keys from a file that nobody but its owner, or who is handed it by root, can read.

    Raises:
        KeyFileRefused: the file is missing, open to others, or a line of it is not a key.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            text = file.read()
    except OSError as error:
        raise KeyFileRefused(f"cannot read the master key file {path}: {error.strerror}") from error
    if os.name == "posix" and open_to_others(found.st_mode, owner=found.st_uid, reader=os.geteuid()):
        raise KeyFileRefused(f"the master key file {path} is open to others: chmod 600 {path}")
    keys = dict(_key(line, f"{path}, line {number}") for number, line in _lines(text))
    if not keys:
        raise KeyFileRefused(f"the master key file {path} holds no key: '<id> <base64 of 32 octets>' is a line")
    return KeyFile(keys, path, _state(found))


def open_to_others(mode: int, *, owner: int, reader: int) -> bool:
    """Whether somebody beside its owner and ``reader`` (user ids) may read or change a file of ``mode``.

    A file of root's that a group may read and nothing more is how a Secret of Kubernetes comes to a
    program that is not root: the group is the pod's own.
    """
    handed = owner == 0 != reader
    return bool(mode & (_OTHERS & ~stat.S_IRGRP if handed else _OTHERS))


def _state(found: os.stat_result) -> FileState:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _lines(text: bytes) -> list[tuple[int, list[bytes]]]:
    lines = enumerate(text.splitlines(), start=1)
    return [(number, line.split()) for number, line in lines if line.strip() and not line.startswith(b"#")]


def _key(words: list[bytes], place: str) -> tuple[str, bytes]:
    try:
        master_id, encoded = words
        key = base64.b64decode(encoded, validate=True)
        if len(key) == 32 and _ID.fullmatch(master_id.decode("ascii")):
            return master_id.decode("ascii"), key
    except (ValueError, binascii.Error):
        pass
    raise KeyFileRefused(f"{place}: not '<id> <base64 of 32 octets>'")


def _new_line() -> tuple[str, bytes]:
    master_id = f"m{os.urandom(4).hex()}"
    return master_id, f"{master_id} {base64.b64encode(os.urandom(32)).decode('ascii')}\n".encode("ascii")


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")


def _replace(path: Path, content: bytes) -> None:
    """Replace a file by one of the same owner, whole or not at all."""
    path = path.resolve()
    owner = path.stat()
    draft = _draft(path)
    try:
        _write_durably(draft, content)
        if os.name == "posix" and (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(draft, owner.st_uid, owner.st_gid)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_directory(path.parent)


def _write_durably(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
