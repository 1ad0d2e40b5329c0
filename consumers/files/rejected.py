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


def beside(path: Path) -> tuple[Path, Path]:
    """Return where the rejected octets of ``path`` go, and where the report on them goes."""
    return path.with_name(path.name + ".rejected"), path.with_name(path.name + ".rejected.report")


class RejectedFile:
    """Collects rejected octets in ``<file>.rejected`` and one JSON line each in ``<file>.rejected.report``.

    Both files begin anew with the first rejection (with ``keep`` they go on), are readable and writable
    by their owner only, and do not exist where nothing was rejected. ``flush`` before a commit that
    passes over what was rejected, so that a killed process has lost nothing.

    Raises:
        OSError: a file cannot be written, or stands there as a symbolic link.
    """

    def __init__(self, path: Path, *, keep: bool = False) -> None:
        self.octets, self.report = beside(path)
        self.count = 0
        self._keep = keep
        self._open: tuple[BinaryIO, BinaryIO] | None = None

    def add(self, raw: bytes, rejection: Rejection) -> None:
        """Keep ``raw`` as it is, with a line break after it only where it ends without one."""
        octets, report = self._files()
        octets.write(raw if raw.endswith((b"\n", b"\r")) else raw + b"\n")
        report.write(orjson.dumps(asdict(rejection), option=orjson.OPT_APPEND_NEWLINE))
        self.count += 1

    def flush(self) -> None:
        """Hand everything to the operating system."""
        for file in self._open or ():
            file.flush()

    def close(self) -> None:
        """Flush and close. Again is harmless."""
        for file in self._open or ():
            file.close()
        self._open = None

    def _files(self) -> tuple[BinaryIO, BinaryIO]:
        if self._open is None:
            self._open = (self._own(self.octets), self._own(self.report))
            self._keep = True
        return self._open

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
