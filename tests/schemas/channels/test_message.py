"""The common shape: identity, conversation, contacts."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.channels.message import (
    Attachment,
    Author,
    Contact,
    ConversationKey,
    Message,
    case_numbers,
    content_parts,
    conversation_keys,
    fingerprint_parts,
    foreign_id,
    language_tag,
)
from schemas.words import ContactKind

SAID = Message(channel="chat", text="It broke", claimed_at=datetime(2026, 3, 1, tzinfo=UTC))


def test_a_fingerprint_is_channel_id_and_revision_alone_where_the_sender_gave_an_id() -> None:
    one = replace(SAID, source_id="s:1", revision="2")

    assert fingerprint_parts(one) == b"plaint-message-14:chat,3:s:1,1:2,0:,"
    assert fingerprint_parts(replace(one, text="said otherwise")) == fingerprint_parts(one)
    assert fingerprint_parts(replace(one, revision="3")) != fingerprint_parts(one)


@pytest.mark.parametrize(
    "other",
    [
        replace(SAID, text="It broke again"),
        replace(SAID, channel="visit"),
        replace(SAID, author=Author(name="Ivan")),
        replace(SAID, claimed_at=datetime(2026, 3, 2, tzinfo=UTC)),
        replace(SAID, attachments=(Attachment(content=b"x"),)),
        replace(SAID, subject="It broke", text=""),
    ],
)
def test_without_an_id_the_content_tells_messages_apart(other: Message) -> None:
    assert fingerprint_parts(other) != fingerprint_parts(SAID)


@pytest.mark.parametrize(
    "same",
    [
        replace(SAID, text="It broke  \r\n\r\n"),
        replace(SAID, addressed_to=("other",)),
        replace(SAID, raw=b"x"),
        replace(SAID, attachments=()),
    ],
)
def test_without_an_id_transport_and_blanks_do_not_tell_messages_apart(same: Message) -> None:
    assert fingerprint_parts(same) == fingerprint_parts(SAID)


def test_contents_that_only_run_together_alike_differ() -> None:
    assert content_parts(replace(SAID, subject="a", text="bc")) != content_parts(replace(SAID, subject="ab", text="c"))


def test_a_message_opens_its_own_id_and_its_threads() -> None:
    keys = conversation_keys(messages=["m0"], cases=["PL-00000-00001"], threads=["t"])

    assert replace(SAID, source_id="m1", conversation=keys).opens == (
        ConversationKey(kind="message", value="m1"),
        ConversationKey(kind="thread", value="t"),
    )


def test_a_day_is_claimed_as_a_day() -> None:
    assert replace(SAID, claimed_at=date(2026, 3, 1)).claimed_precision == "day"
    assert SAID.claimed_precision == "instant"


def test_conversation_keys_stand_by_strength_each_once() -> None:
    assert conversation_keys(threads=["t", None], messages=["a", "a", ""], cases=["PL-00000-00001"]) == (
        ConversationKey(kind="message", value="a"),
        ConversationKey(kind="case", value="PL-00000-00001"),
        ConversationKey(kind="thread", value="t"),
    )


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Re: [PL-7K2MN-0OIL3] and pl-abcde-fgh12.", ("PL-7K2MN-00113", "PL-ABCDE-FGH12")),
        ("PL-7K2MN-00113 PL-7k2mn-OOii3", ("PL-7K2MN-00113",)),
        ("XPL-7K2MN-00113, PL-7K2MN-001134, PL-2026-000123", ()),
    ],
)
def test_case_numbers_are_found_as_people_write_them(text: str, numbers: tuple[str, ...]) -> None:
    assert case_numbers(text) == numbers


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [("email", "Ivan@Mail.example", "ivan@mail.EXAMPLE"), ("phone", "+7 (900) 000-00-01", "0079000000001")],
)
def test_two_spellings_of_a_contact_compare_equal(kind: ContactKind, one: str, other: str) -> None:
    first, second = (Contact(kind=kind, value=value) for value in (one, other))

    assert first.comparable == second.comparable


@pytest.mark.parametrize(
    ("given_tag", "tag"),
    [
        ("ru", "ru"),
        ("RU_ru", "ru-RU"),
        ("en-gb, ru;q=0.5", "en-GB"),
        ("zh-Hant", "zh"),
        ("русский", None),
        (None, None),
    ],
)
def test_a_language_is_normalised_or_unknown(given_tag: str | None, tag: str | None) -> None:
    assert language_tag(given_tag) == tag


@given(st.lists(st.text(), min_size=1, max_size=4), st.lists(st.text(), min_size=1, max_size=4))
def test_different_parts_never_make_equal_foreign_ids(one: list[str], other: list[str]) -> None:
    assert (foreign_id(*one) == foreign_id(*other)) == (one == other)
