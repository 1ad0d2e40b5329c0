"""``plaint store backup``, ``restore`` and ``restored``: an installation comes back in another place."""

import json
from pathlib import Path
from typing import Any

import psycopg

from support.commandline import CommandLine
from support.postgres import fresh_database

TEXT = "My kettle is broken, I want a refund."


def arrives(plaint: CommandLine, place: Path, name: str) -> tuple[str, str]:
    """Have a message of somebody come in; its case and its author."""
    contacts = [{"kind": "email", "value": f"{name}@example.com"}]
    author = {"name": name, "contacts": contacts}
    message = {"channel": "web_form", "system": "site", "id": name, "author": author, "text": TEXT}
    file = place / f"{name}.jsonl"
    file.write_text(json.dumps(message), encoding="utf-8")
    before = {case["id"] for case in cases(plaint)}
    plaint.ok("ingest", str(file))
    plaint.ok("project", "--once")
    (case,) = {case["id"] for case in cases(plaint)} - before
    return case, plaint.ok("subject", "find", "--contact", f"email:{name}@example.com").out.strip()


def cases(plaint: CommandLine) -> list[Any]:
    found: list[Any] = plaint.ok("case", "list", "--json").json()["cases"]
    return found


def test_a_backup_comes_back_elsewhere_with_its_units_and_without_whom_was_erased_since(
    plaint: CommandLine, postgres_server: str, tmp_path: Path
) -> None:
    case, _ = arrives(plaint, tmp_path, "ann")
    other, bob = arrives(plaint, tmp_path, "bob")
    with psycopg.connect(plaint.settings["PLAINT_DATABASE"]) as connection:
        connection.execute("INSERT INTO analytics.units (role, business_unit) VALUES ('an_analyst', 'west')")
    log, keys = str(tmp_path / "log"), str(tmp_path / "keys")
    taken = plaint.ok("store", "backup", log, "--keys", keys, "--json")
    assert "not in it: the master key file and the ledger of erasures" in taken.err
    plaint.ok("subject", "erase", bob, "--reason", "request", "--yes")

    home = Path(plaint.settings["PLAINT_DATA_DIR"])
    with fresh_database(postgres_server) as conninfo:
        there = CommandLine(
            {
                "PLAINT_DATABASE": conninfo,
                "PLAINT_DATA_DIR": str(tmp_path / "there"),
                "PLAINT_MASTER_KEY_FILE": str(home / "master.key"),
                "PLAINT_ERASURE_LEDGER": str(home / "erasures.ledger"),
            }
        )
        back = there.ok("store", "restore", log, "--keys", keys, "--json").json()
        there.ok("project", "--once")

        assert back["restored_to"] == taken.json()["position"]
        assert back["position"] > back["restored_to"], "who was erased since is erased again, and it is recorded"
        assert back["incarnation"] != taken.json()["incarnation"]
        assert {each["id"] for each in cases(there)} == {case, other}
        assert TEXT in there.ok("case", "show", case).out
        assert TEXT not in there.ok("case", "show", other).out
        with psycopg.connect(conninfo) as connection:
            units = connection.execute("SELECT role, business_unit FROM analytics.units").fetchall()
        assert units == [("an_analyst", "west")]


def test_a_backup_is_refused_in_words_where_it_cannot_be_taken_or_put_back(plaint: CommandLine, tmp_path: Path) -> None:
    log, keys = str(tmp_path / "log"), str(tmp_path / "keys")
    plaint.ok("store", "backup", log, "--keys", keys)

    again = plaint("store", "backup", log, "--keys", keys)
    assert (again.code, again.out) == (4, "")
    assert again.err == f"plaint: {log} is not empty: name a new directory for each backup\n"
    back = plaint("store", "restore", log, "--keys", keys)
    assert (back.code, back.out) == (4, "")
    assert back.err == "plaint: the database has tables of Plaint already: restore into a new, empty one\n"


def test_without_the_programs_of_postgresql_the_way_to_have_them_is_told(plaint: CommandLine, tmp_path: Path) -> None:
    told = plaint("store", "backup", str(tmp_path / "a"), "--keys", str(tmp_path / "b"), PLAINT_PG_BIN=str(tmp_path))

    assert (told.code, told.out) == (75, "")
    assert "let PLAINT_PG_BIN name the directory" in told.err


def test_a_log_that_was_restored_with_its_server_begins_a_new_incarnation(plaint: CommandLine) -> None:
    before = plaint.ok("store", "status", "--json").json()["log"]
    begun = plaint.ok("store", "restored", "--json").json()
    after = plaint.ok("store", "status", "--json").json()["log"]

    assert after == {**before, "incarnation": begun["incarnation"]}
    assert begun["incarnation"] != before["incarnation"]
