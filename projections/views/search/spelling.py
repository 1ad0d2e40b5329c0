"""How a text and a code are spelled before they are kept or looked for; both sides must agree, so both come here."""

import re
import unicodedata
from typing import Final

MOST_CHARACTERS: Final = 100_000
"""Of one person's words in one event; what lies behind is not searched. PostgreSQL takes 1 MB of words in a row."""
LONGEST_CODE: Final = 64

_OUTER = re.compile(r"[\W_]+")
_SIGNS = re.compile(r"[^\w\x00-\x7f]")
_ACCENTS: Final = frozenset(map(chr, range(0x300, 0x370)))
"""Those that NFKC could not make one with their letter."""
_HYPHEN: Final = "\u2010"
"""What NFKC makes of the hyphen that does not break a line."""
_LOOK_ALIKE: Final = str.maketrans("авекмнорстух", "abekmhopctyx")
"""Cyrillic letters that a serial number is typed with by mistake, since they look like Latin ones."""


def plain(text: str) -> str:
    """Return a text in small letters, ё as е, composed, without what the database cannot hold.

    The database's own lowering depends on its locale, and so does what it takes for a letter: where that is C,
    «чайник», kettle’s and a dash would be words of their own. So nothing is left to it: signs outside ASCII are blanks.
    """
    shown = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS].replace("№", " ")).lower()
    return _SIGNS.sub(_blank, shown.replace("ё", "е").replace("\0", " "))


def _blank(found: re.Match[str]) -> str:
    """What nobody types parts no word, be it a soft hyphen or the accent on за́мок; marks of other scripts stay."""
    sign = found[0]
    kind = unicodedata.category(sign)
    if kind == "Cf" or sign in _ACCENTS:
        return ""
    if kind[0] == "M":
        return sign
    return "-" if sign == _HYPHEN else " "


def code(text: str) -> str:
    """Return a number or code as letters and digits alone, so that ``AB-12 / 3`` is found as ``ab123``.

    Empty where nothing is left or where it is too long to be one.
    """
    bare = _OUTER.sub("", plain(text)).translate(_LOOK_ALIKE)
    return bare if len(bare) <= LONGEST_CODE else ""
