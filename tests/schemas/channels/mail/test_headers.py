"""Headers are read whatever their state."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.channels.mail.headers import Headers, Mailbox, words


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("=?utf-8?B?0JbQsNC70L7QsdCw?=", "Жалоба"),
        ("=?koi8-r?Q?=F6=C1=CC=CF=C2=C1?=", "Жалоба"),
        ("=?windows-1251?B?xuDr7uHg?=", "Жалоба"),
        ("Re: =?UTF-8?Q?=D0=96=D0=B0=D0=BB=D0=BE=D0=B1=D0=B0?= PL-AB12C-00001", "Re: Жалоба PL-AB12C-00001"),
        ("=?utf-8?B?0JbQ?= =?utf-8?B?sNC70L7QsdCw?=", "Жалоба"),
        ("=?utf-8?B?0JbQsNC70L7QsdC?=", "Жалоб\ufffd"),
        ("=?utf-8?B?@@@?=", ""),
        ("=?x-nonsense?Q?abc?=", "abc"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("two  blanks\tand a tab", "two blanks and a tab"),
    ],
)
def test_encoded_words_are_decoded_as_far_as_they_can_be(written: str, text: str) -> None:
    assert words(written) == text


def test_raw_octets_of_a_header_are_read_in_the_likeliest_character_set() -> None:
    raw = "Не работает телефон после ремонта".encode("koi8-r").decode("ascii", "surrogateescape")

    assert Headers([("Subject", raw)]).text("subject") == "Не работает телефон после ремонта"


@pytest.mark.parametrize(
    ("written", "mailboxes"),
    [
        ("=?utf-8?B?0JjQstCw0L0=?= <Ivan@Mail.EXAMPLE>", [("Иван", "Ivan@mail.example")]),
        ('"Petrov, Ivan" <a@b.example>, c@d.example', [("Petrov, Ivan", "a@b.example"), ("", "c@d.example")]),
        ("=?utf-8?Q?=D0=98=2C_=D0=9F?= <a@b.example>", [("И, П", "a@b.example")]),
        ("=?utf-8?Q?Ivan_=3Ca=40b.example=3E?=", [("", "a@b.example")]),
        ("undisclosed-recipients:;", []),
        ("a@b.example, A@B.example", [("", "a@b.example")]),
        ("<not an address>", []),
        ("", []),
    ],
)
def test_addresses_are_found_with_their_names(written: str, mailboxes: list[tuple[str, str]]) -> None:
    assert Headers([("From", written)]).mailboxes("from") == tuple(Mailbox(*mailbox) for mailbox in mailboxes)


def test_nested_comments_of_an_attacker_leave_the_address_readable() -> None:
    assert Headers([("From", "(" * 16_000 + " a@b.example")]).mailboxes("from") == (Mailbox("", "a@b.example"),)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("Sun, 01 Mar 2026 12:30:00 +0300", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("1 Mar 2026 09:30:00 -0000", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("1 Mar 2026 09:30:00 GMT (comment)", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        ("Mon, 99 Abc 99999 99:99:99 +9999", None),
        ("31 Dec 9999 23:00:00 -1200", None),
    ],
)
def test_a_date_is_an_instant_or_nothing(written: str, instant: datetime | None) -> None:
    assert Headers([("Date", written)]).date("date") == instant


def test_message_ids_come_nearest_first_each_once() -> None:
    headers = Headers([("In-Reply-To", "<c@x>"), ("References", "<a@x>\r\n <b@x> <c@x>")])

    assert headers.ids("in-reply-to", "references") == ("<c@x>", "<b@x>", "<a@x>")


def test_a_message_id_without_brackets_counts() -> None:
    assert Headers([("Message-ID", "1234@x")]).ids("message-id") == ("<1234@x>",)


@example("\ud800 half a character")
@given(st.text(st.characters(max_codepoint=0x10FFFF), max_size=300))
def test_any_value_of_any_header_is_read(value: str) -> None:
    headers = Headers([("X", value)])
    headers.mailboxes("x")
    headers.date("x")
    headers.ids("x")

    assert headers.text("x").encode().decode() == headers.text("x")
