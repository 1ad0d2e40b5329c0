"""Everything that can arrive, as one union: add a channel by its module and one name here."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, from_json

from schemas.channels.authority import AuthorityMessage
from schemas.channels.call import CallMessage
from schemas.channels.email import EmailMessage
from schemas.channels.generic import GenericMessage
from schemas.channels.letter import LetterMessage
from schemas.channels.mail.automatic import NOTHING_OWN, OwnMail
from schemas.channels.message import Message, MessageRefused
from schemas.channels.messenger import MessengerMessage
from schemas.channels.review import ReviewMessage
from schemas.channels.social import SocialMessage
from schemas.channels.web_form import WebFormMessage
from schemas.input import clean, first_fault

ChannelMessage = Annotated[
    EmailMessage
    | WebFormMessage
    | MessengerMessage
    | CallMessage
    | ReviewMessage
    | SocialMessage
    | LetterMessage
    | AuthorityMessage
    | GenericMessage,
    Field(discriminator="channel"),
]
"""A message of any channel; ``channel`` says which."""
CHANNEL_MESSAGE: TypeAdapter[ChannelMessage] = TypeAdapter(ChannelMessage)


def _without_cleaning(schema: Any) -> Any:
    """Return a copy of a core schema that leaves texts as they are."""
    if isinstance(schema, list):
        return [_without_cleaning(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "function-after" and schema["function"].get("function") is clean:
        return _without_cleaning(schema["schema"])
    return {key: _without_cleaning(inner) for key, inner in schema.items()}


_OF_CLEAN_TEXTS: Final = SchemaValidator(_without_cleaning(CHANNEL_MESSAGE.core_schema), _use_prebuilt=False)
"""The same of messages whose texts are known to hold nothing that is dropped: each is asked in Python otherwise."""


def parse(data: bytes | Mapping[str, Any], *, clean_texts: bool = False) -> ChannelMessage:
    """Return the channel message in JSON octets or in an object already read.

    ``clean_texts``: they hold neither NUL nor a lone surrogate, since they are of UTF-8 without an escape of either.
    A bare Telegram ``Update`` (``update_id`` and no ``channel``) is taken as a messenger's.

    Raises:
        MessageRefused: it can never be accepted; the refusal repeats nothing of it.
    """
    given = _object(data) if isinstance(data, bytes) else data
    if isinstance(given, Mapping) and "update_id" in given and "channel" not in given:
        given = {"channel": "messenger", "update": given}
    try:
        validate = _OF_CLEAN_TEXTS.validate_python if clean_texts else CHANNEL_MESSAGE.validate_python
        found: ChannelMessage = validate(given)
        return found
    except ValidationError as error:
        raise MessageRefused(*first_fault(error)) from None


def from_rfc5322(raw: bytes, envelope_from: str | None = None) -> EmailMessage:
    """Return an e-mail from its octets, as a mail server or an ``.eml`` file gives it.

    Raises:
        MessageRefused: it is no e-mail, or a larger one than we take.
    """
    try:
        return EmailMessage(channel="email", raw=raw, envelope_from=envelope_from)
    except ValidationError as error:
        raise MessageRefused(*first_fault(error)) from None


def to_message(arrived: ChannelMessage, own: OwnMail = NOTHING_OWN) -> Message:
    """Return the common shape of what arrived; ``own`` tells our own mail and lists apart.

    Raises:
        MessageRefused: an e-mail of too many parts, or nested beyond parsing.
    """
    return arrived.to_message(own) if isinstance(arrived, EmailMessage) else arrived.to_message()


def _object(data: bytes) -> Any:
    try:
        return from_json(data, allow_inf_nan=False)
    except (ValueError, RecursionError):
        raise MessageRefused("", "is not JSON", "send one JSON object in UTF-8") from None
