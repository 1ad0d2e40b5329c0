"""What a cell of a history file says: a time, a code, an amount. No I/O."""

import hashlib
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, Final, assert_never
from zoneinfo import ZoneInfo

from consumers.files.record import Row
from consumers.files.rejected import Rejection
from schemas.configuration.mapping import Mapping, Time
from schemas.configuration.mapping_values import FromColumn
from schemas.words import Money

_EARLIEST: Final = 1900
_CODE_LENGTH: Final = 120
_BOOLS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Refused(Exception):
    """The record does not become a complaint; the rest of the file is not touched by it."""

    def __init__(self, line: int, field: str | None, reason: str) -> None:
        self.rejection = Rejection(line, field, reason)
        super().__init__(f"line {line}: {field or 'record'}: {reason}")


def moment(when: Time, row: Row) -> datetime:
    """Return the aware world time in a row; a day is 00:00 of it in its zone.

    Raises:
        Refused: it is empty, of another form, without a zone, or before 1900.
    """
    text = row[when.column].strip()
    if not text:
        raise Refused(row.line, when.column, "is empty; a time is needed")
    try:
        read = datetime.strptime(text, when.format) if when.format else datetime.fromisoformat(text)  # noqa: DTZ007 -- its zone follows
    except ValueError:
        form = when.format or "ISO 8601, as 2023-07-18 or 2023-07-18T09:30:00+02:00"
        raise Refused(row.line, when.column, f"is no time of the form {form}") from None
    if read.year < _EARLIEST:
        raise Refused(row.line, when.column, f"is before {_EARLIEST}")
    if when.precision == "day":
        return datetime.combine(read.date(), time(), _zone(when.zone))
    if read.tzinfo is None and when.zone is None:
        raise Refused(row.line, when.column, "names no offset; give the mapping's time a 'zone'")
    return read if read.tzinfo is not None else read.replace(tzinfo=_zone(when.zone))


@cache
def _zone(name: str | None) -> ZoneInfo:
    return ZoneInfo(name or "UTC")


def converted(value: FromColumn, row: Row, mapping: Mapping) -> Any:
    """Return what a column says in the form that the mapping reads it in, or None where it is empty.

    Raises:
        Refused: it is not of that form, not in its table, or empty though required.
    """
    text = row[value.column]
    if not text.strip():
        if value.required:
            raise Refused(row.line, value.column, "is empty; the mapping requires it")
        return None
    if value.table is not None:
        table = mapping.tables[value.table]
        if text not in table and value.otherwise is None:
            raise Refused(row.line, value.column, f"has a value that the table '{value.table}' lacks; add it there")
        return table.get(text, value.otherwise)
    try:
        return _read(value, text)
    except (ValueError, InvalidOperation):
        raise Refused(row.line, value.column, f"is no {value.as_}") from None


def _read(value: FromColumn, text: str) -> Any:
    match value.as_:
        case "text" | None:
            return text
        case "code":
            return code(text, value.prefix)
        case "bool":
            if (known := _BOOLS.get(text.strip().casefold())) is None:
                raise ValueError
            return known
        case "date":
            return date.fromisoformat(text.strip())
        case "integer":
            return int(text)
        case "money":
            return Money(amount=Decimal(text.strip()), currency=value.currency or "")
    assert_never(value.as_)


@lru_cache(maxsize=8192)
def code(text: str, prefix: str = "") -> str:
    """Return the code of a text: lower case, ASCII letters and digits, a dash for every run of others.

    Where letters were lost or it was too long, a digest of the text keeps different texts apart.
    """
    kept = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text.lower())
    dashed = prefix + "-".join(kept.split())
    lost = any(letter.isalnum() and not letter.isascii() for letter in text)
    if not lost and "".join(kept.split()) and len(dashed) <= _CODE_LENGTH:
        return dashed
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{dashed[: _CODE_LENGTH - 9].rstrip('-')}-{mark}".removeprefix("-")
