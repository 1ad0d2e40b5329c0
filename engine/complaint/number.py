"""The case number: what people call a complaint by."""

from typing import Final
from uuid import UUID

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS: Final = 50


def case_number(stream: UUID) -> str:
    """Return ``PL-XXXXX-XXXXX``: the last 50 bits of the random id in Crockford's base 32.

    The letters I, L, O and U are not in the alphabet, so that a number survives being read aloud.
    The last bits are taken because every kind of UUID keeps its randomness there.
    """
    bits = stream.int & ((1 << _BITS) - 1)
    digits = "".join(_CROCKFORD[(bits >> shift) & 31] for shift in range(_BITS - 5, -1, -5))
    return f"PL-{digits[:5]}-{digits[5:]}"
