"""How one person's messages look on one channel: the JSON that the models of ``schemas.channels`` take."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from email.header import Header
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from typing import Any, Final

from consumers.sample.people import Person
from schemas.words import Channel

Payload = dict[str, Any]
_PHOTO: Final = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG of one point."""
_DESK_MAIL: Final = "care@shop.example"


class Voice:
    """One side of one conversation. Every message finds the first one by the key that its channel has for this."""

    def __init__(self, person: Person, channel: Channel, key: str, draw_network: float) -> None:
        self.person, self.channel, self._key = person, channel, key
        self._telegram = draw_network < 0.7
        self._public = channel == "review" or (channel == "social" and draw_network < 0.75)
        self._count = 0

    @property
    def public(self) -> bool:
        """Everybody can read it, so that it must be ended where everybody can read it."""
        return self._public

    def says(
        self,
        at: datetime,
        text: str,
        *,
        subject: str = "",
        hints: Mapping[str, Any] | None = None,
        stars: int | None = None,
        photo: bool = False,
        summary: str = "",
    ) -> Payload:
        """Return the next message; ``hints``, ``stars`` and ``summary`` where the channel has a place for them."""
        self._count += 1
        if self.channel == "email":
            return self._email(at, subject, text, photo=photo)
        if self.channel == "messenger":
            return self._messenger(at, text)
        if self.channel == "review":
            return self._review(at, subject, text, stars)
        if self.channel == "social":
            return self._social(at, text)
        return self._structured(at, subject, text, hints or {}, photo=photo, summary=summary)

    def edits(self, at: datetime, text: str, stars: int) -> Payload:
        """Return the author's new version of his review."""
        return {**self._review(at, "", text, stars, first=True), "edited_at": at.isoformat()}

    def answers_by_itself(self, at: datetime, subject: str, text: str) -> Payload:
        """Return what the mail program of somebody on holiday answers to us (RFC 3834)."""
        self._count += 1
        return self._email(at, subject, text, automatic=True)

    # --- one function per shape -------------------------------------------------------------

    def _id(self, number: int | None = None) -> str:
        return f"{self._key}-{self._count if number is None else number}"

    @property
    def _first(self) -> bool:
        return self._count == 1

    def _contacts(self) -> list[dict[str, str]]:
        person = self.person
        return [{"kind": "phone", "value": person.phone}, {"kind": "email", "value": person.email}]

    def _email(self, at: datetime, subject: str, text: str, *, photo: bool = False, automatic: bool = False) -> Payload:
        person = self.person
        mail: MIMEText | MIMEMultipart = MIMEText(text, "plain", "utf-8")
        if photo:
            mail = MIMEMultipart(boundary=f"=={self._id()}==", _subparts=[mail, _photo()])
        mail["From"] = formataddr((person.name, person.email))
        mail["To"] = _DESK_MAIL
        mail["Subject"] = Header(subject, "utf-8").encode()
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = f"<{self._id()}@{person.email.partition('@')[2]}>"
        mail["Content-Language"] = person.language
        if not self._first:
            first = f"<{self._id(1)}@{person.email.partition('@')[2]}>"
            mail["In-Reply-To"] = f"<{self._id()}@{_DESK_MAIL.partition('@')[2]}>" if self._count > 2 else first
            mail["References"] = first
        if automatic:
            mail["Auto-Submitted"] = "auto-replied"
        return {"channel": "email", "raw": b64encode(bytes(mail)).decode("ascii")}

    def _messenger(self, at: datetime, text: str) -> Payload:
        person = self.person
        if not self._telegram:
            return {
                "channel": "messenger",
                "network": "whatsapp",
                "account": "shop",
                "id": self._id(),
                "thread": self._key,
                "sent_at": at.isoformat(),
                "author": {"name": person.first, "contacts": [{"kind": "phone", "value": person.phone}]},
                "language": person.language,
                "text": text,
            }
        names = {"first_name": person.first, "last_name": person.last, "username": person.handle}
        message = {
            "message_id": self._count,
            "date": int(at.timestamp()),
            "chat": {"id": person.telegram, "type": "private", **names},
            "from": {"id": person.telegram, "is_bot": False, "language_code": person.language, **names},
            "text": text,
        }
        update = {"update_id": int(at.timestamp()) * 1_000 + self._count, "message": message}
        return {"channel": "messenger", "account": "shop_bot", "update": update}

    def _review(self, at: datetime, subject: str, text: str, stars: int | None, *, first: bool = False) -> Payload:
        review: Payload = {
            "channel": "review",
            "site": "reviews.example",
            "review_id": self._key,
            "author_name": self.person.first,
            "author_id": self.person.handle,
            "posted_at": at.isoformat(),
            "language": self.person.language,
            "text": text,
        }
        if stars is not None:
            review["rating"] = {"score": stars, "out_of": 5}
        if self._first or first:
            return {**review, "subject": subject, "url": f"https://reviews.example/{self._key}"}
        return {**review, "comment_id": self._id()}

    def _social(self, at: datetime, text: str) -> Payload:
        post: Payload = {
            "channel": "social",
            "network": "chirp",
            "post_id": self._id(),
            "author_handle": self.person.handle,
            "author_id": self.person.handle.upper(),
            "posted_at": at.isoformat(),
            "language": self.person.language,
            "public": self._public,
            "text": text,
        }
        if not self._public:
            return {**post, "thread": self._key}
        below = {} if self._first else {"parent_id": self._id(1)}
        return {**post, "root_id": self._id(1), **below}

    def _structured(
        self, at: datetime, subject: str, text: str, hints: Mapping[str, Any], *, photo: bool, summary: str
    ) -> Payload:
        person = self.person
        said: Payload = {
            "channel": self.channel,
            "id": self._id(),
            "subject": subject,
            "text": text,
            "language": person.language,
            "author": {"name": person.name, "contacts": self._contacts()},
            "hints": dict(hints),
        }
        if not self._first:
            said["in_reply_to"] = self._id(1)
        if photo:
            said["attachments"] = [
                {"filename": "photo.png", "media_type": "image/png", "content": b64encode(_PHOTO).decode("ascii")}
            ]
        return {**said, **self._of_channel(at, text, summary)}

    def _of_channel(self, at: datetime, text: str, summary: str) -> Payload:
        """Return the fields that only this channel has."""
        instant, day, person = at.isoformat(), at.date().isoformat(), self.person
        match self.channel:
            case "web_form":
                return {"system": "website", "form": "contact", "thread": self._key, "submitted_at": instant}
            case "call":
                spoken = {"text": "", "transcript": text, "summary": summary}
                seen = {"caller_number": person.phone, "duration_seconds": 60 + 2 * len(text), "agent": "agent-7"}
                return {"system": "call-centre", "thread": self._key, "started_at": instant, **spoken, **seen}
            case "chat":
                return {"system": "chat", "thread": self._key, "sent_at": instant}
            case "visit":
                return {"system": "shops", "thread": self._key, "sent_at": instant, "taken_by": "desk-2"}
            case "letter":
                sender = {"name": person.name, "contacts": [{"kind": "postal", "value": person.address}]}
                return {"system": "mail-room", "thread": self._key, "arrived_on": day, "sender": sender, "author": {}}
            case "authority":
                return {
                    "authority": "consumer-ombudsman",
                    "reference": f"CO-{self._key}",
                    "forwarded_on": day,
                    "arrived_on": instant,
                    "author": {},
                    "complainant": {"name": person.name, "contacts": self._contacts()[1:]},
                }
            case _:
                return {"system": "marketplace", "thread": self._key, "sent_at": instant}


def _photo() -> MIMEImage:
    part = MIMEImage(_PHOTO, "png")
    part.add_header("Content-Disposition", "attachment", filename="photo.png")
    return part
