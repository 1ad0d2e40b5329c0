"""Links that Plaint gives to people outside: signed, for one purpose and one cycle of one case, until a day.

Of whom a survey campaign asks, the cycle counts his invitations.

Whoever has a link may do what it is for and nothing else; nothing of it is stored but what it led to. The
signature is made when a message is sent, so no text of a case holds a link that works.
"""

import binascii
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Final, Literal
from uuid import UUID

PATH: Final = "/p/"
"""Below which the pages for people outside stand."""
Keyed = Callable[[str, bytes], bytes]
"""A keyed hash of octets of a named kind."""
Purpose = Literal["status", "rate", "decline"]

_KIND: Final = "link"
_PURPOSES: Final[tuple[Purpose, ...]] = ("status", "rate", "decline")
"""A purpose is known by its place; new ones come last."""
_FIELDS: Final = struct.Struct(">B16sHI")
_PROOF_OCTETS: Final = 16
_UNSIGNED: Final = re.compile(rf"{PATH}~({'|'.join(_PURPOSES)})~(\d{{1,5}})~(\d{{1,10}})(?![\w~-])")
_MOST_CYCLE: Final = 0xFFFF
_MOST_SECONDS: Final = 0xFFFFFFFF


class BadLink(ValueError):
    """It is none of ours, or it was changed on its way."""


class LinkOver(ValueError):
    """It was ours, and its time is over."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is good for. ``until`` counts in whole seconds, UTC."""

    purpose: Purpose
    stream: UUID
    cycle: int
    until: datetime


def written(link: Link, keyed: Keyed) -> str:
    """Return the link's token, 52 characters that any address takes."""
    seconds = int(link.until.timestamp())
    said = _FIELDS.pack(_PURPOSES.index(link.purpose), link.stream.bytes, link.cycle, seconds)
    return urlsafe_b64encode(said + _proof(said, keyed)).decode().rstrip("=")


def read(token: str, keyed: Keyed, now: datetime) -> Link:
    """Return what a token is good for.

    Raises:
        BadLink: it was not made by this installation, or was changed.
        LinkOver: its time is over.
    """
    try:
        octets = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        said, proof = octets[: _FIELDS.size], octets[_FIELDS.size :]
        place, stream, cycle, seconds = _FIELDS.unpack(said)
        purpose = _PURPOSES[place]
    except (ValueError, binascii.Error, struct.error, IndexError):
        raise BadLink("this is no link of ours") from None
    if not compare_digest(proof, _proof(said, keyed)):
        raise BadLink("this is no link of ours")
    until = datetime.fromtimestamp(seconds, UTC)
    if now >= until:
        raise LinkOver("this link is no longer taken")
    return Link(purpose, UUID(bytes=stream), cycle, until)


def unsigned(pages: str, purpose: Purpose, cycle: int, until: datetime) -> str:
    """Return a link as a stored text holds it: it leads nowhere before ``signed`` has put the signature in.

    ``pages`` is the address below which the pages stand, such as ``https://complaints.example.com``.
    """
    return f"{pages.rstrip('/')}{PATH}~{purpose}~{cycle}~{int(until.timestamp())}"


def signed(text: str, stream: UUID, keyed: Keyed) -> str:
    """Return a text on its way out with every unsigned link of it signed, for the case that it is sent from."""

    def sign(found: re.Match[str]) -> str:
        cycle, seconds = int(found[2]), int(found[3])
        if cycle > _MOST_CYCLE or seconds > _MOST_SECONDS:
            return found[0]
        purpose = next(one for one in _PURPOSES if one == found[1])
        return PATH + written(Link(purpose, stream, cycle, datetime.fromtimestamp(seconds, UTC)), keyed)

    return _UNSIGNED.sub(sign, text)


def of_purpose(text: str, purpose: Purpose) -> str | None:
    """Return the first unsigned link of a text that is for this purpose, with its whole address."""
    found = re.search(rf"https?://[^\s<>]*{PATH}~{purpose}~\d{{1,5}}~\d{{1,10}}(?![\w~-])", text)
    return found[0] if found is not None else None


def _proof(said: bytes, keyed: Keyed) -> bytes:
    return keyed(_KIND, said)[:_PROOF_OCTETS]
