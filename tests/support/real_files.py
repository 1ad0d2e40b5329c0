"""The two real files read as plain text: rows and traces with the lines they stand at, without the product."""

import csv
import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from support.real_figures import CFPB, HELPDESK

_ATTRIBUTE = re.compile(r'<\w+ key="([^"]*)" value="([^"]*)" />')


@dataclass(frozen=True)
class Line:
    """One row of a table or one event of a trace: where it begins, and its cells by column."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(frozen=True)
class Trace:
    """One ticket."""

    name: str
    events: list[Line] = field(default_factory=list)


def digest(path: Path) -> str:
    """Return the SHA-256 of what a file holds, unpacked or not as it lies there."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rows(folder: Path) -> Iterator[Line]:
    """Yield the complaints of the regulator's table."""
    with (folder / CFPB).open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        number = 2
        for cells in reader:
            yield Line(number, cells)
            number = reader.line_num + 1


def traces(folder: Path) -> Iterator[Trace]:
    """Yield the tickets of the help desk, whose log has one element to a line."""
    trace, event = Trace(""), None
    with gzip.open(folder / HELPDESK, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            word, said = line.strip(), _ATTRIBUTE.search(line)
            if word == "<trace>":
                trace = Trace("")
            elif word == "<event>":
                event = Line(number, {})
            elif word == "</event>" and event is not None:
                trace.events.append(event)
                event = None
            elif word == "</trace>":
                yield trace
            elif said and event is not None:
                event.cells[said[1]] = unescape(said[2])
            elif said and said[1] == "concept:name":
                trace = Trace(unescape(said[2]))
