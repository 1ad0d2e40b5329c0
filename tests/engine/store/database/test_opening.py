"""Who may start on this database, and who brings it into shape. Two versions are two folders of files."""

from pathlib import Path

import psycopg
import pytest

from engine.store.database import running
from engine.store.database.errors import (
    DatabaseUnavailable,
    MayNotMigrate,
    MigrationRefused,
    OlderProgramsRun,
    ProgramTooOld,
)
from engine.store.database.opening import Opened, Policy, open_database
from support.roles import login_role

STATEMENTS = {
    "0001_expand_one.sql": "CREATE TABLE one ();",
    "0002_expand_two.sql": "CREATE TABLE two ();",
    "0003_contract_one.sql": "DROP TABLE one;",
    "0004_expand_four.sql": "CREATE TABLE four ();",
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return folder(tmp_path / "old", 1)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return folder(tmp_path / "new", 3)


@pytest.fixture
def newest(tmp_path: Path) -> Path:
    return folder(tmp_path / "newest", 4)


def folder(place: Path, until: int) -> Path:
    place.mkdir()
    for name, statements in list(STATEMENTS.items())[:until]:
        (place / name).write_text(statements, "utf-8")
    return place


def started(conninfo: str, policy: Policy, source: Path) -> Opened:
    opened = open_database(conninfo, policy, source)
    opened.presence.close()
    return opened


def told(opened: Opened) -> tuple[list[int], tuple[str, ...]]:
    return [step.version for step in opened.taken], opened.left


def seen(conninfo: str) -> dict[int, int]:
    with psycopg.connect(conninfo) as connection:
        return running.programs(connection)


def test_a_start_takes_what_it_needs_and_tells_what_is_left(empty_database: str, new: Path) -> None:
    assert told(started(empty_database, "auto", new)) == ([1, 2], ("0003_contract_one.sql",))
    assert told(started(empty_database, "auto", new)) == ([], ("0003_contract_one.sql",))


def test_a_database_of_its_own_gets_all_steps(empty_database: str, new: Path) -> None:
    assert told(started(empty_database, "all", new)) == ([1, 2, 3], ())


def test_a_newer_program_starts_beside_an_older_one_and_takes_nothing_away_from_it(
    empty_database: str, old: Path, new: Path
) -> None:
    older = open_database(empty_database, "all", old)
    assert told(started(empty_database, "all", new)) == ([2], ("0003_contract_one.sql",))
    assert told(started(empty_database, "all", old)) == ([], ()), "the older one may start again"
    older.presence.close()
    assert told(started(empty_database, "all", new)) == ([3], ())


def test_a_newer_program_that_needs_a_contract_step_does_not_start_beside_an_older_one(
    empty_database: str, old: Path, newest: Path
) -> None:
    older = open_database(empty_database, "auto", old)
    with pytest.raises(OlderProgramsRun, match=r"0003_contract_one\.sql .* 1 older program runs"):
        open_database(empty_database, "auto", newest)
    assert seen(empty_database) == {1: 1}, "the one that was refused is not seen any more"
    older.presence.close()
    assert told(started(empty_database, "auto", newest)) == ([3, 4], ())


@pytest.mark.parametrize("policy", ["auto", "never", "all"])
def test_a_program_that_is_too_old_does_not_start(empty_database: str, old: Path, newest: Path, policy: Policy) -> None:
    started(empty_database, "auto", newest)
    with pytest.raises(ProgramTooOld, match=r"built for version 1 .* 0003_contract_one\.sql"):
        open_database(empty_database, policy, old)
    assert seen(empty_database) == {}


def test_a_start_that_may_not_migrate_refuses_with_the_command_to_run(
    empty_database: str, old: Path, new: Path
) -> None:
    with pytest.raises(MigrationRefused) as refused:
        open_database(empty_database, "never", new)
    assert str(refused.value) == (
        "the database lacks 0001_expand_one.sql, 0002_expand_two.sql: run `plaint store migrate`, "
        "or set PLAINT_MIGRATE=auto"
    )
    started(empty_database, "auto", new)
    assert told(started(empty_database, "never", new)) == ([], ("0003_contract_one.sql",))


def test_a_role_without_rights_is_told_what_is_missing_and_who_does_it(empty_database: str, new: Path) -> None:
    with login_role(empty_database) as role, pytest.raises(MayNotMigrate) as refused:
        open_database(role.conninfo, "auto", new)
    assert str(refused.value) == (
        f"the role '{role.name}' may not change the tables, and the database lacks 0001_expand_one.sql, "
        "0002_expand_two.sql: run `plaint store migrate` with the role of migrations in PLAINT_DATABASE"
    )


def test_a_database_that_does_not_answer_is_named_by_its_setting(new: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"^the database of PLAINT_DATABASE does not answer: "):
        open_database("postgresql://u@127.0.0.1:1/x", "auto", new)
