"""What this installation is made of, told quickly; and the words written to files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from consumers.cli import output
from consumers.cli.main import run
from consumers.http import described
from schemas.published import asyncapi
from schemas.published.json_schema import render

METADATA = """Metadata-Version: 2.4
Name: plaint
Version: 9.8.7
Requires-Dist: orjson>=3
Requires-Dist: no-such-library[extra]<2
Requires-Dist: pytest>=9; extra == 'dev'
Requires-Dist: also-missing>=18; extra == 'embedded'
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "plaint-9.8.7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


def test_version_names_plaint_python_and_what_it_runs_on(
    installed: None, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["version", "--json"]) == output.OK

    told = json.loads(capfdbinary.readouterr().out)
    assert list(told) == ["plaint", "python", "packages"]
    assert told["plaint"] == "9.8.7"
    assert told["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {name: bool(version) for name, version in told["packages"].items()} == {
        "also-missing": False,
        "no-such-library": False,
        "orjson": True,
    }


def test_version_for_a_person_is_one_line_for_each(installed: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version"]) == output.OK

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "plaint 9.8.7"
    assert lines[2:4] == ["also-missing (not installed)", "no-such-library (not installed)"]


def test_version_loads_nothing_heavy() -> None:
    program = (
        "import sys; from consumers.cli.main import run; run(['version'])\n"
        "heavy = {'pydantic', 'rich', 'fastapi', 'sqlalchemy', 'psycopg', 'eventsourcing', 'cryptography', 'schemas'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stderr.splitlines()[-1] == "[]"


def test_an_export_writes_every_schema_and_leaves_other_files_alone(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "mine.txt").write_text("stays", encoding="utf-8")

    assert run(["schemas", "export", str(tmp_path), "--json"]) == output.OK

    written = {
        file.relative_to(tmp_path).as_posix(): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()
    }
    documents = {**render(), **asyncapi.render(), **described.render()}
    assert written == {**documents, "mine.txt": b"stays"}
    assert json.loads(capfdbinary.readouterr().out) == {"directory": str(tmp_path), "files": list(documents)}


def test_an_export_to_where_nothing_can_be_written_names_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")

    assert run(["schemas", "export", str(tmp_path / "taken")]) == output.USAGE
    assert str(tmp_path / "taken") in capsys.readouterr().err
