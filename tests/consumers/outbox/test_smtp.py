"""Mail leaves for a real mail server: once, when it may, to whom it may, and its case records what became of it."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from consumers.outbox import mail
from consumers.outbox.relayhost import NoServer, RelayHost
from consumers.outbox.smtp import GIVES_UP, MailSender, Pace, Passed, World
from engine.attached import attached
from engine.complaint.number import case_number
from engine.incoming import Asked, Done, Refused, Result
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL
from projections.runtime import owner
from schemas.complaint.correspondence import AttachmentAdded, DeliveryReported, Queued, RecordMessage, Reply
from schemas.words import Attachment
from support.certificates import make_certificates
from support.erasing import eraser
from support.following import pool_of
from support.installation import Desk
from support.mail_server import Mailroom, free_port, mail_server
from support.scenario import uid

US = mail.sender("Complaints <complaints@example.com>")


def sender(desk: Desk, pool: Pool, server: RelayHost | Mailroom) -> MailSender:
    host = server if isinstance(server, RelayHost) else RelayHost(server.host, server.port, "none", timeout_seconds=5)
    world = World(pool, desk.store, desk.service.submit, lambda: desk.at, lambda: 1.0)
    return MailSender(world, host, US, Pace(batch=3, poll_seconds=0.05))


def sent(desk: Desk, pool: Pool, server: RelayHost | Mailroom) -> Passed:
    passed = sender(desk, pool, server).once()
    assert passed is not None
    return passed


def complaint(desk: Desk, name: str = "ann") -> UUID:
    raw = f"From: {name}@example.org\nMessage-ID: <{name}@example.org>\nSubject: Broken\n\nIt broke, I complain."
    return desk.opened(channel="email", raw=raw)


def queue(desk: Desk, stream: UUID, label: str, to: str = "ann@example.org", **more: object) -> UUID:
    """Have a rule write a message that is to be sent."""
    opened = desk.case(stream).registration.message
    told = {"queued": Queued(), "in_reply_to": opened, "automated": True, **more}
    command = RecordMessage.model_validate(
        {"message": uid(label), "channel": "email", "to": to, "subject": label, "body": f"Text {label}\n", **told}
    )
    assert isinstance(desk.give(stream, command, by="rule:notices"), Done)
    return uid(label)


def reported(desk: Desk, stream: UUID) -> list[tuple[UUID, str]]:
    events = [one.event for one in desk.history(stream)]
    return [(event.message, event.status) for event in events if isinstance(event, DeliveryReported)]


def test_a_message_leaves_with_its_text_in_the_thread_of_the_complaint(desk: Desk, pool: Pool, room: Mailroom) -> None:
    stream = complaint(desk)
    message = queue(desk, stream, "Hello")
    assert sent(desk, pool, room) == Passed(sent=1, mails=1)
    ((envelope_from, recipients, _),) = room.got
    assert (envelope_from, recipients) == ("complaints@example.com", ["ann@example.org"])
    (found,) = room.mails
    assert (found["Subject"], found["Message-ID"], found["In-Reply-To"]) == (
        f"[{case_number(stream)}] Hello", f"<{message}@example.com>", "<ann@example.org>",
    )  # fmt: skip
    assert found.get_content().splitlines() == ["Text Hello"]
    assert reported(desk, stream) == [(message, "sent")]


def test_what_was_sent_is_never_sent_again_whoever_takes_over(desk: Desk, pool: Pool, room: Mailroom) -> None:
    queue(desk, complaint(desk), "Hello")
    assert [sent(desk, pool, room).sent for _ in range(3)] == [1, 0, 0]
    with pool.connection() as connection:
        connection.execute("DELETE FROM plaint.sources WHERE source = 'mail'")
    assert sent(desk, pool, room) == Passed()
    assert len(room.got) == 1


def test_what_others_send_is_left_to_them(desk: Desk, pool: Pool, room: Mailroom) -> None:
    stream = complaint(desk)
    queue(desk, stream, "not queued", queued=None)
    queue(desk, stream, "another channel", channel="messenger")
    queue(desk, stream, "no mailbox", to=None, counterparty="staff")  # type: ignore[arg-type] # of a team
    queue(desk, stream, "sent before", delivery="sent")
    assert sent(desk, pool, room) == Passed()
    assert room.got == []


def test_a_reply_of_a_person_leaves_too_where_he_asks_for_it_and_bears_no_mark(
    desk: Desk, pool: Pool, room: Mailroom
) -> None:
    stream = complaint(desk)
    desk.give(stream, Reply(final=False, channel="email", to="ann@example.org", body="We look.", queued=Queued()))
    assert sent(desk, pool, room).sent == 1
    (found,) = room.mails
    assert "Auto-Submitted" not in found
    assert found["Subject"] == f"[{case_number(stream)}]"


def test_a_reply_that_names_no_address_goes_to_who_complains_in_his_thread(
    desk: Desk, pool: Pool, room: Mailroom
) -> None:
    stream = complaint(desk)
    desk.give(stream, Reply(final=True, channel="email", body="We refund it.", queued=Queued()))
    assert sent(desk, pool, room) == Passed(sent=1, mails=1)
    (found,) = room.mails
    assert (found["To"], found["In-Reply-To"]) == ("ann@example.org", "<ann@example.org>")


def add(desk: Desk, stream: UUID, octets: bytes, name: str, kind: str = "image/png") -> Attachment:
    """Add a file to a case; returns what the case knows of it."""
    assert isinstance(desk.give(stream, attached(octets, kind, name), data=octets), Done)
    event = desk.history(stream)[-1].event
    assert isinstance(event, AttachmentAdded)
    return event.attachment


def carrying(*files: Attachment) -> Reply:
    return Reply(final=True, channel="email", body="See the photo: Größe 5.", attachments=files, queued=Queued())


def test_a_reply_takes_its_files_along(desk: Desk, pool: Pool, room: Mailroom) -> None:
    stream, photo, note = complaint(desk), bytes(range(256)), b"Subject: x\n\nenclosed"
    files = add(desk, stream, photo, "чек.png"), add(desk, stream, note, "old.eml", "message/rfc822")
    assert isinstance(desk.give(stream, carrying(*files)), Done)
    assert sent(desk, pool, room) == Passed(sent=1, mails=1)
    (found,) = room.mails
    text, *parts = found.iter_parts()
    assert (found.get_content_type(), text.get_content().splitlines()) == (
        "multipart/mixed", ["See the photo: Größe 5."],
    )  # fmt: skip
    assert [(one.get_filename(), one.get_content_type(), one.get_content()) for one in parts] == [
        ("чек.png", "image/png", photo), ("old.eml", "application/octet-stream", note),
    ]  # fmt: skip


def test_a_reply_takes_no_file_of_another_case(desk: Desk, pool: Pool, room: Mailroom) -> None:
    stream, other = complaint(desk), complaint(desk, "bob")
    theirs = add(desk, other, b"Bob's own", "bob.txt", "text/plain")
    refused = desk.give(stream, carrying(theirs))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts) == ("invalid", {"field": "attachments"})
    assert sent(desk, pool, room) == Passed()


def test_a_reply_waits_for_a_file_that_is_not_at_hand(desk: Desk, pool: Pool, room: Mailroom) -> None:
    desk.at = datetime.now(UTC)
    stream = complaint(desk)
    file = add(desk, stream, b"large" * 100_000, "large.bin")
    desk.give(stream, carrying(file))
    desk.store.contents.discard([file.content_id])
    with capture_logs() as logs:
        assert sent(desk, pool, room) == Passed(waiting=1)
    assert [(one["event"], one["reason"]) for one in logs] == [("mail_file_away", "ContentMissing")]
    assert [status for _, status in reported(desk, stream)] == ["delayed"]
    desk.at += GIVES_UP + timedelta(days=1)
    assert sent(desk, pool, room) == Passed(failed=1)
    assert ([status for _, status in reported(desk, stream)], room.got) == (["delayed", "failed"], [])


def test_a_reply_to_somebody_without_an_address_is_told_as_failed(desk: Desk, pool: Pool, room: Mailroom) -> None:
    stream = desk.opened(channel="visit", id="v1", text="It broke, I complain.", hints={"sense": "complaint"})
    desk.give(stream, Reply(final=True, channel="email", body="We refund it.", queued=Queued()))
    assert sent(desk, pool, room) == Passed(failed=1, mails=1)
    assert [status for _, status in reported(desk, stream)] == ["failed"]
    assert room.got == []


def test_nobody_is_told_before_his_time_and_others_do_not_wait_for_it(desk: Desk, pool: Pool, room: Mailroom) -> None:
    stream = complaint(desk)
    later = queue(desk, stream, "later", queued=Queued(not_before=desk.at + timedelta(hours=1)))
    now = queue(desk, stream, "now")
    assert sent(desk, pool, room) == Passed(sent=1, mails=1, waiting=1)
    desk.later(hours=1)
    assert sent(desk, pool, room) == Passed(sent=1, mails=1)
    assert reported(desk, stream) == [(now, "sent"), (later, "sent")]


def test_a_storm_of_alarms_to_one_mailbox_is_one_mail(desk: Desk, pool: Pool, room: Mailroom) -> None:
    streams = [complaint(desk, f"ann{n}") for n in range(8)]
    for n, stream in enumerate(streams):
        team = "b" if n == 7 else "a"
        own = Queued(bundled=True, team=team)
        queue(desk, stream, f"Missed {n}", f"{team}@example.com", queued=own, counterparty="staff")
    assert sent(desk, pool, room) == Passed(sent=8, mails=2)
    assert room.subjects == ["7 notices", f"[{case_number(streams[7])}] Missed 7"]
    assert all(f"[{case_number(stream)}] Missed {n}" in room.mails[0].get_content() for n, stream in
               enumerate(streams[:7]))  # fmt: skip
    assert all(reported(desk, stream) == [(uid(f"Missed {n}"), "sent")] for n, stream in enumerate(streams))


def test_an_address_that_does_not_exist_fails_that_message_alone(desk: Desk, pool: Pool, room: Mailroom) -> None:
    stream = complaint(desk)
    room.answers["gone@example.org"] = "550 no such mailbox here"
    queue(desk, stream, "gone", "gone@example.org")
    queue(desk, stream, "no address at all", "nowhere")
    queue(desk, stream, "ourselves", "Complaints@Example.com")
    queue(desk, stream, "there")
    with capture_logs() as logs:
        assert sent(desk, pool, room) == Passed(sent=1, failed=3, mails=4)
    assert [status for _, status in reported(desk, stream)] == ["failed", "failed", "failed", "sent"]
    assert "gone@example.org" not in str(logs)
    assert [log["code"] for log in logs if log["event"] == "mail_refused"] == [550, 0]


def test_what_the_server_puts_off_is_tried_again_and_fails_in_the_end(desk: Desk, pool: Pool, room: Mailroom) -> None:
    desk.at = datetime.now(UTC)
    stream = complaint(desk)
    message = queue(desk, stream, "busy")
    room.answers["ann@example.org"] = "451 greylisted"
    one = sender(desk, pool, room)
    assert one.once() == Passed(waiting=1)
    assert sent(desk, pool, room) == Passed(waiting=1)
    assert reported(desk, stream) == [(message, "delayed")]
    room.answers.clear()
    assert sent(desk, pool, room) == Passed(sent=1, mails=1)
    room.answers["ann@example.org"] = "451 greylisted"
    other = queue(desk, stream, "busy for ever")
    desk.at += GIVES_UP + timedelta(days=1)
    assert sent(desk, pool, room) == Passed(failed=1, mails=1)
    assert reported(desk, stream) == [(message, "delayed"), (message, "sent"), (other, "failed")]


def test_a_server_that_is_away_loses_and_doubles_nothing(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    message = queue(desk, stream, "Hello")
    port = free_port()
    away = RelayHost("127.0.0.1", port, "none", timeout_seconds=2)
    with pytest.raises(NoServer, match=r"127\.0\.0\.1:\d+: Connection refused"):
        sender(desk, pool, away).once()
    with mail_server(port=port) as room:
        assert sent(desk, pool, away).sent == 1
        assert len(room.got) == 1
    assert reported(desk, stream) == [(message, "sent")]


def test_a_session_that_breaks_in_between_sends_the_rest_later_and_nothing_twice(
    desk: Desk, pool: Pool, room: Mailroom
) -> None:
    stream = complaint(desk)
    first, second = queue(desk, stream, "first"), queue(desk, stream, "second", "busy@example.org")
    room.answers["busy@example.org"] = "421 closing down"
    with pytest.raises(NoServer, match="closes down"):
        sender(desk, pool, room).once()
    assert reported(desk, stream) == [(first, "sent")]
    room.answers.clear()
    assert sent(desk, pool, room) == Passed(sent=1, mails=1)
    assert reported(desk, stream) == [(first, "sent"), (second, "sent")]
    assert len(room.got) == 2


def test_who_ends_between_the_server_s_word_and_the_record_sends_that_one_mail_again_under_its_id(
    desk: Desk, pool: Pool, room: Mailroom
) -> None:
    stream = complaint(desk)
    message = queue(desk, stream, "Hello")

    def dies(asked: Sequence[Asked], now: datetime) -> tuple[Result, ...]:
        raise DatabaseUnavailable("gone")

    world = World(pool, desk.store, dies, lambda: desk.at, lambda: 1.0)
    with pytest.raises(DatabaseUnavailable):
        MailSender(world, RelayHost(room.host, room.port, "none", timeout_seconds=5), US).once()
    assert reported(desk, stream) == []
    assert sent(desk, pool, room) == Passed(sent=1, mails=1)
    assert sent(desk, pool, room) == Passed()
    assert [mail["Message-ID"] for mail in room.mails] == [f"<{message}@example.com>"] * 2
    assert reported(desk, stream) == [(message, "sent")]


def test_of_two_senders_one_works(desk: Desk, pool: Pool, room: Mailroom) -> None:
    queue(desk, complaint(desk), "Hello")
    with owner.sole(pool, "mail"):
        assert sender(desk, pool, room).once() is None
    assert room.got == []


def test_messages_of_before_anything_was_ever_sent_are_history(desk: Desk, pool: Pool, room: Mailroom) -> None:
    stream = complaint(desk)
    queue(desk, stream, "old")
    desk.later(days=3650)
    assert sent(desk, pool, room) == Passed()


def test_what_was_erased_before_it_left_is_sent_to_nobody(database: str, tmp_path: Path) -> None:
    with eraser(database, tmp_path) as here, pool_of(here) as pool, mail_server() as room:
        stream = complaint(here)
        queue(here, stream, "Hello")
        here.erased(here.case(stream).registration.author or stream)
        assert sent(here, pool, room) == Passed()
        assert room.got == []


# ------------------------------------------------------------------------------------------------ the server


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # it does: from the beginning
@pytest.mark.parametrize("tls", [False, True], ids=["starttls", "tls"])
def test_a_server_that_asks_for_encryption_and_a_password_gets_both(
    desk: Desk, pool: Pool, tmp_path: Path, *, tls: bool
) -> None:
    queue(desk, complaint(desk), "Hello")
    made = make_certificates(tmp_path)
    with mail_server(certificate=made.broker, tls=tls) as room:
        host = RelayHost("127.0.0.1", room.port, "tls" if tls else "starttls", "us", "secret", made.authority, 5)
        assert sent(desk, pool, host).sent == 1
        assert (room.encrypted, room.logins) == ([True], [(b"us", b"secret")])


def test_a_server_that_cannot_be_trusted_gets_nothing(desk: Desk, pool: Pool, tmp_path: Path) -> None:
    queue(desk, complaint(desk), "Hello")
    made, others = make_certificates(tmp_path), make_certificates(tmp_path, "others")
    with mail_server(certificate=made.broker) as room:
        host = RelayHost("127.0.0.1", room.port, "starttls", "us", "secret", others.authority, 5)
        with pytest.raises(NoServer, match=r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError") as error:
            sender(desk, pool, host).once()
        assert (error.value.cause, room.got, room.logins) == ("no_answer", [], [])


def test_without_the_encryption_that_was_asked_for_nothing_leaves(desk: Desk, pool: Pool, room: Mailroom) -> None:
    queue(desk, complaint(desk), "Hello")
    host = RelayHost(room.host, room.port, "starttls", timeout_seconds=5)
    with pytest.raises(NoServer) as error:
        sender(desk, pool, host).once()
    assert (error.value.cause, room.got) == ("not_offered", [])


def test_a_wrong_password_is_told_without_repeating_it(desk: Desk, pool: Pool, tmp_path: Path) -> None:
    queue(desk, complaint(desk), "Hello")
    made = make_certificates(tmp_path)
    with mail_server(certificate=made.broker) as room:
        host = RelayHost("127.0.0.1", room.port, "starttls", "us", "hush-hush", made.authority, 5)
        with pytest.raises(NoServer, match="does not let us in") as error:
            sender(desk, pool, host).once()
    assert error.value.cause == "not_let_in"
    assert "hush" not in str(error.value) + repr(host)


# ------------------------------------------------------------------------------------------------ running


def test_it_follows_the_log_and_survives_a_server_that_comes_late(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    port = free_port()
    stop = Flag()
    working = sender(desk, pool, RelayHost("127.0.0.1", port, "none", timeout_seconds=2))
    waiter = Waiter(desk.conninfo, CHANNEL)
    thread = Thread(target=working.run, args=(stop, waiter))
    with capture_logs() as logs:
        thread.start()
        try:
            queue(desk, stream, "first")
            _until(lambda: any(log["event"] == "mail_put_off" for log in logs))
            with mail_server(port=port) as room:
                _until(lambda: len(room.got) == 1)
                queue(desk, stream, "second")
                _until(lambda: len(room.got) == 2 and len(reported(desk, stream)) == 2)
        finally:
            stop.set()
            thread.join(10)
            waiter.close()
    assert not thread.is_alive()
    assert [log["cause"] for log in logs if log["event"] == "mail_put_off"][:1] == ["no_answer"]


def _until(holds: Callable[[], bool]) -> None:
    for _ in range(400):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about within 20 seconds")
