"""An import is resumable and adds nothing twice, whatever interrupts it."""

import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.files.history import History, Past, Progress, UnknownMapping, mapping_named, shipped
from consumers.files.record import Unreadable, digest
from consumers.files.rejected import Rejection
from engine.incoming import Circumstances, Sender
from engine.past import PastCase
from engine.store.batch import Conflict, SourceMove
from schemas.configuration.document import ConfigurationRefused
from schemas.configuration.mapping import Mapping, load_mapping
from schemas.envelope import FileSource, RequestSource

NOW, LATER = datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 1, 5, 10, tzinfo=UTC)
MAPPING = """\
mapping: shop
version: 1
source: {kind: csv, key: shop, id: Number, columns: [Number, Day]}
times: {default: {column: Day, precision: day, zone: Europe/Berlin}}
people: {complainant: {role: complainant}}
subject: complainant
events:
  - event: complaint.received
    fields: {channel: other, message: {id: message}}
"""


class Killed(Exception):
    """The process ended here."""


@dataclass
class Memory:
    """The contract of the service's ``record`` and of the store's positions, kept in memory."""

    cases: dict[str, PastCase] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    commits: list[tuple[str, ...]] = field(default_factory=list)
    around: list[Circumstances] = field(default_factory=list)
    dies_before: int | None = None
    dies_after: int | None = None

    def record(
        self, cases: Sequence[PastCase], around: Circumstances, move: SourceMove | None = None
    ) -> tuple[int, int, int]:
        assert move is not None
        if len(self.commits) == self.dies_before:
            raise Killed
        if self.positions.get(move.source) != move.expected:
            raise Conflict(sources=frozenset({move.source}))
        new = {case.key: case for case in cases if case.key not in self.cases}
        self.cases |= new
        self.positions[move.source] = move.new
        self.commits.append(tuple(case.key for case in cases))
        self.around.append(around)
        if len(self.commits) == self.dies_after:
            raise Killed
        return len(new), len(cases) - len(new), sum(len(case.facts) for case in new.values())


def history(memory: Memory) -> History:
    around = Circumstances(
        sender=Sender("import", "service:import", "local"), source=RequestSource(request=UUID(int=1)), received_at=NOW
    )
    past = Past(memory.record, memory.positions.get, lambda key: uuid5(UUID(int=7), key), around, lambda: LATER)
    return History(past)


@pytest.fixture
def mapping() -> Mapping:
    return load_mapping(MAPPING, "shop.yaml")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    path.write_text("Number,Day\n" + "".join(f"{number},2023-07-{number:02}\n" for number in range(1, 11)))
    return path


KEYS = [f"shop:{number}" for number in range(1, 11)]


def test_a_file_goes_in_in_batches_with_the_position_behind_each(table: Path, mapping: Mapping) -> None:
    memory, told = Memory(), []
    result = history(memory).run(table, mapping, lambda p: told.append((p.cases, p.added, p.position)), batch=4)
    assert [len(keys) for keys in memory.commits] == [4, 4, 2]
    assert list(memory.cases) == KEYS
    assert memory.positions == {f"import:{digest(table)}:shop:1": 10}
    size = table.stat().st_size
    assert told == [(4, 4, 63), (8, 8, 115), (10, 10, size)]
    assert result == Progress(total=size, position=size, cases=10, added=10, events=10)
    assert (memory.around[0].source, memory.around[0].received_at) == (FileSource(file=digest(table), line=1), LATER)


def test_the_same_file_again_adds_nothing(table: Path, mapping: Mapping) -> None:
    memory = Memory()
    history(memory).run(table, mapping)
    again = history(memory).run(table, mapping)
    assert (again.cases, again.added, again.already, again.events, again.resumed_at) == (10, 0, 0, 0, 10)
    assert len(memory.commits) == 1


