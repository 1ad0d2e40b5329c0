import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.batch import Batch
from engine.store.database.errors import DatabaseUnavailable, MigrationRefused
from engine.store.database.migrate import migrate, status
from engine.store.database.steps import Applied, steps_of
from engine.store.store import Store
from support.examples import append, note

MIGRATE = """
import sys
from pathlib import Path
import psycopg
from engine.store.database.migrate import migrate
with psycopg.connect(sys.argv[1]) as connection:
    print(*[applied.version for applied in migrate(connection, Path(sys.argv[2]))])
"""


_INDEX = re.compile(
    r"CREATE (?:UNIQUE )?INDEX (?P<beforehand>IF NOT EXISTS )?(?P<index>\w+) ON (?P<table>[\w.]+) [^;]*;"
)
_SHORT_LIVED = {"set_aside_unrelayed_idx"}
"""Indexes over a column of their own step, on a table whose rows have an end."""


@pytest.fixture
def connection(empty_database: str) -> Iterator[Connection[TupleRow]]:
    with psycopg.connect(empty_database) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "0001_expand_one.sql", "CREATE TABLE one (figure integer);")
    write(tmp_path, "0002_expand_two.sql", "CREATE TABLE two (figure integer); INSERT INTO two VALUES (2);")
    return tmp_path


def write(folder: Path, name: str, statements: str) -> Path:
    file = folder / name
    file.write_text(statements, "utf-8")
    return file


def tables(connection: Connection[TupleRow]) -> list[str]:
    with connection.transaction():
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [row[0] for row in rows]


def states(connection: Connection[TupleRow], folder: Path) -> list[tuple[int, str, str]]:
    return [(step.version, step.name, step.state) for step in status(connection, folder)]


def test_missing_steps_are_taken_in_order_once(connection: Connection[TupleRow], folder: Path) -> None:
    first = migrate(connection, folder)
    assert [(step.version, step.name) for step in first] == [(1, "0001_expand_one.sql"), (2, "0002_expand_two.sql")]
    assert migrate(connection, folder) == []
    write(folder, "0003_contract_one.sql", "DROP TABLE one;")
    assert [step.version for step in migrate(connection, folder)] == [3]
    assert tables(connection) == ["two"]


def test_the_record_holds_what_was_applied(connection: Connection[TupleRow], folder: Path) -> None:
    applied = migrate(connection, folder)
    rows = connection.execute("SELECT version, name, sha256, applied_at FROM plaint.migrations ORDER BY version")
    assert rows.fetchall() == [(step.version, step.name, step.sha256, step.applied_at) for step in applied]


def test_the_projects_own_steps_make_both_schemas(connection: Connection[TupleRow]) -> None:
    assert [step.name for step in migrate(connection)][:1] == ["0001_expand_schemas.sql"]
    found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'plaint%' ORDER BY 1").fetchall()
    assert found == [("plaint",), ("plaint_keys",)]
    connection.rollback()
    assert {step.state for step in status(connection)} == {"applied"}


def test_every_index_on_a_table_that_may_be_large_may_be_built_before_its_step(
    connection: Connection[TupleRow], tmp_path: Path
) -> None:
    large = []
    for step in steps_of():
        text = step.statements.decode()
        found = list(_INDEX.finditer(text))
        assert len(found) == len(re.findall(r"^\s*CREATE (?:UNIQUE )?INDEX", text, re.MULTILINE)), step.name
        if step.version <= 2:
            write(tmp_path, step.name, text)
            continue
        lasting = [each for each in found if each["index"] not in _SHORT_LIVED]
        on_older = [each for each in lasting if not re.search(rf"CREATE [\w ]*TABLE {each['table']} ", text)]
        assert [each[0] for each in on_older if not each["beforehand"]] == [], step.name
        large += [each[0].replace("INDEX IF", "INDEX CONCURRENTLY IF") for each in on_older]
    assert len(large) >= 5
    migrate(connection, tmp_path)
    connection.autocommit = True
    for statement in large:
        connection.execute(statement.encode())
    migrate(connection)
    assert {step.state for step in status(connection)} == {"applied"}


