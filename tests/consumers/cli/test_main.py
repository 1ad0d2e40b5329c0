"""The table of commands: every one explained, none loaded before it is used; and real processes of it."""

import dataclasses
import importlib
import inspect
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from cyclopts import Parameter

from consumers.cli import main
from consumers.cli.main import run

HEAVY = "{'pydantic', 'fastapi', 'sqlalchemy', 'psycopg', 'eventsourcing', 'cryptography', 'schemas', 'structlog'}"


def commands() -> Iterator[tuple[str, str, str]]:
    """Yield every command as it is typed, where it lives, and what the list of commands says of it."""
    for name, (where, text) in main._COMMANDS.items():  # noqa: SLF001 -- the table is what is tested
        yield name, where, text
    for group, (_, members) in main._GROUPS.items():  # noqa: SLF001 -- as above
        for name, (where, text) in members.items():
            yield f"{group} {name}", where, text


ALL = list(commands())
NAMES = [name for name, _, _ in ALL]
WITHOUT_JSON = {"run", "serve", "consume", "export", "report", "case file"}
"""Those that stay, and those whose answer is a document of a format of its own."""


def function(where: str) -> Callable[..., int]:
    module, _, name = where.partition(":")
    found: Callable[..., int] = getattr(importlib.import_module(module), name)
    return found


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command as a process of its own, without a terminal."""
    program = [sys.executable, "-c", "from consumers.cli.main import main; main()", *arguments]
    return subprocess.run(program, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


@pytest.mark.parametrize(("where", "text"), [(where, text) for _, where, text in ALL], ids=NAMES)
def test_the_list_of_commands_says_what_each_says_of_itself(where: str, text: str) -> None:
    assert (inspect.getdoc(function(where)) or "").splitlines()[0] == text


@pytest.mark.parametrize("where", [where for _, where, _ in ALL], ids=NAMES)
def test_every_argument_is_explained(where: str) -> None:
    hints = get_type_hints(function(where), include_extras=True)
    hints.pop("return")
    for name in [name for name, hint in hints.items() if _options(hint)]:
        hints |= get_type_hints(_options(hints.pop(name)), include_extras=True)
    unexplained = [name for name, hint in hints.items() if not any(_helps(part) for part in get_args(hint))]
    assert unexplained == []


def _options(hint: Any) -> Any:
    """Options that several commands share, as one class; None for a plain hint."""
    kind = get_args(hint)[0] if get_args(hint) else hint
    return kind if dataclasses.is_dataclass(kind) else None


def _helps(part: Any) -> bool:
    return isinstance(part, Parameter) and bool(part.help)


@pytest.mark.parametrize("where", [where for name, where, _ in ALL if name not in WITHOUT_JSON])
def test_every_command_that_answers_does_so_in_json_too(where: str) -> None:
    assert "json" in inspect.signature(function(where)).parameters


def test_help_lists_every_command_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == run([]) == 0
    told = capsys.readouterr().out
    for name in [*(name for name in NAMES if " " not in name), *main._GROUPS]:  # noqa: SLF001 -- as above
        assert re.search(rf"(?m)^\W+{name} +[A-Z].+$", told), name
    for code in (0, 1, 2, 3, 4, 75, 78, 130):
        assert re.search(rf"(?m)^\W+{code}: \w+", told), code


def test_help_of_a_group_says_what_its_commands_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["case", "--help"]) == 0
    assert re.findall(r"(?m)^│ (\w+) +[A-Z]", capsys.readouterr().out) == [
        "attach",
        "diff",
        "do",
        "file",
        "files",
        "history",
        "list",
        "remedies",
        "replay",
        "show",
        "similar",
    ]


def test_help_of_a_command_is_its_whole_docstring(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Import histories with their own times and origin 'import'." in told
    assert "a run that was killed goes on where it stopped" in told


@pytest.mark.parametrize("arguments", [["version"], ["--help"], ["case", "--help"], ["nosuch"], ["--version"]])
def test_nothing_heavy_is_loaded_for_what_needs_nothing(arguments: list[str]) -> None:
    program = (
        f"import sys; from consumers.cli.main import run; run({arguments})\nprint(sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_takes_a_fraction_of_a_second() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert process("version").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 0.3


def test_a_wrong_command_line_is_one_plain_line_on_stderr() -> None:
    done = process("nosuch")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1", "PLAINT_LOG_FORMAT": "console"}, {"TERM": "xterm-256color"}])
def test_no_escapes_where_nobody_watches(tmp_path: Path, environment: dict[str, str]) -> None:
    calls = [["--help"], ["config", "check"], ["sla", "--nosuch"]]
    program = f"from consumers.cli.main import run\nfor one in {calls}: run(one)"
    settings = {**os.environ, "PLAINT_DATA_DIR": str(tmp_path), **environment}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=settings, check=True)
    assert "PLAINT_POOL_SIZE" in done.stdout
    assert "nosuch" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_a_reader_who_has_enough_is_no_fault(tmp_path: Path) -> None:
    program = (
        f"{sys.executable} -c 'from consumers.cli.main import main; main()' sample --messages --cases 200 | head -1"
    )
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {program}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)
