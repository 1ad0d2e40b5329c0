"""The structured channels, each whole: what its JSON becomes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from schemas.channels import parse, to_message
from schemas.channels.message import (
    Attachment,
    Author,
    Contact,
    ConversationKey,
    ExternalRef,
    Hints,
    Message,
    Rating,
    fingerprint_parts,
)
from schemas.words import Channel, Money

AT = "2026-03-01T12:30:00+03:00"
INSTANT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
IVAN = {"name": "Иван", "contacts": [{"kind": "phone", "value": "+7 900 000-00-01"}]}
IVAN_AUTHOR = Author(name="Иван", contacts=(Contact(kind="phone", value="+7 900 000-00-01"),))


def read(given: dict[str, Any]) -> Message:
    return to_message(parse(given))


def test_a_web_form_says_all_it_asked_for() -> None:
    form = {
        "channel": "web_form", "system": "site", "form": "claim", "id": "f:1", "submitted_at": AT, "author": IVAN,
        "on_behalf_of": {"role": "customer", "name": "Мать"}, "addressed_to": ["claims"], "subject": "Чайник",
        "text": "Протекает\x00", "language": "ru-ru", "number": "pl-7k2mn-00113", "unknown": 1,
        "attachments": [{"filename": "a.png", "media_type": "image/png", "content": "iVBORw0="}],
        "hints": {
            "sense": "complaint", "product": "Чайник", "order_reference": "O-1", "serial": "S1", "location": "Москва",
            "customer_segment": "vip", "business_unit": "retail", "incident_on": "2026-02-28",
            "purchased_on": "2026-02-01", "claimed": {"amount": "1500.50", "currency": "RUB"},
            "remedy_sought": "refund", "external_refs": [{"system": "crm", "number": "77"}], "surprise": True,
        },
    }  # fmt: skip

    assert read(form) == Message(
        channel="web_form",
        source_id="site/claim:f%3A1",
        conversation=(ConversationKey(kind="case", value="PL-7K2MN-00113"),),
        author=IVAN_AUTHOR,
        on_behalf_of=Author(role="customer", name="Мать"),
        addressed_to=("claims",),
        subject="Чайник",
        text="Протекает",
        language="ru-RU",
        claimed_at=INSTANT,
        attachments=(Attachment(filename="a.png", media_type="image/png", content=b"\x89PNG\r"),),
        hints=Hints(
            sense="complaint",
            product="Чайник",
            order_reference="O-1",
            serial="S1",
            location="Москва",
            customer_segment="vip",
            business_unit="retail",
            incident_on=date(2026, 2, 28),
            purchased_on=date(2026, 2, 1),
            claimed=Money(amount=Decimal("1500.50"), currency="RUB"),
            remedy_sought="refund",
            external_refs=(ExternalRef(system="crm", number="77"),),
        ),
    )


def test_a_call_is_its_summary_and_transcript_with_the_number_that_called() -> None:
    call = {
        "channel": "call", "system": "pbx", "id": "c1", "started_at": AT, "duration_seconds": 90, "agent": "a17",
        "caller_number": "+79000000001", "author": IVAN, "summary": "Не работает", "transcript": "Алло",
    }  # fmt: skip

    assert read(call) == Message(
        channel="call",
        source_id="pbx:c1",
        author=Author(name="Иван", contacts=(Contact(kind="phone", value="+79000000001"),)),
        taken_by="a17",
        text="Не работает\n\nАлло",
        claimed_at=INSTANT,
    )


def test_a_review_is_public_and_scored_and_a_thread_of_its_own() -> None:
    review = {
        "channel": "review", "site": "otzovik", "review_id": "r1", "author_name": "ivan", "author_id": "u1",
        "posted_at": "2026-03-01", "rating": {"score": 2, "out_of": 5}, "text": "Плохо",
    }  # fmt: skip

    assert read(review) == Message(
        channel="review",
        source_id="otzovik:r1:",
        conversation=(ConversationKey(kind="thread", value="otzovik:r1"),),
        author=Author(name="ivan", contacts=(Contact(kind="username", value="otzovik:u1"),)),
        text="Плохо",
        claimed_at=date(2026, 3, 1),
        rating=Rating(score=Decimal(2), out_of=Decimal(5)),
        public=True,
    )


def test_an_edited_review_is_a_new_message_in_the_same_thread() -> None:
    review = {"channel": "review", "site": "s", "review_id": "r1", "text": "Плохо", "posted_at": AT}
    first, edited = read(review), read(review | {"edited_at": "2026-03-02T10:00:00Z", "text": "Исправили"})

    assert first.source_id == edited.source_id
    assert fingerprint_parts(first) != fingerprint_parts(edited)
    assert first.conversation == edited.conversation


def test_a_comment_answers_its_post_and_joins_its_thread() -> None:
    post = read({"channel": "social", "network": "vk", "post_id": "p1", "text": "Плохо", "author_handle": "@ivan"})
    comment = read({
        "channel": "social", "network": "vk", "post_id": "p3", "parent_id": "p2", "root_id": "p1", "text": "И у меня",
        "author_handle": "olga", "author_id": "42", "posted_at": AT,
    })  # fmt: skip

    assert post.opens == (ConversationKey(kind="message", value="vk:p1"), ConversationKey(kind="thread", value="vk:p1"))
    assert comment == Message(
        channel="social",
        source_id="vk:p3",
        conversation=(
            ConversationKey(kind="message", value="vk:p2"),
            ConversationKey(kind="thread", value="vk:p1"),
        ),
        author=Author(
            name="olga", contacts=(Contact(kind="username", value="vk:42"), Contact(kind="username", value="vk:olga"))
        ),
        text="И у меня",
        claimed_at=INSTANT,
        public=True,
    )


def test_a_letter_is_claimed_on_the_day_it_arrived_not_on_the_day_its_writer_put_on_it() -> None:
    letter = {
        "channel": "letter", "id": "in-12", "arrived_on": "2026-03-01", "dated": "2026-02-20", "sender": IVAN,
        "registered_by": "office", "attachments": [{"reference": "scan-1", "media_type": "application/pdf"}],
    }  # fmt: skip

    assert read(letter) == Message(
        channel="letter",
        source_id=":in-12",
        author=IVAN_AUTHOR,
        taken_by="office",
        claimed_at=date(2026, 3, 1),
        attachments=(Attachment(media_type="application/pdf", reference="scan-1"),),
        hints=Hints(written_on=date(2026, 2, 20)),
    )


def test_an_authority_forwards_on_behalf_of_a_complainant_under_its_own_number_and_term() -> None:
    forwarded = {
        "channel": "authority", "authority": "rospotrebnadzor", "reference": "77-1", "forwarded_on": "2026-03-01",
        "answer_by": "2026-03-11", "complainant": IVAN, "text": "Прошу рассмотреть",
    }  # fmt: skip

    assert read(forwarded) == Message(
        channel="authority",
        conversation=(ConversationKey(kind="thread", value="rospotrebnadzor:77-1"),),
        author=Author(role="authority", name="rospotrebnadzor"),
        on_behalf_of=Author(role="complainant", name="Иван", contacts=IVAN_AUTHOR.contacts),
        text="Прошу рассмотреть",
        claimed_at=date(2026, 3, 1),
        hints=Hints(
            answer_by=date(2026, 3, 11),
            external_refs=(ExternalRef(system="rospotrebnadzor", number="77-1", dated=date(2026, 3, 1)),),
        ),
    )


@pytest.mark.parametrize("channel", ["chat", "visit", "other"])
def test_every_other_channel_comes_in_the_generic_shape(channel: Channel) -> None:
    given = {"channel": channel, "id": "1", "thread": "t", "text": "a", "taken_by": "desk 3", "automated": "bulk"}

    assert read(given) == Message(
        channel=channel,
        source_id=":1",
        conversation=(ConversationKey(kind="thread", value=":t"),),
        taken_by="desk 3",
        text="a",
        automated="bulk",
        automated_by="automated",
    )


def test_a_form_sent_twice_without_an_id_is_one_message_and_sent_later_is_another() -> None:
    form = {"channel": "web_form", "submitted_at": AT, "text": "Где мой заказ?"}
    later = form | {"submitted_at": "2026-04-01T09:30:00Z"}

    assert fingerprint_parts(read(form)) == fingerprint_parts(read(form))
    assert fingerprint_parts(read(form)) != fingerprint_parts(read(later))
