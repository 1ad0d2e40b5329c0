from pathlib import Path

from support.commandline import CommandLine


def test_a_data_directory_that_is_not_there_yet_is_made_beside_a_given_database(database: str, tmp_path: Path) -> None:
    there = tmp_path / "not" / "there" / "yet"
    CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(there)}).ok("project", "--once")
    assert [file.name for file in there.iterdir()] == ["master.key"]
    assert (there.stat().st_mode & 0o777, (there / "master.key").stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_database_whose_master_key_is_elsewhere_is_not_opened_with_a_new_one(database: str, tmp_path: Path) -> None:
    CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path / "first")}).ok("project", "--once")
    outcome = CommandLine({"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path / "second")})("funnel")
    assert (outcome.code, outcome.out) == (78, "")
    assert "is not at hand: put its line back into the key file" in outcome.err
