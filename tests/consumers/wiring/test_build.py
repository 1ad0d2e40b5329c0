from pathlib import Path

import orjson
import psycopg

from engine.store.vault.master import create_key_file
from support.commandline import CommandLine


def test_a_data_directory_that_is_not_there_yet_is_made_beside_a_given_database(database: str, tmp_path: Path) -> None:
    there = tmp_path / "not" / "there" / "yet"
    CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(there)}).ok("project", "--once")
    assert [file.name for file in there.iterdir()] == ["master.key"]
    assert (there.stat().st_mode & 0o777, (there / "master.key").stat().st_mode & 0o777) == (0o700, 0o600)


def test_no_key_is_made_for_a_database_whose_keys_another_one_wraps(database: str, tmp_path: Path) -> None:
    CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path / "first")}).ok("project", "--once")
    ((used, _),) = [line.split() for line in (tmp_path / "first" / "master.key").read_text().splitlines()]
    outcome = CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path / "second")})("funnel")
    assert (outcome.code, outcome.out) == (78, "")
    assert f"the database's keys are wrapped by master key {used}: put that file back" in outcome.err
    assert not (tmp_path / "second").exists()


def test_a_database_whose_master_key_is_not_in_the_file_is_not_opened(database: str, tmp_path: Path) -> None:
    CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path / "first")}).ok("project", "--once")
    other = tmp_path / "other.key"
    create_key_file(other)
    settings = {"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path), "PLAINT_MASTER_KEY_FILE": str(other)}
    outcome = CommandLine(settings)("funnel")
    assert (outcome.code, outcome.out) == (78, "")
    assert "is not at hand: put its line back into the key file" in outcome.err


def test_a_wrong_configuration_file_keeps_the_start_from_changing_anything_and_named_presets_come_into_force(
    database: str, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "hasty.yaml").write_text("kind: policy\nid: hasty\nversion: 1\nclocks: []\n", encoding="utf-8")
    settings = {"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path)}
    CommandLine(settings).ok("project", "--once")
    before = activated(database)

    outcome = CommandLine({**settings, "PLAINT_PRESETS": "eu-adr", "PLAINT_CONFIG_DIR": str(own)})("project", "--once")

    assert (outcome.code, outcome.out) == (78, "")
    assert "hasty.yaml: line 4: clocks: Tuple should have at least 1 item" in outcome.err
    assert activated(database) == before
    CommandLine({**settings, "PLAINT_PRESETS": "eu-adr"}).ok("project", "--once")
    assert activated(database) - before == {("calendar", "brussels", 1), ("policy", "eu-adr", 1)}


def activated(database: str) -> set[tuple[str, str, int]]:
    """Kind, id and version of all that came into force."""
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT event FROM views.activations ORDER BY position").fetchall()
    events = [orjson.loads(row[0]) for row in rows]
    return {(event["kind"], event["id"], event["version"]) for event in events}