def test_the_same_content_under_another_name_adds_nothing(table: Path, mapping: Mapping) -> None:
    memory = Memory()
    history(memory).run(table, mapping)
    other = table.rename(table.with_name("other.csv"))
    assert history(memory).run(other, mapping).added == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, None), (None, 1), (None, 2), (2, None)],
    ids=["before_the_second", "after_the_first", "after_the_second", "before_the_third"],
)
def test_a_killed_run_goes_on_behind_its_last_commit(
    table: Path, mapping: Mapping, before: int | None, after: int | None
) -> None:
    memory = Memory(dies_before=before, dies_after=after)
    with pytest.raises(Killed):
        history(memory).run(table, mapping, batch=4)
    passed = len(memory.cases)
    memory.dies_before = memory.dies_after = None
    result = history(memory).run(table, mapping, batch=4)
    assert (result.resumed_at, result.added, result.already) == (passed, 10 - passed, 0)
    assert list(memory.cases) == KEYS
    assert [key for keys in memory.commits for key in keys] == KEYS


def test_a_run_goes_on_with_another_size_of_batch(table: Path, mapping: Mapping) -> None:
    memory = Memory(dies_before=1)
    with pytest.raises(Killed):
        history(memory).run(table, mapping, batch=3)
    memory.dies_before = None
    history(memory).run(table, mapping, batch=4)
    assert [key for keys in memory.commits for key in keys] == KEYS


def test_two_runs_of_one_file_at_once_do_not_both_win(table: Path, mapping: Mapping) -> None:
    memory = Memory()

    def meanwhile(progress: Progress) -> None:
        if progress.cases == 4:
            history(memory).run(table, mapping)

    with pytest.raises(Conflict, match="1 sources"):
        history(memory).run(table, mapping, meanwhile, batch=4)
    assert sorted(memory.cases) == sorted(KEYS)


def test_a_grown_file_adds_what_is_new(table: Path, mapping: Mapping) -> None:
    memory = Memory()
    history(memory).run(table, mapping)
    table.write_text(table.read_text() + "11,2023-07-11\n")
    result = history(memory).run(table, mapping)
    assert (result.added, result.already) == (1, 10)


def test_a_new_version_of_the_mapping_reads_the_file_again_and_leaves_known_cases_alone(
    table: Path, mapping: Mapping
) -> None:
    memory = Memory()
    history(memory).run(table, mapping)
    result = history(memory).run(table, mapping.model_copy(update={"version": 2}))
    assert (result.added, result.already) == (0, 10)


def test_bad_rows_are_kept_and_reported_and_the_rest_proceeds(tmp_path: Path, mapping: Mapping) -> None:
    table = tmp_path / "shop.csv"
    table.write_bytes(b"Number,Day\n1,2023-07-01\n2,soon\n3\n4,2023-07-\xe94\n5,2023-07-05\n1,2023-07-06")
    memory = Memory()
    first = history(memory).run(table, mapping)
    reasons = [
        Rejection(3, "Day", "is no time of the form ISO 8601, as 2023-07-18 or 2023-07-18T09:30:00+02:00"),
        Rejection(4, None, "1 cells, the header has 2; complete the row"),
        Rejection(5, "Day", "holds octets that are not UTF-8; save the table as UTF-8"),
        Rejection(7, "Number", "the same complaint stands at line 2 already; give each one record"),
    ]
    kept = tmp_path / "shop.csv.rejected"
    assert (first.cases, first.added, first.rejected, first.rejections) == (2, 2, 4, reasons)
    assert first.rejected_file == kept
    assert kept.read_bytes() == b"2,soon\n3\n4,2023-07-\xe94\n1,2023-07-06\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(memory.cases) == ["shop:1", "shop:5"]


def test_a_run_that_goes_on_reports_all_that_was_rejected_once(tmp_path: Path, mapping: Mapping) -> None:
    table = tmp_path / "shop.csv"
    table.write_text("Number,Day\n1,soon\n2,2023-07-02\n3,soon\n4,2023-07-04\n")
    memory = Memory(dies_after=1)
    with pytest.raises(Killed):
        history(memory).run(table, mapping, batch=2)
    memory.dies_after = None
    result = history(memory).run(table, mapping, batch=2)
    assert (result.rejected, result.added, list(memory.cases)) == (2, 1, ["shop:2", "shop:4"])
    assert (tmp_path / "shop.csv.rejected").read_text() == "1,soon\n3,soon\n"


