"""An e-mail as it came: raw RFC 5322 octets, read without trust."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from schemas.channels.generic import Theirs
from schemas.channels.mail.automatic import NOTHING_OWN, OwnMail, recognise
from schemas.channels.mail.headers import Headers, headers_of
from schemas.channels.mail.parts import body_of, files_of, parse
from schemas.channels.mail.quoting import split
from schemas.channels.mail.reports import delivery_report
from schemas.channels.message import (
    Author,
    Contact,
    ConversationKey,
    DeliveryReport,
    Message,
    case_numbers,
    conversation_keys,
    language_tag,
)  # fmt: skip
from schemas.input import Base64, Line, fault

MAX_RAW = 40 * 1024 * 1024  # octets; larger than what most mail servers accept
MAX_SUBJECT = 1_000  # characters

A_HEADER = re.compile(
    rb"(?im)^(?:from|to|subject|date|message-id|received|return-path|mime-version|reply-to|sender|cc"
    rb"|delivered-to|content-type)[ \t]*:"
)
HEAD_SEARCHED = 262_144  # octets; a mail shows one of these headers before


def _raw_octets(value: Any) -> Any:
    """Take a mail as octets, as base64, or as its text: a header's colon is no base64 digit."""
    if isinstance(value, str) and ":" in value:
        return value.encode("utf-8", "surrogateescape")
    return value


Raw = Annotated[
    Base64,
    BeforeValidator(_raw_octets),
    WithJsonSchema({"type": "string", "description": "RFC 5322 message, in base64 or as text"}),
]


class EmailMessage(Theirs):
    """One e-mail. ``envelope_from`` is the SMTP return path if the gateway knows it, empty for the null sender."""

    channel: Literal["email"]
    raw: Raw
    envelope_from: Line | None = None

    @model_validator(mode="after")
    def _is_a_mail(self) -> "EmailMessage":
        if len(self.raw) > MAX_RAW:
            raise fault("mail", f"is too large; send at most {MAX_RAW} octets")
        head = re.split(rb"\r?\n\r?\n", self.raw.lstrip()[:HEAD_SEARCHED], maxsplit=1)[0]
        if not A_HEADER.search(head):
            raise fault("mail", "is no e-mail: no known header stands at its beginning; send RFC 5322")
        return self

    def to_message(self, own: OwnMail = NOTHING_OWN) -> Message:
        """Return what the mail says, its raw octets with it.

        Raises:
            MessageRefused: it has too many parts or attachments, or is nested beyond parsing.
        """
        parsed = parse(self.raw.lstrip())
        headers = headers_of(parsed)
        found = recognise(parsed, headers, self.envelope_from, own)
        body = body_of(parsed)
        text, quoted = (body.text, "") if found else split(body.text)
        report = delivery_report(parsed, headers) if found and found.kind == "delivery_report" else None
        subject = headers.text("subject")[:MAX_SUBJECT]
        return Message(
            channel="email",
            source_id=next(iter(headers.ids("message-id")), None),
            conversation=_conversation(headers, subject, report),
            author=_author(headers),
            addressed_to=_addressees(headers),
            subject=subject,
            text=text,
            quoted=quoted,
            html_only=body.from_html,
            language=language_tag(headers.first("content-language") or headers.first("accept-language")),
            claimed_at=headers.date("date"),
            automated=found.kind if found else None,
            automated_by=found.by if found else "",
            delivery_report=report,
            attachments=files_of(parsed),
            raw=self.raw,
        )


def _author(headers: Headers) -> Author:
    """Return who wrote: From, else Sender; a different Reply-To is one more way to reach him."""
    senders = headers.mailboxes("from") or headers.mailboxes("sender")
    named = next((mailbox.name for mailbox in senders if mailbox.name), "")
    reachable = {mailbox.address.casefold(): mailbox.address for mailbox in senders[:1]}
    for mailbox in headers.mailboxes("reply-to")[:1]:
        reachable.setdefault(mailbox.address.casefold(), mailbox.address)
    return Author(name=named, contacts=tuple(Contact(kind="email", value=value) for value in reachable.values()))


def _addressees(headers: Headers) -> tuple[str, ...]:
    found = headers.mailboxes("to", "cc", "delivered-to", "x-original-to", "envelope-to")
    return tuple(mailbox.address for mailbox in found)


def _conversation(headers: Headers, subject: str, report: DeliveryReport | None) -> tuple[ConversationKey, ...]:
    """Put the message answered first, its ancestors from near to far, then a number in the subject."""
    reported = [report.message_id] if report else []
    return conversation_keys(
        messages=[*reported, *headers.ids("in-reply-to", "references")], cases=case_numbers(subject)
    )
