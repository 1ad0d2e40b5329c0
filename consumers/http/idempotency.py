"""What makes a command safe to send again: its key, and the version that it was made for."""

import re
from typing import Annotated, Final

from fastapi import Header

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="The command's id, kept for good: again under it the command changes nothing, and its answer comes "
        "again while it is kept. With another content it is 422. Bare, or as a string of RFC 8941",
    ),
]
Match = Annotated[
    str | None,
    Header(alias="If-Match", max_length=40, description="The ETag that the command was made for; another one is 412"),
]

REPLAYED: Final = "Idempotency-Replayed"
"""Header of an answer, ``true``: the same has come before. Only that tells it from the first answer."""

_QUOTED: Final = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_TAG: Final = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')


def plain(key: str | None) -> str | None:
    """Return a key without the quotes of a structured field: ``"k-1"`` and ``k-1`` are one."""
    found = _QUOTED.fullmatch((key or "").strip())
    return key if found is None else re.sub(r"\\(.)", r"\1", found[1]) or None


def version(match: str | None) -> int | None:
    """Return the version in an entity tag of ours; None where it is none."""
    found = _TAG.fullmatch((match or "").strip())
    return None if found is None else int(found[1])
