from dataclasses import replace
from datetime import date, timedelta

import pytest

from engine.complaint.given import Given
from engine.complaint.state_bytes import to_bytes
from engine.configuration.in_force import Book
from engine.streams.survey import EVENTS, UNKNOWN, Respondent, SurveyCommand, decide, fold
from schemas.catalogue import COMMANDS
from schemas.catalogue import EVENTS as STORED
from schemas.complaint.base import Event
from schemas.complaint.correspondence import Queued, Rendered
from schemas.complaint.lifecycle import Score
from schemas.complaint.registration import Register
from schemas.configuration.survey import Survey
from schemas.refusals import Refusal
from schemas.streams.survey import (
    AllowSurveys,
    AnswerSurvey,
    DeclineSurveys,
    EnrolRespondent,
    FollowUpAnswer,
    InviteRespondent,
    Mail,
    RemindRespondent,
    ReportSurveyDelivery,
    RespondentAllowed,
    RespondentAnswered,
    RespondentDeclined,
    RespondentDelivery,
    RespondentEnrolled,
    RespondentFollowedUp,
    RespondentInvited,
    RespondentReminded,
)
from schemas.words import Contact, Party
from support.scenario import ANNA, BORIS, MONDAY, happened, opened, uid

DAY = timedelta(days=1)
SPRING = Survey.model_validate(
    {
        "id": "spring", "version": 2, "ask": "campaign", "campaign": {"quiet_days": 30}, "title": {"en": "T"},
        "intro": {"en": "I"}, "send": {"en": "S"}, "thanks": {"en": "T"},
        "questions": [{"parameter": "overall", "text": {"en": "Q"}}],
    }
)  # fmt: skip
GIVEN = replace(opened().when(Register()).asked, book=replace(Book(), surveys={"spring": SPRING}), at=MONDAY)
ENROL = EnrolRespondent(survey="spring", contact="ann@example.org", name="Ann", handled_by=(ANNA,), subject_id=uid("s"))
ENROLLED = RespondentEnrolled(
    subject_id=uid("s"),
    survey="spring",
    party=Party(
        role="customer", subject_id=uid("s"), name="Ann", contacts=(Contact(kind="email", value="ann@example.org"),)
    ),
    handled_by=(ANNA,),
)


def mail(label: str) -> Mail:
    rendered = Rendered(template="campaign", version=1, language="en")
    return Mail(
        message=uid(label), channel="email", to="ann@example.org", body="Hello", queued=Queued(), rendered=rendered
    )


INVITE = InviteRespondent(
    survey="spring", survey_version=2, wave=date(2026, 3, 2), until=MONDAY + 9 * DAY, mail=mail("m")
)
INVITED = RespondentInvited(
    subject_id=uid("s"),
    survey="spring",
    survey_version=2,
    number=1,
    wave=date(2026, 3, 2),
    until=MONDAY + 9 * DAY,
    mail=mail("m"),
)
BAD = (Score(parameter="overall", score=1),)
ANSWERED = RespondentAnswered(
    subject_id=uid("s"), survey="spring", survey_version=2, number=1, scores=BAD, comment="Slow.", channel="call"
)


def asked(command: SurveyCommand, *past: Event, given: Given = GIVEN) -> tuple[Event, ...]:
    """Return what follows, having asked twice."""
    events = decide(command, fold([happened(event) for event in past]), given)
    assert decide(command, fold([happened(event) for event in (*past, *events)]), given) == ()
    return events


def refused(command: SurveyCommand, *past: Event, given: Given = GIVEN) -> str:
    with pytest.raises(Refusal) as refusal:
        asked(command, *past, given=given)
    return refusal.value.code


def test_a_person_is_enrolled_once_and_asked_once_in_a_wave() -> None:
    assert asked(ENROL) == (ENROLLED,)
    assert asked(INVITE, ENROLLED) == (INVITED,)


def test_nobody_is_asked_who_was_not_enrolled_or_was_asked_a_short_while_ago() -> None:
    assert refused(INVITE) == "unknown_complaint"
    assert refused(INVITE.model_copy(update={"survey": "autumn"}), ENROLLED) == "not_enrolled"
    again = INVITE.model_copy(update={"wave": date(2026, 4, 2)})
    assert refused(again, ENROLLED, INVITED, given=replace(GIVEN, at=MONDAY + 29 * DAY)) == "not_due"
    (second,) = asked(again, ENROLLED, INVITED, given=replace(GIVEN, at=MONDAY + 30 * DAY))
    assert isinstance(second, RespondentInvited)
    assert second.number == 2


def test_who_declined_is_neither_enrolled_again_nor_asked_nor_reminded() -> None:
    declined = RespondentDeclined(subject_id=uid("s"), number=1)
    assert asked(DeclineSurveys(number=1), ENROLLED, INVITED) == (declined,)
    assert refused(ENROL, ENROLLED, declined) == "opted_out"
    assert refused(INVITE, ENROLLED, declined) == "opted_out"
    assert asked(RemindRespondent(number=1, reminder=1, mail=mail("r")), ENROLLED, INVITED, declined) == ()


