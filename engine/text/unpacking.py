"""All that octets say, however they are packed: as they are, as JSON, as a mail, as base64 in either.

Whoever sent them may have meant harm. What cannot be decoded stands as it came, nothing recurses,
and nothing is raised: should a parser give up, ``whole`` says so.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as Mail
from typing import Any, Final

import orjson

_SHORTEST_PACKED: Final = 5
_SHORTEST_RUN: Final = 16
_RUN: Final = re.compile(rb"[A-Za-z0-9+/]{%d,}={0,2}" % _SHORTEST_RUN)
_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")
_UNDECODABLE: Final = (HeaderParseError, LookupError, ValueError)
_OTHER_CHARSETS: Final = ("cp1251", "koi8-r", "cp866", "utf-16-le", "utf-16-be")
"""What a text that is no UTF-8 may be in."""
_ENCODED_WORD: Final = re.compile(r"=\?[^?\s]*\?[bqBQ]\?[^?]*\?=")


@dataclass(frozen=True, slots=True)
class Said:
    """What octets say. Holds personal text."""

    texts: tuple[str, ...] = field(repr=False)
    whole: bool
    """False: some of it could not be unpacked, so that it may say more."""


def said_in(octets: bytes) -> Said:
    """Return all that these octets say; never raises."""
    texts: list[str] = []
    whole = True
    waiting = [octets]
    while waiting:
        one = waiting.pop()
        texts.append(plain := one.decode("utf-8", "replace"))
        if "\N{REPLACEMENT CHARACTER}" in plain or "\0" in plain:
            texts += [one.decode(charset, "replace") for charset in _OTHER_CHARSETS]
        try:
            node = orjson.loads(one)
        except orjson.JSONDecodeError:
            waiting += _packed_in_broken_json(one)
            try:
                for text in _of_mail(one):
                    texts.append(text)  # what was read before a parser gives up is kept
            except Exception:  # noqa: BLE001 # the parsers of the library raise whatever a hostile mail brings about
                whole = False
        else:
            for text in _of_json(node):
                texts.append(text)
                waiting += _packed_in(text)
    texts += [_without_escapes(text) for text in texts if "\\u" in text]
    return Said(tuple(texts), whole)


# --- JSON -------------------------------------------------------------------------------------


def _of_json(node: Any) -> Iterator[str]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            yield from one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _packed_in(text: str) -> list[bytes]:
    """Return what a string of JSON holds in turn: a payload in base64, or a raw mail."""
    if "\n" in text and ":" in text:
        return [text.encode("utf-8", "replace")]
    try:
        packed = base64.b64decode(text, validate=True) if len(text) >= _SHORTEST_PACKED else b""
    except (binascii.Error, ValueError):
        return []
    return [packed] if packed else []


def _packed_in_broken_json(octets: bytes) -> list[bytes]:
    """Return what looks like base64 in JSON that was cut off or is nested too deep."""
    if not octets.lstrip().startswith((b"{", b"[")):
        return []
    return [base64.b64decode(run[: len(run) // 4 * 4]) for run in _RUN.findall(octets) if b"=" not in run[:-2]]


def _without_escapes(text: str) -> str:
    """Return a text with JSON's escapes of letters resolved, for JSON that cannot be read as such."""
    letters = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return letters.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# --- mail -------------------------------------------------------------------------------------


def _of_mail(octets: bytes) -> Iterator[str]:
    mail: Mail = message_from_bytes(octets)
    for part in mail.walk():
        for value in part.values():
            yield _header(str(value))
        body = part.get_payload(decode=True)
        if isinstance(body, bytes):
            yield _decoded(body, _charset(part))


def _header(value: str) -> str:
    """Return a header with its encoded words decoded; one that cannot be stands as it came."""
    try:
        return _words(value)
    except _UNDECODABLE:
        return _ENCODED_WORD.sub(lambda word: _word(word[0]), value)


def _word(value: str) -> str:
    try:
        return _words(value)
    except _UNDECODABLE:
        return value


def _words(value: str) -> str:
    found = decode_header(value)
    return "".join(text if isinstance(text, str) else _decoded(text, charset) for text, charset in found)


def _charset(part: Mail) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError):
        return None


def _decoded(octets: bytes, charset: str | None) -> str:
    try:
        return octets.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", "replace")
