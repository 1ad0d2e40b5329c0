"""The case number: what people call a complaint by."""

from typing import Final
from uuid import UUID

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {digit: value for value, digit in enumerate(_CROCKFORD)}
_MISHEARD: Final = str.maketrans("OIL", "011")
_BITS: Final = 50
_BEFORE_VERSION: Final = 48
_ALL: Final = 128


def case_number(stream: UUID) -> str:
    """Return ``PL-XXXXX-XXXXX``: fifty random bits of the id, in Crockford's base 32.

    They are the 48 in front of the version, which every kind of UUID but version 7 keeps random,
    and the two behind it; so an index of ids finds the complaint of a number (``ids_of``), and
    numbers need no table. The letters I, L, O and U are not in the alphabet, so that a number
    survives being read aloud.
    """
    front, behind = stream.int >> (_ALL - _BEFORE_VERSION), stream.int >> 74 & 0b11
    bits = front << 2 | behind
    digits = "".join(_CROCKFORD[(bits >> shift) & 31] for shift in range(_BITS - 5, -1, -5))
    return f"PL-{digits[:5]}-{digits[5:]}"


def meant(text: str) -> str:
    """Return the case number that somebody wrote, however spaced and with what is misheard; other text in capitals.

    ``pl 7gwfc 2w3xl`` means ``PL-7GWFC-2W3X1``.
    """
    bare = "".join(filter(str.isalnum, text.upper()))
    digits = bare.removeprefix("PL").translate(_MISHEARD)
    named = bare.startswith("PL") and len(digits) == _BITS // 5 and _VALUES.keys() >= set(digits)
    return f"PL-{digits[:5]}-{digits[5:]}" if named else text.strip().upper()


def ids_of(number: str) -> tuple[UUID, UUID]:
    """Return the lowest and the highest id that a complaint of this number can have; not all between have it.

    Raises:
        ValueError: it is no case number.
    """
    digits = number.removeprefix("PL-").replace("-", "")
    if len(digits) != _BITS // 5 or not _VALUES.keys() >= set(digits):
        raise ValueError("a case number is PL- and ten digits of Crockford's base 32")
    bits = 0
    for digit in digits:
        bits = bits << 5 | _VALUES[digit]
    lowest = bits >> 2 << (_ALL - _BEFORE_VERSION)
    return UUID(int=lowest), UUID(int=lowest | (1 << (_ALL - _BEFORE_VERSION)) - 1)
