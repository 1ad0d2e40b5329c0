"""Channel messages from files: JSON Lines, ``.eml``, directories of both, or standard input."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from consumers import intake
from consumers.files.rejected import RejectedLines, Rejection
from engine.incoming import Arrived, Circumstances, Done, Incoming, Parked, Result
from schemas.envelope import FileSource

BATCH = 200
MOST_PROBLEMS = 1_000
_CHUNK = 1 << 20
_MAIL = {".eml"}
LINES = {".jsonl", ".ndjson", ".json"}
"""Suffixes of files that hold a JSON object a line."""


class Submit(Protocol):
    """The service's way in."""

    def __call__(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]: ...


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a piece was rejected. Standard input is called ``-``."""

    file: str
    line: int
    field: str
    reason: str


@dataclass(slots=True)
class Report:
    """What came of a run. ``already`` had its effect before; ``rejected`` lines stand in the rejected file.

    ``problems`` are the first ``MOST_PROBLEMS``; all stand beside the rejected file.
    """

    read: int = 0
    opened: int = 0
    joined: int = 0
    feedback: int = 0
    already: int = 0
    parked: int = 0
    refused: int = 0
    rejected: int = 0
    problems: list[Problem] = field(default_factory=list)
    rejected_files: list[str] = field(default_factory=list)

    def count(self, result: Result) -> None:
        """Count one result."""
        match result:
            case Done(already=True):
                self.already += 1
            case Done(kind="feedback"):
                self.feedback += 1
            case Done(opened=True):
                self.opened += 1
            case Done():
                self.joined += 1
            case Parked():
                self.parked += 1
            case _:
                self.refused += 1


@dataclass(frozen=True, slots=True)
class _Piece:
    """One message's octets and where they stand; with ``more`` the next octets of one that is too large."""

    octets: bytes
    line: int
    ends: bool = True
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where pieces come from: how it is called, what identifies it, whether it is one e-mail."""

    name: str
    digest: str
    mail: bool


class Ingest:
    """Takes files to the service in batches; a line that is invalid goes to the rejected file, the rest goes on."""

    def __init__(
        self, submit: Submit, around: Circumstances, clock: Callable[[], datetime], *, report: Callable[[Report], None]
    ) -> None:
        self._submit, self._around, self._clock, self._tell = submit, around, clock, report
        self.report = Report()

    def path(self, path: Path) -> None:
        """Take a file, or every ``.eml`` and JSON Lines file below a directory in the order of their names.

        Raises:
            OSError: it cannot be read.
        """
        if path.is_dir():
            for below in sorted(path.rglob("*")):
                if below.is_file() and below.suffix.lower() in _MAIL | LINES:
                    self._file(below)
            return
        self._file(path)

    def stream(self, octets: BinaryIO, name: str, rejected: Path) -> None:
        """Take JSON Lines from a stream that cannot be read twice; ``name`` identifies this run."""
        origin = _Origin("-", hashlib.sha256(name.encode()).hexdigest(), mail=False)
        self._pieces(_lines(octets), origin, rejected)

    def _file(self, path: Path) -> None:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            mail = path.suffix.lower() in _MAIL
            pieces = _whole(file) if mail else _lines(file)
            self._pieces(pieces, _Origin(_shown(path), digest, mail), path.with_name(path.name + ".rejected"))

    def _pieces(self, pieces: Iterator[_Piece], origin: _Origin, rejected: Path) -> None:
        batch: list[Arrived] = []
        with RejectedLines(rejected) as aside:
            for piece in pieces:
                if piece.more:
                    aside.more(piece.octets)
                    continue
                self.report.read += 1
                taken = self._taken(piece, origin)
                if isinstance(taken, intake.Rejected):
                    self._reject(aside, piece, taken, origin)
                else:
                    batch.append(taken)
                if len(batch) >= BATCH:
                    self._send(batch)
                    batch = []
            self._send(batch)
        if aside.count:
            self.report.rejected_files.append(_shown(rejected))

    def _taken(self, piece: _Piece, origin: _Origin) -> Arrived | intake.Rejected:
        source = FileSource(file=origin.digest, line=piece.line)
        around = replace(self._around, source=source, received_at=self._clock())
        return intake.from_rfc5322(piece.octets, around) if origin.mail else intake.from_octets(piece.octets, around)

    def _reject(self, aside: RejectedLines, piece: _Piece, why: intake.Rejected, origin: _Origin) -> None:
        aside.add(piece.octets, Rejection(piece.line, why.path, why.reason), whole=piece.ends)
        self.report.rejected += 1
        if len(self.report.problems) < MOST_PROBLEMS:
            self.report.problems.append(Problem(origin.name, piece.line, why.path, why.reason))

    def _send(self, batch: Sequence[Arrived]) -> None:
        if batch:
            for result in self._submit(batch, self._clock()):
                self.report.count(result)
        self._tell(self.report)


def _shown(path: Path) -> str:
    """Return a path as text, also where its octets are none."""
    return str(path).encode("utf-8", "replace").decode()


def _whole(file: BinaryIO) -> Iterator[_Piece]:
    """Yield a file that is one message."""
    yield _Piece(file.read(intake.MAX_OCTETS + 1), 1, ends=False)
    while octets := file.read(_CHUNK):
        yield _Piece(octets, 1, more=True)


def _lines(file: BinaryIO) -> Iterator[_Piece]:
    """Yield the lines that hold something; of one beyond the limit its beginning, then what follows as ``more``."""
    number = 0
    while octets := file.readline(intake.MAX_OCTETS + 1):
        number += 1
        ends = octets.endswith(b"\n") or len(octets) <= intake.MAX_OCTETS
        if octets.strip() or not ends:
            yield _Piece(octets, number, ends=ends)
        while not ends and (octets := file.readline(_CHUNK)):
            yield _Piece(octets, number, more=True)
            ends = octets.endswith(b"\n")
