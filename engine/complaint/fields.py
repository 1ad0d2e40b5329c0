"""What a company's own field holds: a value stored open where it is declared impersonal, else a personal text."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from engine.configuration.in_force import Book
from schemas.complaint.classification import Day, FieldValue, Number, SetField
from schemas.configuration.fields import DeclaredField
from schemas.refusals import Refusal
from schemas.words import Money

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,119}")
_FLAGS: Final = {"true": True, "false": False}


def settled(command: SetField, book: Book) -> tuple[FieldValue | None, str | None]:
    """Return the value or the text that is stored.

    Raises:
        Refusal: what is given is not of the type that the field is declared of, or not in its list.
    """
    declared = book.declared(command.field)
    given = command.text if command.value is None else as_text(command.value)
    if declared is None or declared.type == "text":
        return None, given
    value = _read(declared, command.value, given or "", book)
    if value is None:
        told = f"the field is declared as a {declared.type}: give one"
        raise Refusal("invalid", told, field=command.field, type=declared.type)
    return value, None


def _read(declared: DeclaredField, value: FieldValue | None, given: str, book: Book) -> FieldValue | None:
    match declared.type:
        case "code":
            return _code(declared, given, book)
        case "number":
            return value if isinstance(value, int) and not isinstance(value, bool) else _number(given)
        case "date":
            return _day(given)
        case "boolean":
            return _FLAGS.get(given.strip().lower())
        case _:
            return None


def _code(declared: DeclaredField, given: str, book: Book) -> str | None:
    if declared.code_list is None:
        return given if _CODE.fullmatch(given) else None
    code = book.code(declared.code_list, given)
    if code is None:
        told = f"its published list '{declared.code_list}' has no such code"
        raise Refusal("unlisted_code", told, field=declared.name, list=declared.code_list)
    return code


def _number(given: str) -> Number | None:
    try:
        number = Decimal(given.strip())
    except InvalidOperation:
        return None
    return Number(number=number) if number.is_finite() else None


def _day(given: str) -> Day | None:
    try:
        return Day(day=date.fromisoformat(given.strip()))
    except ValueError:
        return None


def as_text(value: FieldValue) -> str:
    """Return a value as people write it."""
    match value:
        case bool():
            return str(value).lower()
        case Money():
            return f"{value.amount:f} {value.currency}"
        case Number():
            return f"{value.number:f}"
        case Day():
            return value.day.isoformat()
        case _:
            return str(value)
