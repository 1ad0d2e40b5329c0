"""Tricky e-mails, whole: what is read from each."""

from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.channels import from_rfc5322, parse, to_message
from schemas.channels.mail.automatic import OwnMail
from schemas.channels.message import (
    Attachment,
    Author,
    Contact,
    ConversationKey,
    DeliveryReport,
    Message,
    MessageRefused,
    fingerprint_parts,
)


def mail(*headers: str, body: str = "Text", charset: str = "utf-8") -> bytes:
    return "\r\n".join([*headers, "", body]).encode(charset)


def read(raw: bytes, envelope_from: str | None = None, own: OwnMail | None = None) -> Message:
    return to_message(from_rfc5322(raw, envelope_from), own or OwnMail())


RUSSIAN = mail(
    "Received: from a.example by mx.shop.example; Sun, 1 Mar 2026 12:30:05 +0300",
    "From: =?utf-8?B?0JjQstCw0L0g0J/QtdGC0YDQvtCy?= <ivan@Mail.example>",
    "To: Support <help@shop.example>, boss@shop.example",
    "Reply-To: ivan.petrov@home.example",
    "Subject: =?koi8-r?B?9sHMz8LB?= PL-7K2MN-0OIL3",
    "Date: Sun, 1 Mar 2026 12:30:00 +0300",
    "Message-ID: <m3@mail.example>",
    "In-Reply-To: <m2@shop.example>",
    "References: <m1@mail.example> <m2@shop.example>",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Language: ru",
    body="Снова не работает.\r\n\r\n1.03.2026, Shop пишет:\r\n> Мы починили",
)


def test_a_russian_reply_is_read_whole() -> None:
    assert read(RUSSIAN) == Message(
        channel="email",
        source_id="<m3@mail.example>",
        conversation=(
            ConversationKey(kind="message", value="<m2@shop.example>"),
            ConversationKey(kind="message", value="<m1@mail.example>"),
            ConversationKey(kind="case", value="PL-7K2MN-00113"),
        ),
        author=Author(
            name="Иван Петров",
            contacts=(
                Contact(kind="email", value="ivan@mail.example"),
                Contact(kind="email", value="ivan.petrov@home.example"),
            ),
        ),
        addressed_to=("help@shop.example", "boss@shop.example"),
        subject="Жалоба PL-7K2MN-0OIL3",
        text="Снова не работает.",
        quoted="1.03.2026, Shop пишет:\n> Мы починили",
        language="ru",
        claimed_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        raw=RUSSIAN,
    )


def test_the_same_mail_delivered_twice_is_one_message() -> None:
    again = b"Return-Path: <ivan@mail.example>\r\nX-Spam: no\r\nReceived: from b by c; now\r\n" + RUSSIAN

    assert fingerprint_parts(read(again)) == fingerprint_parts(read(RUSSIAN))


def test_two_mails_under_one_message_id_of_a_broken_mailer_are_two_messages() -> None:
    one = mail("Message-ID: <fixed@form>", "Date: Sun, 1 Mar 2026 12:30:00 +0300", "From: a@b.example", body="one")
    two = mail("Message-ID: <fixed@form>", "Date: Sun, 1 Mar 2026 12:31:00 +0300", "From: a@b.example", body="two")

    assert fingerprint_parts(read(one)) != fingerprint_parts(read(two))


def test_a_mail_without_message_id_gets_a_stable_one_from_its_content() -> None:
    without = RUSSIAN.replace(b"Message-ID: <m3@mail.example>\r\n", b"")
    first = read(without)
    relayed = read(b"Received: from x by y; later\r\n" + without + b"  \r\n\r\n")
    other = read(without.replace(b"help@", b"sales@").replace("Снова".encode(), "Опять".encode()))

    assert first.source_id is None
    assert first.message_id.startswith("content:")
    assert first.message_id == relayed.message_id
    assert fingerprint_parts(first) == fingerprint_parts(relayed)
    assert first.message_id != other.message_id


@pytest.mark.parametrize(
    ("codec", "declared"),
    [("koi8-r", "koi8-r"), ("cp1251", "windows-1251"), ("cp1251", "utf-8"), ("koi8-r", None), ("utf-8", "us-ascii")],
)
def test_russian_bodies_and_raw_subjects_are_read_in_any_character_set(codec: str, declared: str | None) -> None:
    content_type = [f"Content-Type: text/plain; charset={declared}"] if declared else []
    raw = mail(
        "From: a@b.example",
        "Subject: Телефон не работает после ремонта",
        *content_type,
        body="Верните деньги за испорченный телефон, пожалуйста",
        charset=codec,
    )

    assert (read(raw).subject, read(raw).text) == (
        "Телефон не работает после ремонта",
        "Верните деньги за испорченный телефон, пожалуйста",
    )


