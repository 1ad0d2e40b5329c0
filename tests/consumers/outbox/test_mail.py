from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.outbox.mail import Letter, NoAddress, compose, mailbox, sender, together
from schemas.channels.email import EmailMessage as Arrived
from schemas.channels.message import case_numbers
from support.scenario import NUMBER, uid

US = sender("Complaints <complaints@example.com>", "ids.example.com")
LETTER = Letter(
    message=uid("m"),
    to="ann@example.org",
    subject=f"[{NUMBER}] Мы получили вашу жалобу",
    body="Здравствуйте!\n\nСпасибо.\n",
    written_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    number=NUMBER,
    language="ru",
    answers="<opener@example.org>",
)


def read(mail: Message) -> EmailMessage:
    found = message_from_bytes(mail.as_bytes(), policy=default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_mail_says_who_sends_what_to_whom_about_which_case_and_that_nobody_wrote_it() -> None:
    mail = read(compose(LETTER, US))
    assert dict(mail.items()) == {
        "From": "Complaints <complaints@example.com>",
        "To": "ann@example.org",
        "Subject": f"[{NUMBER}] Мы получили вашу жалобу",
        "Date": "Mon, 02 Mar 2026 09:00:00 +0000",
        "Message-ID": f"<{uid('m')}@ids.example.com>",
        "Content-Language": "ru",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Plaint-Notice": str(uid("m")),
        "In-Reply-To": "<opener@example.org>",
        "References": "<opener@example.org>",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        "MIME-Version": "1.0",
    }
    assert mail.get_content() == "Здравствуйте!\n\nСпасибо.\n"


def test_a_mail_is_the_same_octets_every_time_and_seven_bit() -> None:
    octets = compose(LETTER, US).as_bytes()
    assert octets == compose(LETTER, US).as_bytes()
    octets.decode("ascii")
    assert max(map(len, octets.splitlines())) <= 78


def test_what_a_person_wrote_bears_no_mark_of_a_machine() -> None:
    mail = compose(replace(LETTER, automated=False), US)
    assert [name for name in ("Auto-Submitted", "X-Plaint-Notice", "X-Auto-Response-Suppress") if name in mail] == []


@pytest.mark.parametrize("subject", ["Your parcel", None, ""])
def test_the_number_stands_in_every_subject_once(subject: str | None) -> None:
    assert case_numbers(str(read(compose(replace(LETTER, subject=subject), US))["Subject"])) == (NUMBER,)
    assert str(read(compose(LETTER, US))["Subject"]).count(NUMBER) == 1


def test_several_messages_to_one_mailbox_are_one_mail_with_every_subject_and_text() -> None:
    others = [replace(LETTER, message=uid(f"m{n}"), subject=f"Missed {n}", body=f"Text {n}\n") for n in (1, 2)]
    mail = read(together([LETTER, *others], US))
    assert mail["Subject"] == "Уведомлений: 3"
    text = mail.get_content()
    assert [text.index(word) for word in ("Спасибо", "Missed 1", "Text 1", "Missed 2", "Text 2")] == sorted(
        text.index(word) for word in ("Спасибо", "Missed 1", "Text 1", "Missed 2", "Text 2")
    )
    assert mail["Message-ID"] == together([LETTER, *others], US)["Message-ID"] != compose(LETTER, US)["Message-ID"]
    assert together([LETTER], US).as_bytes() == compose(LETTER, US).as_bytes()


@pytest.mark.parametrize("text", ["", "ann", "@example.org", "ann@", "a b@example.org", "ann@exa mple.org",
                                  "ann@example.org\nBcc: all@example.org", "анна@example.org", "a@b@"])  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(NoAddress) as refused:
        mailbox(text)
    assert str(refused.value) == "this is no address of a mailbox"


def test_a_domain_in_letters_of_its_own_is_written_as_servers_know_it() -> None:
    assert mailbox("ann@почта.рф").addr_spec == "ann@xn--80a1acny.xn--p1ai"


@given(subject=st.text(max_size=300), body=st.text(st.characters(exclude_categories=["Cs"]), max_size=2_000))
def test_no_text_breaks_out_of_its_place(subject: str, body: str) -> None:
    mail = read(compose(replace(LETTER, subject=subject.encode("utf-8", "replace").decode(), body=body), US))
    assert sorted(mail.keys()) == sorted(compose(LETTER, US).keys())
    assert str(make_header(decode_header(str(mail["Subject"])))).splitlines() == [str(mail["Subject"])]


def test_our_own_intake_knows_a_notice_as_one_and_opens_nothing_by_it() -> None:
    found = Arrived(channel="email", raw=compose(LETTER, US).as_bytes()).to_message()
    assert (found.automated, found.automated_by) == ("own", "X-Plaint-Notice")
