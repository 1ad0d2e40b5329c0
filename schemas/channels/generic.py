"""What any structured source may state, and the channel messages that need nothing more.

Models of other systems' data: a field that is not known is ignored, a known one is checked.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.channels.media_types import media_type
from schemas.channels.message import (
    Attachment,
    Author,
    Hints,
    Message,
    Rating,
    case_numbers,
    conversation_keys,
    foreign_id,
    language_tag,
)  # fmt: skip
from schemas.input import Base64, Id, Line, Text, When, fault
from schemas.unchecked import at_once
from schemas.words import Automatic, Channel

_new_message = at_once(Message)
MAX_ATTACHMENTS = 100
MAX_ADDRESSEES = 50


class Theirs(BaseModel):
    """Data of another system: frozen, unknown fields ignored, its ``repr`` shows no value."""

    model_config = ConfigDict(frozen=True, extra="ignore", serialize_by_alias=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__


class Attached(Theirs):
    """A file of a structured message: its octets in base64, or how the sender's system calls it."""

    filename: Line = ""
    media_type: Line = ""
    content: Base64 | None = None
    reference: Id | None = None
    inline: bool = False

    @model_validator(mode="after")
    def _holds_a_file(self) -> Self:
        if self.content is None and self.reference is None:
            raise fault("attachment", "holds no file; send content (base64) or reference")
        return self

    def taken(self) -> Attachment:
        return Attachment(
            filename=self.filename,
            media_type=media_type(self.media_type),
            content=self.content,
            reference=self.reference,
            inline=self.inline,
        )


class Structured(Theirs):
    """Base of every structured channel message.

    ``id`` is unique within ``system``. ``revision`` names an edit. ``in_reply_to`` and ``thread``
    are ids of the same system; ``number`` is a case number of ours. A message must say something,
    and must have an id or a time, else the same words of two days could not be told apart.
    """

    id: Id | None = None
    system: Line = ""
    revision: Line = ""
    in_reply_to: Id | None = None
    thread: Id | None = None
    number: Line = ""
    author: Author = Field(default_factory=Author)
    on_behalf_of: Author | None = None
    addressed_to: Annotated[tuple[Line, ...], Field(max_length=MAX_ADDRESSEES)] = ()
    subject: Line = ""
    text: Text = ""
    language: Line = ""
    automated: Automatic | None = None
    rating: Rating | None = None
    attachments: Annotated[tuple[Attached, ...], Field(max_length=MAX_ATTACHMENTS)] = ()
    public: bool = False
    hints: Hints = Field(default_factory=Hints)

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Self:
        if self._source_id() is None and self._claimed() is None:
            raise fault("identity", "has neither an id nor a time; send id, or the time it was sent")
        return self

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self._is_empty():
            raise fault("empty", "says nothing; send text, subject, rating or attachments")
        return self

    def _claimed(self) -> datetime | date | None:
        """Return the sender's claim of when; each channel has its own field for it."""
        return None

    def _said(self) -> str:
        return self.text

    def _is_empty(self) -> bool:
        return not (self._said().strip() or self.subject or self.rating or self.attachments)

    def _answers(self) -> str | None:
        return self._foreign(self.in_reply_to)

    def _scope(self) -> str:
        """Return within what ``id``, ``in_reply_to`` and ``thread`` are unique."""
        return self.system

    def _foreign(self, id: str | None) -> str | None:
        return foreign_id(self._scope(), id) if id else None

    def _source_id(self) -> str | None:
        return self._foreign(self.id)

    def _thread(self) -> str | None:
        return self._foreign(self.thread)

    def _message(self, channel: Channel) -> Message:
        return _new_message(
            channel=channel,
            source_id=self._source_id(),
            revision=self.revision,
            conversation=conversation_keys(
                messages=[self._answers()],
                cases=case_numbers(self.number, self.subject),
                threads=[self._thread()],
            ),
            author=self.author,
            on_behalf_of=self.on_behalf_of,
            addressed_to=self.addressed_to,
            subject=self.subject,
            text=self._said(),
            language=language_tag(self.language),
            claimed_at=self._claimed(),
            automated=self.automated,
            automated_by="automated" if self.automated else "",
            attachments=tuple(attached.taken() for attached in self.attachments),
            rating=self.rating,
            public=self.public,
            hints=self.hints,
        )


class GenericMessage(Structured):
    """A chat, a visit, or a channel without a model of its own.

    ``taken_by`` names who of ours wrote the words down; ``thread`` is the chat's or visit's id.
    """

    channel: Literal["chat", "visit", "other"]
    sent_at: When | None = None
    taken_by: Line = ""

    def _claimed(self) -> datetime | date | None:
        return self.sent_at

    def to_message(self) -> Message:
        return replace(self._message(self.channel), taken_by=self.taken_by or None)
