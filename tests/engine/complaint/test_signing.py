"""Who must sign the final reply of a complaint, and what happens where nobody has."""

import pytest

from engine.configuration.in_force import Book
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Event
from schemas.complaint.classification import FieldSet
from schemas.complaint.correspondence import ComplaintReplied, MessageRecorded, Reply
from schemas.complaint.lifecycle import Close, ComplaintClosed, ComplaintResolved
from schemas.configuration.routing import RoutingRules
from support.scenario import ANNA, BORIS, CLERK, COMPLAINANT, RECEIVED, REGISTERED, History, Past, given, happened, uid

TO_MANAGEMENT = FieldSet(subject_id=COMPLAINANT, field="final_reply_by", value="management")
LETTER = uid("letter")
FINAL = Reply(channel="email", body="We mended it.", final=True, message=LETTER)
SENT = MessageRecorded(
    subject_id=COMPLAINANT, direction="outbound", purpose="final", message=LETTER, author=CLERK, channel="email"
)
BOOK = Book(
    rule_sets={
        "routing": RoutingRules.model_validate(
            {
                "id": "routing",
                "version": 1,
                "concern": "routing",
                "rules": [{"rule": "all", "then": {"team": "first-line"}}],
                "staff": [{"person": BORIS, "teams": ["management"]}, {"person": CLERK, "teams": ["first-line"]}],
            }
        )
    }
)


def addressed(*more: Event | Past) -> History:
    return given(RECEIVED, REGISTERED, TO_MANAGEMENT, *more).under(BOOK)


def replied(history: History, command: Reply, by: str = CLERK) -> ComplaintReplied:
    (found,) = [one for one in history.when(command, by=by).decided() if isinstance(one, ComplaintReplied)]
    return found


def test_a_final_reply_that_nobody_of_management_signed_is_refused() -> None:
    addressed().when(FINAL).then_refused("signature_missing", team="management")


def test_somebody_of_the_team_signs_whoever_sends_it() -> None:
    found = replied(addressed(), FINAL.model_copy(update={"signed_by": BORIS}))
    assert (found.signed_by, found.signed_for) == (BORIS, None)
    assert replied(addressed(), FINAL, by=BORIS).final


def test_a_verified_person_signs_for_the_team_and_no_service_does() -> None:
    for_it = FINAL.model_copy(update={"signed_for": "management"})
    assert replied(addressed(), for_it).signed_for == "management"
    addressed().when(for_it, by="service:mailer").then_refused("person_required", team="management")
    other = FINAL.model_copy(update={"signed_for": "first-line"})
    addressed().when(other).then_refused("signature_missing", team="management")


def test_who_answers_for_it_in_that_team_signs_without_standing_in_a_list() -> None:
    taken = ComplaintAssigned(subject_id=COMPLAINANT, team="management", assignee=ANNA, reason="handover")
    assert replied(addressed(taken), FINAL, by=ANNA).final
    addressed(taken).when(FINAL, by=CLERK).then_refused("signature_missing", team="management")


def test_an_interim_reply_and_other_complaints_need_no_such_signature() -> None:
    assert not replied(addressed(), FINAL.model_copy(update={"final": False})).final
    assert replied(given(RECEIVED, REGISTERED).under(BOOK), FINAL).final


RESOLVED = ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld")
UNSIGNED = ComplaintReplied(subject_id=COMPLAINANT, message=LETTER, final=True)


def test_what_was_answered_before_management_had_to_sign_does_not_close_without_it() -> None:
    late = addressed(happened(SENT, by=CLERK), happened(UNSIGNED, by=CLERK), RESOLVED)
    late.when(Close(reason="decision")).then_refused("signature_missing", team="management")
    late.when(Close(reason="decision"), why=True).then(
        ComplaintClosed(subject_id=COMPLAINANT, reason="decision", cycle=1)
    )


@pytest.mark.parametrize("signed", [{"signed_by": BORIS}, {"signed_for": "management"}])
def test_what_was_signed_closes(signed: dict[str, str]) -> None:
    answer = UNSIGNED.model_copy(update=signed)
    whole = addressed(happened(SENT, by=CLERK), happened(answer, by=CLERK), RESOLVED)
    whole.when(Close(reason="decision")).then(ComplaintClosed(subject_id=COMPLAINANT, reason="decision", cycle=1))
