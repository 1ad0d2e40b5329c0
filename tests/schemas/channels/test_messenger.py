"""Telegram updates, whole, and messengers without a model of their own."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.channels import parse, to_message
from schemas.channels.message import (
    Attachment,
    Author,
    Contact,
    ConversationKey,
    Hints,
    Message,
    MessageRefused,
)

IVAN = {
    "id": 77,
    "is_bot": False,
    "first_name": "Иван",
    "last_name": "Петров",
    "username": "ivan",
    "language_code": "ru",
}
KINDS = "message, edited_message, business_message, edited_business_message, callback_query"
CHAT = {"id": 77, "type": "private", "username": "ivan"}
SAID = {"message_id": 5, "date": 1772357400, "chat": CHAT, "from": IVAN}
IVAN_AUTHOR = Author(
    name="Иван Петров",
    contacts=(Contact(kind="username", value="telegram:77"), Contact(kind="username", value="telegram:ivan")),
)


def read(update: dict[str, Any]) -> Message:
    return to_message(parse({"update_id": 1, **update}))


def test_a_bare_update_is_a_messengers_message() -> None:
    update = {"message": SAID | {"text": "Не работает", "reply_to_message": {"message_id": 4, "chat": CHAT, "date": 1}}}

    assert read(update) == Message(
        channel="messenger",
        source_id="telegram/:77:5",
        conversation=(
            ConversationKey(kind="message", value="telegram/:77:4"),
            ConversationKey(kind="thread", value="telegram/:77"),
        ),
        author=IVAN_AUTHOR,
        text="Не работает",
        language="ru",
        claimed_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    )


def test_the_account_keeps_the_ids_of_two_bots_apart() -> None:
    arrived = parse(
        {"channel": "messenger", "account": "shop_bot", "update": {"update_id": 1, "message": SAID | {"text": "a"}}}
    )

    assert to_message(arrived).source_id == "telegram/shop_bot:77:5"


def test_an_edited_message_is_a_revision_of_the_same_one() -> None:
    message = read({"edited_message": SAID | {"text": "Не работает!", "edit_date": 1772357460}})

    assert (message.source_id, message.revision) == ("telegram/:77:5", "1772357460")
    assert message.claimed_at == datetime(2026, 3, 1, 9, 31, tzinfo=UTC)


def test_a_photo_and_a_document_are_references_with_their_caption_as_text() -> None:
    photo = [{"file_id": "small"}, {"file_id": "large"}]
    document = {"file_id": "doc", "file_name": "Чек.pdf", "mime_type": "application/pdf"}
    message = read({"message": SAID | {"caption": "вот", "photo": photo, "document": document}})

    assert message.text == "вот"
    assert message.attachments == (
        Attachment(media_type="image/jpeg", reference="large"),
        Attachment(filename="Чек.pdf", media_type="application/pdf", reference="doc"),
    )


def test_a_location_and_an_own_phone_number_are_kept() -> None:
    contact = {"phone_number": "+79000000001", "user_id": 77}
    message = read({"message": SAID | {"location": {"latitude": 55.75, "longitude": 37.6}, "contact": contact}})

    assert message.hints == Hints(location="55.750000,37.600000")
    assert message.author.contacts[-1] == Contact(kind="phone", value="+79000000001")
    assert message.automated is None


def test_the_phone_number_of_somebody_else_is_not_the_authors() -> None:
    contact = {"phone_number": "+79000000002", "user_id": 78}

    assert read({"message": SAID | {"contact": contact}}).author == IVAN_AUTHOR


def test_a_pressed_button_answers_the_message_above_it() -> None:
    query = {"id": "q1", "from": IVAN, "data": "accept", "message": {"message_id": 9, "chat": CHAT, "date": 0}}

    assert read({"callback_query": query}) == Message(
        channel="messenger",
        source_id="telegram/:callback:q1",
        conversation=(
            ConversationKey(kind="message", value="telegram/:77:9"),
            ConversationKey(kind="thread", value="telegram/:77"),
        ),
        author=IVAN_AUTHOR,
        text="accept",
        language="ru",
    )


def test_in_a_business_chat_the_customer_is_told_from_our_own_side() -> None:
    ours = SAID | {"from": IVAN | {"id": 1}, "text": "Чем помочь?"}

    assert read({"business_message": SAID | {"text": "Не работает"}}).direction == "inbound"
    assert read({"business_message": ours}).direction == "outbound"


def test_a_forum_topic_is_a_stronger_thread_than_its_chat() -> None:
    message = read({"message": SAID | {"text": "a", "message_thread_id": 3}})

    assert [key.value for key in message.conversation] == ["telegram/:77:3", "telegram/:77"]


@pytest.mark.parametrize(
    ("fields", "by"),
    [
        ({"text": "a", "from": IVAN | {"is_bot": True}}, "is_bot"),
        ({"text": "a", "is_automatic_forward": True}, "is_automatic_forward"),
        ({"text": "a", "sender_business_bot": IVAN}, "sender_business_bot"),
        ({"new_chat_title": "x"}, "service message"),
    ],
)
def test_what_no_person_wrote_is_automatic(fields: dict[str, Any], by: str) -> None:
    message = read({"message": SAID | fields})

    assert (message.automated, message.automated_by) == ("auto_reply", by)


@pytest.mark.parametrize(
    ("update", "refusal"),
    [
        (
            {"poll_answer": {"secret": 1}},
            f"messenger.update is poll_answer, in which nobody writes to us; send only {KINDS}",
        ),
        (
            {"secret_kind": {}},
            f"messenger.update is of an unknown kind, in which nobody writes to us; send only {KINDS}",
        ),
        ({"message": SAID | {"date": -1, "text": "a"}}, "messenger.update.message.date is too small; send at least 0"),
    ],
)
def test_an_update_in_which_nobody_speaks_is_refused_by_its_kind(update: dict[str, Any], refusal: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        read(update)

    assert str(refused.value) == refusal


def test_any_other_messenger_comes_in_the_generic_shape() -> None:
    arrived = parse({
        "channel": "messenger", "network": "viber", "id": "9", "in_reply_to": "8", "thread": "c1",
        "text": "Не работает", "sent_at": "2026-03-01T12:30:00+03:00", "author": {"name": "Иван"},
    })  # fmt: skip

    assert to_message(arrived) == Message(
        channel="messenger",
        source_id="viber/:9",
        conversation=(
            ConversationKey(kind="message", value="viber/:8"),
            ConversationKey(kind="thread", value="viber/:c1"),
        ),
        author=Author(name="Иван"),
        text="Не работает",
        claimed_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    )
