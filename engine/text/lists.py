"""Lists of phrases, one file a list and language in ``lists/<language>/<name>.txt``, found with their places.

A line is a phrase, and after ``=`` what to write instead. ``#`` begins a comment. In a phrase
``~`` stands for any ending of a word, ``(a|b)`` for one of several, ``( a)?`` for what may be
missing, ``...`` for up to three words. It begins where a word begins and ends where one ends.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from engine.text.words import Place, SpokenLanguage, language_of, plain

_BETWEEN: Final = r"(?:[^\w.!?]+\w+){0,3}[^\w.!?]+"


class Hit(NamedTuple):
    """A phrase of a list, where it stands, and what to write instead where the list says so."""

    place: Place
    words: str
    instead: str | None = None


class BadPhrase(ValueError):
    """A line of a list is no phrase. Names list, line and fix."""


def find(text: str, name: str, language: SpokenLanguage | None = None) -> list[Hit]:
    """Return every place where a phrase of the list stands, in order; places of one list never overlap.

    Raises:
        BadPhrase: the list holds a line that is no phrase.
    """
    found = _compiled(language or language_of(text), name)
    if found is None:
        return []
    pattern, instead = found
    said = plain(text)
    return [
        Hit(Place(match.start(), match.end()), text[match.start() : match.end()], instead[(match.lastindex or 1) - 1])
        for match in pattern.finditer(said)
    ]


def holds(text: str, name: str, language: SpokenLanguage | None = None) -> bool:
    """Whether a phrase of the list stands in the text."""
    return bool(find(text, name, language))


@cache
def _compiled(language: SpokenLanguage, name: str) -> tuple[re.Pattern[str], tuple[str | None, ...]] | None:
    """Return one pattern with a group for each phrase, and what to write instead of each; None without a list."""
    file = files("engine.text").joinpath("lists", language, f"{name}.txt")
    if not file.is_file():
        return None
    patterns: list[str] = []
    instead: list[str | None] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        phrase, _, better = (part.strip() for part in line.partition("#")[0].partition("="))
        if phrase:
            patterns.append(pattern_of(phrase, f"{language}/{name}.txt, line {number}"))
            instead.append(better or None)
    if not patterns:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE), tuple(instead)


def pattern_of(phrase: str, where: str) -> str:
    """Return a phrase as a group of a regular expression.

    Raises:
        BadPhrase: a parenthesis of it is open, or it is otherwise none.
    """
    text = re.sub(r"\s*\.\.\.\s*", "\0", plain(phrase))
    text = re.sub(r"\s+", r"\\s+", text.replace("(", "(?:").replace(".", r"\."))
    text = text.replace("~", r"\w*").replace("\0", _BETWEEN)
    try:
        re.compile(text)
    except re.error as error:
        raise BadPhrase(f"{where}: {error.msg}; close the parenthesis, or write the phrase in plain words") from error
    return f"({text})"
