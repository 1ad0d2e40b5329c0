"""Rejected pieces of a file: kept byte for byte for their owner alone, and reported with their reason."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import orjson

_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a piece of a file was not taken. ``reason`` names the fix and never quotes the file."""

    line: int
    """Where the piece begins, from 1."""
    field: str | None
    """The column or field at fault; absent where it is the whole piece."""
    reason: str


class RejectedLines:
    """Collects rejected octets in the file ``path``, and one JSON line for each reason in ``<path>.report``.

    The files begin anew with the first rejection (with ``keep`` they go on), are readable and writable
    by their owner only, and are not touched where nothing is rejected. ``flush`` before a commit that
    passes over what was rejected, so that a killed process has lost nothing.

    Raises:
        OSError: a file cannot be written, or stands there as a symbolic link.
    """

    def __init__(self, path: Path, *, keep: bool = False) -> None:
        self.path = path
        self.report = path.with_name(path.name + ".report")
        self.count = 0
        self._keep = keep
        self._open: dict[Path, BinaryIO] = {}

    def add(self, raw: bytes, rejection: Rejection | None = None, *, whole: bool = True) -> None:
        """Keep ``raw`` as it is, with a line break after it only where it ends without one.

        What is not ``whole`` goes on with ``more``, or is no line: nothing is put after it.
        """
        self._file(self.path).write(raw + b"\n" if whole and not raw.endswith((b"\n", b"\r")) else raw)
        if rejection is not None:
            self._file(self.report).write(orjson.dumps(asdict(rejection), option=orjson.OPT_APPEND_NEWLINE))
        self.count += 1

    def more(self, raw: bytes) -> None:
        """Keep what belongs to the piece that was added last."""
        self._file(self.path).write(raw)

    def flush(self) -> None:
        """Hand everything to the operating system."""
        for file in self._open.values():
            file.flush()

    def close(self) -> None:
        """Flush and close; adding again afterwards goes on where it ended."""
        for file in self._open.values():
            file.close()
        self._keep = self._keep or bool(self._open)
        self._open = {}

    def _file(self, path: Path) -> BinaryIO:
        if path not in self._open:
            self._open[path] = self._own(path)
        return self._open[path]

    def _own(self, path: Path) -> BinaryIO:
        begin = os.O_APPEND if self._keep else os.O_TRUNC
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | begin
        descriptor = os.open(path, flags, _OWNER_ONLY)
        os.fchmod(descriptor, _OWNER_ONLY)
        return os.fdopen(descriptor, "ab" if self._keep else "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
