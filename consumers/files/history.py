"""History import: a file's complaints go to the service in batches; a killed run goes on where it stopped."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Final, Protocol

from consumers.files import tables, traces
from consumers.files.mapping import Identify, past_case
from consumers.files.record import Record, Source, digest, opened
from consumers.files.rejected import RejectedLines, Rejection
from consumers.files.values import Refused
from engine.incoming import Circumstances
from engine.past import PastCase
from engine.store.batch import SourceMove
from schemas.configuration.document import ConfigurationRefused
from schemas.configuration.mapping import Mapping, load_mapping
from schemas.envelope import FileSource

BATCH: Final = 250
"""Records per commit."""
_MOST_REJECTIONS: Final = 100
_SUFFIX: Final = ".yaml"
_PRESETS: Final = files("consumers.files").joinpath("mappings")


class UnknownMapping(LookupError):
    """There is no shipped mapping of that name, and no file at that path."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no mapping '{name}': name one of {', '.join(shipped())}, or give the path of a YAML file")


class RecordPast(Protocol):
    """The service's way in for the past: (added, already there, events added), all or nothing."""

    def __call__(
        self, cases: Sequence[PastCase], around: Circumstances, move: SourceMove | None = None
    ) -> tuple[int, int, int]: ...


def shipped() -> tuple[str, ...]:
    """Return the names of the mappings that come with the program."""
    names = (entry.name for entry in _PRESETS.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def mapping_named(name: str) -> Mapping:
    """Return a mapping by the name of a shipped one, or by the path of a file.

    Raises:
        UnknownMapping: neither is there.
        ConfigurationRefused: it is not admissible; every error with line, field and fix.
        OSError: the file cannot be read.
    """
    if name in shipped():
        return load_mapping(_PRESETS.joinpath(name + _SUFFIX).read_text(encoding="utf-8"), name + _SUFFIX)
    path = Path(name)
    if not path.is_file():
        raise UnknownMapping(name)
    try:
        return load_mapping(path.read_text(encoding="utf-8"), name)
    except UnicodeDecodeError as error:
        raise ConfigurationRefused(name, [f"octet {error.start + 1}: not UTF-8; save the file as UTF-8"]) from error


@dataclass(slots=True)
class Progress:
    """How far a run is. Octets are those of the file as it lies on the disk, packed or not."""

    total: int
    position: int = 0
    cases: int = 0
    """Complaints read, rejected ones left out."""
    added: int = 0
    already: int = 0
    """Complaints that the store had already: from an earlier run, another file, or the same id twice."""
    events: int = 0
    rejected: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    """The first of them; all stand in the report beside the rejected file."""
    rejected_file: Path | None = None
    resumed_at: int = 0
    """Records that an earlier run of the same file and mapping had passed."""


@dataclass(frozen=True, slots=True)
class Past:
    """What an import needs of the program around it."""

    record: RecordPast
    position: Callable[[str], int | None]
    """Where a source is; None if it was never read."""
    identify: Identify
    around: Circumstances
    """Who imports; its source and times are replaced."""
    clock: Callable[[], datetime]


class History:
    """Imports files of the past."""

    def __init__(self, past: Past) -> None:
        self._past = past

    def run(
        self,
        path: Path,
        mapping: Mapping,
        tell: Callable[[Progress], None] = lambda _: None,
        *,
        batch: int = BATCH,
    ) -> Progress:
        """Import a file whole; returns what came of it, and ``tell`` hears of it after every batch.

        The file is known by its content and the mapping by its id and version: run again, it adds
        nothing, and after a crash it goes on behind the last batch that was committed. A record that
        cannot be taken goes to ``<file>.rejected``, also when the file is run again.

        Raises:
            Unreadable: the file cannot be read on; what came before is imported.
            OSError: the file cannot be opened, or the rejected file not be written.
            engine.store.batch.Conflict: another import of this file runs beside this one.
        """
        known_by = digest(path)
        source = f"import:{known_by}:{mapping.mapping}:{mapping.version}"
        progress = Progress(total=path.stat().st_size)
        with opened(path) as file, RejectedLines(path.with_name(path.name + ".rejected")) as aside:
            run = _Run(self._past, mapping, progress, aside, source, known_by)
            for record in _records(file, mapping):
                run.take(record)
                if run.size >= batch:
                    run.commit(file.position)
                    tell(progress)
            run.commit(file.position)
            tell(progress)
        return progress


class _Run:
    """One reading of one file: gathers a batch and commits it together with the new position."""

    def __init__(
        self, past: Past, mapping: Mapping, progress: Progress, aside: RejectedLines, source: str, file: str
    ) -> None:
        self._past, self._mapping, self._progress, self._aside = past, mapping, progress, aside
        self._source, self._file = source, file
        self._stored = past.position(source)
        self._read = 0
        self._cases: dict[str, PastCase] = {}
        self.size = 0
        progress.resumed_at = self._stored or 0

    def take(self, record: Record) -> None:
        """Read one record; it waits for the next commit unless an earlier run has passed it."""
        self._read += 1
        self.size += 1
        try:
            case = past_case(self._mapping, record, self._past.identify)
            self._progress.cases += 1
            if self._read > (self._stored or 0):
                self._hold(case)
        except Refused as refused:
            self._reject(record, refused.rejection)

    def _hold(self, case: PastCase) -> None:
        first = self._cases.setdefault(case.key, case)
        if first is not case:
            self._progress.cases -= 1
            reason = f"the same complaint stands at line {first.line} already; give each one record"
            raise Refused(case.line, self._mapping.source.id, reason)

    def _reject(self, record: Record, rejection: Rejection) -> None:
        self._aside.add(record.raw, rejection)
        self._progress.rejected += 1
        self._progress.rejected_file = self._aside.path
        if len(self._progress.rejections) < _MOST_REJECTIONS:
            self._progress.rejections.append(rejection)

    def commit(self, position: int) -> None:
        """Store the batch and the position behind it, after the rejected octets are safe."""
        self._aside.flush()
        self._progress.position = position
        self.size = 0
        if self._read <= (self._stored or 0):
            return
        file = FileSource(file=self._file, line=1)
        around = replace(self._past.around, source=file, received_at=self._past.clock())
        move = SourceMove(self._source, self._stored, self._read)
        added, already, events = self._past.record(tuple(self._cases.values()), around, move)
        self._stored = self._read
        self._cases = {}
        self._progress.added += added
        self._progress.already += already
        self._progress.events += events


def _records(file: Source, mapping: Mapping) -> Iterator[Record]:
    if mapping.source.kind == "csv":
        return tables.records(file, mapping.source)
    return traces.records(file)
