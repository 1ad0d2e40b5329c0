"""What a bounce says: which message of ours, and what became of it (RFC 3464, and the older forms)."""

import re
from collections.abc import Iterator
from email.message import Message as Parsed

from schemas.channels.mail.headers import Headers, headers_of, message_ids
from schemas.channels.mail.parts import body_of, children, leaves, octets
from schemas.channels.message import DeliveryReport
from schemas.words import DeliveryStatus

ACTIONS: dict[str, DeliveryStatus] = {
    "failed": "failed", "delayed": "delayed", "delivered": "delivered", "relayed": "sent", "expanded": "sent",
}  # fmt: skip
"""Action of RFC 3464, 2.3.3 -> status; relayed and expanded promise no further report."""
WORST_FIRST: tuple[DeliveryStatus, ...] = ("failed", "delayed", "sent", "delivered")
ID_LINE = re.compile(r"^Message-ID:\s*(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)


def delivery_report(message: Parsed, headers: Headers) -> DeliveryReport:
    """Return the report in a mail that was recognised as one; without a machine-readable part it failed."""
    recipients = [headers_of(group) for part in leaves(message) for group in _groups(part)]
    verdicts = [(status, fields) for fields in recipients if (status := _action(fields))]
    verdicts.sort(key=lambda verdict: WORST_FIRST.index(verdict[0]))
    status, fields = verdicts[0] if verdicts else ("failed", Headers(()))
    code = re.search(r"\b[245]\.\d{1,3}\.\d{1,3}\b", fields.first("status"))
    return DeliveryReport(
        message_id=next(_original_ids(message, headers), None), status=status, status_code=code[0] if code else None
    )


def _groups(part: Parsed) -> list[Parsed]:
    """Return the groups of fields of a delivery status: one about the message, one per recipient."""
    return children(part) if part.get_content_type() == "message/delivery-status" else []


def _action(fields: Headers) -> DeliveryStatus | None:
    return ACTIONS.get(fields.first("action").partition(" ")[0].strip().lower())


def _original_ids(message: Parsed, headers: Headers) -> Iterator[str]:
    """Yield where the id of the original stands: its returned headers, the text, the thread."""
    for part in leaves(message):
        if part.get_content_type() == "message/rfc822":
            yield from (found for child in children(part) for found in headers_of(child).ids("message-id"))
        if part.get_content_type() == "text/rfc822-headers":
            yield from _written_ids(octets(part).decode("ascii", "replace"))
    yield from _written_ids(body_of(message).text)
    yield from headers.ids("in-reply-to", "references")


def _written_ids(text: str) -> list[str]:
    return [found for line in ID_LINE.findall(text) for found in message_ids(line)]
