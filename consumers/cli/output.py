"""How the command line speaks: data on stdout, messages on stderr, exit codes that mean something.

``--json`` prints one document of a stable shape. Nothing is animated where stderr is no terminal.
"""

import difflib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import orjson

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.progress import Progress

    from schemas.complaint.base import Command

M = TypeVar("M", bound="BaseModel")

_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All but tab and line feed."""

STDIN: Final = "<stdin>"
"""What ``-`` is called until it is read; the library takes a bare hyphen for an option without a name."""

OK: Final = 0
SOME_REJECTED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
REFUSED: Final = 4
HUNG: Final = 70
TEMPORARY: Final = 75
CONFIGURATION: Final = 78
INTERRUPTED: Final = 130

EXIT_CODES: Final = """Exit codes:

- 0: done
- 1: done, but part of the input was rejected or a check failed
- 2: the command line is wrong
- 3: not found
- 4: refused: it contradicts the case, or somebody else was first
- 70: it hung, and its own watchdog has ended it; the stacks are on stderr
- 75: not possible at the moment; try again later
- 78: the configuration is wrong, or this program is too old for its database or log
- 130: interrupted
"""


class Stop(Exception):
    """Ends the command with a message for a person and an exit code."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


def stop(code: int, message: str) -> NoReturn:
    """End the command."""
    raise Stop(code, message)


def say(message: str) -> None:
    """Tell the person something; never data."""
    sys.stderr.write(f"{message}\n")


def emit_json(value: Any) -> None:
    """Print one JSON document: instants as ISO 8601 UTC with Z, dates as dates, keys as they are named."""
    text = orjson.dumps(
        value, default=_plain, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    )
    sys.stdout.buffer.write(text)
    sys.stdout.flush()


def emit_model(model: "BaseModel") -> None:
    """Print an answer model as JSON, by the same rules as over HTTP."""
    emit_json(model.model_dump(mode="json", by_alias=True))


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    return str(value)


def model(kind: type[M], fields: Mapping[str, Any]) -> M:
    """Return a model of options; what does not fit ends the command, naming option and fix."""
    from pydantic import ValidationError

    try:
        return kind.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        reasons: dict[str, list[str]] = {}
        for item in error.errors(include_input=False, include_url=False):
            reasons.setdefault(f"--{str(item['loc'][0]).replace('_', '-')}", []).append(item["msg"])
        stop(USAGE, "; ".join(f"{option}: {', or '.join(found)}" for option, found in reasons.items()))


def command(name: str, fields: str) -> "Command":
    """Return the command of this name with these fields (JSON); what does not fit ends the command line."""
    from pydantic import ValidationError

    from schemas.catalogue import COMMANDS
    from schemas.fixes import fixes

    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=3)
        hint = f"; did you mean {', '.join(one.partition('.')[2] for one in close)}?" if close else ""
        stop(USAGE, f"no command '{name.partition('.')[2]}'{hint}")
    try:
        return COMMANDS[name].model_validate_json(fields)
    except ValidationError as error:
        found = fixes(error.errors(include_input=False, include_url=False))
        stop(USAGE, "; ".join(f"--fields {place or '(whole)'}: {fix}" for place, fix in found))


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str | None = None) -> None:
    """Print rows for a person; wide ones are never cut where stdout is no terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 240, soft_wrap=False)
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text("" if cell is None else harmless(str(cell))) for cell in row))
    console.print(shown)


def harmless(text: str) -> str:
    """Return a text that a stranger wrote without what a terminal would obey: escapes and other control characters."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


@contextmanager
def progress(description: str, total: float | None) -> Iterator["_Bar"]:
    """Show a bar with rate and remaining time on stderr while a long work runs; silent without a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as shown:
        yield _Bar(shown, shown.add_task(description, total=total))


class _Bar:
    """One running bar."""

    def __init__(self, shown: "Progress", task: Any) -> None:
        self._shown, self._task = shown, task

    def at(self, done: float, total: float | None = None) -> None:
        """Say how far the work is."""
        self._shown.update(self._task, completed=done, total=total)