def test_rejected_rows_are_safe_before_the_position_passes_them(tmp_path: Path, mapping: Mapping) -> None:
    table = tmp_path / "shop.csv"
    table.write_text("Number,Day\n1,soon\n2,2023-07-02\n3,2023-07-03\n")
    kept: list[bytes] = []

    class Looking(Memory):
        def record(
            self, cases: Sequence[PastCase], around: Circumstances, move: SourceMove | None = None
        ) -> tuple[int, int, int]:
            kept.append((tmp_path / "shop.csv.rejected").read_bytes())
            return super().record(cases, around, move)

    history(Looking()).run(table, mapping, batch=2)
    assert kept == [b"1,soon\n", b"1,soon\n"]


def test_a_file_of_bad_rows_alone_is_passed_all_the_same(tmp_path: Path, mapping: Mapping) -> None:
    table = tmp_path / "shop.csv"
    table.write_text("Number,Day\n1,soon\n")
    memory = Memory()
    assert history(memory).run(table, mapping).rejected == 1
    assert list(memory.positions.values()) == [1]


def test_a_file_that_cannot_be_read_on_keeps_what_was_committed(tmp_path: Path) -> None:
    rules = MAPPING.replace("kind: csv", "kind: xes").replace(
        "id: Number, columns: [Number, Day]", 'id: "case:n", columns: ["case:n", Day]'
    )
    mapping = load_mapping(
        rules.replace("    fields: {channel", "    when: {first: true}\n    fields: {channel"), "log.yaml"
    )
    trace = '<trace><string key="n" value="{}"/><event><date key="Day" value="2023-07-01"/></event></trace>'
    log = tmp_path / "log.xes"
    log.write_text("<log>" + "".join(trace.format(number) for number in range(4000)))
    memory = Memory()
    with pytest.raises(Unreadable, match="cut short"):
        history(memory).run(log, mapping, batch=500)
    assert len(memory.cases) == 4000 - 4000 % 500
    log.write_text(log.read_text() + "</log>")
    assert history(memory).run(log, mapping, batch=500).cases == 4000
    assert len(memory.cases) == 4000


def test_an_empty_table_is_imported_and_adds_nothing(tmp_path: Path, mapping: Mapping) -> None:
    table = tmp_path / "shop.csv"
    table.write_text("Number,Day\n")
    result = history(Memory()).run(table, mapping)
    assert replace(result, total=0, position=0) == Progress(total=0)


def test_mappings_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MAPPING)
    assert shipped() == ("cfpb", "helpdesk")
    assert [mapping_named(name).mapping for name in (*shipped(), str(path))] == ["cfpb", "helpdesk", "shop"]
    with pytest.raises(UnknownMapping) as told:
        mapping_named("cfbp")
    assert str(told.value) == "no mapping 'cfbp': name one of cfpb, helpdesk, or give the path of a YAML file"


def test_a_mapping_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(MAPPING.encode() + b"# caf\xe9\n")
    with pytest.raises(ConfigurationRefused, match="not UTF-8; save the file as UTF-8"):
        mapping_named(str(path))


@given(size=st.integers(1, 12), kills=st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=5))
def test_however_often_it_is_killed_every_complaint_is_recorded_once(size: int, kills: list[tuple[bool, int]]) -> None:
    mapping = load_mapping(MAPPING, "shop.yaml")
    memory = Memory()
    with TemporaryDirectory() as folder:
        table = Path(folder, "shop.csv")
        table.write_text("Number,Day\n" + "".join(f"{number},2023-07-{number:02}\n" for number in range(1, 11)))
        for after, commits in kills:
            memory.dies_before = None if after else len(memory.commits) + commits
            memory.dies_after = len(memory.commits) + commits + 1 if after else None
            with suppress(Killed):
                history(memory).run(table, mapping, batch=size)
        memory.dies_before = memory.dies_after = None
        history(memory).run(table, mapping, batch=size)
    assert [key for keys in memory.commits for key in keys] == KEYS
