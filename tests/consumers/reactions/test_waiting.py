"""Waiting for the complainant: a reminder, a notice, the exit; and nobody leaves without a notice."""

from datetime import date
from uuid import UUID

from consumers.reactions import waiting
from engine.complaint.stage import Closed, Exited
from engine.incoming import Done
from engine.store.database.pool import Pool
from schemas.complaint.base import Command
from schemas.complaint.correspondence import MessageRecorded
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintDiscontinued
from schemas.complaint.waiting import RequestInformation
from schemas.configuration.notices import Notices
from support.following import react
from support.installation import MONDAY, Desk

MAIL = "From: Ann <ann@example.org>\nMessage-ID: <{id}@example.org>\nSubject: Kettle\n\nI complain: it is broken!"
ASK = RequestInformation(what="The order number, please.")


def complaint(desk: Desk, id: str = "1") -> UUID:
    return desk.opened(channel="email", raw=MAIL.format(id=id))


def give(desk: Desk, stream: UUID, command: Command) -> None:
    assert isinstance(desk.give(stream, command), Done)


def after(desk: Desk, pool: Pool, stream: UUID, days: float) -> list[str]:
    """Have the rule look so many days after Monday; return what it did to the case."""
    desk.at = MONDAY
    desk.later(days=days)
    before = len(desk.history(stream))
    react(desk, pool, waiting.REACTION)
    done = desk.history(stream)[before:]
    assert all(one.envelope.decided_by is not None for one in done)
    return [
        f"{one.event.purpose}: {one.event.rendered.template if one.event.rendered else None}"
        if isinstance(one.event, MessageRecorded)
        else one.name.removeprefix("complaint.").removesuffix(".v1")
        for one in done
    ]


def body(desk: Desk, stream: UUID, template: str) -> str:
    said = [one.event for one in desk.history(stream) if isinstance(one.event, MessageRecorded)]
    return next(str(one.body) for one in said if one.rendered and one.rendered.template == template)


def test_who_does_not_answer_is_reminded_then_told_and_then_the_case_ends(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    give(desk, stream, ASK)
    assert after(desk, pool, stream, 6.9) == []
    assert after(desk, pool, stream, 7) == ["other: reminder"]
    assert "The order number, please." in body(desk, stream, "reminder")
    assert "only keep your complaint open until 23 March 2026" in body(desk, stream, "reminder")
    assert after(desk, pool, stream, 20) == []
    assert after(desk, pool, stream, 21) == ["notice: unanswered", "discontinued", "closed"]
    assert "reply to this e-mail by 22 April 2026" in body(desk, stream, "unanswered")
    assert after(desk, pool, stream, 40) == []
    events = [one.event for one in desk.history(stream)]
    assert [one.reason for one in events if isinstance(one, ComplaintDiscontinued)] == ["customer_unresponsive"]
    assert [one.without_reply for one in events if isinstance(one, ComplaintClosed)] == [None]
    stage = desk.case(stream).stage
    assert isinstance(stage, Closed)
    assert isinstance(stage.after_exit, Exited)


def test_an_answer_ends_the_waiting_and_nobody_is_reminded(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    give(desk, stream, ASK)
    desk.later(days=2)
    answer = "From: ann@example.org\nMessage-ID: <a@example.org>\nIn-Reply-To: <1@example.org>\n\nIt is 4711."
    assert isinstance(desk.hear(channel="email", raw=answer), Done)
    assert after(desk, pool, stream, 30) == []


def test_after_an_outage_the_reminder_comes_first_and_the_end_as_long_after_it_as_ever(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    give(desk, stream, ASK)
    assert after(desk, pool, stream, 25) == ["other: reminder"]
    assert after(desk, pool, stream, 38) == []
    assert after(desk, pool, stream, 39) == ["notice: unanswered", "discontinued", "closed"]


def test_the_date_that_he_was_given_holds(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    give(desk, stream, ASK.model_copy(update={"answer_by": date(2026, 3, 31)}))
    assert after(desk, pool, stream, 8) == ["other: reminder"]
    assert after(desk, pool, stream, 29) == []
    assert after(desk, pool, stream, 30) == ["notice: unanswered", "discontinued", "closed"]


def test_at_night_it_is_written_and_waits_for_the_morning(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    give(desk, stream, ASK)
    assert after(desk, pool, stream, 7.5) == ["other: reminder"]
    (sent,) = [
        one.event.queued for one in desk.history(stream) if isinstance(one.event, MessageRecorded) and one.event.queued
    ]
    assert sent.not_before is not None
    assert (sent.not_before.day, sent.not_before.hour) == (10, 6)  # 09:00 in Moscow, the morning after


def test_whom_no_program_reaches_is_never_ended_by_rule(desk: Desk, pool: Pool) -> None:
    stream = desk.opened(channel="visit", id="v-1", text="I complain, it broke.")
    give(desk, stream, ASK)
    assert after(desk, pool, stream, 60) == []


def test_who_is_asked_in_the_house_ends_nothing(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    give(desk, stream, RequestInformation(from_="department"))
    assert after(desk, pool, stream, 60) == []


def test_where_the_rules_name_no_waiting_it_goes_on(desk: Desk, pool: Pool) -> None:
    shipped = desk.service.book().notices
    assert shipped is not None
    made = Notices.model_validate({**shipped.model_dump(), "version": 9, "waiting": None})
    desk.service.activate([made], desk.around(), desk.at)
    stream = complaint(desk)
    give(desk, stream, ASK)
    assert after(desk, pool, stream, 60) == []
