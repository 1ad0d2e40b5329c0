"""Octets of a mail become text, whatever their sender calls the character set.

Only character sets of a closed list are tried: the names in a mail come from strangers, and
Python's codecs include some that are slow or are no character sets at all.
"""

import re
from collections import Counter

from schemas.input import clean

ALIASES = {
    "utf8": "utf-8", "utf-8": "utf-8", "unicode-1-1-utf-8": "utf-8", "us-ascii": "ascii", "ascii": "ascii",
    "koi8-r": "koi8-r", "koi8r": "koi8-r", "koi8": "koi8-r", "koi8-u": "koi8-u", "koi8-ru": "koi8-u",
    "windows-1251": "cp1251", "cp1251": "cp1251", "cp-1251": "cp1251", "win-1251": "cp1251", "win1251": "cp1251",
    "x-cp1251": "cp1251", "1251": "cp1251", "cp866": "cp866", "ibm866": "cp866", "dos-866": "cp866",
    "x-mac-cyrillic": "mac-cyrillic", "iso-8859-5": "iso8859-5", "windows-1252": "cp1252", "cp1252": "cp1252",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "iso-8859-15": "iso8859-15",
    "windows-1250": "cp1250", "iso-8859-2": "iso8859-2", "iso-8859-9": "iso8859-9", "windows-1254": "cp1254",
    "windows-1253": "cp1253", "iso-8859-7": "iso8859-7", "windows-1257": "cp1257", "iso-8859-13": "iso8859-13",
    "iso-8859-4": "iso8859-4", "windows-1255": "cp1255", "iso-8859-8": "iso8859-8", "iso-8859-8-i": "iso8859-8",
    "windows-1256": "cp1256", "iso-8859-6": "iso8859-6", "utf-16": "utf-16", "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be", "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5",
    "iso-2022-jp": "iso2022_jp", "shift_jis": "shift_jis", "euc-jp": "euc_jp", "euc-kr": "euc_kr",
    "ks_c_5601-1987": "cp949", "tis-620": "tis-620", "windows-874": "cp874", "kz-1048": "kz1048",
}  # fmt: skip
"""What mailers call a character set -> Python codec. Latin-1 is read as its superset, as browsers do."""

CYRILLIC = ("cp1251", "koi8-r", "cp866")
LETTERS_SEEN = 4_000  # octets are enough to tell an alphabet
OFTEN = frozenset("оеаинтсрвлкмдпу ")


def decode(octets: bytes, declared: str | None = None) -> str:
    """Return the text of ``octets``: as declared if that fits, else UTF-8 if that fits, else the likeliest.

    Never fails: what no character set explains keeps replacement characters. NUL is dropped.
    """
    codec = ALIASES.get((declared or "").strip("\"' \t").lower())
    for candidate in (codec, "utf-8"):
        text = _strictly(octets, candidate) if candidate else None
        if text is not None:
            return clean(text)
    return clean(octets.decode(_likeliest(octets, codec), "replace"))


def _strictly(octets: bytes, codec: str) -> str | None:
    try:
        return octets.decode(codec)
    except UnicodeError:
        return None


def _likeliest(octets: bytes, declared: str | None) -> str:
    """Choose for octets that are neither what they are declared to be nor UTF-8."""
    if declared not in (None, "ascii", "utf-8"):
        return declared or "utf-8"
    sample = octets[:LETTERS_SEEN]
    high = sum(octet > 0x7F for octet in sample)
    latin = len(re.findall(rb"[A-Za-z]", sample))
    if high and _mostly_utf8(sample):
        return "utf-8"
    if high * 2 < latin:  # a few accents among Latin letters
        return "cp1252"
    return max(CYRILLIC, key=lambda codec: _russianness(sample.decode(codec, "replace")))


def _mostly_utf8(sample: bytes) -> bool:
    """Tell UTF-8 with a few broken octets from another character set declared as UTF-8."""
    beyond_ascii = [letter for letter in sample.decode("utf-8", "replace") if not letter.isascii()]
    return beyond_ascii.count("\ufffd") * 2 < len(beyond_ascii)


def _russianness(text: str) -> int:
    """Score by common small letters; a wrong Cyrillic set swaps cases or yields rare signs."""
    seen = Counter(text)
    return sum(count for letter, count in seen.items() if letter in OFTEN) - seen["\ufffd"]
