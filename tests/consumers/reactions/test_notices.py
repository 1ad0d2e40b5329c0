"""Whoever must be told is told, once, in his language, with the rule and the template in the record."""

from datetime import timedelta
from uuid import UUID

from consumers.reactions import notices
from engine.complaint.number import case_number
from engine.configuration.activation import Configuration
from engine.incoming import Done
from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections.views.cases.rows import Cases
from schemas.complaint.assignment import Assign
from schemas.complaint.base import Command
from schemas.complaint.classification import Classify, SetField
from schemas.complaint.clocks import ExtendDeadline, MakePromise
from schemas.complaint.correspondence import MessageRecorded, Queued, Rendered, ReportDelivery
from schemas.complaint.investigation import StartInvestigation
from schemas.complaint.lifecycle import Resolve
from schemas.complaint.registration import ComplaintAcknowledged
from schemas.complaint.waiting import RequestInformation
from schemas.configuration.notices import Notices
from schemas.configuration.policy import Policy
from schemas.words import RuleRef
from support.following import react
from support.installation import Desk

MAIL = (
    "From: Анна Петрова <anna@example.org>\nMessage-ID: <{id}@example.org>\nSubject: Чайник\n\nЖалоба: чайник сломан!"
)
ENGLISH = "From: Ann <ann@example.org>\nMessage-ID: <{id}@example.org>\nSubject: Kettle\n\nI complain: it is broken!"


def complaint(desk: Desk, id: str = "1", mail: str = MAIL) -> UUID:
    return desk.opened(channel="email", raw=mail.format(id=id))


def told(desk: Desk, pool: Pool, stream: UUID) -> list[Recorded]:
    """Let the reaction act; return the messages that it wrote now."""
    before = len(desk.history(stream))
    react(desk, pool, notices.REACTION)
    return [one for one in desk.history(stream)[before:] if isinstance(one.event, MessageRecorded)]


def rules_of(told: list[Recorded]) -> list[str]:
    return [one.envelope.decided_by.rule for one in told if one.envelope.decided_by is not None]


def message(told: list[Recorded]) -> MessageRecorded:
    (one,) = told
    assert isinstance(one.event, MessageRecorded)
    return one.event


def give(desk: Desk, stream: UUID, command: Command, **more: str) -> None:
    assert isinstance(desk.give(stream, command, **more), Done)


def in_force(desk: Desk, **changes: object) -> None:
    """Bring other rules into force than the shipped ones."""
    shipped = desk.service.book().notices
    assert shipped is not None
    made: Configuration = Notices.model_validate({**shipped.model_dump(), "version": shipped.version + 1, **changes})
    desk.service.activate([made], desk.around(), desk.at)


def test_a_complaint_is_acknowledged_at_once_outside_of_working_hours_too(desk: Desk, pool: Pool) -> None:
    desk.at = desk.at.replace(hour=1)  # at night
    stream = complaint(desk)
    number = case_number(stream)
    told_now = told(desk, pool, stream)
    event = message(told_now)
    (around,) = [one.envelope for one in told_now]
    assert (event.direction, event.counterparty, event.to, event.channel, event.purpose, event.automated) == (
        "outbound", "complainant", "anna@example.org", "email", "acknowledgement", True,
    )  # fmt: skip
    assert event.subject == f"[{number}] Мы получили вашу жалобу"
    assert isinstance(event.body, str)
    assert event.body.splitlines()[:5] == [
        "Здравствуйте, Анна Петрова!",
        "",
        "Спасибо, что написали нам. Нам жаль, что у вас возник повод для жалобы.",
        "",
        f"Ваша жалоба поступила 2 марта 2026 г., 04:00, её номер {number}.",
    ]
    assert event.queued == Queued()
    assert event.rendered == Rendered(template="acknowledgement", version=2, language="ru")
    assert (around.actor, around.decided_by) == (
        "rule:notices", RuleRef(rule_set="notices", version=1, rule="acknowledgement"),
    )  # fmt: skip
    acknowledged = next(one.event for one in desk.history(stream) if isinstance(one.event, ComplaintAcknowledged))
    assert acknowledged.number == number
    assert acknowledged.expected_by is not None
    assert f"до {acknowledged.expected_by.day} марта" in event.body
    assert event.in_reply_to == desk.case(stream).registration.message


