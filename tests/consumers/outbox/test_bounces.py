"""What comes back for a mail of ours finds its case: a bounce as an event, an answer as a message; nothing loops."""

from uuid import UUID

import pytest

from consumers.outbox import mail
from consumers.outbox.relayhost import RelayHost
from consumers.outbox.smtp import MailSender, World
from consumers.reactions import notices
from engine.incoming import Done
from engine.store.database.pool import Pool
from schemas.complaint.correspondence import DeliveryReported, MessageRecorded
from support.following import react
from support.installation import Desk
from support.mail_server import Mailroom

US = mail.sender("Complaints <complaints@example.com>")
MAIL = "From: Ann <ann@example.org>\nMessage-ID: <1@example.org>\nSubject: Kettle\n\nI complain: it is broken!"


def acknowledged(desk: Desk, pool: Pool, room: Mailroom) -> tuple[UUID, str, bytes]:
    """Have a complaint acknowledged by mail; return it, the mail's Message-ID and its octets."""
    stream = desk.opened(channel="email", raw=MAIL)
    react(desk, pool, notices.REACTION)
    world = World(pool, desk.store, desk.service.submit, lambda: desk.at, lambda: 1.0)
    MailSender(world, RelayHost(room.host, room.port, "none", timeout_seconds=5), US).once()
    return stream, str(room.mails[-1]["Message-ID"]), room.got[-1][2]


def bounce(about: str, action: str = "failed") -> str:
    return (
        "From: MAILER-DAEMON@mx.example.org\nTo: complaints@example.com\nMessage-ID: <b1@mx.example.org>\n"
        "Subject: Undelivered\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n\n'
        "--x\n\nNot delivered.\n"
        "--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        f"Final-Recipient: rfc822; ann@example.org\nAction: {action}\nStatus: 5.1.1\n\n"
        f"--x\nContent-Type: text/rfc822-headers\n\nMessage-ID: {about}\n\n--x--\n"
    )


def reported(desk: Desk, stream: UUID) -> list[str]:
    return [one.event.status for one in desk.history(stream) if isinstance(one.event, DeliveryReported)]


@pytest.mark.parametrize("action", ["failed", "delayed", "delivered"])
def test_a_delivery_report_becomes_an_event_of_the_case_that_the_mail_was_sent_for(
    desk: Desk, pool: Pool, room: Mailroom, action: str
) -> None:
    stream, message_id, _ = acknowledged(desk, pool, room)
    result = desk.hear(channel="email", raw=bounce(message_id, action))
    assert isinstance(result, Done)
    assert (result.stream, result.opened) == (stream, False)
    assert reported(desk, stream) == ["sent", action]
    assert desk.case(stream).correspondence.failed(UUID(message_id[1:37])) == (action == "failed")
    last = desk.history(stream)[-1].envelope
    assert (last.actor, last.identity) == ("rule:desk", "workload")


def test_a_report_on_a_mail_that_is_none_of_ours_is_kept_and_changes_nothing(
    desk: Desk, pool: Pool, room: Mailroom
) -> None:
    stream, _, _ = acknowledged(desk, pool, room)
    result = desk.hear(channel="email", raw=bounce("<00000000-0000-0000-0000-000000000000@example.com>"))
    assert isinstance(result, Done)
    assert result.kind == "feedback"
    assert reported(desk, stream) == ["sent"]


def test_an_answer_to_our_mail_finds_the_case_without_any_number(desk: Desk, pool: Pool, room: Mailroom) -> None:
    stream, message_id, _ = acknowledged(desk, pool, room)
    answer = f"From: Ann <ann@example.org>\nMessage-ID: <2@example.org>\nIn-Reply-To: {message_id}\n\nStill broken!"
    result = desk.hear(channel="email", raw=answer)
    assert isinstance(result, Done)
    assert result.stream == stream


def test_two_plaints_that_write_to_each_other_stop_at_once(desk: Desk, pool: Pool, room: Mailroom) -> None:
    """The other one is played by our own intake: our acknowledgement arrives there as any mail does."""
    _, _, octets = acknowledged(desk, pool, room)
    result = desk.hear(channel="email", raw=octets.decode("ascii"))
    assert isinstance(result, Done)
    assert result.kind == "feedback" or not result.opened
    desk.later(minutes=1)
    sent = len(room.got)
    react(desk, pool, notices.REACTION)
    world = World(pool, desk.store, desk.service.submit, lambda: desk.at, lambda: 1.0)
    MailSender(world, RelayHost(room.host, room.port, "none", timeout_seconds=5), US).once()
    assert len(room.got) == sent
    automatic = [
        one.event
        for one in desk.history(desk.opened_stream())
        if isinstance(one.event, MessageRecorded) and one.event.automatic_kind == "own"
    ]
    assert len(automatic) <= 1
