"""The worked examples of the page: each document is judged, and the page shows exactly what is printed."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from consumers.cli import output
from consumers.cli.main import run
from support.pages import blocks, only_in_the_checkout

only_in_the_checkout()

_WRITTEN = re.compile(
    r"cat > (\w+\.yaml) <<'END'\n(.*?)^END\n\.venv/bin/plaint sla judge \1\n", re.MULTILINE | re.DOTALL
)


def examples() -> list[tuple[str, str, str]]:
    """Name, document and table of every example."""
    page = blocks("engine/sla/README.md")
    return [
        (found[1], found[2], shown.text)
        for told, shown in pairwise(page)
        if (found := _WRITTEN.fullmatch(told.text)) and shown.language == "text"
    ]


def test_there_are_three() -> None:
    assert [name for name, _, _ in examples()] == ["first.yaml", "second.yaml", "third.yaml"]


@pytest.mark.parametrize(("name", "document", "shown"), examples(), ids=[one[0] for one in examples()])
def test_an_example_prints_what_the_page_shows_to_the_second(
    name: str, document: str, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(document, encoding="utf-8")

    assert run(["sla", "judge", str(tmp_path / name)]) == output.OK

    printed = capsys.readouterr().out
    assert [line.split() for line in printed.splitlines()] == [line.split() for line in shown.splitlines()]