def test_a_step_that_fails_leaves_those_before_it_and_names_its_line(
    connection: Connection[TupleRow], folder: Path
) -> None:
    write(folder, "0003_expand_three.sql", "CREATE TABLE three (figure integer);\nSELECT nonsense;\n")
    refusal = r'0003_expand_three\.sql failed in line 2: column "nonsense" does not exist'
    with pytest.raises(MigrationRefused, match=refusal):
        migrate(connection, folder)
    assert tables(connection) == ["one", "two"]
    assert states(connection, folder)[2:] == [(3, "0003_expand_three.sql", "pending")]
    write(folder, "0003_expand_three.sql", "CREATE TABLE three (figure integer);")
    assert [step.version for step in migrate(connection, folder)] == [3]


def test_a_file_changed_after_it_was_applied_is_refused_by_name(connection: Connection[TupleRow], folder: Path) -> None:
    migrate(connection, folder)
    write(folder, "0001_expand_one.sql", "CREATE TABLE one (figure bigint);")
    write(folder, "0003_expand_three.sql", "CREATE TABLE three (figure integer);")
    with pytest.raises(MigrationRefused, match=r"0001_expand_one\.sql is not the file that was applied"):
        migrate(connection, folder)
    assert tables(connection) == ["one", "two"]
    assert [state for _, _, state in states(connection, folder)] == ["changed", "applied", "pending"]


def test_other_ends_of_lines_are_the_same_file(connection: Connection[TupleRow], tmp_path: Path) -> None:
    file = tmp_path / "0001_expand_one.sql"
    file.write_bytes(b"CREATE TABLE one\n(figure integer);\n")
    migrate(connection, tmp_path)
    file.write_bytes(b"CREATE TABLE one\r\n(figure integer);\r\n")
    assert migrate(connection, tmp_path) == []


def test_a_number_that_comes_too_late_is_refused(connection: Connection[TupleRow], folder: Path) -> None:
    write(folder, "0004_expand_four.sql", "SELECT 1;")
    migrate(connection, folder)
    write(folder, "0003_expand_three.sql", "SELECT 1;")
    with pytest.raises(MigrationRefused, match=r"0003_expand_three\.sql comes too late, 0004_expand_four\.sql has"):
        migrate(connection, folder)
    assert [state for _, _, state in states(connection, folder)] == ["applied", "applied", "late", "applied"]


def test_a_file_that_is_gone_is_refused_but_steps_of_a_newer_program_are_let_be(
    connection: Connection[TupleRow], folder: Path
) -> None:
    migrate(connection, folder)
    (folder / "0002_expand_two.sql").unlink()
    assert migrate(connection, folder) == []
    assert states(connection, folder) == [
        (1, "0001_expand_one.sql", "applied"),
        (2, "0002_expand_two.sql", "unknown"),
    ]
    write(folder, "0003_expand_three.sql", "SELECT 1;")
    with pytest.raises(MigrationRefused, match=r"0002_expand_two\.sql was applied .* but its file is gone"):
        migrate(connection, folder)
    assert [state for _, _, state in states(connection, folder)] == ["applied", "gone", "pending"]


@pytest.mark.parametrize("name", ["3_expand_x.sql", "0003_add_x.sql", "0003_expand_X.sql", "0003_expand_.sql"])
def test_a_name_that_does_not_fit_is_refused(connection: Connection[TupleRow], folder: Path, name: str) -> None:
    write(folder, name, "SELECT 1;")
    with pytest.raises(MigrationRefused, match=f"{name} is no name of a migration"):
        migrate(connection, folder)


def test_a_number_given_twice_is_refused(connection: Connection[TupleRow], folder: Path) -> None:
    write(folder, "0002_expand_zwei.sql", "SELECT 1;")
    with pytest.raises(MigrationRefused, match=r"0002_expand_two\.sql and 0002_expand_zwei\.sql have the same number"):
        status(connection, folder)


def test_status_changes_nothing(connection: Connection[TupleRow], folder: Path) -> None:
    assert states(connection, folder) == [
        (1, "0001_expand_one.sql", "pending"),
        (2, "0002_expand_two.sql", "pending"),
    ]
    assert connection.execute("SELECT to_regnamespace('plaint')").fetchone() == (None,)


