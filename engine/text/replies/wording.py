"""How a reply is worded: stock phrases, officialese, long sentences, chains of nouns, blame and defence."""

import re
from collections.abc import Iterator
from typing import Final

from engine.text import lists
from engine.text.replies.finding import Check, Finding
from engine.text.words import Place, SpokenLanguage, language_of, plain, sentences, words

LONGEST_SENTENCE: Final[dict[SpokenLanguage, int]] = {"en": 32, "ru": 28}
"""Words; a longer one is hard to read at once."""
_CHAIN: Final = 4
"""So many nouns made of verbs, one after the other, are a chain."""
_NOUN: Final[dict[SpokenLanguage, re.Pattern[str]]] = {
    "en": re.compile(r"\w{2,}(?:tion|sion|ment|ance|ence|ity|ness|ure|al|ing)s?"),
    "ru": re.compile(r"\w{2,}(?:ни[еяюий]|нием|ниям|ниях|ти[еяюй]|тием|ци[яиюей]|цией|ост[ьи]|остью|ств[оаеу]|ством)"),
}  # fmt: skip
_BETWEEN: Final[dict[SpokenLanguage, frozenset[str]]] = {
    "en": frozenset({"of", "the", "a", "for", "and", "our", "your", "in"}),
    "ru": frozenset({"и", "по", "о", "об", "в", "на", "при", "для", "к", "с"}),
}
_LISTS: Final[tuple[tuple[Check, str], ...]] = (
    ("officialese", "officialese"), ("blame", "blame"), ("defence", "defence"),
)  # fmt: skip


def wording(text: str) -> list[Finding]:
    """Return everything in the wording that is to be mended, in the order of the text."""
    language = language_of(text)
    found = [
        Finding(check, hit.place, hit.words, hit.instead)
        for check, name in _LISTS
        for hit in lists.find(text, name, language)
    ]
    found += [*_stock(text, language), *_long(text, language), *_chains(text, language)]
    return sorted(found, key=lambda one: (one.place or (0, 0), one.check))


def _stock(text: str, language: SpokenLanguage) -> Iterator[Finding]:
    """A stock phrase is no fault where its sentence or the next one tells a number or a deed."""
    pieces = sentences(text)
    for hit in lists.find(text, "stock", language):
        here = next((number for number, piece in enumerate(pieces) if piece.end > hit.place.start), 0)
        beside = pieces[here : here + 2]
        rest = " ".join(_without(text, piece, hit.place) for piece in beside)
        if not re.search(r"\d", rest) and not lists.holds(rest, "facts", language):
            yield Finding("stock_phrase", hit.place, hit.words)


def _without(text: str, piece: Place, phrase: Place) -> str:
    """Return a sentence without the phrase in it."""
    if phrase.start >= piece.end or phrase.end <= piece.start:
        return text[piece.start : piece.end]
    return f"{text[piece.start : phrase.start]} {text[phrase.end : piece.end]}"


def _long(text: str, language: SpokenLanguage) -> Iterator[Finding]:
    for place in sentences(text):
        said = text[place.start : place.end]
        if sum(1 for _ in words(said)) > LONGEST_SENTENCE[language]:
            yield Finding("long_sentence", place, said)


def _chains(text: str, language: SpokenLanguage) -> Iterator[Finding]:
    """Find runs of nouns made of verbs with at most small words between them."""
    run: list[Place] = []
    before: Place | None = None
    for word, place in (*words(plain(text)), ("", Place(len(text), len(text)))):
        apart = before is not None and re.search(r"[.,;:!?\n()—–]", text[before.end : place.start]) is not None
        noun = bool(word) and len(word) > 4 and _NOUN[language].fullmatch(word) is not None
        if run and (apart or not (noun or word in _BETWEEN[language])):
            yield from _chain(text, run)
            run = []
        if noun:
            run.append(place)
        before = place


def _chain(text: str, run: list[Place]) -> Iterator[Finding]:
    if len(run) >= _CHAIN:
        place = Place(run[0].start, run[-1].end)
        yield Finding("noun_chain", place, text[place.start : place.end])
