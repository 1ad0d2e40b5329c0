"""Every code block of every README runs, and what the READMEs list equals the code.

What a block's fence may say is told in ``support.pages``. Besides: YAML is a mapping or a configuration, Python is run;
``make`` targets and ``pytest`` calls are looked up instead of run.
"""

import re
import shutil
from collections.abc import Iterator
from types import ModuleType

import pytest

from consumers.cli import main, output
from consumers.wiring.settings import Settings
from engine.incoming import Done
from engine.store.database.pool import open_pool
from projections.runtime.projection import Projection
from schemas import configuration
from schemas.complaint.correspondence import AddNote
from schemas.configuration.mapping import load_mapping
from support.installation import Desk
from support.newcomer import Newcomer, newcomer
from support.pages import (
    FENCE,
    PAGES,
    ROOT,
    Block,
    blocks,
    judged,
    looked_up,
    missing,
    of_language,
    plain,
    runnable,
    transcript,
)
from support.views import build, drop, rows


@pytest.fixture(scope="module")
def place() -> Iterator[Newcomer]:
    if shutil.which("curl") is None:
        pytest.skip("the READMEs talk to the HTTP door by curl; install curl")
    with newcomer() as here:
        yield here


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)])
def test_what_a_page_tells_to_type_works_and_prints_what_it_shows(page: str, place: Newcomer) -> None:
    assert judged(page, transcript(page, place.folder, place.environment)) == []


def test_outputs_are_compared_line_by_line_and_in_order() -> None:
    printed = plain("a  1\nb 2026-01-01 10:00Z\nc PL-AAAAA-BBBBB")
    assert missing(plain("a 1\nc PL-CCCCC-DDDDD"), printed) == []
    assert missing(plain("c PL-CCCCC-DDDDD\na 1"), printed) == ["a 1"]
    assert missing(plain("a 7"), printed) == ["a 7"]
    assert missing(plain("a 7", about=True), plain("a 1", about=True)) == []


# ------------------------------------------------------------------------------------------------ the other blocks


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    kinds = {"sh", "text", "json", "yaml", "csv", "python", "sql"}
    assert [block.place for page in PAGES for block in blocks(page) if block.language not in kinds] == []


@pytest.mark.parametrize("block", of_language("yaml"), ids=lambda block: block.place)
def test_a_mapping_or_configuration_of_a_page_is_admissible(block: Block) -> None:
    read = configuration.load if block.text.startswith("kind:") else load_mapping
    read(block.text, block.says)


@pytest.mark.parametrize("block", of_language("python"), ids=lambda block: block.place)
def test_python_of_a_page_runs(block: Block, request: pytest.FixtureRequest) -> None:
    """A block may define tests, which are run too."""
    for name, found in vars(loaded(block)).items():
        if name.startswith("test_"):
            wanted = found.__code__.co_varnames[: found.__code__.co_argcount]
            found(*(request.getfixturevalue(fixture) for fixture in wanted))


def loaded(block: Block) -> ModuleType:
    module = ModuleType("page")
    exec(compile(block.text, block.place, "exec"), module.__dict__)  # noqa: S102 -- our own page
    return module


def test_the_view_of_the_page_counts_notes_whatever_the_batches(desk: Desk) -> None:
    (block,) = (block for block in blocks("projections/README.md") if block.language == "python")
    view: Projection = loaded(block).Notes()
    first, second, quiet = (
        desk.opened(channel="web_form", id=str(number), text="It broke. I demand a new one.") for number in range(3)
    )
    for stream in (first, second, first):
        assert isinstance(desk.give(stream, AddNote(note="Called back.")), Done)
    counted = sorted([(first, 2), (second, 1)], key=repr)

    with open_pool(desk.conninfo, max_size=4, name="readmes") as pool:
        for batch in (512, 1):
            build(pool, desk.store.read, [view], batch=batch)
            assert rows(pool, [view]) == {"notes_count_v1": counted}
            drop(pool, [view])

    assert quiet not in dict(counted)


