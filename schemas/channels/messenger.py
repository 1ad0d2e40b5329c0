"""A messenger: a Telegram Bot API ``Update`` as it comes, or any other network in the generic shape."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from schemas.channels.generic import Structured, Theirs
from schemas.channels.media_types import media_type
from schemas.channels.message import (
    Attachment,
    Author,
    Contact,
    Hints,
    Message,
    case_numbers,
    conversation_keys,
    foreign_id,
    language_tag,
)  # fmt: skip
from schemas.input import Id, Instant, Line, Text, fault

MAX_PHOTO_SIZES = 20
LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the end of what datetime can say

SPOKEN = ("message", "edited_message", "business_message", "edited_business_message", "callback_query")
"""Kinds of update in which a person says something to us."""
UNSPOKEN = (
    "channel_post", "edited_channel_post", "business_connection", "deleted_business_messages", "message_reaction",
    "message_reaction_count", "inline_query", "chosen_inline_result", "shipping_query", "pre_checkout_query",
    "purchased_paid_media", "poll", "poll_answer", "my_chat_member", "chat_member", "chat_join_request",
    "chat_boost", "removed_chat_boost",
)  # fmt: skip
"""The other kinds of the Bot API: refused by name."""

UnixTime = Annotated[int, Field(ge=0, le=LAST_SECOND)]


class Peer(Theirs):
    """A Telegram user or bot, or the chat that speaks for itself."""

    id: int
    is_bot: bool = False
    first_name: Line = ""
    last_name: Line = ""
    title: Line = ""
    username: Line = ""
    language_code: Line = ""

    def author(self, phone: str = "") -> Author:
        """Return the stable id first, then the handle, which can change hands."""
        names = [str(self.id), *([self.username] if self.username else [])]
        contacts = tuple(Contact(kind="username", value=f"telegram:{name}") for name in names)
        shared = (Contact(kind="phone", value=phone),) if phone else ()
        name = f"{self.first_name} {self.last_name}".strip() or self.title
        return Author(name=name, contacts=(*contacts, *shared))


class File(Theirs):
    """A file that stays with Telegram: a Bot API ``file_id`` stands for its octets."""

    file_id: Id
    file_name: Line = ""
    mime_type: Line = ""
    emoji: Line = ""


class Place(Theirs):
    """A shared location, in degrees."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class SharedContact(Theirs):
    """A phone number that somebody shared; it is the writer's own if the ids agree."""

    phone_number: Line
    user_id: int | None = None


class Answered(Theirs):
    """The message that another one answers or whose button was pressed."""

    message_id: int
    chat: Peer | None = None


class TelegramMessage(Theirs):
    """The part of a Bot API ``Message`` that a complaint can need; times are Unix seconds."""

    message_id: int
    date: UnixTime
    edit_date: UnixTime | None = None
    chat: Peer
    sender: Peer | None = Field(default=None, alias="from")
    sender_chat: Peer | None = None
    sender_business_bot: Peer | None = None
    is_automatic_forward: bool = False
    message_thread_id: int | None = None
    reply_to_message: Answered | None = None
    text: Text = ""
    caption: Text = ""
    photo: Annotated[tuple[File, ...], Field(max_length=MAX_PHOTO_SIZES)] = ()
    document: File | None = None
    video: File | None = None
    audio: File | None = None
    voice: File | None = None
    video_note: File | None = None
    animation: File | None = None
    sticker: File | None = None
    location: Place | None = None
    contact: SharedContact | None = None

    def said(self) -> str:
        return self.text or self.caption or (self.sticker.emoji if self.sticker else "")

    def files(self) -> tuple[Attachment, ...]:
        """Return what was sent along; of a photo only the largest size, which comes last."""
        document = None if self.animation else self.document  # Telegram repeats an animation as a document
        others = [document, self.video, self.audio, self.voice, self.video_note, self.animation, self.sticker]
        photo = [self.photo[-1].model_copy(update={"mime_type": "image/jpeg"})] if self.photo else []
        return tuple(
            Attachment(filename=file.file_name, media_type=media_type(file.mime_type), reference=file.file_id)
            for file in (*photo, *others)
            if file is not None
        )

    def who(self) -> Author:
        speaker = self.sender or self.sender_chat or self.chat
        own_number = self.contact and self.contact.user_id == speaker.id
        return speaker.author(self.contact.phone_number if self.contact and own_number else "")

    def automatic(self) -> str:
        """Return the field that says no person wrote this, or nothing."""
        if self.sender and self.sender.is_bot:
            return "is_bot"
        if self.sender_business_bot or self.is_automatic_forward:
            return "sender_business_bot" if self.sender_business_bot else "is_automatic_forward"
        return "" if self.said() or self.files() or self.location or self.contact else "service message"


