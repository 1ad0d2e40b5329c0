"""A record of a history file, whatever its format, and the file that it is read from."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from consumers.files.rejected import Rejection

_GZIP_MAGIC: Final = b"\x1f\x8b"


class Unreadable(Exception):
    """The file as a whole cannot be read on. What came before stays imported; mend the file and import it again."""

    def __init__(self, name: str, line: int | None, what: str) -> None:
        self.name, self.line, self.what = name, line, what
        super().__init__(f"{name}: {what}" if line is None else f"{name}: line {line}: {what}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a line of a table, an event of a trace. An absent column reads as empty."""

    line: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")


@dataclass(frozen=True, slots=True)
class Record:
    """One complaint of the file: its rows in order, and its octets. ``flaw``: it could not even be split."""

    line: int
    rows: tuple[Row, ...]
    raw: bytes
    flaw: Rejection | None = None


class Source:
    """A file read from its start to its end, unpacked on the way where it is gzip. Holds no more than was asked for.

    Raises:
        Unreadable: the compressed data is cut short or damaged.
    """

    def __init__(self, raw: BinaryIO, name: str) -> None:
        self.name = name
        self._raw = raw
        packed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        self._stream: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if packed else raw

    @property
    def position(self) -> int:
        """Octets of the file as it lies on the disk that were read so far."""
        return self._raw.tell()

    def read(self, size: int) -> bytes:
        with self._damage():
            return self._stream.read(size)

    def readline(self, limit: int) -> bytes:
        with self._damage():
            return self._stream.readline(limit)

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Unreadable(self.name, None, f"the gzip data is cut short or damaged ({error})") from error


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a history file for one reading. An ``OSError`` says why it cannot be opened."""
    with path.open("rb") as raw:
        yield Source(raw, path.name)


def digest(path: Path) -> str:
    """Return the SHA-256 of the file's octets as they lie on the disk: what the file is known by."""
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()
