"""The header section of a mail, read without trust: any header may be missing, broken or hostile.

The standard library's newer header parser (``policy.default``) raises on many broken headers and
takes seconds for one long address list; here its older, forgiving functions are used, each guarded.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message as Parsed
from email.utils import getaddresses, parsedate_to_datetime
from typing import NamedTuple

from schemas.channels.mail.charsets import decode
from schemas.input import clean

MAX_IDS = 200  # message ids read from one References
MAX_MESSAGE_ID = 500  # characters
MAX_MAILBOXES = 100

PLAIN_ADDRESS = re.compile(r"[^\s<>@\",;:()\[\]\\]{1,64}@[^\s<>@\",;:()\[\]\\]{1,255}")
MESSAGE_ID = re.compile(r"<([^<>\s]+)>")


class Mailbox(NamedTuple):
    """A display name and an address, the domain in lower case."""

    name: str
    address: str


class Headers:
    """The headers of one mail or part, by lower-case name, in their order."""

    def __init__(self, pairs: Iterable[tuple[str, object]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(str(value))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def count(self, name: str) -> int:
        return len(self._values.get(name.lower(), ()))

    def all(self, name: str) -> list[str]:
        """Return the values as they came, unfolded, raw octets made readable."""
        return [_readable(value) for value in self._values.get(name.lower(), ())]

    def first(self, name: str) -> str:
        """Return the first value as it came, or nothing."""
        return next(iter(self.all(name)), "")

    def text(self, name: str) -> str:
        """Return the first value with its encoded words (RFC 2047) decoded."""
        return words(self.first(name))

    def ids(self, *names: str) -> tuple[str, ...]:
        """Return the message ids in these headers, each once, the last of each header first.

        The last one of ``References`` is the message answered; the earlier ones are its ancestors.
        """
        found: dict[str, None] = {}
        for name in names:
            for value in self.all(name):
                found.update(dict.fromkeys(reversed(message_ids(value)[-MAX_IDS:])))
        return tuple(found)

    def mailboxes(self, *names: str) -> tuple[Mailbox, ...]:
        """Return the addresses in these headers in order, each once."""
        found: dict[str, Mailbox] = {}
        for name in names:
            for value in self.all(name):
                for mailbox in _mailboxes(value):
                    found.setdefault(mailbox.address.casefold(), mailbox)
        return tuple(found.values())[:MAX_MAILBOXES]

    def date(self, name: str) -> datetime | None:
        """Return the instant in UTC; ``None`` for a date that is missing, broken or outside the calendar.

        A date whose sender does not say his zone (``-0000``) counts as UTC.
        """
        try:
            found = parsedate_to_datetime(self.first(name))
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            return None


def headers_of(part: Parsed) -> Headers:
    """Return the header section of a mail or part."""
    return Headers(part.raw_items())


def message_ids(value: str) -> Sequence[str]:
    """Return the ids as ``<left@right>``; a value without brackets is one id."""
    found = MESSAGE_ID.findall(value) or value.split()[:1]
    return [f"<{inside}>" for inside in found if len(inside) <= MAX_MESSAGE_ID]


def words(value: str) -> str:
    """Decode encoded words; what cannot be decoded stays as it is written."""
    try:
        pieces = decode_header(value)
    except (MessageError, ValueError, LookupError):
        return " ".join(value.split())
    text = "".join(_piece(piece, charset) for piece, charset in pieces)
    return " ".join(text.split())


def _piece(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    if charset is not None:
        return decode(piece, charset)
    try:
        return clean(piece.decode("raw-unicode-escape"))  # how decode_header hands on what was no encoded word
    except UnicodeDecodeError:
        return decode(piece, "latin-1")


_NO_OCTET = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Half characters that stand for no octet: the parser makes none, a caller may."""


def _readable(value: str) -> str:
    """Unfold, and give raw 8-bit octets (kept by the parser as surrogates) their characters."""
    unfolded = re.sub(r"[\r\n]+[ \t]*", " ", value).strip()
    if unfolded.isascii():
        return unfolded.replace("\x00", "")
    return decode(_NO_OCTET.sub("\N{REPLACEMENT CHARACTER}", unfolded).encode("utf-8", "surrogateescape"))


def _mailboxes(value: str) -> list[Mailbox]:
    try:
        pairs = getaddresses([value])
    except Exception:  # noqa: BLE001 -- the library's parser fails in many ways on hostile input, recursion included
        pairs = []
    found = [_mailbox(words(name), address) for name, address in pairs if PLAIN_ADDRESS.fullmatch(address)]
    return found or [_mailbox("", address) for address in PLAIN_ADDRESS.findall(words(value))[:MAX_MAILBOXES]]


def _mailbox(name: str, address: str) -> Mailbox:
    left, _, right = address.rpartition("@")
    return Mailbox(name.strip("\"' "), f"{left}@{right.lower()}")