MIXED = """\
From: a@b.example
Subject: files
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

=D0=A1=D0=BC=D0=BE=D1=82=D1=80=D0=B8=D1=82=D0=B5
--inner
Content-Type: multipart/related; boundary=rel

--rel
Content-Type: text/html; charset=utf-8

<p>HTML</p><img src="cid:i">
--rel
Content-Type: image/PNG
Content-ID: <i>
Content-Transfer-Encoding: base64

iVBORw0=
--rel--
--inner--
--outer
Content-Type: application/pdf
Content-Disposition: attachment;
 filename*0*=utf-8''%D0%A7%D0%B5;
 filename*1*=%D0%BA.pdf
Content-Transfer-Encoding: base64

JVBERi0=
--outer
Content-Type: text/plain; name="=?koi8-r?B?/sXLLnR4dA==?="
Content-Disposition: attachment
Content-Transfer-Encoding: base64

Zm9@@@v
--outer
Content-Type: message/rfc822

From: c@d.example
Subject: inner

Inner text
--outer--
""".replace("\n", "\r\n").encode()


def test_text_and_files_are_found_in_nested_parts_with_russian_names_of_both_kinds() -> None:
    message = read(MIXED)

    assert (message.text, message.html_only) == ("Смотрите", False)
    assert message.attachments == (
        Attachment(media_type="image/png", content=b"\x89PNG\r", inline=True),
        Attachment(filename="Чек.pdf", media_type="application/pdf", content=b"%PDF-"),
        Attachment(filename="Чек.txt", media_type="text/plain", content=b"foo"),
        Attachment(
            filename="message.eml",
            media_type="message/rfc822",
            content=b"From: c@d.example\r\nSubject: inner\r\n\r\nInner text",
        ),
    )


def test_the_sha_256_of_an_attachment_is_that_of_its_octets() -> None:
    assert read(MIXED).attachments[2].sha256 == "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"


def test_a_mail_of_html_alone_is_read_as_text() -> None:
    raw = mail("From: a@b.example", "Content-Type: text/html; charset=utf-8", body="<p>Не&nbsp;работает</p><p>!</p>")

    assert (read(raw).text, read(raw).html_only) == ("Не работает\n!", True)


def test_a_plain_footer_below_html_does_not_hide_the_html() -> None:
    raw = mail(
        "From: a@b.example",
        "Content-Type: multipart/mixed; boundary=x",
        body="--x\r\nContent-Type: text/html\r\n\r\n<p>It broke</p>\r\n"
        "--x\r\nContent-Type: text/plain\r\n\r\nScanned for viruses\r\n--x--\r\n",
    )

    assert read(raw).text == "It broke\n\nScanned for viruses"


def test_a_blank_plain_alternative_gives_way_to_html() -> None:
    raw = mail(
        "From: a@b.example",
        "Content-Type: multipart/alternative; boundary=x",
        body="--x\r\n\r\n \r\n--x\r\nContent-Type: text/html\r\n\r\n<p>It broke</p>\r\n--x--\r\n",
    )

    assert (read(raw).text, read(raw).html_only) == ("It broke", True)


def test_a_complaint_forwarded_as_a_file_is_read_from_the_file() -> None:
    raw = mail(
        "From: clerk@shop.example",
        "Content-Type: multipart/mixed; boundary=x",
        body="--x\r\n\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\n\r\nIt broke\r\n--x--\r\n",
    )
    message = read(raw)

    assert (message.text, len(message.attachments)) == ("It broke", 1)


def test_a_complaint_forwarded_inline_stays_whole() -> None:
    body = "FYI\n\n---------- Forwarded message ---------\nFrom: a@b.example\nDate: today\nSubject: x\n\nIt broke"

    assert read(mail("From: clerk@shop.example", body=body)).text == body


def test_a_mail_with_hardly_a_header_is_still_a_message() -> None:
    message = read(b"Subject:\n\nIt broke\n")

    assert (message.author, message.subject, message.text, message.claimed_at) == (Author(), "", "It broke", None)


@pytest.mark.parametrize(
    "headers",
    [
        b"Message-ID: <",
        b'From: "',
        b"To: =?x?q??=@",
        b"From: =?utf-8?q?=0a?= <a@b>",
        b"Content-Type: text/plain; charset*=a\x00b'x'y",
        b"Content-Type: ;;;",
        b"Content-Type: multipart/mixed",
        b"Content-Type: multipart/mixed; boundary*=''",
        b"Content-Disposition: attachment; filename*0*=utf-8''%\xff",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: x-uuencode",
        b"Date: '",
        b"no colon at all",
        b": nameless",
    ],
)
def test_broken_headers_leave_the_subject_readable(headers: bytes) -> None:
    assert read(b"Subject: It broke\r\n" + headers + b"\r\n\r\nbody\r\n").subject == "It broke"