def test_once_per_cause_however_often_the_log_is_followed(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    assert len(told(desk, pool, stream)) == 1
    length = len(desk.history(stream))
    with pool.connection() as connection:
        connection.execute("DELETE FROM plaint.sources WHERE source = 'reaction:notices'")
    desk.later(minutes=10)
    assert told(desk, pool, stream) == []
    assert len(desk.history(stream)) == length


def test_who_asked_for_a_call_learns_until_when_he_is_called(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    give(desk, stream, MakePromise(what="Call back", due=desk.at + timedelta(hours=4)))
    give(desk, stream, SetField(field="reply_channel", value="call"))
    body = message(told(desk, pool, stream)).body
    assert isinstance(body, str)
    assert "\nВы просили позвонить: мы перезвоним до 2 марта 2026 г., 16:00.\n" in body


def test_whose_language_is_english_is_written_to_in_english(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk, mail=ENGLISH)
    assert message(told(desk, pool, stream)).subject == f"[{case_number(stream)}] We have your complaint"


def test_a_complaint_in_public_is_answered_in_public_and_invited_to_speak_in_private(desk: Desk, pool: Pool) -> None:
    in_force(desk, contact="help@example.com")
    stream = desk.opened(
        channel="review", site="maps", review_id="7", text="Awful, I want a refund!", author={"name": "Ann"},
        rating={"score": "1", "out_of": "5"},
    )  # fmt: skip
    event = message(told(desk, pool, stream))
    assert (event.visibility, event.channel, event.to) == ("public", "review", None)
    assert isinstance(event.body, str)
    assert "write to us in private: help@example.com." in event.body
    assert case_number(stream) not in event.body + str(event.subject)
    assert "Ann" not in event.body


def test_whom_no_program_can_reach_is_left_to_people(desk: Desk, pool: Pool) -> None:
    stream = desk.opened(
        channel="call", system="pbx", id="1", started_at="2026-03-02T08:00:00Z", text="I complain, it broke.",
        author={"contacts": [{"kind": "phone", "value": "+1 555 0100"}]},
    )  # fmt: skip
    assert told(desk, pool, stream) == []


def test_every_change_that_concerns_the_complainant_is_told_and_no_other(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    told(desk, pool, stream)
    give(desk, stream, Classify(type="product"))
    assert told(desk, pool, stream) == []
    give(desk, stream, StartInvestigation())
    assert rules_of(told(desk, pool, stream)) == ["investigating"]
    give(desk, stream, ExtendDeadline(clock="resolution", due_at=desk.at + timedelta(days=30)))
    extended = told(desk, pool, stream)
    assert rules_of(extended) == ["new-date"]
    assert "до 1 апреля 2026 г., 12:00" in str(message(extended).body)
    give(desk, stream, RequestInformation(what="Пришлите, пожалуйста, номер заказа."))
    asked = told(desk, pool, stream)
    assert rules_of(asked) == ["question"]
    assert "Пришлите, пожалуйста, номер заказа." in str(message(asked).body)


def test_whoever_does_not_want_to_be_told_of_each_step_is_not(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    told(desk, pool, stream)
    give(desk, stream, SetField(field="notices", value="none"))
    give(desk, stream, StartInvestigation())
    assert told(desk, pool, stream) == []
    give(desk, stream, RequestInformation(what="Номер заказа?"))
    assert rules_of(told(desk, pool, stream)) == ["question"]


def test_the_desk_is_told_at_its_mailbox_without_the_name_of_anybody(desk: Desk, pool: Pool) -> None:
    in_force(desk, mailboxes={"kettles": "kettles@example.com"}, language="ru")
    stream = complaint(desk)
    told(desk, pool, stream)
    give(desk, stream, Assign(team="kettles", assignee="person:bob"))
    event = message(told(desk, pool, stream))
    assert (event.counterparty, event.to, event.channel, event.visibility) == (
        "staff", "kettles@example.com", "email", "private",
    )  # fmt: skip
    assert event.queued == Queued(bundled=True, staff="person:bob", team="kettles")
    assert "Анна" not in str(event.subject) + str(event.body)
    assert str(event.body).startswith(f"Жалоба {case_number(stream)}")


def test_without_a_mailbox_a_person_is_told_through_the_topic_and_a_team_is_not(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    told(desk, pool, stream)
    give(desk, stream, Assign(team="kettles"))
    assert told(desk, pool, stream) == []
    give(desk, stream, Assign(assignee="person:bob"))
    event = message(told(desk, pool, stream))
    assert (event.to, event.channel) == (None, "other")


def test_whoever_takes_a_case_himself_is_not_told_of_it(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    told(desk, pool, stream)
    give(desk, stream, Assign(team="kettles", assignee="person:bob"), by="person:bob")
    assert told(desk, pool, stream) == []


def test_a_bounce_of_an_acknowledgement_tells_the_desk_and_not_the_complainant(desk: Desk, pool: Pool) -> None:
    in_force(desk, mailbox="desk@example.com")
    stream = complaint(desk)
    sent = message(told(desk, pool, stream))
    give(desk, stream, ReportDelivery(message=sent.message, status="failed"), by="service:mail")
    found = told(desk, pool, stream)
    assert rules_of(found) == ["undelivered"]
    assert message(found).to == "desk@example.com"


def test_an_answering_machine_gets_one_word_and_no_more(desk: Desk, pool: Pool) -> None:
    stream = complaint(desk)
    told(desk, pool, stream)
    for n in range(5):
        desk.later(minutes=1)
        raw = (
            f"From: anna@example.org\nMessage-ID: <a{n}@example.org>\nSubject: Re: [{case_number(stream)}] Нет меня\n\n"
            "Я в отпуске, жалоба!"
        )
        assert isinstance(desk.hear(channel="email", raw=raw), Done)
        assert told(desk, pool, stream) == []


def test_a_new_version_of_the_rules_counts_from_then_on(desk: Desk, pool: Pool) -> None:
    in_force(desk, rules=[])
    stream = complaint(desk)
    assert told(desk, pool, stream) == []


def test_where_nothing_was_promised_it_is_said_what_such_cases_really_took(desk: Desk, pool: Pool) -> None:
    clocks = [{"kind": "registration", "target": "4 working hours"}]
    silent = {"id": "default", "version": 99, "order": 1000, "calendar": "desk", "clocks": clocks}
    desk.service.activate([Policy.model_validate(silent)], desk.around(), desk.at)
    before = [complaint(desk, f"old{n}", ENGLISH) for n in range(5)]
    for stream in before:
        told(desk, pool, stream)
    desk.later(days=2)
    for stream in before:
        give(desk, stream, Resolve(outcome="upheld"))
    react(desk, pool, views=[Cases()])
    event = message(told(desk, pool, complaint(desk, "new", ENGLISH)))
    assert "Complaints like yours have lately taken us 2 days." in str(event.body)
    acknowledged = [one.event for one in desk.history(before[0]) if isinstance(one.event, ComplaintAcknowledged)]
    assert [one.expected_by for one in acknowledged] == [None]
