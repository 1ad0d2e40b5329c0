"""How a text and a code are spelled before they are kept or looked for; both sides must agree, so both come here."""

import re
import unicodedata
from typing import Final

MOST_CHARACTERS: Final = 100_000
"""Of one person's words in one event; what lies behind is not searched. PostgreSQL takes 1 MB of words in a row."""
LONGEST_CODE: Final = 64

_OUTER = re.compile(r"[\W_]+")
_LOOK_ALIKE: Final = str.maketrans("авекмнорстух", "abekmhopctyx")
"""Cyrillic letters that a serial number is typed with by mistake, since they look like Latin ones."""


def plain(text: str) -> str:
    """Return a text in small letters, ё as е, composed, without what the database cannot hold.

    The database's own lowering depends on its locale, so nothing is left to it.
    """
    shown = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).lower()
    return shown.replace("ё", "е").replace("\0", " ")


def code(text: str) -> str:
    """Return a number or code as letters and digits alone, so that ``AB-12 / 3`` is found as ``ab123``.

    Empty where nothing is left or where it is too long to be one.
    """
    bare = _OUTER.sub("", plain(text)).translate(_LOOK_ALIKE)
    return bare if len(bare) <= LONGEST_CODE else ""
