"""Messages of cases as Internet mail (RFC 5322). Pure: the same messages always give the same octets.

A mail's Message-ID is the id of the message that it carries, so a mail that is sent twice is known as
one, and an answer or a bounce finds its case. Mail that nobody wrote says so (RFC 3834) and carries
our own mark: whatever answers it by itself, another Plaint included, is recognised and answered by nobody.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.charset import QP, Charset
from email.encoders import encode_base64
from email.header import Header
from email.headerregistry import Address
from email.message import Message
from email.utils import format_datetime, formataddr
from functools import reduce
from hashlib import sha256
from typing import Final
from uuid import UUID

from engine.ids import derived
from schemas.channels.mail.automatic import OWN_MARK

_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_ID: Final = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,500}>")
_LOCAL: Final = re.compile(r"[\x21-\x7e]{1,64}")
_SPECIAL: Final = frozenset('<>"(),:;@\\[]')
_DOMAIN: Final = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,20}")
_UTF_8: Final = Charset("utf-8")
_UTF_8.body_encoding = QP
_OCTETS: Final = "application/octet-stream"
"""What a message that is enclosed goes as: a mail in base64 is none for most readers (RFC 2046, 5.2.1)."""
_TOGETHER: Final = {"en": "{count} notices", "ru": "Уведомлений: {count}"}


class NoAddress(ValueError):
    """Nothing can be sent there: this is no address of a mailbox. Says nothing of it."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file that a mail carries."""

    name: str = field(repr=False)
    media_type: str
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message that is to be sent. Holds personal text."""

    message: UUID
    to: str = field(repr=False)
    subject: str | None = field(repr=False)
    body: str = field(repr=False)
    written_at: datetime
    number: str
    """Of the case: it stands in the subject, so that an answer finds it by whatever program. Empty: there is none."""
    automated: bool = True
    language: str | None = None
    answers: str | None = field(default=None, repr=False)
    """Message-ID of the mail that it answers."""
    unsubscribe: str | None = field(default=None, repr=False)
    """Where a program that reads mail can say that no more is wanted (RFC 8058)."""
    files: tuple[Enclosed, ...] = ()


@dataclass(frozen=True, slots=True)
class From:
    """Who sends. ``domain`` stands behind the @ of our Message-IDs."""

    address: Address
    domain: str


def sender(text: str, domain: str | None = None) -> From:
    """Return who sends, of a text such as ``Complaints <complaints@example.com>``.

    Raises:
        NoAddress: it is none.
    """
    name, opening, rest = text.partition("<")
    found = mailbox(rest.removesuffix(">") if opening else text, name.strip().strip('"') if opening else "")
    return From(found, domain or found.domain)


def mailbox(text: str, name: str = "") -> Address:
    """Return an address as headers take it.

    Raises:
        NoAddress: it is none, or has letters beyond ASCII in front of the @, which few servers take.
    """
    local, _, domain = text.strip().rpartition("@")
    try:
        known = domain.encode("idna").decode()
    except UnicodeError as error:
        raise NoAddress("this is no address of a mailbox") from error
    if not _LOCAL.fullmatch(local) or _SPECIAL & set(local) or not _DOMAIN.fullmatch(known):
        raise NoAddress("this is no address of a mailbox")
    return Address(_BREAKS.sub(" ", name), local, known)


def message_id(message: UUID, sender: From) -> str:
    """Return the Message-ID of a message."""
    return f"<{message}@{sender.domain}>"


def compose(letter: Letter, sender: From) -> Message:
    """Return the mail of one message.

    Raises:
        NoAddress: it has no address that mail can be sent to.
    """
    mail = _headed(letter, sender, letter.message, _subject(letter))
    if letter.answers is not None and _ID.fullmatch(letter.answers):
        mail["In-Reply-To"] = mail["References"] = letter.answers
    _fill(mail, letter.body, letter.files)
    return mail


def together(letters: Sequence[Letter], sender: From) -> Message:
    """Return one mail that carries several messages to the same mailbox, in their order.

    Raises:
        NoAddress: as ``compose``.
    """
    if len(letters) == 1:
        return compose(letters[0], sender)
    first, language = letters[0], letters[0].language or "en"
    own = reduce(lambda so_far, one: derived(so_far, str(one.message)), letters, UUID(int=0))
    subject = _TOGETHER.get(language, _TOGETHER["en"]).format(count=len(letters))
    mail = _headed(first, sender, own, subject)
    body = "\n".join(f"{_subject(letter)}\n\n{letter.body.strip()}\n\n" for letter in letters)
    _fill(mail, body, tuple(file for letter in letters for file in letter.files))
    return mail


def _headed(letter: Letter, sender: From, own: UUID, subject: str) -> Message:
    """Return a mail without text. The library's newer kind of mail loses blanks where it folds a long subject."""
    mail = Message()
    mail["From"] = formataddr((sender.address.display_name, sender.address.addr_spec))
    mail["To"] = mailbox(letter.to).addr_spec
    mail["Subject"] = Header(subject, "us-ascii" if subject.isascii() else "utf-8", header_name="Subject").encode()
    mail["Date"] = format_datetime(letter.written_at)
    mail["Message-ID"] = message_id(own, sender)
    mail["MIME-Version"] = "1.0"
    if letter.language is not None:
        mail["Content-Language"] = letter.language
    if letter.unsubscribe is not None:
        mail["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if letter.automated:
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail[OWN_MARK] = str(own)
    return mail


def _fill(mail: Message, body: str, files: Sequence[Enclosed]) -> None:
    if not files:
        return _say(mail, body)
    said = Message()
    _say(said, body)
    del said["MIME-Version"]
    mail.add_header("Content-Type", "multipart/mixed", boundary=f"={UUID(bytes=_digest(files)).hex}=")
    mail.set_payload([said, *(_part(file) for file in files)])
    return None


def _digest(files: Sequence[Enclosed]) -> bytes:
    """Return what no text holds by chance and the same files always give."""
    return sha256(b"".join(file.octets for file in files)).digest()[:16]


def _part(file: Enclosed) -> Message:
    part = Message()
    part["Content-Type"] = file.media_type if not file.media_type.startswith(("message/", "multipart/")) else _OCTETS
    name = file.name if file.name.isascii() else ("utf-8", "", file.name)
    part.add_header("Content-Disposition", "attachment", filename=name)
    part.set_payload(file.octets)
    encode_base64(part)
    return part


def _say(mail: Message, body: str) -> None:
    text = body.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    mail.set_payload(text if text.endswith("\n") else text + "\n", _UTF_8)


def _subject(letter: Letter) -> str:
    """Return the subject as one line that names the case, unless it does already."""
    line = _BREAKS.sub(" ", letter.subject or "").strip()
    return line if letter.number in line else f"[{letter.number}] {line}".strip()
