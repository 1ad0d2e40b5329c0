"""A link in a letter works for who gets the letter, and for nobody who reads the case."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from consumers.outbox import mail
from consumers.outbox.relayhost import RelayHost
from consumers.outbox.smtp import MailSender, World
from consumers.reactions import notices, surveys
from engine.links import BadLink, Link, read
from engine.store.database.pool import Pool
from schemas.complaint.correspondence import MessageRecorded, Reply
from schemas.complaint.lifecycle import Resolve
from schemas.configuration.notices import Notices
from support.following import react
from support.installation import MONDAY, Desk
from support.mail_server import Mailroom

RAW = "From: Ann <ann@example.org>\nMessage-ID: <1@example.org>\nSubject: Kettle\n\nI complain: it is broken!"
PAGES = "https://complaints.example.com"


def answered(desk: Desk, pool: Pool, pages: str | None) -> UUID:
    """A complaint by e-mail that was acknowledged, answered and asked about."""
    shipped = desk.service.book().notices
    assert shipped is not None
    rules = Notices.model_validate({**shipped.model_dump(), "version": shipped.version + 1, "pages": pages})
    desk.service.activate([rules], desk.around(), desk.at)
    stream = desk.opened(channel="email", raw=RAW)
    desk.give(stream, Reply(final=True, channel="email", body="We are sorry."))
    desk.give(stream, Resolve(outcome="upheld"))
    react(desk, pool, surveys.SURVEYS)
    react(desk, pool, notices.REACTION)
    return stream


def letter(desk: Desk, stream: UUID, template: str) -> str:
    (body,) = [
        one.event.body
        for one in desk.history(stream)
        if isinstance(one.event, MessageRecorded) and one.event.rendered and one.event.rendered.template == template
    ]
    assert isinstance(body, str)
    return body


def sent(desk: Desk, pool: Pool, room: Mailroom) -> dict[str, str]:
    world = World(pool, desk.store, desk.service.submit, lambda: desk.at, lambda: 1.0)
    MailSender(world, RelayHost(room.host, room.port, "none", timeout_seconds=5), mail.sender("us@example.com")).once()
    return {str(one["Subject"]).partition("] ")[2]: one.get_content() for one in room.mails}


def test_the_link_of_an_invitation_is_signed_when_it_leaves_and_stands_unsigned_in_the_case(
    desk: Desk, pool: Pool, room: Mailroom
) -> None:
    stream = answered(desk, pool, PAGES)
    until = MONDAY + timedelta(days=30)
    stored = letter(desk, stream, "survey")
    assert f"{PAGES}/p/~rate~1~{int(until.timestamp())}" in stored
    mails = sent(desk, pool, room)
    (token,) = re.findall(rf"{PAGES}/p/([\w-]+)", mails["How did we do?"])
    keyed = desk.store.fingerprint.of
    assert read(token, keyed, desk.at) == Link("rate", stream, 1, until)
    (status,) = re.findall(rf"{PAGES}/p/([\w-]+)", mails["We have your complaint"])
    assert read(status, keyed, desk.at).purpose == "status"
    with pytest.raises(BadLink):
        read(stored.partition("/p/")[2].split()[0], keyed, desk.at)


def test_without_pages_the_letter_asks_for_an_answer_by_mail(desk: Desk, pool: Pool, room: Mailroom) -> None:
    answered(desk, pool, None)
    text = sent(desk, pool, room)["How did we do?"]
    assert "Reply to this e-mail with a mark from 1 (bad) to 5 (good)" in text.replace("\n", " ")
    assert "/p/" not in text
