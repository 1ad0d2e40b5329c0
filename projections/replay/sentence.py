"""An event in words that a non-developer reads, in Russian or English.

Phrases are package data, one per event: ``{field}`` is a field of the event in words, and what
stands in ``[...]`` is left out where one of its fields is absent. Codes and ids stay as they are.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from schemas.catalogue import unversioned

Language = Literal["en", "ru"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ru")

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_FIELD = re.compile(r"\{([a-z_.]+)\}")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(\.\d+)?)?Z")


class Phrases(BaseModel):
    """One language's phrases by event name without version, and the words of closed lists by field."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    events: Mapping[str, str]
    around: Mapping[str, str]
    """What is said about the circumstances of an event, by kind."""
    words: Mapping[str, Mapping[str, str]]
    unknown: str


@cache
def phrases(language: Language) -> Phrases:
    """Read one language's phrases."""
    text = resources.files("projections.replay").joinpath("phrases", f"{language}.yaml").read_text(encoding="utf-8")
    return Phrases.model_validate(yaml.safe_load(text))


def sentence(name: str, facts: Mapping[str, Any], language: Language) -> str:
    """Return an event in words. ``facts`` are its impersonal fields as JSON data; ``name`` its stored name."""
    known = phrases(language)
    phrase = known.events.get(unversioned(name), known.unknown)
    return _filled(phrase, {**facts, "event": unversioned(name)}, known)


def circumstance(kind: str, facts: Mapping[str, Any], language: Language) -> str:
    """Return one circumstance of an event in words, such as its source; ``facts`` are JSON data."""
    known = phrases(language)
    return _filled(known.around[kind], facts, known)


def _filled(phrase: str, values: Mapping[str, Any], known: Phrases) -> str:
    whole = _OPTIONAL.sub(lambda part: _optional(part[1], values, known), phrase)
    return _FIELD.sub(lambda field: _value(field[1], values, known) or "?", whole)


def spoken(field: str, value: Any, language: Language) -> str:
    """Return one value of a field in words, as a sentence would say it; empty for nothing."""
    return _words(field, value, phrases(language))


def _optional(part: str, facts: Mapping[str, Any], known: Phrases) -> str:
    fields = _FIELD.findall(part)
    if any(not _value(field, facts, known) for field in fields):
        return ""
    return _FIELD.sub(lambda field: _value(field[1], facts, known), part)


def _value(path: str, facts: Mapping[str, Any], known: Phrases) -> str:
    """Return a field in words; empty where it is absent, an empty list, or a flag that says nothing when unset."""
    value: Any = facts
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return _words(path.rpartition(".")[2], value, known)


def _words(field: str, value: Any, known: Phrases) -> str:
    match value:
        case None:
            return ""
        case bool():
            return known.words.get(field, {}).get(str(value).lower(), "")
        case {"amount": amount, "currency": currency}:
            return f"{_money(Decimal(str(amount)))} {currency}"
        case {"parameter": parameter, "score": score, "out_of": best}:
            return f"{parameter} {score}/{best}"
        case {"criterion": criterion, "score": score}:
            return f"{criterion} {score}/10"
        case list() | tuple():
            return ", ".join(_words(field, one, known) for one in value)
        case str() if found := _INSTANT.fullmatch(value):
            return f"{found[1]} {found[2]} UTC"
        case _:
            return known.words.get(field, {}).get(str(value), str(value))


def _money(amount: Decimal) -> str:
    """Return every digit that was recorded, two of them behind the point at least."""
    exponent = amount.as_tuple().exponent
    behind = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:,.{behind}f}".replace(",", "\u00a0")
