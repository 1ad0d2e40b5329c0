"""Master keys: they wrap data keys, so that only the wrapped form is ever stored.

``MasterKeys`` is the shape that a key management service can take instead: it never shows a
master key, it wraps and unwraps. ``KeyFile`` keeps master keys in one file, a line each::

    # anything
    <id> <base64 of 32 octets>

The first line wraps; the others only unwrap what they once wrapped. To rotate, put a new line
first and keep the old one until no row of ``plaint_keys`` names it. Losing the file loses every
personal text for good: it belongs in a backup of its own, apart from the database's.
"""

import base64
import binascii
import os
import re
import stat
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NONCE_OCTETS: Final = 12
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


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
    """Master keys of a file, in memory. Make it by ``load_key_file``."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys:
            raise ValueError("at least one master key is needed")
        self._current = next(iter(keys))
        self._boxes = {master_id: AESGCM(key) for master_id, key in keys.items()}

    @property
    def current(self) -> str:
        """Id of the key that wraps."""
        return self._current

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        nonce = os.urandom(_NONCE_OCTETS)
        return WrappedKey(self._current, nonce + self._boxes[self._current].encrypt(nonce, key, context))

    def unwrap(self, stored: WrappedKey, context: bytes) -> bytes:
        box = self._boxes.get(stored.master_id)
        if box is None:
            raise UnknownMasterKey(stored.master_id)
        try:
            return box.decrypt(stored.wrapped[:_NONCE_OCTETS], stored.wrapped[_NONCE_OCTETS:], context)
        except InvalidTag:
            raise ValueError("a wrapped key does not belong to its row, or was changed") from None


def create_key_file(path: Path) -> bool:
    """Make a key file with one new master key, readable by its owner only; False if one is there.

    The file appears whole or not at all, so that of several processes all use the same one.

    Raises:
        OSError: the directory cannot be written to.
    """
    master_id = f"m{os.urandom(4).hex()}"
    line = f"{master_id} {base64.b64encode(os.urandom(32)).decode('ascii')}\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    _write_durably(draft, line.encode("ascii"))
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
        _sync_directory(path.parent)
    return True


def load_key_file(path: Path) -> KeyFile:
    """Read master keys from a file that nobody but its owner can read.

    Raises:
        KeyFileRefused: the file is missing, open to others, or a line of it is not a key.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except OSError as error:
        raise KeyFileRefused(f"cannot read the master key file {path}: {error.strerror}") from error
    if os.name == "posix" and mode & _OTHERS:
        raise KeyFileRefused(f"the master key file {path} is open to others: chmod 600 {path}")
    keys = dict(_key(line, f"{path}, line {number}") for number, line in _lines(text))
    if not keys:
        raise KeyFileRefused(f"the master key file {path} holds no key: '<id> <base64 of 32 octets>' is a line")
    return KeyFile(keys)


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