def test_an_open_transaction_is_refused(connection: Connection[TupleRow], folder: Path) -> None:
    connection.execute("SELECT 1")
    with pytest.raises(ValueError, match="outside of a transaction"):
        migrate(connection, folder)


def test_two_processes_at_once_take_every_step_once(empty_database: str, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write(tmp_path, f"000{number}_expand_slow.sql", f"SELECT pg_sleep(0.3); CREATE TABLE t{number} ();")
    command = [sys.executable, "-c", MIGRATE, empty_database, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate()[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(outputs) == ["", "1 2 3"]


def test_every_step_is_reported_as_it_goes(connection: Connection[TupleRow], folder: Path) -> None:
    heard: list[tuple[str, str]] = []
    migrate(connection, folder, report=lambda name, what: heard.append((name, what)))
    assert heard == [
        ("0001_expand_one.sql", "begins"),
        ("0001_expand_one.sql", "taken"),
        ("0002_expand_two.sql", "begins"),
        ("0002_expand_two.sql", "taken"),
    ]


def test_writers_go_on_while_a_step_waits_for_a_reader_that_does_not_end(
    empty_database: str, connection: Connection[TupleRow], folder: Path
) -> None:
    """Without letting go between its tries, the step would keep every writer waiting as long as it waits itself."""
    migrate(connection, folder)
    write(folder, "0003_expand_three.sql", "ALTER TABLE one ADD COLUMN more integer;")
    waits = threading.Event()
    taken: list[Applied] = []
    step = threading.Thread(
        target=lambda: taken.extend(
            migrate(connection, folder, report=lambda _, what: waits.set() if what == "waits" else None)
        )
    )
    with psycopg.connect(empty_database) as reader, psycopg.connect(empty_database, autocommit=True) as writer:
        reader.execute("SELECT FROM one")
        step.start()
        assert waits.wait(10)
        writer.execute("SET statement_timeout = '2s'")
        longest = max(timed(writer, "INSERT INTO one (figure) VALUES (1)") for _ in range(60))
        assert taken == []
        reader.rollback()
        step.join()
    assert [each.version for each in taken] == [3]
    assert longest < 1.5


def test_appends_go_on_while_a_step_on_the_log_waits_for_a_reader_that_does_not_end(
    store: Store, database: str, tmp_path: Path
) -> None:
    newest = steps_of()[-1].version + 1
    for file in resources.files("engine.store.database").joinpath("migrations").iterdir():
        write(tmp_path, file.name, file.read_text("utf-8"))
    write(tmp_path, f"{newest:04}_expand_more.sql", "ALTER TABLE plaint.events ADD COLUMN more integer;")
    stream = uuid4()
    waits = threading.Event()
    taken: list[Applied] = []

    def heard(_: str, what: str) -> None:
        if what == "waits":
            waits.set()

    def take() -> None:
        with psycopg.connect(database) as own:
            taken.extend(migrate(own, tmp_path, report=heard))

    step = threading.Thread(target=take)
    with psycopg.connect(database) as reader:
        reader.execute("SELECT FROM plaint.events")
        step.start()
        assert waits.wait(10)
        longest = 0.0
        for number in range(30):
            begun = time.monotonic()
            store.commit(Batch(appends=(append(stream, number, note(stream)),)))
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.05)
        assert taken == []
        reader.rollback()
        step.join()
    assert [each.version for each in taken] == [newest]
    assert longest < 1.5


def timed(connection: Connection[TupleRow], statement: str) -> float:
    begun = time.monotonic()
    connection.execute(statement.encode())
    time.sleep(0.02)
    return time.monotonic() - begun


def test_a_step_whose_tables_stay_locked_gives_up_and_names_itself(
    empty_database: str, connection: Connection[TupleRow], folder: Path
) -> None:
    migrate(connection, folder)
    write(folder, "0003_expand_three.sql", "ALTER TABLE one ADD COLUMN more integer;")
    with psycopg.connect(empty_database) as reader:
        reader.execute("SELECT FROM one")
        with pytest.raises(
            DatabaseUnavailable, match=r"0003_expand_three\.sql waited 0\.5 s for locks that others hold"
        ):
            migrate(connection, folder, patience_seconds=0.5)
    assert states(connection, folder)[2:] == [(3, "0003_expand_three.sql", "pending")]
