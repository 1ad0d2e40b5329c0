from pathlib import Path

import pytest

from engine.store.vault.master import create_key_file, load_key_file
from support.commandline import CommandLine

MESSAGE = b'{"channel": "visit", "id": "v-1", "text": "The lamp broke."}\n'


@pytest.fixture
def plaint(database: str, tmp_path: Path) -> CommandLine:
    line = CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path), "PLAINT_LOG_FORMAT": "json"})
    line.ok("ingest", "-", stdin=MESSAGE)
    return line


def ids(tmp_path: Path) -> tuple[str, ...]:
    return load_key_file(tmp_path / "master.key").ids


def master_keys(plaint: CommandLine) -> list[tuple[str, str, int, int]]:
    found = plaint.ok("keys", "status", "--json").json()["master_keys"]
    return [tuple(one.values()) for one in found]


def test_a_rotation_from_its_beginning_to_the_removal_of_the_old_line(plaint: CommandLine, tmp_path: Path) -> None:
    (old,) = ids(tmp_path)
    assert master_keys(plaint) == [(old, "wraps", 2, 0)]

    rotated = plaint.ok("keys", "rotate", "--json").json()
    new, _ = ids(tmp_path)
    assert rotated == {
        "file": str(tmp_path / "master.key"), "current": new, "made": True,
        "service_keys": 2, "data_keys": 0, "left": 0, "removable": [old], "removed": [],
    }  # fmt: skip
    assert master_keys(plaint) == [(new, "wraps", 2, 0), (old, "not needed", 0, 0)]

    removed = plaint.ok("keys", "rotate", "--remove-old", "--json").json()
    assert (removed["current"], removed["made"], removed["removed"], removed["removable"]) == (new, False, [old], [])
    assert master_keys(plaint) == [(new, "wraps", 2, 0)]
    assert "The lamp broke." in plaint.ok("case", "show", case(plaint)).out


def test_a_wrapping_key_is_shown_with_its_month_and_what_it_wraps(plaint: CommandLine, tmp_path: Path) -> None:
    (wrapping,) = plaint.ok("keys", "status", "--json").json()["wrapping_keys"]

    assert (wrapping["wrapped_by"], wrapping["data_keys"]) == (*ids(tmp_path), 1)
    assert plaint.ok("keys", "status").out.split()[-4:] == [str(value) for value in wrapping.values()]


def test_a_person_is_told_which_line_may_go_and_what_backups_need(plaint: CommandLine, tmp_path: Path) -> None:
    (old,) = ids(tmp_path)

    told = plaint.ok("keys", "rotate").err
    assert f"no row names {old} any more: plaint keys rotate --remove-old takes it out" in told
    told = plaint.ok("keys", "rotate", "--remove-old").err
    assert f"master key {old} is no longer in the file; backups from before need the file as it was" in told


def test_a_master_key_that_is_missing_stops_the_rotation(plaint: CommandLine, tmp_path: Path) -> None:
    (old,) = ids(tmp_path)
    (tmp_path / "master.key").unlink()
    create_key_file(tmp_path / "master.key")

    outcome = plaint("keys", "rotate")

    assert (outcome.code, outcome.out) == (78, "")
    assert f"master key {old} is not at hand" in outcome.err


def case(plaint: CommandLine) -> str:
    plaint.ok("project", "--once")
    number: str = plaint.ok("case", "list", "--json").json()["cases"][0]["number"]
    return number
