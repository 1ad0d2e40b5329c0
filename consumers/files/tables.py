"""CSV: a table as records, line by line, with the octets of every one of them."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from consumers.files.record import Record, Row, Source, Unreadable
from consumers.files.rejected import Rejection
from schemas.configuration.mapping import Csv

MAX_LINE: Final = 4 * 1024 * 1024
"""Octets. A longer line is no table: reading on would only fill the memory."""
_BOM: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class _Lines:
    """Gives the reader its lines, and keeps the octets of the record that it is in."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.number = 0
        self._kept: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._source.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MAX_LINE:
            raise Unreadable(self._source.name, self.number, f"longer than {MAX_LINE} octets; is this a CSV file?")
        if self.number == 1:
            line = self._without_bom(line)
        self._kept.append(line)
        return line.decode("utf-8", "surrogateescape")

    def _without_bom(self, line: bytes) -> bytes:
        if line.startswith(_UTF_16):
            raise Unreadable(self._source.name, 1, "UTF-16; save the table as UTF-8")
        return line.removeprefix(_BOM)

    def take(self) -> bytes:
        """Return the octets since the last call."""
        raw = b"".join(self._kept)
        self._kept.clear()
        return raw


def records(source: Source, table: Csv) -> Iterator[Record]:
    """Yield every row below the header as a record; one that cannot be split carries its flaw.

    Raises:
        Unreadable: the header lacks a column that the mapping reads, or a line is no text of a table.
    """
    lines = _Lines(source)
    header = _header(lines, source.name, table)
    reader = csv.reader(lines, delimiter=table.delimiter, strict=True)
    while True:
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(first, (), lines.take(), Rejection(first, None, f"not a row of a CSV file: {error}"))
            reader = csv.reader(lines, delimiter=table.delimiter, strict=True)
            continue
        raw = lines.take()
        if cells:
            yield _record(header, cells, first, raw, table.delimiter)


def _header(lines: _Lines, name: str, table: Csv) -> list[str]:
    try:
        header = next(csv.reader(lines, delimiter=table.delimiter, strict=True), None)
    except csv.Error as error:
        raise Unreadable(name, 1, f"the header is not a row of a CSV file: {error}") from error
    if not header:
        raise Unreadable(name, 1, "no header; the first line must name the columns")
    lines.take()
    missing = [column for column in table.columns if column not in header]
    if missing:
        raise Unreadable(name, 1, f"the header lacks the columns {missing}; the mapping reads them")
    twice = [column for column, times in Counter(header).items() if times > 1 and column in table.columns]
    if twice:
        raise Unreadable(name, 1, f"the header names the columns {twice} twice")
    return header


def _record(header: Sequence[str], cells: Sequence[str], line: int, raw: bytes, delimiter: str) -> Record:
    if len(cells) != len(header):
        fix = "complete the row" if len(cells) < len(header) else f"put text that holds '{delimiter}' in quotes"
        ragged = f"{len(cells)} cells, the header has {len(header)}; {fix}"
        return Record(line, (), raw, Rejection(line, None, ragged))
    for column, cell in zip(header, cells, strict=True):
        if (reason := _unfit(cell)) is not None:
            return Record(line, (), raw, Rejection(line, column, reason))
    return Record(line, (Row(line, dict(zip(header, cells, strict=True))),), raw)


def _unfit(cell: str) -> str | None:
    if "\0" in cell:
        return "holds a NUL octet; remove it"
    if not cell.isascii() and any("\udc80" <= letter <= "\udcff" for letter in cell):
        return "holds octets that are not UTF-8; save the table as UTF-8"
    return None
