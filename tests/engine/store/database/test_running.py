"""Programs that run are seen by whoever would take away what they need. Two versions are two folders of files."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.database import running
from engine.store.database.errors import OlderProgramsRun, ProgramTooOld
from engine.store.database.migrate import migrate, status
from engine.store.database.running import Presence
from support.tcp_proxy import target_of, through, wire


@pytest.fixture
def connection(empty_database: str) -> Iterator[Connection[TupleRow]]:
    with psycopg.connect(empty_database, autocommit=True) as opened:
        yield opened


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The older program's files: it reads table `one`."""
    return folder(tmp_path / "old", "0001_expand_one.sql")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """The newer program's: it reads `two`, and its last step takes `one` away."""
    return folder(tmp_path / "new", "0001_expand_one.sql", "0002_expand_two.sql", "0003_contract_one.sql")


STATEMENTS = {
    "0001_expand_one.sql": "CREATE TABLE one ();",
    "0002_expand_two.sql": "CREATE TABLE two ();",
    "0003_contract_one.sql": "DROP TABLE one;",
}


def folder(place: Path, *names: str) -> Path:
    place.mkdir()
    for name in names:
        (place / name).write_text(STATEMENTS[name], "utf-8")
    return place


def states(connection: Connection[TupleRow], source: Path) -> list[str]:
    return [step.state for step in status(connection, source)]


def test_programs_are_counted_by_the_version_they_were_built_for(
    empty_database: str, connection: Connection[TupleRow]
) -> None:
    with Presence(empty_database, 3), Presence(empty_database, 1), Presence(empty_database, 3):
        assert running.programs(connection) == {1: 1, 3: 2}
        assert running.older(connection, 3) == {1: 1}
    assert running.programs(connection) == {}


def test_programs_of_another_database_do_not_count(empty_database: str, database: str) -> None:
    with Presence(database, 1), psycopg.connect(empty_database) as connection:
        assert running.programs(connection) == {}


def test_a_contract_step_is_refused_while_an_older_program_runs_and_names_how_many(
    empty_database: str, connection: Connection[TupleRow], old: Path, new: Path
) -> None:
    migrate(connection, old)
    with Presence(empty_database, 1), Presence(empty_database, 1), Presence(empty_database, 3):
        with pytest.raises(OlderProgramsRun) as refused:
            migrate(connection, new)
        assert str(refused.value) == (
            "0003_contract_one.sql takes away what older programs need, and 2 older programs run "
            "(built for version 1): end them, then try again"
        )
        assert refused.value.running == {1: 2}
        assert states(connection, new) == ["applied", "applied", "pending"]
    assert [step.name for step in migrate(connection, new)] == ["0003_contract_one.sql"]


def test_programs_of_its_own_version_do_not_keep_a_contract_step_from_being_taken(
    empty_database: str, connection: Connection[TupleRow], new: Path
) -> None:
    with Presence(empty_database, 3), Presence(empty_database, 4):
        assert [step.version for step in migrate(connection, new)] == [1, 2, 3]


def test_contract_steps_at_the_end_are_left_where_that_is_asked(
    connection: Connection[TupleRow], old: Path, new: Path
) -> None:
    migrate(connection, old)
    assert [step.version for step in migrate(connection, new, contracts="leave")] == [2]
    assert migrate(connection, new, contracts="leave") == []
    assert [step.version for step in migrate(connection, new, contracts="if_alone")] == [3]


def test_a_contract_step_that_a_later_step_builds_on_is_taken_with_it(
    connection: Connection[TupleRow], new: Path
) -> None:
    (new / "0004_expand_four.sql").write_text("CREATE TABLE four ();")
    assert [step.version for step in migrate(connection, new, contracts="leave")] == [1, 2, 3, 4]


def test_a_contract_step_that_is_needed_waits_for_older_programs_even_where_it_would_be_left(
    empty_database: str, connection: Connection[TupleRow], old: Path, new: Path
) -> None:
    migrate(connection, old)
    with Presence(empty_database, 1):
        assert [step.version for step in migrate(connection, new, contracts="if_alone")] == [2]
        (new / "0004_expand_four.sql").write_text("CREATE TABLE four ();")
        with pytest.raises(OlderProgramsRun, match=r"0003_contract_one\.sql .* 1 older program runs"):
            migrate(connection, new, contracts="if_alone")


def test_a_program_is_too_old_where_a_later_contract_step_was_taken_and_says_so(
    connection: Connection[TupleRow], old: Path, new: Path
) -> None:
    running.must_not_be_too_old(connection, 1)
    migrate(connection, new, contracts="leave")
    running.must_not_be_too_old(connection, 1)
    migrate(connection, new)
    running.must_not_be_too_old(connection, 3)
    with pytest.raises(ProgramTooOld) as refused:
        running.must_not_be_too_old(connection, 2)
    assert str(refused.value) == (
        "this program was built for version 2 of the database, which has taken 0003_contract_one.sql since and "
        "lacks what this program needs: run a newer Plaint"
    )


def test_an_older_program_that_starts_during_a_contract_step_waits_and_finds_itself_too_old(
    empty_database: str, connection: Connection[TupleRow], old: Path, new: Path
) -> None:
    migrate(connection, old)
    (new / "0003_contract_one.sql").write_text("DROP TABLE one; SELECT pg_sleep(0.5);")
    seen: list[str] = []

    def start() -> None:
        with Presence(empty_database, 1) as presence, psycopg.connect(empty_database) as own:
            try:
                running.must_not_be_too_old(own, presence.version)
            except ProgramTooOld as error:
                seen.append(error.name)

    thread = threading.Thread(target=start)
    begun = threading.Event()
    migration = threading.Thread(
        target=migrate,
        args=(connection, new),
        kwargs={"report": lambda name, what: begun.set() if "0003" in name else None},
    )
    migration.start()
    assert begun.wait(10)
    with psycopg.connect(empty_database, autocommit=True) as other:
        while not other.execute("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.5)%' LIMIT 1").fetchone():
            pass
    thread.start()
    migration.join()
    thread.join()
    assert seen == ["0003_contract_one.sql"]


def cut(connection: Connection[TupleRow], version: int) -> None:
    killed = connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s",
        (f"plaint presence {version}",),
    ).fetchall()
    assert killed == [(True,)]


def test_a_lost_connection_is_made_anew_and_the_program_is_seen_again(
    empty_database: str, connection: Connection[TupleRow]
) -> None:
    with Presence(empty_database, 1) as presence:
        assert presence.renew() is False
        cut(connection, 1)
        assert running.programs(connection) == {}
        assert presence.renew() is True
        assert running.programs(connection) == {1: 1}


def test_a_program_that_was_out_of_sight_during_a_contract_step_learns_that_it_is_too_old(
    empty_database: str, connection: Connection[TupleRow], old: Path, new: Path
) -> None:
    migrate(connection, old)
    with Presence(empty_database, 1) as presence:
        cut(connection, 1)
        migrate(connection, new)
        with pytest.raises(ProgramTooOld):
            presence.renew()


def test_leaving_does_not_wait_for_a_server_that_says_nothing(empty_database: str) -> None:
    with wire(target_of(empty_database)) as hole:
        presence = Presence(through(empty_database, hole), 1)
        hole.jam()
        began = time.monotonic()
        presence.close()
        assert time.monotonic() - began < 10
        hole.heal()
        for left in [one for one in threading.enumerate() if one.name == "presence ends"]:
            left.join(10)