class Callback(Theirs):
    """A pressed button under one of our messages; ``data`` is what we put behind it."""

    id: Id
    sender: Peer = Field(alias="from")
    message: Answered | None = None
    data: Line = ""


class Spoken(NamedTuple):
    """A message of an update with the kind under which it came."""

    kind: str
    said: TelegramMessage


class Update(Theirs):
    """A Bot API ``Update`` of a kind in which a person speaks; every other kind is refused by name."""

    update_id: int
    message: TelegramMessage | None = None
    edited_message: TelegramMessage | None = None
    business_message: TelegramMessage | None = None
    edited_business_message: TelegramMessage | None = None
    callback_query: Callback | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_spoken(cls, given: Any) -> Any:
        """Name the kind of an update that holds nothing said."""
        if not isinstance(given, Mapping) or any(given.get(kind) is not None for kind in SPOKEN):
            return given
        kind = next((kind for kind in UNSPOKEN if kind in given), "of an unknown kind")
        raise fault("update", f"is {kind}, in which nobody writes to us; send only {', '.join(SPOKEN)}")

    def spoken(self) -> Spoken | None:
        """Return the message in it; ``None`` for a pressed button."""
        for kind in SPOKEN[:-1]:
            said: TelegramMessage | None = getattr(self, kind)
            if said is not None:
                return Spoken(kind, said)
        return None

    def to_message(self, scope: str) -> Message:
        spoken = self.spoken()
        if spoken is not None:
            return _message(spoken, scope)
        if self.callback_query is None:
            raise AssertionError("an update without anything said passed its validator")
        return _pressed(self.callback_query, scope)


class MessengerMessage(Structured):
    """One messenger message.

    With ``update`` (network ``telegram``) nothing else is needed; ``account`` is the bot or
    business account that received it, needed where several bots feed one topic, because message
    ids count per bot. Without it the generic fields say all; ``thread`` is the chat.
    """

    channel: Literal["messenger"]
    network: Line = "telegram"
    account: Line = ""
    sent_at: Instant | None = None
    update: Update | None = None

    def _claimed(self) -> datetime | None:
        return self.sent_at

    def _scope(self) -> str:
        return f"{self.network}/{self.account}"

    def _source_id(self) -> str | None:
        return self._foreign(str(self.update.update_id) if self.update else self.id)

    def _is_empty(self) -> bool:
        return self.update is None and super()._is_empty()

    def to_message(self) -> Message:
        return self.update.to_message(self._scope()) if self.update else self._message("messenger")


def _message(spoken: Spoken, scope: str) -> Message:
    kind, said = spoken
    chat = str(said.chat.id)
    answered = said.reply_to_message
    thread = foreign_id(scope, chat, str(said.message_thread_id)) if said.message_thread_id else None
    automatic = said.automatic()
    return Message(
        channel="messenger",
        source_id=foreign_id(scope, chat, str(said.message_id)),
        revision=str(said.edit_date) if said.edit_date else "",
        conversation=conversation_keys(
            messages=[foreign_id(scope, chat, str(answered.message_id)) if answered else None],
            cases=case_numbers(said.said()),
            threads=[thread, foreign_id(scope, chat)],
        ),
        author=said.who(),
        direction=_direction(kind, said),
        text=said.said(),
        language=language_tag(said.sender.language_code) if said.sender else None,
        claimed_at=datetime.fromtimestamp(said.edit_date or said.date, UTC),
        automated="auto_reply" if automatic else None,
        automated_by=automatic,
        attachments=said.files(),
        hints=_hints(said),
    )


def _direction(kind: str, said: TelegramMessage) -> Literal["inbound", "outbound"]:
    """Tell the two sides of a business chat apart: its id is the customer's, another writer is ours."""
    ours = "business" in kind and said.sender is not None and said.sender.id != said.chat.id
    return "outbound" if ours else "inbound"


def _hints(said: TelegramMessage) -> Hints:
    place = said.location
    return Hints(location=f"{place.latitude:.6f},{place.longitude:.6f}") if place else Hints()


def _pressed(button: Callback, scope: str) -> Message:
    below = button.message
    chat = str(below.chat.id if below and below.chat else button.sender.id)
    return Message(
        channel="messenger",
        source_id=foreign_id(scope, "callback", button.id),
        conversation=conversation_keys(
            messages=[foreign_id(scope, chat, str(below.message_id)) if below else None],
            cases=case_numbers(button.data),
            threads=[foreign_id(scope, chat)],
        ),
        author=button.sender.author(),
        text=button.data,
        language=language_tag(button.sender.language_code),
    )
