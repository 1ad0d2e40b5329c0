"""What deploy/README.md says that a mesh may expect has a check, and every check that it names is there."""

import re
from pathlib import Path

import pytest

from consumers.cli import main
from support.commandline import CommandLine
from support.pages import only_in_the_checkout

only_in_the_checkout()

ROOT = Path(__file__).parents[2]
SECTION = "## What a mesh may expect, and what checks it\n"
EXPECTED = "| to expect | how Plaint does it | what checks it |"
LEFT_OUT = "| not there | why |"


def table(header: str) -> list[list[str]]:
    """The rows of the table of the section that begins with this line, cell by cell."""
    section = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8").partition(SECTION)[2].partition("\n## ")[0]
    _, _, rest = section.partition(f"{header}\n")
    rows = rest.partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def checks() -> list[str]:
    """Everything that the table names as a check, once."""
    found = [check for *_, named in table(EXPECTED) for check in re.findall(r"`([^`]+)`", named)]
    return list(dict.fromkeys(found))


def test_every_expectation_is_told_in_three_cells_and_has_a_check() -> None:
    rows = table(EXPECTED)
    assert len(rows) > 20
    for row in rows:
        assert len(row) == len(EXPECTED.strip("|").split("|")), row[0]
        assert all(row), row[0]
        assert re.sub(r"`[^`]+`|[, ]", "", row[2]) == "", f"{row[0]}: checks alone"
    assert len({row[0] for row in rows}) == len(rows)


def test_what_is_left_out_says_why() -> None:
    rows = table(LEFT_OUT)
    assert rows
    assert [row for row in rows if len(row) != 2 or not all(row)] == []


@pytest.mark.parametrize("check", checks())
def test_every_check_that_is_named_is_there(check: str) -> None:
    word, _, rest = check.partition(" ")
    match word:
        case "make":
            assert re.search(rf"^{rest}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        case "kubectl":
            assert (ROOT / rest.removeprefix("kustomize ") / "kustomization.yaml").is_file()
        case "plaint":
            assert_is_a_command(rest.split())
        case _:
            path, _, name = check.partition("::")
            text = (ROOT / path).read_text(encoding="utf-8")
            wanted = name or r"test_\w+"
            assert re.search(rf"^(async )?def {wanted}\(", text, re.MULTILINE)
            assert re.match(r"tests/(.+/)?test_\w+\.py$", path)


def assert_is_a_command(words: list[str]) -> None:
    """The program has it, with these options."""
    names = [word for word in words if not word.startswith("-")]
    assert names[0] in main._COMMANDS or names[1] in main._GROUPS[names[0]][1]  # noqa: SLF001 # the one list of commands
    told = CommandLine({}).ok(*names, "--help").out
    assert [word for word in words if word.startswith("-") and word not in told] == []