def test_who_lets_himself_be_asked_again_is_asked_and_a_person_says_so_for_him() -> None:
    declined, allowed = RespondentDeclined(subject_id=uid("s"), number=1), RespondentAllowed(subject_id=uid("s"))
    by_person = replace(GIVEN, actor="person:lead", identity="token")
    assert asked_once(AllowSurveys(), ENROLLED, declined, given=by_person) == (allowed,)
    by_rule = replace(GIVEN, actor="rule:campaigns")
    assert refused(AllowSurveys(), ENROLLED, declined, given=by_rule) == "person_required"
    assert asked_once(AllowSurveys(), ENROLLED, given=by_person) == ()
    assert asked(INVITE, ENROLLED, declined, allowed) == (INVITED,)
    assert asked(DeclineSurveys(number=1), ENROLLED, INVITED, declined, allowed) == (declined,)


def test_an_invitation_is_answered_once_and_until_its_end() -> None:
    answer = AnswerSurvey(scores=BAD, comment="Slow.")
    assert asked(answer, ENROLLED, INVITED) == (ANSWERED,)
    better = AnswerSurvey(scores=(Score(parameter="overall", score=5),))
    assert refused(better, ENROLLED, INVITED, ANSWERED) == "already_rated"
    assert refused(answer, ENROLLED, INVITED, given=replace(GIVEN, at=MONDAY + 9 * DAY)) == "survey_over"
    assert refused(answer, ENROLLED) == "unknown_invitation"
    assert refused(AnswerSurvey(number=2, scores=BAD), ENROLLED, INVITED) == "unknown_invitation"


def test_who_handled_his_complaint_does_not_enter_his_answer() -> None:
    answer, own = AnswerSurvey(scores=BAD, comment="Slow."), replace(GIVEN, actor=ANNA, identity="local")
    assert refused(answer, ENROLLED, INVITED, given=own) == "own_rating"
    assert refused(answer, ENROLLED, INVITED, given=replace(own, actor=BORIS, on_behalf_of=ANNA)) == "own_rating"
    assert refused(answer, ENROLLED, INVITED, given=replace(own, actor=BORIS, identity="claimed")) == "person_required"
    assert asked(answer, ENROLLED, INVITED, given=replace(own, actor=BORIS)) == (ANSWERED,)


def test_reminders_rise_and_end_with_the_answer() -> None:
    first = RespondentReminded(subject_id=uid("s"), number=1, reminder=1, mail=mail("r1"))
    assert asked(RemindRespondent(number=1, reminder=1, mail=mail("r1")), ENROLLED, INVITED) == (first,)
    assert asked(RemindRespondent(number=1, reminder=1, mail=mail("r1")), ENROLLED, INVITED, first) == ()
    assert len(asked(RemindRespondent(number=1, reminder=2, mail=mail("r2")), ENROLLED, INVITED, first)) == 1
    assert asked(RemindRespondent(number=1, reminder=2, mail=mail("r2")), ENROLLED, INVITED, ANSWERED) == ()


def test_a_bad_answer_is_followed_up_once() -> None:
    told = RespondentFollowedUp(subject_id=uid("s"), number=1, complaint=uid("c"))
    assert asked(FollowUpAnswer(number=1, complaint=uid("c")), ENROLLED, INVITED, ANSWERED) == (told,)
    assert refused(FollowUpAnswer(number=1, complaint=uid("c")), ENROLLED, INVITED) == "nothing_to_do"


def test_whom_mail_does_not_reach_is_not_asked_until_he_is_enrolled_again() -> None:
    report = ReportSurveyDelivery(message=uid("m"), status="failed")
    failed = RespondentDelivery(subject_id=uid("s"), message=uid("m"), status="failed")
    assert asked(report, ENROLLED, INVITED) == (failed,)
    later = replace(GIVEN, at=MONDAY + 99 * DAY)
    again = INVITE.model_copy(update={"wave": None})
    assert refused(again, ENROLLED, INVITED, failed, given=later) == "not_enrolled"
    assert asked(ENROL, ENROLLED, INVITED, failed) == (ENROLLED,)
    assert len(asked(again, ENROLLED, INVITED, failed, ENROLLED, given=later)) == 1
    assert refused(ReportSurveyDelivery(message=uid("x"), status="failed"), ENROLLED, INVITED) == "unknown_message"


def test_after_an_erasure_he_is_known_no_more_but_that_he_declined_is() -> None:
    gone = replace(GIVEN, erased=frozenset({uid("s")}))
    assert refused(INVITE, ENROLLED, given=gone) == "not_enrolled"
    (anew,) = asked_once(ENROL.model_copy(update={"subject_id": uid("t")}), ENROLLED, given=gone)
    assert anew.subject_id == uid("t")
    assert refused(ENROL, ENROLLED, RespondentDeclined(), given=gone) == "opted_out"


def asked_once(command: SurveyCommand, *past: Event, given: Given) -> tuple[Event, ...]:
    return decide(command, fold([happened(event) for event in past]), given)


def test_every_event_and_command_of_the_catalogue_is_decided_here() -> None:
    assert {event.NAME for event in EVENTS} == {name for name in STORED if name.startswith("survey.")}
    assert {name for name in COMMANDS if name.startswith("survey.")} == {
        "survey.enrol", "survey.invite", "survey.remind", "survey.answer", "survey.follow_up", "survey.decline",
        "survey.allow", "survey.report_delivery",
    }  # fmt: skip


def test_the_state_holds_no_text() -> None:
    state = fold([happened(event) for event in (ENROLLED, INVITED, ANSWERED)])
    assert isinstance(state, Respondent)
    assert not [word for word in (b"Ann", b"ann@", b"Slow", b"Hello") if word in to_bytes(state)]
    assert fold([]) == UNKNOWN
