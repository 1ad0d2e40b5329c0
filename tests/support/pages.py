"""The READMEs as what they tell to type, and what they say is printed then.

``sh`` blocks of a page run in order in one shell; ``sh exit=N`` must end with N. ``text`` is what the block
before it prints, times and ids aside, ``text about`` also numbers aside; of ``text rows`` only the header
counts. JSON has the keys of the answer before it. A block with a file name is that file.
"""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    *(
        f"{room}/README.md"
        for room in (
            "schemas",
            "engine",
            "engine/sla",
            "engine/configuration",
            "engine/rules",
            "projections",
            "consumers",
            "tests",
            "deploy",
        )
    ),
)
FENCE = re.compile(r"^```(\S+)(?: ([^\n`]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Block:
    """One code block: its language, what else stands on its fence, and its text."""

    page: str
    line: int
    language: str
    says: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def blocks(page: str) -> tuple[Block, ...]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return tuple(
        Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2] or "", found[3])
        for found in FENCE.finditer(text)
    )


def of_language(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page) if block.language == language]


def runnable(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.language == "sh" and not looked_up(block)]


def looked_up(block: Block) -> bool:
    """Only ``make`` or pytest: what they would run is this suite itself, or an installation."""
    return all(line.startswith(("make", ".venv/bin/python -m pytest")) for line in block.text.splitlines())


def transcript(page: str, folder: Path, environment: Mapping[str, str]) -> dict[Block, tuple[int, str]]:
    """Run the shell blocks of a page in order in one shell: each one's exit code and what it printed."""
    for block in blocks(page):
        if re.fullmatch(r"[\w.]+\.(yaml|csv|jsonl)", block.says):
            (folder / block.says).write_text(block.text, encoding="utf-8")
    chosen = runnable(page)
    script = "".join(f"echo '<<<{number}>>>'\n{block.text}\necho \"<<<$?>>>\"\n" for number, block in enumerate(chosen))
    script = script.replace("127.0.0.1:8080", f"127.0.0.1:{environment['PLAINT_HTTP_PORT']}")
    ran = subprocess.run(
        ["bash", "-uc", script], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=_SECONDS, check=False,
    )  # fmt: skip
    told = ran.stdout.decode()
    parts = re.findall(r"^<<<(\d+)>>>$\n(.*?)<<<(\d+)>>>$", told, re.MULTILINE | re.DOTALL)
    assert len(parts) == len(chosen), told
    return {block: (int(code), said) for block, (_, said, code) in zip(chosen, parts, strict=True)}


_VARYING = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?", "<time>"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<id>"),
    (r"person:[0-9a-f]{32}", "<person>"),
    (r"\bPL-[0-9A-Z]{5}-[0-9A-Z]{5}\b", "<number>"),
    (r"\s+", " "),
)
_NUMBERS = (r"\b[0-9]+(\.[0-9]+)?%?(?![0-9A-Za-z-])", "<n>")


def plain(text: str, *, about: bool = False) -> list[str]:
    """The lines of an output without what differs from run to run."""
    lines = []
    for line in text.splitlines():
        for pattern, word in (*_VARYING, *([_NUMBERS] if about else ())):
            line = re.sub(pattern, word, line)  # noqa: PLW2901 -- one replacement after the other
        lines.append(line.strip())
    return lines


def missing(expected: Sequence[str], printed: Sequence[str]) -> list[str]:
    """The expected lines that were not printed, in their order."""
    rest = iter(printed)
    return [line for line in expected if not any(line == other for other in rest)]


def answer_keys(text: str) -> set[str]:
    """The keys of the last JSON object in an output."""
    decoder = json.JSONDecoder()
    found = decoder.raw_decode(text[text.index("{") :])[0]
    return set(found)


def judged(page: str, told: dict[Block, tuple[int, str]]) -> list[str]:
    """What does not hold of a page's outputs."""
    wrong, last = [], ""
    for block in blocks(page):
        if block in told:
            code, last = told[block]
            wanted = int(block.says.removeprefix("exit=") or 0)
            if code != wanted or "Traceback" in last:
                wrong.append(f"{block.place}: exit code {code}\n{last}")
        elif block.language == "text" and block.says == "rows":
            header, *rows = block.text.splitlines()
            if missing(plain(header), plain(last)):
                wrong.append(f"{block.place}: the header is another one\n{last}")
            if not rows:
                wrong.append(f"{block.place}: shows no row")
        elif block.language == "text":
            about = block.says == "about"
            lines = missing(plain(block.text, about=about), plain(last, about=about))
            wrong.extend(f"{block.place}: not printed: {line}\n{last}" for line in lines)
        elif block.language == "json" and answer_keys(block.text) != answer_keys(last):
            wrong.append(f"{block.place}: other keys\n{last}")
    return wrong


def only_in_the_checkout() -> None:
    """Skip what judges pages where there are none: beside an installed wheel."""
    if not (ROOT / "README.md").is_file():
        pytest.skip("judges the pages of the checkout", allow_module_level=True)