def test_huge_headers_are_cut_and_take_no_long_time() -> None:
    raw = b"From: a@b.example\r\nTo: " + b"a@b.example, " * 50_000 + b"\r\nContent-Type: text/plain" + b";" * 500_000
    references = b"\r\nReferences: " + b" ".join(b"<%d@x>" % n for n in range(50_000))
    started = perf_counter()
    message = read(raw + references + b"\r\n\r\nIt broke")

    assert perf_counter() - started < 10
    assert message.text == "It broke"
    assert message.conversation[0].value == "<49999@x>"


def test_a_mail_of_too_many_parts_is_refused() -> None:
    raw = mail("From: a@b.example", "Content-Type: multipart/mixed; boundary=x", body="--x\r\n\r\na\r\n" * 3_000)

    with pytest.raises(MessageRefused, match=r"^raw has too many parts; send at most 1000 MIME parts$"):
        read(raw)


def test_a_mail_nested_beyond_reading_is_read_or_refused() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(900))

    with suppress(MessageRefused):
        read(b"From: a@b.example\r\n" + nested + b"\r\ntext")


AUTO = "From: a@b.example"


@pytest.mark.parametrize(
    ("headers", "kind", "by"),
    [
        (["Auto-Submitted: auto-replied"], "auto_reply", "Auto-Submitted"),
        (["Auto-Submitted: auto-generated; owner"], "auto_reply", "Auto-Submitted"),
        (["Precedence: auto_reply"], "auto_reply", "Precedence"),
        (["X-Autoreply: yes"], "auto_reply", "X-Autoreply"),
        (["X-Autorespond: back on Monday"], "auto_reply", "X-Autorespond"),
        (["X-Auto-Response-Suppress: DR, OOF, AutoReply"], "auto_reply", "X-Auto-Response-Suppress"),
        (["X-Auto-Response-Suppress: All"], "auto_reply", "X-Auto-Response-Suppress"),
        (["Return-Path: <>"], "auto_reply", "Return-Path"),
        (["Subject: =?utf-8?B?0JDQstGC0L7QvtGC0LLQtdGCOiDQstCw0YjQtQ==?="], "auto_reply", "Subject"),
        (["Subject: Automatic reply: your mail"], "auto_reply", "Subject"),
        (
            ["Content-Type: multipart/report; report-type=disposition-notification; boundary=x"],
            "auto_reply",
            "Content-Type",
        ),
        (["Content-Type: multipart/report; report-type=feedback-report; boundary=x"], "bulk", "Content-Type"),
        (["Precedence: bulk"], "bulk", "Precedence"),
        (["Precedence: junk"], "bulk", "Precedence"),
        (["List-Unsubscribe: <mailto:u@x>"], "bulk", "List-Unsubscribe"),
        (["Precedence: list"], "list", "Precedence"),
        (["List-Id: News <news.x.example>", "Precedence: bulk"], "list", "List-Id"),
        (["X-Loop: x"], "loop", "X-Loop"),
        (["Received: by x"] * 61, "loop", "Received"),
        (["X-Plaint-Notice: 1", "Auto-Submitted: auto-generated"], "own", "X-Plaint-Notice"),
        (["Message-ID: <n@notices.shop.example>"], "own", "Message-ID"),
    ],
)
def test_automatic_mail_is_recognised_by_what_gives_it_away(headers: list[str], kind: str, by: str) -> None:
    own = OwnMail(message_id_domains=frozenset({"notices.shop.example"}))
    message = read(mail(AUTO, *headers), own=own)

    assert (message.automated, message.automated_by) == (kind, by)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Auto-Submitted: no"],
        ["Precedence: normal"],
        ["X-Auto-Response-Suppress: DR, NDR"],
        ["Return-Path: <a@b.example>"],
        ["Subject: Automatic replies drive me mad"],
        ["Subject: Автоответчик не работает"],
        ["X-Autoreply: no"],
        ["Received: by x"] * 20,
    ],
)
def test_what_a_person_wrote_is_not_automatic(headers: list[str]) -> None:
    assert read(mail(AUTO, *headers)).automated is None


def test_the_null_sender_of_the_envelope_makes_a_mail_automatic() -> None:
    assert read(mail(AUTO), envelope_from="").automated == "auto_reply"
    assert read(mail(AUTO, "Return-Path: <>"), envelope_from="a@b.example").automated is None


def test_a_complaint_through_our_own_list_is_a_persons() -> None:
    raw = mail(AUTO, "List-Id: Claims <claims.shop.example>", "Precedence: list", "List-Unsubscribe: <x>")

    assert read(raw, own=OwnMail(lists=frozenset({"claims.shop.example"}))).automated is None


def test_mail_from_our_own_address_is_ours() -> None:
    assert (
        read(mail("From: Help <HELP@shop.example>"), own=OwnMail(addresses=frozenset({"help@shop.example"}))).automated
        == "own"
    )


