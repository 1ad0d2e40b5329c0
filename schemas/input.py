"""What came from outside is read here into plain values, or refused without being repeated.

Shared by channel messages and CloudEvents. A refusal names the place, the reason and the fix;
its text is made of our own words and limits alone, so it can be logged and sent back.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)  # fmt: skip
from pydantic_core import PydanticCustomError

MAX_LINE = 1_000  # characters of a name, subject, reference
MAX_TEXT = 200_000  # characters of a text that a person wrote
OWN_FAULT = "plaint_"  # begins the type of a fault whose message is our own text

FIXES: Mapping[str, tuple[str, str]] = {
    "missing": ("is missing", "send it"),
    "json_invalid": ("is not JSON", "send one JSON object in UTF-8"),
    "dict_type": ("is not an object", "send one JSON object"),
    "model_type": ("is not an object", "send one JSON object"),
    "dataclass_type": ("is not an object", "send one JSON object"),
    "model_attributes_type": ("is not an object", "send one JSON object"),
    "string_type": ("is not a string", "send a JSON string"),
    "string_unicode": ("is not valid Unicode", "send UTF-8 without lone surrogates"),
    "string_too_short": ("is empty", "send at least {min_length} characters, or leave it out"),
    "string_too_long": ("is too long", "send at most {max_length} characters"),
    "string_pattern_mismatch": ("has another form", "send what matches {pattern}"),
    "tuple_type": ("is not a list", "send a JSON array"),
    "too_long": ("has too many entries", "send at most {max_length}"),
    "literal_error": ("is none of the known values", "send one of {expected}"),
    "union_tag_invalid": ("is none of the known values", "send one of {expected_tags}"),
    "union_tag_not_found": ("is missing", "send it"),
    "timezone_aware": ("has no time zone", "send an instant with Z or an offset"),
    "int_type": ("is not a whole number", "send a JSON integer"),
    "int_parsing": ("is not a whole number", "send a JSON integer"),
    "bool_parsing": ("is not a boolean", "send true or false"),
    "bool_type": ("is not a boolean", "send true or false"),
    "greater_than": ("is too small", "send more than {gt}"),
    "greater_than_equal": ("is too small", "send at least {ge}"),
    "less_than_equal": ("is too large", "send at most {le}"),
    "extra_forbidden": ("has a field that there is not", "send only what the schema names"),
}
"""Kinds of fault that a sender can mend, each with reason and fix; braces name our own limits."""
_A_KEY: Final = "[key]"  # as Pydantic ends the place of a key that is refused itself
_FREE_OBJECT: Final = "dict"  # as it calls an object of any JSON


class InputRefused(ValueError):
    """What arrived can never be accepted as it is; trying again changes nothing.

    ``path`` is the place (``author.contacts.0.value``; empty for the whole), ``reason`` what is
    wrong there, ``fix`` what the sender must change. None of them repeats what was sent.
    """

    def __init__(self, path: str, reason: str, fix: str) -> None:
        super().__init__(f"{path or 'message'} {reason}; {fix}")
        self.path = path
        self.reason = reason
        self.fix = fix


def fault(kind: str, text: str) -> PydanticCustomError:
    """Say in a validator what is wrong: ``text`` reads ``reason; fix`` and holds no input."""
    return PydanticCustomError(f"{OWN_FAULT}{kind}", "{text}", {"text": text})


def first_fault(error: ValidationError) -> tuple[str, str, str]:
    """Return path, reason and fix of the first fault, made without any value of the input, or name that it chose."""
    found = error.errors(include_url=False, include_input=False)[0]
    kind = found["type"]
    steps = _named_by_us(kind, found["loc"])
    if kind.startswith("union_tag_"):  # it places the object, and the field that tells its kind beside it, quoted
        steps = (*steps, found["ctx"]["discriminator"].strip("'"))
    path = ".".join(str(step) for step in steps if re.fullmatch(r"[a-z0-9_]{1,40}", str(step)))
    if kind.startswith(OWN_FAULT):
        reason, _, fix = found["msg"].partition("; ")
        return path, reason, fix
    reason, fix = FIXES.get(kind, (f"is not valid ({kind})", "send it as the schema says"))
    limits = {name: value for name, value in found.get("ctx", {}).items() if f"{{{name}}}" in fix}
    return path, reason, fix.format_map(limits)


def _named_by_us(kind: str, steps: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return the place down to where the sender begins to choose names: anything may stand in those."""
    if kind == "extra_forbidden":
        return steps[:-1]
    if steps[-1:] == (_A_KEY,):
        steps = steps[:-2]
    return steps[: steps.index(_FREE_OBJECT)] if _FREE_OBJECT in steps else steps


_NOT_STORED: Final = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Drop what no text may hold and PostgreSQL does not store: NUL and lone surrogates."""
    return text if text.isascii() and "\0" not in text else _NOT_STORED.sub("", text)


def _no_number(value: object) -> object:
    """Refuse a bare number: whether it counts seconds or milliseconds cannot be told."""
    if isinstance(value, str) and re.match(r"\s*\d{4}-\d", value):
        return value
    if isinstance(value, date):
        return value
    raise fault("instant", "is not a time; send ISO 8601, such as 2026-03-01T09:30:00Z")


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise fault("instant", "is outside the calendar; send a year from 1 to 9999") from None


def _decoded(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise fault("base64", "is not base64; send a base64 string (RFC 4648)")
    try:
        return b64decode("".join(value.split()), validate=True)
    except (Base64Error, ValueError):
        raise fault("base64", "is not base64; send a base64 string (RFC 4648)") from None


def _encoded(value: bytes) -> str:
    return b64encode(value).decode("ascii")


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_LINE), AfterValidator(clean)]
"""One line that a person or a system wrote: a name, a subject, a reference."""
Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(clean)]
"""How another system calls something: opaque, never empty."""
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(clean)]
"""What a person wrote, as long as he liked within ``MAX_TEXT``."""
Instant = Annotated[AwareDatetime, AfterValidator(_in_utc), BeforeValidator(_no_number)]
"""An instant, kept in UTC; a text without zone and a bare number are refused."""
Day = Annotated[date, BeforeValidator(_no_number)]
"""A date of the calendar, without a midnight anywhere."""
When = Annotated[Instant | Day, Field(union_mode="left_to_right")]
"""An instant with its zone, or a day; a text without zone but with an hour is refused."""
Base64 = Annotated[
    bytes,
    BeforeValidator(_decoded),
    PlainSerializer(_encoded, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]
"""Octets, in JSON as base64 (RFC 4648)."""
