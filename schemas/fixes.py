"""What to write instead of a value that does not fit, in words for whoever wrote it; quotes nothing of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from schemas.words import CODE, LESSON

_DATE: Final = "write a date such as 2026-03-02, or an instant such as 2026-03-02T09:00:00Z"
_FIXES: Final[Mapping[str, str]] = {
    "missing": "is missing; add it",
    "extra_forbidden": "is not known; check its spelling, or remove it",
    "decimal_parsing": "write a number such as 40.00",
    "decimal_type": "write a number such as 40.00",
    "uuid_parsing": "write an id such as 6188b4cd-f51f-5129-8380-aa1fa0968519",
    "timezone_aware": "name the time zone, such as 2026-03-02T09:00:00Z",
}
_PATTERNS: Final[Mapping[str, str]] = {
    CODE: "write a code: letters, digits and . _ : / + -, without blanks, such as first-line",
    LESSON: "holds an @, as addresses do; name nobody here, and leave it out",
}
_OF_TIME: Final = ("date_", "datetime_", "time_zone")
_VARIANTS: Final = ("date", "datetime")


def fixes(errors: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return field and fix of each of pydantic's findings, once, in their order; "" is the whole."""
    return list(dict.fromkeys(_fixes(errors)))


def _fixes(errors: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in errors:
        place = [str(part) for part in item["loc"]]
        if place and place[-1] in _VARIANTS and str(item["type"]).startswith(_OF_TIME):
            place.pop()  # which of the two kinds of time was tried says nothing to anybody
        yield ".".join(place), _fix(item)


def _fix(item: Mapping[str, Any]) -> str:
    kind = str(item["type"])
    if kind == "json_invalid":
        return f'is no JSON ({item["ctx"]["error"]}); write an object such as {{"team": "kettles"}}'
    if kind in _FIXES:
        return _FIXES[kind]
    if kind.startswith(_OF_TIME):
        return _DATE
    if kind == "string_pattern_mismatch" and (fix := _PATTERNS.get(item.get("ctx", {}).get("pattern"))) is not None:
        return fix
    text = str(item["msg"]).removeprefix("Value error, ")
    return text.replace("Input should be ", "write ", 1).replace("String should ", "must ", 1)
