"""Campaigns over a real database and a real mail server: who is asked, when, and what a bad mark leads to."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from consumers.outbox import mail
from consumers.outbox.relayhost import RelayHost
from consumers.outbox.smtp import MailSender, World
from consumers.reactions import campaigns, gathering
from consumers.wiring import presets
from engine.configuration.in_force import Book
from engine.incoming import Done, Refused, Result
from engine.links import read
from engine.store.database.pool import Pool
from engine.streams_of import respondent
from projections.views.campaigns import ask
from projections.views.campaigns.ask import CampaignFigures, CampaignFilter
from projections.views.campaigns.rows import Campaigns
from schemas.channels.message import Contact
from schemas.complaint.assignment import ComplaintEscalated
from schemas.complaint.correspondence import Reply
from schemas.complaint.investigation import ActionAssigned
from schemas.complaint.lifecycle import Close, InviteSurvey, Resolve, Score, SurveyInvited
from schemas.complaint.registration import ComplaintReceived
from schemas.configuration.notices import Notices
from schemas.configuration.survey import Survey
from schemas.streams.survey import (
    AllowSurveys,
    AnswerSurvey,
    DeclineSurveys,
    EnrolRespondent,
    RespondentEnrolled,
    RespondentFollowedUp,
    RespondentInvited,
    RespondentReminded,
)
from schemas.words import RuleRef
from support.erasing import Eraser, eraser
from support.following import react
from support.installation import MONDAY, Desk
from support.mail_server import Mailroom
from support.views import asking, build

DAY = timedelta(days=1)
PAGES = "https://complaints.example.com"


def campaign(desk: Desk, *, name: str = "spring", survey: dict[str, Any] | None = None, **when: Any) -> None:
    """Bring a campaign into force, with pages to answer on."""
    said = {"en": "How are we doing?", "ru": "Как у нас дела?"}
    made = Survey.model_validate(
        {
            "id": name, "version": 1, "ask": "campaign", "campaign": {"quiet_days": 30, **when}, "valid_days": 20,
            "remind_after_days": [7], "title": said, "intro": {"en": "A minute."}, "send": {"en": "Send"},
            "thanks": {"en": "Thank you."}, "incentive": {"en": "A voucher for every answer."},
            "questions": [
                {"parameter": "overall", "required": True, "text": {"en": "All in all"}},
                {"parameter": "speed", "text": {"en": "How quick we are"}},
            ],
            "comment": {"en": "What else?"},
            "follow_up": {"within": "1 working day", "calendar": "desk", "level": 1}, **(survey or {}),
        }
    )  # fmt: skip
    shipped = desk.service.book().notices
    assert shipped is not None
    rules = Notices.model_validate({**shipped.model_dump(), "version": shipped.version + 1, "pages": PAGES})
    desk.service.activate([made, rules], desk.around(), desk.at)


def person(desk: Desk, contact: str) -> UUID:
    kind = "email" if "@" in contact else "phone"
    return respondent(Contact(kind=kind, value=contact).octets, desk.store.fingerprint.of)  # type: ignore[arg-type] # one of both


def enrol(desk: Desk, contact: str = "ann@example.org", *, survey: str = "spring", **more: Any) -> UUID:
    kind = "email" if "@" in contact else "phone"
    command = EnrolRespondent.model_validate({"survey": survey, "kind": kind, "contact": contact, **more})
    assert isinstance(desk.give(person(desk, contact), command, by="person:lead"), Done)
    return person(desk, contact)


def acted(desk: Desk, pool: Pool) -> dict[str, int]:
    return dict(react(desk, pool, campaigns.REACTION, views=[Campaigns()]).acted)


def mailed(desk: Desk, pool: Pool, room: Mailroom) -> Sequence[EmailMessage]:
    """Have the mail leave that waits; returns what the server got meanwhile."""
    before = len(room.mails)
    world = World(pool, desk.store, desk.service.submit, lambda: desk.at, lambda: 1.0)
    host = RelayHost(room.host, room.port, "none", timeout_seconds=5)
    MailSender(world, host, mail.sender("Desk <desk@example.com>")).once()
    return room.mails[before:]


def text(letter: EmailMessage) -> str:
    found = letter.get_content()
    assert isinstance(found, str)
    return found


def answer(desk: Desk, stream: UUID, score: int, **more: Any) -> Result:
    scores = (Score(parameter="overall", score=score),)
    return desk.give(stream, AnswerSurvey(scores=scores, **more), by="person:phone")


def events(desk: Desk, stream: UUID, *kinds: type) -> list[Any]:
    return [one.event for one in desk.history(stream) if isinstance(one.event, kinds)]


def figures(pool: Pool, desk: Desk, **wanted: Any) -> tuple[CampaignFigures, ...]:
    build(pool, desk.store.read, [Campaigns()])
    with asking(pool).snapshot(ask.NAMES) as seen:
        return ask.campaigns(seen, CampaignFilter.model_validate(wanted)).campaigns


def test_who_is_on_the_list_gets_one_mail_with_a_link_of_his_own(desk: Desk, pool: Pool, room: Mailroom) -> None:
    campaign(desk)
    stream = enrol(desk, name="Ann Example", language="en")
    assert acted(desk, pool) == {"campaigns": 1}
    assert acted(desk, pool) == {}
    (letter,) = mailed(desk, pool, room)
    assert (letter["To"], letter["Subject"]) == ("ann@example.org", "How are we doing?")
    assert letter["Auto-Submitted"] == "auto-generated"
    said = text(letter)
    assert "Hello Ann Example," in said
    assert "A voucher for every answer." in said
    rate, decline = re.findall(rf"{PAGES}/p/([\w-]{{52}})", said)
    links = [read(token, desk.store.fingerprint.of, desk.at) for token in (rate, decline)]
    assert [(one.purpose, one.stream, one.cycle) for one in links] == [("rate", stream, 1), ("decline", stream, 1)]
    assert links[0].until == MONDAY + 20 * DAY
    assert letter["List-Unsubscribe"].strip() == f"<{PAGES}/p/{decline}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mailed(desk, pool, room) == []
    (event,) = events(desk, stream, RespondentInvited)
    assert "~rate~1~" in event.mail.body, "what is stored leads nowhere"
    around = desk.history(stream)[1].envelope
    assert around.decided_by == RuleRef(rule_set="survey:spring", version=1, rule="campaign")


def test_a_schedule_asks_on_its_day_and_no_wave_asks_twice(desk: Desk, pool: Pool) -> None:
    campaign(desk, begins="2026-03-09", every_weeks=8, at="10:00", timezone="Europe/Moscow")
    stream = enrol(desk)
    assert acted(desk, pool) == {}
    desk.at = datetime(2026, 3, 9, 6, 59, tzinfo=UTC)
    assert acted(desk, pool) == {}
    desk.later(minutes=1)
    assert acted(desk, pool) == {"campaigns": 1}
    desk.later(days=1)
    assert acted(desk, pool) == {}
    desk.at = datetime(2026, 5, 4, 7, 0, tzinfo=UTC)
    assert acted(desk, pool) == {"campaigns": 1}
    waves = [str(one.wave) for one in events(desk, stream, RespondentInvited)]
    assert waves == ["2026-03-09", "2026-05-04"]


def test_a_wave_that_nothing_ran_for_is_passed_over(desk: Desk, pool: Pool) -> None:
    campaign(desk, dates=["2026-03-02"], at="09:00")
    enrol(desk)
    desk.at = MONDAY + 3 * DAY
    assert acted(desk, pool) == {}


def test_mail_waits_for_the_hours_of_the_campaign(desk: Desk, pool: Pool, room: Mailroom) -> None:
    campaign(desk, hours="desk")
    desk.at = datetime(2026, 3, 7, 12, tzinfo=UTC)
    stream = enrol(desk)
    acted(desk, pool)
    assert mailed(desk, pool, room) == []
    (event,) = events(desk, stream, RespondentInvited)
    assert event.mail.queued.not_before.weekday() == 0
    desk.at = event.mail.queued.not_before
    assert len(mailed(desk, pool, room)) == 1


def test_two_campaigns_leave_a_person_his_quiet_days(desk: Desk, pool: Pool) -> None:
    campaign(desk)
    campaign(desk, name="autumn")
    stream = enrol(desk)
    enrol(desk, survey="autumn")
    assert acted(desk, pool) == {"campaigns": 1}
    desk.later(days=29)
    assert [one.survey for one in events(desk, stream, RespondentInvited)] == ["spring"]
    acted(desk, pool)
    desk.later(days=1)
    acted(desk, pool)
    assert [one.survey for one in events(desk, stream, RespondentInvited)] == ["spring", "autumn"]


def test_who_is_silent_is_reminded_once_and_who_answered_or_declined_is_not(
    desk: Desk, pool: Pool, room: Mailroom
) -> None:
    campaign(desk)
    silent, told, gone = (enrol(desk, f"{name}@example.org") for name in ("silent", "told", "gone"))
    acted(desk, pool)
    assert len(mailed(desk, pool, room)) == 3
    answer(desk, told, 5)
    desk.give(gone, DeclineSurveys(number=1))
    desk.later(days=6.9)
    assert acted(desk, pool) == {}
    desk.later(days=0.2)
    assert acted(desk, pool) == {"campaigns": 1}
    assert acted(desk, pool) == {}
    (letter,) = mailed(desk, pool, room)
    assert (letter["To"], letter["Subject"]) == ("silent@example.org", "Reminder: How are we doing?")
    (reminded,) = events(desk, silent, RespondentReminded)
    assert (reminded.number, reminded.reminder) == (1, 1)


def test_who_declines_before_his_mail_has_left_gets_none(desk: Desk, pool: Pool, room: Mailroom) -> None:
    campaign(desk)
    stream = enrol(desk)
    acted(desk, pool)
    desk.give(stream, DeclineSurveys())
    assert mailed(desk, pool, room) == []
    again = desk.give(stream, EnrolRespondent(survey="spring", contact="ann@example.org"), by="person:lead")
    assert isinstance(again, Refused)
    assert again.code == "opted_out"


def test_who_allows_it_again_gets_his_mail(desk: Desk, pool: Pool, room: Mailroom) -> None:
    campaign(desk)
    stream = enrol(desk)
    desk.give(stream, DeclineSurveys())
    assert acted(desk, pool) == {}
    assert isinstance(desk.give(stream, AllowSurveys(), by="person:lead"), Done)
    assert acted(desk, pool) == {"campaigns": 1}
    assert len(mailed(desk, pool, room)) == 1


def test_a_bad_mark_opens_a_complaint_at_once_with_a_task_and_a_level(desk: Desk, pool: Pool) -> None:
    campaign(desk)
    stream = enrol(desk, name="Ann Example", language="en")
    acted(desk, pool)
    answer(desk, stream, 1, comment="The courier never came.")
    acted(desk, pool)
    (followed,) = events(desk, stream, RespondentFollowedUp)
    complaint = followed.complaint
    (received,) = events(desk, complaint, ComplaintReceived)
    assert received.body == "The courier never came.\n\nAll in all: 1 of 5"
    (party,) = received.parties
    (enrolled,) = events(desk, stream, RespondentEnrolled)
    assert (party.name, party.subject_id) == ("Ann Example", enrolled.party.subject_id), "one person, one erasure"
    (task,) = events(desk, complaint, ActionAssigned)
    assert task.what == "Call the complainant: he gave a bad mark"
    (called,) = events(desk, complaint, ComplaintEscalated)
    assert (called.level, called.reason) == (1, "bad-rating")
    assert acted(desk, pool) == {}
    (found,) = figures(pool, desk)
    assert (found.answered, found.negative, found.complaints) == (1, 1, 1)


def test_a_good_mark_opens_nothing(desk: Desk, pool: Pool) -> None:
    campaign(desk)
    stream = enrol(desk)
    acted(desk, pool)
    answer(desk, stream, 5)
    acted(desk, pool)
    assert events(desk, stream, RespondentFollowedUp) == []


def test_whom_no_mail_reaches_is_to_be_called_and_his_answer_entered(desk: Desk, pool: Pool, room: Mailroom) -> None:
    campaign(desk)
    stream = enrol(desk, "+7 495 123-45-67")
    assert acted(desk, pool) == {"campaigns": 1}
    assert mailed(desk, pool, room) == []
    (found,) = figures(pool, desk)
    assert (found.invited, found.to_call, found.answered) == (1, 1, 0)
    assert isinstance(answer(desk, stream, 4), Done)
    (found,) = figures(pool, desk, by="day")
    assert (found.to_call, found.answered, found.response_rate, found.satisfied) == (0, 1, 1.0, 1)


def test_an_address_that_the_server_refuses_is_asked_no_more(desk: Desk, pool: Pool, room: Mailroom) -> None:
    campaign(desk)
    room.answers["ann@example.org"] = "550 no such user"
    stream = enrol(desk)
    acted(desk, pool)
    assert mailed(desk, pool, room) == []
    desk.later(days=8)
    assert acted(desk, pool) == {}
    assert desk.names(stream) == ["enrolled", "invited", "delivery_reported"]


def test_a_bounce_reaches_the_person_and_opens_no_complaint(desk: Desk, pool: Pool, room: Mailroom) -> None:
    campaign(desk)
    stream = enrol(desk)
    acted(desk, pool)
    (letter,) = mailed(desk, pool, room)
    report = (
        "From: MAILER-DAEMON@example.org\nTo: desk@example.com\nMessage-ID: <b1@example.org>\nSubject: Undelivered\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n"
        "--x\nContent-Type: text/plain\n\nNo such user.\n"
        "--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\n"
        f"--x\nContent-Type: text/rfc822-headers\n\nMessage-ID: {letter['Message-ID']}\n\n--x--\n"
    )
    result = desk.hear(channel="email", raw=report)
    assert isinstance(result, Done)
    assert result.kind == "feedback"
    assert desk.names(stream) == ["enrolled", "invited", "delivery_reported", "delivery_reported"]
    desk.later(days=8)
    assert acted(desk, pool) == {}


def test_an_answer_by_mail_is_a_message_of_its_own(desk: Desk, pool: Pool, room: Mailroom) -> None:
    campaign(desk)
    stream = enrol(desk)
    acted(desk, pool)
    (letter,) = mailed(desk, pool, room)
    raw = (
        f"From: Ann <ann@example.org>\nMessage-ID: <a1@example.org>\nIn-Reply-To: {letter['Message-ID']}\n"
        "Subject: Re: How are we doing?\n\nI complain: the kettle is broken and I want my money back!"
    )
    result = desk.hear(channel="email", raw=raw)
    assert isinstance(result, Done)
    assert (result.kind, result.opened) == ("complaint", True)
    assert result.stream != stream


def test_people_of_closed_cases_are_chosen_by_a_wave_but_not_who_was_just_asked(desk: Desk, pool: Pool) -> None:
    desk.at = datetime.now(UTC)
    closed, asked_before, still_open = (_case(desk, name) for name in ("closed", "before", "open"))
    for stream in (closed, asked_before):
        desk.give(stream, Close(reason="decision"))
    _invite(desk, asked_before)
    day = desk.at + DAY
    campaign(desk, who=["closed_cases"], within_days=7, dates=[f"{day:%Y-%m-%d}"], at=f"{day:%H:%M}")
    assert acted(desk, pool) == {}
    desk.at = day + timedelta(minutes=1)
    assert acted(desk, pool) == {"campaigns": 1}
    (chosen,) = events(desk, person(desk, "closed@example.org"), RespondentEnrolled)
    assert (chosen.about, chosen.handled_by) == (closed, ("person:ann",))
    desk.later(minutes=2)
    assert acted(desk, pool) == {"campaigns": 1}
    assert len(events(desk, person(desk, "closed@example.org"), RespondentInvited)) == 1
    for name in ("before", "open"):
        assert desk.history(person(desk, f"{name}@example.org")) == []
    own = desk.give(
        person(desk, "closed@example.org"),
        AnswerSurvey(scores=(Score(parameter="overall", score=5),)),
        by="person:ann",
    )
    assert isinstance(own, Refused)
    assert own.code == "own_rating"
    assert still_open != closed


def test_a_wave_chooses_a_bounded_number_at_a_time_and_opens_no_more_cases_than_it_needs(
    desk: Desk, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "AT_ONCE", 1)
    monkeypatch.setattr(gathering, "_OPENED", 1)
    desk.at, opened = datetime.now(UTC), list[UUID]()
    cases = {_case(desk, name): person(desk, f"{name}@example.org") for name in ("one", "two", "three")}
    for stream in cases:
        desk.give(stream, Close(reason="decision"))
    day, person_of = desk.at + DAY, gathering._person  # noqa: SLF001 # what a case is opened for

    def seen(stream: UUID, *more: Any) -> object:
        opened.append(stream)
        return person_of(stream, *more)

    monkeypatch.setattr(gathering, "_person", seen)
    campaign(desk, who=["closed_cases"], within_days=7, dates=[f"{day:%Y-%m-%d}"], at=f"{day:%H:%M}")
    desk.at = day + timedelta(minutes=1)
    for number in range(1, 4):
        acted(desk, pool)
        assert opened == list(cases)[:number]
        assert [bool(events(desk, one, RespondentEnrolled)) for one in cases.values()].count(True) == number
        desk.later(minutes=2)


def test_who_has_several_cases_or_has_declined_takes_nobody_elses_place_in_a_wave(
    desk: Desk, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "AT_ONCE", 1)
    desk.at = datetime.now(UTC)
    names = {"gone": "gone", "a": "often", "b": "often", "last": "last"}
    cases = [_case(desk, case, sender=name) for case, name in names.items()]
    for stream in cases:
        desk.give(stream, Close(reason="decision"))
    campaign(desk)
    declines = enrol(desk, "gone@example.org")
    desk.give(declines, DeclineSurveys())
    day = desk.at + DAY
    campaign(
        desk, survey={"version": 2}, who=["closed_cases"], within_days=7, dates=[f"{day:%Y-%m-%d}"], at=f"{day:%H:%M}"
    )
    desk.at = day + timedelta(minutes=1)
    for _ in range(6):
        acted(desk, pool)
        desk.later(minutes=2)
    assert [one.about for one in events(desk, person(desk, "often@example.org"), RespondentEnrolled)] == cases[1:3]
    assert [one.about for one in events(desk, person(desk, "last@example.org"), RespondentEnrolled)] == [cases[3]]


def test_only_whose_case_speaks_for_it_has_his_texts_opened_by_a_wave(
    desk: Desk, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.at, opened = datetime.now(UTC), list[UUID]()
    fits, asked_before = (_case(desk, name) for name in ("fits", "before"))
    for stream in (fits, asked_before):
        desk.give(stream, Close(reason="decision"))
    _invite(desk, asked_before)
    person_of = gathering._person  # noqa: SLF001 # what a case is opened for

    def seen(stream: UUID, *more: Any) -> object:
        opened.append(stream)
        return person_of(stream, *more)

    monkeypatch.setattr(gathering, "_person", seen)
    day = desk.at + DAY
    campaign(desk, who=["closed_cases"], within_days=7, dates=[f"{day:%Y-%m-%d}"], at=f"{day:%H:%M}")
    desk.at = day + timedelta(minutes=1)
    for _ in range(3):
        acted(desk, pool)
        desk.later(minutes=2)
    assert opened == [fits]


def _case(desk: Desk, name: str, *, sender: str | None = None) -> UUID:
    head = f"From: {sender or name}@example.org\nMessage-ID: <{name}@example.org>\nSubject: Kettle"
    raw = f"{head}\n\nI complain: it is broken!"
    stream = desk.opened(channel="email", raw=raw)
    desk.give(stream, Reply(final=True, channel="email", body=f"We are sorry, {name}."))
    desk.give(stream, Resolve(outcome="upheld"))
    return stream


def _invite(desk: Desk, stream: UUID) -> None:
    desk.give(stream, InviteSurvey(survey="after-cycle"), by="rule:surveys")
    assert len(events(desk, stream, SurveyInvited)) == 1


@pytest.fixture
def erasing(database: str, tmp_path: Path) -> Iterator[Eraser]:
    with eraser(database, tmp_path) as opened:
        opened.service.activate(presets.shipped(), opened.around(), opened.at)
        yield opened


def test_an_erasure_takes_contact_and_words_and_leaves_the_marks(erasing: Eraser) -> None:
    desk, pool = erasing, erasing.pool
    assert pool is not None
    campaign(desk)
    stream = enrol(desk, name="Ann Example")
    acted(desk, pool)
    answer(desk, stream, 4, comment="Ann says: fine.")
    (enrolled,) = events(desk, stream, RespondentEnrolled)
    erasing.erased(enrolled.party.subject_id)
    said = "".join(one.event.model_dump_json() for one in desk.history(stream))
    assert not [word for word in ("Ann", "ann@example.org", "fine") if word in said]
    (found,) = figures(pool, desk)
    assert (found.invited, found.answered, found.parameters[0].mean) == (1, 1, 4.0)
    desk.later(days=8)
    assert acted(desk, pool) == {}
    enrol(desk)
    (before, anew) = events(desk, stream, RespondentEnrolled)
    assert anew.party.subject_id != enrolled.party.subject_id
    assert before.party.subject_id == enrolled.party.subject_id


def test_without_campaigns_nothing_is_looked_at(desk: Desk, pool: Pool) -> None:
    assert isinstance(desk.service.book(), Book)
    assert dict(react(desk, pool, campaigns.REACTION).acted) == {}