def dsn(action: str, original: str) -> bytes:
    return mail(
        "From: MAILER-DAEMON@mx.example",
        "Subject: Undelivered",
        'Content-Type: multipart/report; report-type="delivery-status"; boundary=x',
        body="--x\r\n\r\nCould not deliver\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; c@d.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
        f"Final-Recipient: rfc822; a@b.example\r\nAction: {action}\r\nStatus: 5.1.1 (unknown)\r\n\r\n"
        f"--x\r\n{original}\r\n--x--\r\n",
    )


@pytest.mark.parametrize(
    "original",
    [
        "Content-Type: message/rfc822\r\n\r\nMessage-ID: <n1@shop.example>\r\nSubject: x\r\n\r\nbody",
        "Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nMessage-ID: <n1@shop.example>\r\n",
    ],
)
def test_a_bounce_names_our_message_and_the_worst_of_its_fates(original: str) -> None:
    message = read(dsn("failed", original))

    assert message.automated == "delivery_report"
    assert message.delivery_report == DeliveryReport(
        message_id="<n1@shop.example>", status="failed", status_code="5.1.1"
    )
    assert message.conversation[0] == ConversationKey(kind="message", value="<n1@shop.example>")
    assert message.text.startswith("Could not deliver")


@pytest.mark.parametrize(
    ("action", "status"), [("delayed", "delayed"), ("relayed", "sent"), ("delivered", "delivered"), ("??", "delivered")]
)
def test_the_action_of_a_report_becomes_a_status(action: str, status: str) -> None:
    report = read(dsn(action, "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <n1@x>")).delivery_report

    assert report is not None
    assert report.status == status


def test_a_bounce_without_a_machine_readable_part_failed() -> None:
    raw = mail(
        "From: Mail Delivery System <Mailer-Daemon@mx.example>",
        "X-Failed-Recipients: a@b.example",
        body="This is a copy of the message:\n\nMessage-Id: <n1@shop.example>\nSubject: x\n",
    )

    assert read(raw).delivery_report == DeliveryReport(message_id="<n1@shop.example>", status="failed")


def test_a_mail_in_json_is_taken_as_base64_and_as_text() -> None:
    assert parse({"channel": "email", "raw": b64encode(RUSSIAN).decode()}) == from_rfc5322(RUSSIAN)
    assert parse({"channel": "email", "raw": RUSSIAN.decode()}) == from_rfc5322(RUSSIAN)


def test_a_mail_survives_its_json_form() -> None:
    arrived = from_rfc5322(MIXED, envelope_from="")

    assert parse(arrived.model_dump_json().encode()) == arrived


@pytest.mark.parametrize("raw", [b"", b"\x89PNG\r\n\x1a\n", b"just a text\n", b"{}", b"\r\n\r\nFrom here: text"])
def test_what_is_no_mail_is_refused(raw: bytes) -> None:
    with pytest.raises(MessageRefused) as refused:
        from_rfc5322(raw)

    assert str(refused.value) == "message is no e-mail: no known header stands at its beginning; send RFC 5322"


def test_neither_a_mail_nor_its_message_shows_its_words_when_printed() -> None:
    arrived = from_rfc5322(RUSSIAN)

    assert repr(arrived) + str(arrived) + repr(to_message(arrived)) == "<EmailMessage><EmailMessage><Message email>"


pieces = st.sampled_from(
    [
        b"From: a@b\r\n",
        b"Subject: =?utf-8?B?",
        b"Content-Type: multipart/mixed; boundary=x\r\n",
        b"--x\r\n",
        b"--x--\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Type: text/html\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"base64",
        b"<a ",
        b"\xff",
        b"Content-Type: message/delivery-status\r\n",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n",
        b"Content-Transfer-Encoding: ",
        b"quoted-printable\r\n",
        b"; charset=",
        b"koi8-r",
        b"; filename*0*=",
        b"'",
        b'"',
        b"(",
        b"\x00",
        b"Message-ID: ",
        b"References: ",
        b"<",
        b">",
        b"Date: ",
        b"uuencode\r\n",
        b"begin 644 x\r\n",
        b"Content-Disposition: attachment",
    ]
)
hostile = st.lists(pieces | st.binary(max_size=8), max_size=40).map(b"".join)


@given(hostile | st.binary(max_size=300))
@example(b"From: a\r\nContent-Type: multipart/alternative\r\n\r\n")
def test_any_octets_are_read_or_refused(raw: bytes) -> None:
    with suppress(MessageRefused):
        message = read(b"From: a@b.example\r\n" + raw)
        assert fingerprint_parts(message)
        assert "\x00" not in message.text + message.subject
        assert message.text.encode().decode() == message.text
    with suppress(MessageRefused):
        from_rfc5322(raw)