def _targets(text: str) -> list[str]:
    found = re.findall(r"\bmake ([a-z]+)", "\n".join(line.partition("#")[0] for line in text.splitlines()))
    return sorted(set(found))


def test_every_make_target_that_a_page_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {target for page in PAGES for block in blocks(page) for target in _targets(block.text)}
    named |= {
        target for page in PAGES for target in re.findall(r"`make ([a-z]+)", (ROOT / page).read_text(encoding="utf-8"))
    }
    assert {"run", "test"} <= named <= there


def test_every_test_that_a_page_names_is_there() -> None:
    lines = [line for block in of_language("sh") if looked_up(block) for line in block.text.splitlines()]
    calls = [line.partition("#")[0].split() for line in lines if "-m pytest" in line]
    arguments = [word for call in calls for word in call[3:] if word.startswith("tests/")]
    assert arguments
    for argument in arguments:
        path, _, name = argument.partition("::")
        assert (ROOT / path).exists(), argument
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), argument


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert [path for path in linked if not (ROOT / page).parent.joinpath(path).exists()] == []
    named = [name for name in re.findall(r"`([\w./]+(?:/|\.py|\.yaml|\.sql))`", text) if not _is_there(page, name)]
    assert named == []


def _is_there(page: str, name: str) -> bool:
    """Paths stand from the root, from the page's room, or (a bare file) anywhere in it."""
    room = (ROOT / page).parent
    if name in {"postgresql/", "content/"} or name.startswith("NNNN_"):  # of the data directory; of a name's form
        return True
    if (ROOT / name).exists() or (room / name).exists():
        return True
    return "/" not in name.rstrip("/") and any(room.rglob(name.rstrip("/")))


# ------------------------------------------------------------------------------------------------ the tables


def settings_rows() -> list[str]:
    defaults = {"data_dir": "see below"}
    rows = []
    for name, field in Settings.model_fields.items():
        default = defaults.get(name) or ("none" if field.default is None else f"`{field.default}`")
        rows.append(f"| `PLAINT_{name.upper()}` | {default} | {field.description} |")
    return rows


def command_rows() -> list[str]:
    commands: dict[str, tuple[str, str]] = dict(main._COMMANDS)  # noqa: SLF001 -- the one list of commands
    for group, (_, more) in main._GROUPS.items():  # noqa: SLF001 -- as above
        commands |= {f"{group} {name}": found for name, found in more.items()}
    return [f"| `plaint {name}` | {says} |" for name, (_, says) in commands.items()]


def exit_code_rows() -> list[str]:
    return [f"| {code} | {says} |" for code, says in re.findall(r"^- (\d+): (.+)$", output.EXIT_CODES, re.MULTILINE)]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("| command | what it does |", command_rows()),
        ("| setting | default | meaning |", settings_rows()),
        ("| code | meaning |", exit_code_rows()),
    ],
    ids=["commands", "settings", "exit codes"],
)
def test_a_table_of_the_readme_equals_the_code(header: str, rows: list[str]) -> None:
    assert rows, "nothing was found in the code to hold the table against"
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start = lines.index(header) + 2
    assert lines[start : start + len(rows) + 1] == [*rows, ""]


def _sources() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "consumers").rglob("*.py")))


def _named(start: str, text: str) -> set[str]:
    """What stands in backticks in the paragraph that begins so."""
    paragraph = text[text.index(start) :].partition("\n\n")[0]
    return set(re.findall(r"`([A-Za-z_]+)`", paragraph))


def test_the_readme_names_every_event_of_the_log_of_the_program() -> None:
    logged = re.findall(r"(?:_log\.\w+|Finding)\(\s*\"([a-z_]+)\"", _sources())
    assert _named("**Logs** go", (ROOT / "README.md").read_text(encoding="utf-8")) == set(logged)


def test_every_setting_is_read_by_something() -> None:
    read = set(re.findall(r"(?:settings|chosen|self)\.([a-z_]+)", _sources()))
    unread = {f"PLAINT_{name.upper()}" for name in Settings.model_fields if name not in read}
    assert unread == set()
