"""The structure of a mail: which part is its text, which parts are files.

The parser is the standard library's with ``compat32``: measured on broken mails,
``policy.default`` raises IndexError and ValueError where this one goes on.
"""

from collections.abc import Iterator
from email.errors import MessageError
from email.message import Message as Parsed
from email.parser import BytesParser
from email.policy import Compat32
from typing import NamedTuple

from schemas.channels.mail.charsets import decode
from schemas.channels.mail.headers import headers_of, words
from schemas.channels.mail.html_text import text_of
from schemas.channels.media_types import media_type
from schemas.channels.message import Attachment, MessageRefused
from schemas.input import MAX_TEXT, clean

MAX_PARTS = 1_000
MAX_DEPTH = 30  # of multiparts within multiparts
MAX_HEADER = 16_384  # characters read of one header
MAX_FILES = 100
MAX_FILENAME = 255  # characters

TOO_MANY_PARTS = MessageRefused("raw", "has too many parts", f"send at most {MAX_PARTS} MIME parts")


class _Short(Compat32):
    """Cuts every header to ``MAX_HEADER``; of References and Received chains the end is what counts."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[-MAX_HEADER:] if name.lower() == "references" else value[:MAX_HEADER]


POLICY = _Short(mangle_from_=False, max_line_length=None, linesep="\r\n")


class Body(NamedTuple):
    """The text of a mail and whether it had to be made from HTML."""

    text: str
    from_html: bool


def parse(raw: bytes) -> Parsed:
    """Return the tree of parts.

    Raises:
        MessageRefused: it has more than ``MAX_PARTS`` parts, or is nested beyond parsing.
    """
    made = 0

    def counted(policy: _Short = POLICY) -> Parsed:
        nonlocal made
        made += 1
        if made > MAX_PARTS:
            raise TOO_MANY_PARTS
        return Parsed(policy=policy)

    try:
        return BytesParser(counted, policy=POLICY).parsebytes(raw)
    except MessageRefused:
        raise MessageRefused(TOO_MANY_PARTS.path, TOO_MANY_PARTS.reason, TOO_MANY_PARTS.fix) from None
    except Exception:  # noqa: BLE001 -- the library's parser fails in many ways on hostile input, recursion included
        raise MessageRefused("raw", "cannot be parsed", "send a message as RFC 5322 and RFC 2045 say") from None


def leaves(part: Parsed, depth: int = 0) -> Iterator[Parsed]:
    """Yield every part that is no container, in order; a message within the message is one leaf."""
    if part.get_content_maintype() != "multipart" or depth >= MAX_DEPTH:
        yield part
        return
    for child in children(part):
        yield from leaves(child, depth + 1)


def children(part: Parsed) -> list[Parsed]:
    """Return the parts inside; a container that is broken has none."""
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Parsed)] if isinstance(payload, list) else []


def body_of(message: Parsed) -> Body:
    """Return the text: of alternatives the plain one unless it is blank, of several texts all.

    A mail that says nothing itself but carries another one (forwarded as a file) says what that one says.
    """
    texts = [body for body in _texts(message, 0) if body.text.strip()]
    if not texts:
        inner = next((part for part in leaves(message) if part.get_content_type() == "message/rfc822"), None)
        forwarded = children(inner)[:1] if inner else []
        texts = [body for child in forwarded for body in _texts(child, 0) if body.text.strip()]
    text = "\n\n".join(body.text.strip() for body in texts)
    return Body(text[:MAX_TEXT], bool(texts) and all(body.from_html for body in texts))


def _texts(part: Parsed, depth: int) -> list[Body]:
    if depth > MAX_DEPTH:
        return []
    if part.get_content_type() == "multipart/alternative":
        options = [_texts(child, depth + 1) for child in children(part)]
        spoken = [option for option in options if any(body.text.strip() for body in option)]
        plain = [option for option in spoken if not any(body.from_html for body in option)]
        return next(iter(plain or spoken), [])
    if part.get_content_maintype() == "multipart":
        return [body for child in children(part) for body in _texts(child, depth + 1)]
    return [_text(part)] if _is_body(part) else []


def _is_body(part: Parsed) -> bool:
    spoken = part.get_content_type() in ("text/plain", "text/html")
    return spoken and _disposition(part) != "attachment" and not filename(part)


def _disposition(part: Parsed) -> str:
    return headers_of(part).first("content-disposition").partition(";")[0].strip().lower()


def _text(part: Parsed) -> Body:
    text = decode(octets(part), _charset(part))
    if part.get_content_type() == "text/html":
        return Body(text_of(text), from_html=True)
    return Body("\n".join(text.splitlines()), from_html=False)


def _charset(part: Parsed) -> str | None:
    try:
        return part.get_content_charset()
    except (ValueError, LookupError, TypeError):
        return None


def octets(part: Parsed) -> bytes:
    """Return the content of a leaf with its transfer encoding undone as far as it can be."""
    try:
        found = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        return b""
    return found if isinstance(found, bytes) else b""


def filename(part: Parsed) -> str:
    """Return the file name of RFC 2231, or the encoded words many mailers write in its place; no path."""
    try:
        given = part.get_filename() or ""
    except (ValueError, LookupError, TypeError, IndexError):
        return ""
    readable = words(given) if given.isascii() else decode(given.encode("utf-8", "surrogateescape"))
    return clean(readable).replace("\\", "/").rpartition("/")[2].strip()[:MAX_FILENAME]


def files_of(message: Parsed) -> tuple[Attachment, ...]:
    """Return every part that is not the text, in order, forwarded messages as they were.

    Raises:
        MessageRefused: there are more than ``MAX_FILES``.
    """
    found = tuple(_file(part) for part in leaves(message) if not _is_body(part) and not _is_hollow(part))
    if len(found) > MAX_FILES:
        raise MessageRefused("raw", "has too many attachments", f"send at most {MAX_FILES}")
    return found


def _is_hollow(part: Parsed) -> bool:
    """Tell a container without parts: a broken boundary, or the report that is read elsewhere."""
    return part.get_content_maintype() == "multipart" or part.get_content_type() == "message/delivery-status"


def _file(part: Parsed) -> Attachment:
    inner = children(part)
    content = _whole(inner[0]) if inner else octets(part)
    name = filename(part)
    return Attachment(
        filename=name or ("message.eml" if inner else ""),
        media_type=media_type(part.get_content_type()),
        content=content,
        inline=_disposition(part) != "attachment" and "content-id" in headers_of(part),
    )


def _whole(message: Parsed) -> bytes:
    try:
        return message.as_bytes(policy=POLICY)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError):
        return octets(message)
