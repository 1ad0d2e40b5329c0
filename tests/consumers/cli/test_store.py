"""``plaint store`` on a real server: what it shows, takes, gives and refuses, and how it ends."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from engine.store.database.running import Presence
from engine.store.database.steps import steps_of
from support.commandline import CommandLine
from support.roles import login_role

NAMES = [step.name for step in steps_of()]
NEWEST = steps_of()[-1].version
REPLY = (
    "From: Ann <ann@example.com>\r\nSubject: Re: Kettle\r\nMessage-ID: <m2@example.com>\r\n"
    "In-Reply-To: <m1@example.com>\r\n\r\nNobody answers me!\r\n"
)


@pytest.fixture
def empty(empty_database: str, tmp_path: Path) -> CommandLine:
    """The command line of an installation whose database holds nothing yet."""
    return CommandLine({"PLAINT_DATABASE": empty_database, "PLAINT_DATA_DIR": str(tmp_path)})


@pytest.fixture
def line(database: str, tmp_path: Path) -> CommandLine:
    """The command line of an installation whose database has taken every step."""
    return CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path)})


@pytest.fixture
def owner(database: str) -> Iterator[Connection[TupleRow]]:
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


def test_status_of_an_empty_database_says_what_is_pending_and_ends_with_1(empty: CommandLine) -> None:
    outcome = empty("store", "status", "--json")
    assert outcome.code == 1
    found = outcome.json()
    assert list(found) == [
        "state", "program", "database", "steps", "running", "log", "tables", "role", "roles",
    ]  # fmt: skip
    assert (found["state"], found["program"], found["database"], found["log"]) == ("pending", NEWEST, 0, None)
    assert [(step["name"], step["state"]) for step in found["steps"]] == [(name, "pending") for name in NAMES]
    assert empty("store", "status").out.splitlines()[1].startswith("state        pending: steps are missing")


def test_migrate_takes_every_needed_step_and_tells_each(empty: CommandLine) -> None:
    outcome = empty("store", "migrate", "--json")
    assert (outcome.code, [step["name"] for step in outcome.json()["taken"]]) == (0, NAMES)
    assert outcome.json()["left"] == []
    assert outcome.err.splitlines() == [f"{name}: {what}" for name in NAMES for what in ("begins", "taken")]
    assert empty("store", "migrate").err == "nothing to take\n"
    assert empty("store", "status", "--json").json()["state"] == "current"


def test_status_shows_the_log_the_sizes_and_who_runs(line: CommandLine, database: str) -> None:
    line.ok("sample", "--cases", "2")
    with Presence(database, NEWEST), Presence(database, NEWEST):
        found = line.ok("store", "status", "--json").json()
    assert found["state"] == "current"
    assert found["running"] == [{"version": NEWEST, "programs": 2}]
    assert found["log"]["position"] > 0
    assert found["log"]["recorded_at"].endswith("Z")
    sizes = {table["name"]: table["octets"] for table in found["tables"]}
    assert sizes["plaint.events"] > 8192
    assert {"plaint_keys.data_keys", "plaint.messages"} < sizes.keys()
    assert found["role"]["may_change_log"] is True
    assert "this role could change the log" in line.ok("store", "status").out


def test_a_step_that_ends_older_programs_waits_for_them_with_75(empty: CommandLine, empty_database: str) -> None:
    with Presence(empty_database, 2):
        outcome = empty("store", "migrate", "--contract")
    assert outcome.code == 75
    assert outcome.err.splitlines()[-1] == (
        "plaint: 0003_contract_short_keys.sql takes away what older programs need, and 1 older program runs "
        "(built for version 2): end them, then try again"
    )
    assert empty("store", "status", "--json").json()["database"] == 2
    assert empty("store", "migrate", "--contract").code == 0


def test_beside_a_newer_program_this_one_works_until_it_takes_something_away(
    line: CommandLine, owner: Connection[TupleRow]
) -> None:
    owner.execute("INSERT INTO plaint.migrations (version, name, sha256) VALUES (9000, '9000_expand_more.sql', '')")
    assert (line("store", "status", "--json").json()["state"], line("parked", "list").code) == ("newer", 0)
    owner.execute("INSERT INTO plaint.migrations (version, name, sha256) VALUES (9001, '9001_contract_it.sql', '')")
    outcome = line("store", "status", "--json")
    assert (outcome.code, outcome.json()["state"]) == (1, "too_old")
    told = (
        f"plaint: this program was built for version {NEWEST} of the database, which has taken 9001_contract_it.sql "
        "since and lacks what this program needs: run a newer Plaint\n"
    )
    for command in (("parked", "list"), ("project", "--once"), ("store", "migrate")):
        outcome = line(*command)
        assert (outcome.code, outcome.out, outcome.err) == (78, "", told)


@pytest.mark.parametrize(
    ("change", "state", "refusal"),
    [
        (
            "INSERT INTO plaint.migrations (version, name, sha256) VALUES (0, '0000_expand_once.sql', '')",
            "gone",
            "0000_expand_once.sql was applied to this database but its file is gone",
        ),
        (
            "INSERT INTO plaint.migrations (version, name, sha256) VALUES (0, '0000_contract_once.sql', '')",
            "gone",
            "0000_contract_once.sql was applied to this database but its file is gone",
        ),
        (
            "DELETE FROM plaint.migrations WHERE version = 5",
            "late",
            "0005_expand_retention.sql comes too late",
        ),
        (
            "UPDATE plaint.migrations SET sha256 = '' WHERE version = 5",
            "changed",
            "0005_expand_retention.sql is not the file that was applied",
        ),
        (
            """
            UPDATE plaint.migrations SET sha256 = '' WHERE version = 5;
            INSERT INTO plaint.migrations (version, name, sha256) VALUES (9001, '9001_contract_it.sql', '')
            """,
            "too_old",
            "this program was built for version",
        ),
    ],
    ids=["gone", "gone, which took away", "late", "changed", "changed and too old"],
)
def test_status_says_what_a_start_would_say(
    line: CommandLine, owner: Connection[TupleRow], change: str, state: str, refusal: str
) -> None:
    owner.execute(change.encode())
    outcome = line("store", "status", "--json")
    assert (outcome.code, outcome.json()["state"]) == (1, state)
    assert line("store", "status").out.splitlines()[1].startswith(f"state        {state}: ")
    for command in (("parked", "list"), ("store", "migrate")):
        refused = line(*command)
        assert (refused.code, refused.out) == (78, "")
        assert refused.err.startswith(f"plaint: {refusal}")


def test_never_refuses_a_database_that_lacks_steps_with_the_command_to_run(empty: CommandLine) -> None:
    outcome = empty("parked", "list", PLAINT_MIGRATE="never")
    assert (outcome.code, outcome.out) == (78, "")
    assert outcome.err.startswith("plaint: the database lacks 0001_expand_schemas.sql, ")
    assert outcome.err.endswith(": run `plaint store migrate`, or set PLAINT_MIGRATE=auto\n")


def test_the_command_line_works_under_a_role_that_is_door_and_owns_the_views(
    line: CommandLine, database: str, tmp_path: Path
) -> None:
    with login_role(database, "run") as role:
        for kind in ("door", "projection"):
            line.ok("store", "grant", role.name, "--as", kind)
        mine = CommandLine({**line.settings, "PLAINT_DATABASE": role.conninfo, "PLAINT_MIGRATE": "never"})
        mine.ok("sample", "--cases", "4")
        (tmp_path / "reply.eml").write_text(REPLY, encoding="utf-8")
        mine.ok("ingest", str(tmp_path / "reply.eml"))
        assert len(mine.ok("parked", "list", "--json").json()["parked"]) == 1
        mine.ok("project", "--once")
        number = mine.ok("case", "list", "--limit", "1", "--json").json()["cases"][0]["number"]
        mine.ok("audit", "trail", number)
        mine.ok("funnel")
        found = mine.ok("store", "status", "--json").json()
    assert found["role"] == {"role": role.name, "superuser": False, "may_change_log": False, "may_migrate": False}
    assert found["roles"] == [{"role": role.name, "kind": "door"}, {"role": role.name, "kind": "projection"}]


def test_a_role_without_rights_ends_with_78_and_the_command_that_gives_them(line: CommandLine, database: str) -> None:
    with login_role(database, "none") as role:
        mine = CommandLine({**line.settings, "PLAINT_DATABASE": role.conninfo})
        for command in (("case", "list"), ("store", "status"), ("store", "migrate")):
            outcome = mine(*command)
            assert (outcome.code, outcome.out) == (78, ""), command
            assert "permission denied for schema plaint" in outcome.err
            assert "plaint store grant ROLE --as door" in outcome.err
            assert len(outcome.err.splitlines()) == 1


def test_what_grant_prints_gives_the_rights_when_somebody_else_runs_it(
    line: CommandLine, database: str, owner: Connection[TupleRow]
) -> None:
    with login_role(database, "printed") as role:
        printed = line.ok("store", "grant", role.name, "--as", "door", "--print").out
        assert (printed.splitlines()[0], printed.splitlines()[-1]) == ("BEGIN;", "COMMIT;")
        assert line.ok("store", "status", "--json").json()["roles"] == []
        owner.execute(printed.encode())
        assert line.ok("store", "status", "--json").json()["roles"] == [{"role": role.name, "kind": "door"}]
        given = line.ok("store", "grant", role.name, "--as", "door", "--json").json()
    assert (given["role"], given["as"], given["run"]) == (role.name, "door", True)
    assert printed.splitlines()[1:-1] == [f"{statement};" for statement in given["statements"]]


def test_a_role_that_is_not_there_is_refused(line: CommandLine) -> None:
    outcome = line("store", "grant", "nobody_here", "--as", "door")
    assert (outcome.code, outcome.err) == (
        78,
        "plaint: there is no login role 'nobody_here': make it first (CREATE ROLE ... LOGIN)\n",
    )
    assert line("store", "grant", "nobody_here", "--as", "king").code == 2
