"""A text as sentences, words and stems, Russian and English alike; every piece knows where it stands."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal, NamedTuple

SpokenLanguage = Literal["en", "ru"]

_SAME: Final = str.maketrans(
    {
        "ё": "е", "Ё": "Е", "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ", "\N{NON-BREAKING HYPHEN}": "-",
    }
)  # fmt: skip
_WORD: Final = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_BREAK: Final = re.compile(r"(?<=[.!?…])[\"»)\]]*\s+|\s*\n\s*")
_SHORT: Final = re.compile(r"(?:\b[^\W\d_]|\b(?:mr|mrs|ms|dr|no|тел|ул|руб|коп|стр|им|т\.е|т\.к))\.$", re.IGNORECASE)
_CYRILLIC: Final = re.compile(r"[а-яА-ЯёЁ]")
_LATIN: Final = re.compile(r"[a-zA-Z]")
_ENDINGS: Final = re.compile(
    r"(?:ings?|edly|ied|ies|ed|es|e|s|ly|y|"
    r"иями|ями|ами|иях|ях|ах|ого|его|ому|ему|ыми|ими|ться|тся|лась|лся|лись|ешь|ете|ите|"
    r"ая|яя|ую|юю|ое|ее|ые|ие|ый|ий|ой|ей|ом|ем|ам|ям|ов|ев|ла|ло|ли|ть|ет|ит|ют|ят|ут|ат|"
    r"а|я|о|е|ы|и|у|ю|ь|л)$"
)
_EMPTY_WORDS: Final = (
    "the and for you your yours our ours that this with was were are have has had not but from they them will would "
    "can could what when where who why how which been there here just very please than then into about also its it's "
    "она они оно его еще нас вас вам нам мне меня мой моя мои наш ваш ваша ваши наши наша что как так для при это этот "
    "эта эти был была было были есть или если уже все всё уж бы же ли не ни на по за от до из без под над про мы вы я "
    "он и в с к о у а но да нет чтобы который которая которые когда где почему зачем сколько кто чем тем том"
)
_EMPTY: Final = frozenset(_EMPTY_WORDS.split())


class Place(NamedTuple):
    """Where a piece stands, in characters of the text: from ``start`` up to before ``end``."""

    start: int
    end: int


def plain(text: str) -> str:
    """Return the text with ``ё``, odd quotes and blanks as they are compared; every character keeps its place."""
    return text.translate(_SAME)


def language_of(text: str) -> SpokenLanguage:
    """Return which of the two languages a text is written in, by its letters."""
    return "ru" if len(_CYRILLIC.findall(text)) > len(_LATIN.findall(text)) else "en"


def sentences(text: str) -> list[Place]:
    """Return the sentences in order, without the blanks around them; a line break ends one too."""
    found: list[Place] = []
    start = 0
    for cut in _BREAK.finditer(text):
        if "\n" not in cut[0] and _SHORT.search(text, max(0, cut.start() - 12), cut.start()):
            continue
        _add(found, text, start, cut.start())
        start = cut.end()
    _add(found, text, start, len(text))
    return found


def _add(found: list[Place], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    if piece.strip():
        lead = len(piece) - len(piece.lstrip())
        found.append(Place(start + lead, start + len(piece.rstrip())))


def words(text: str) -> Iterator[tuple[str, Place]]:
    """Yield the words of letters in small letters, each with its place; numbers are none."""
    for match in _WORD.finditer(text):
        yield match[0].lower(), Place(match.start(), match.end())


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Return what the forms of a word have in common: its ending off, at most eight letters."""
    short = _ENDINGS.sub("", word) if len(word) > 4 else word
    return (short if len(short) >= 3 else word)[:8]


def stems(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in order."""
    return [stem(word) for word, _ in words(plain(text)) if len(word) > 2 and word not in _EMPTY]
