"""The ledger of erasures: it stands outside of the database, so that a restored backup brings nobody back.

An append-only file of JSON lines, two for each erasure::

    {"line":"intent","event_id":...,"position":...,"incarnation":...,"recorded_at":...,"whole":...,
     "meta":{...},"data":{...},          subject.erased as it is being recorded, with its envelope
     "discarded":[[id,fingerprint],...]} messages set aside that went with it
    {"line":"done","event_id":...}
    {"line":"withdrawn","event_id":...}  an intent that came to nothing: another erasure did what it was to do

The intent is on disk before the transaction of the erasure commits, and written under the log's
lock; the done line follows when keys and files are gone. So whatever instant a process dies at:

- before the intent: nothing has happened, and whoever asked asks again;
- with the intent, before the commit: the database has undone everything, and the next opening
  carries the request out again (legal holds are looked at anew);
- after the commit, before the done line: the next opening deletes what is left and writes it;
- with the done line: it holds for good. A database in which it does not hold was restored from a
  backup, and exactly the pairs of subject and stream that the line names are erased again.

A line is written whole or it does not count: what stands behind the last line feed is a line that
a crash tore, and the next writer takes it away. A broken line elsewhere is damage that nobody may
pass over: ``LedgerDamaged``. Nothing typed stands in the ledger, and nothing of it is ever deleted.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol
from uuid import UUID

import orjson

from engine.store.batch import NewEvent
from schemas.envelope import Envelope
from schemas.streams.subject import SubjectErased

_TAIL_OCTETS: Final = 64 * 1024


class LedgerDamaged(Exception):
    """A line of the ledger cannot be read: erasures that it names could be lost. Restore the file from its copy."""

    def __init__(self, path: Path, line: int) -> None:
        self.path, self.line = path, line
        super().__init__(
            f"the ledger of erasures {path} is damaged in line {line}: put an undamaged copy of the file in its place"
        )


class LedgerUnavailable(Exception):
    """The ledger cannot be read or written now: no erasure can be done, and no door may open."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"the ledger of erasures {path} cannot be used ({reason}); PLAINT_ERASURE_LEDGER names it")


LEDGER_ERRORS: Final = (LedgerDamaged, LedgerUnavailable)


@dataclass(frozen=True, slots=True)
class Discarded:
    """A message set aside that went with a person: ids alone."""

    id: UUID
    fingerprint: UUID | None = None
    """Of a parked one, by which it is known again; it counts as handled."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One erasure: the event that records it, where it stands in the log, and whether it is done."""

    new: NewEvent
    position: int
    incarnation: UUID
    recorded_at: datetime
    whole: bool
    """The person is erased, not only what these streams say of him: no key is made for him again."""
    done: bool = False
    discarded: tuple[Discarded, ...] = ()
    """Gone with it: what a restore of the database alone brings back could not be told to be his any more."""

    @property
    def event(self) -> SubjectErased:
        """What was recorded."""
        event = self.new.event
        if not isinstance(event, SubjectErased):
            raise TypeError(f"the ledger holds subject.erased alone, not {event.NAME}")
        return event

    @property
    def event_id(self) -> UUID:
        """Id of the recorded event; the same for every attempt at one request."""
        return self.new.envelope.event_id


class Ledger(Protocol):
    """Where erasures stand outside of the database. Durable when a method returns."""

    def intend(self, entry: Entry) -> None: ...

    def complete(self, event_id: UUID) -> None: ...

    def withdraw(self, event_id: UUID) -> None: ...

    def entries(self) -> list[Entry]: ...

    def octets(self) -> int: ...


class FileLedger:
    """A ledger in one file, made at its first line, open to its owner alone. For any number of processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def intend(self, entry: Entry) -> None:
        """Write what is about to happen.

        Raises:
            LedgerUnavailable: it cannot be written; whoever writes must then not commit.
        """
        self._append(
            {
                "line": "intent",
                "event_id": entry.event_id,
                "position": entry.position,
                "incarnation": entry.incarnation,
                "recorded_at": entry.recorded_at,
                "whole": entry.whole,
                "meta": entry.new.envelope.model_dump(mode="json", exclude_none=True),
                "data": entry.event.model_dump(mode="json", exclude_none=True),
                "discarded": [[one.id, one.fingerprint] for one in entry.discarded],
            }
        )

    def complete(self, event_id: UUID) -> None:
        """Write that it has happened, whole.

        Raises:
            LedgerUnavailable: it cannot be written; the next opening tries again.
        """
        self._append({"line": "done", "event_id": event_id})

    def withdraw(self, event_id: UUID) -> None:
        """Write that an intent came to nothing, since another erasure has done what it was to do.

        Raises:
            LedgerUnavailable: as ``complete``.
        """
        self._append({"line": "withdrawn", "event_id": event_id})

    def entries(self) -> list[Entry]:
        """Every erasure that the ledger knows, each once, in the order of their last intents.

        Raises:
            LedgerDamaged: a line cannot be read.
            LedgerUnavailable: the file cannot be read.
        """
        found: dict[UUID, Entry] = {}
        done: set[UUID] = set()
        for number, line in enumerate(self._lines(), start=1):
            try:
                said = orjson.loads(line)
                event_id = UUID(said["event_id"])
                if said["line"] == "done":
                    done.add(event_id)
                    continue
                found.pop(event_id, None)
                if said["line"] != "withdrawn":
                    found[event_id] = _entry(said)
            except (ValueError, KeyError, TypeError):
                raise LedgerDamaged(self._path, number) from None
        return [replace(entry, done=event_id in done) for event_id, entry in found.items()]

    def octets(self) -> int:
        """How long the file is; it never becomes shorter."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._unavailable(error) from error

    def _lines(self) -> list[bytes]:
        try:
            whole, _, _torn = self._path.read_bytes().rpartition(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unavailable(error) from error
        return whole.split(b"\n") if whole else []

    def _append(self, said: dict[str, Any]) -> None:
        line = orjson.dumps(said, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
        try:
            with self._alone() as file:
                file.seek(_end_of_whole_lines(file))
                file.truncate()
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._unavailable(error) from error

    @contextmanager
    def _alone(self) -> Iterator[BinaryIO]:
        """Lend the file to one writer at a time, of all processes."""
        new = not self._path.exists()
        with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if new:
                _sync(self._path.parent)
            yield file

    def _unavailable(self, error: OSError) -> LedgerUnavailable:
        return LedgerUnavailable(self._path, error.strerror or type(error).__name__)


def _entry(said: dict[str, Any]) -> Entry:
    new = NewEvent(Envelope.model_validate(said["meta"]), SubjectErased.model_validate(said["data"]))
    at = datetime.fromisoformat(said["recorded_at"])
    gone = tuple(
        Discarded(UUID(aside), UUID(known_by) if known_by else None) for aside, known_by in said.get("discarded", ())
    )
    return Entry(new, said["position"], UUID(said["incarnation"]), at, bool(said["whole"]), discarded=gone)


def _end_of_whole_lines(file: BinaryIO) -> int:
    """Where the last whole line ends; what stands behind it was torn by a crash."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _TAIL_OCTETS)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
