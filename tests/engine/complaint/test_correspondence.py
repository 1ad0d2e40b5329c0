import pytest

from schemas.complaint.correspondence import (
    AddAttachment,
    AddNote,
    AddParty,
    AttachmentAdded,
    ComplaintReplied,
    DeliveryReported,
    MessageRecorded,
    NoteAdded,
    PartyAdded,
    RecordMessage,
    Reply,
    ReplyReviewed,
    ReportDelivery,
    ReviewReply,
    ReviewScore,
)
from schemas.words import Attachment, Contact, Counterparty, Party
from support.scenario import ANNA, BORIS, CLERK, COMPLAINANT, INTAKE, OPENING, happened, opened, uid

SENT = MessageRecorded(
    subject_id=COMPLAINANT, direction="outbound", message=uid("m1"), author=ANNA, channel="email", purpose="final"
)
FINAL = ComplaintReplied(subject_id=COMPLAINANT, message=uid("m1"), final=True)
SCORES = (ReviewScore(criterion="tone", score=8),)


def test_an_outbound_message_is_recorded_once_under_the_complainants_subject() -> None:
    command = RecordMessage(message=uid("m1"), channel="email", purpose="notice", to="a@b.example", body="Soon.")
    after = (
        opened()
        .when(command, command_id=uid("c1"))
        .then(
            MessageRecorded(
                subject_id=COMPLAINANT,
                direction="outbound",
                purpose="notice",
                message=uid("m1"),
                author=CLERK,
                to="a@b.example",
                channel="email",
                body="Soon.",
            )
        )
    )
    after.when(command, command_id=uid("c2")).then_nothing()


def test_an_inbound_message_does_not_come_by_this_way() -> None:
    opened().when(RecordMessage(direction="inbound", channel="email")).then_refused("invalid", field="direction")


def test_a_reply_is_a_message_and_an_answer_in_one() -> None:
    command = Reply(message=uid("m1"), final=True, channel="email", body="We were wrong.", apology=True, signed_by=ANNA)
    after = (
        opened()
        .when(command, command_id=uid("c1"))
        .then(
            MessageRecorded(
                subject_id=COMPLAINANT,
                direction="outbound",
                purpose="final",
                message=uid("m1"),
                author=CLERK,
                channel="email",
                body="We were wrong.",
            ),
            ComplaintReplied(subject_id=COMPLAINANT, message=uid("m1"), final=True, signed_by=ANNA, apology=True),
        )
    )
    assert after.case.correspondence.final_reply(())
    after.when(command, command_id=uid("c2")).then_nothing()


def test_a_recorded_message_becomes_a_reply_without_being_recorded_again() -> None:
    command = Reply(message=uid("m1"), final=True, channel="email", body="We were wrong.")
    opened(SENT).when(command).then(FINAL)


def test_an_interim_reply_may_turn_out_to_be_final_but_not_the_other_way_round() -> None:
    interim = Reply(message=uid("m1"), final=False, channel="email", body="Soon.")
    history = opened(SENT, FINAL.model_copy(update={"final": False}))
    assert not history.case.correspondence.final_reply(())
    after = history.when(interim.model_copy(update={"final": True}), command_id=uid("c1")).then(FINAL)
    after.when(interim, command_id=uid("c2")).then_nothing()


@pytest.mark.parametrize("counterparty", ["third_party", "authority", "department", "staff"])
def test_a_message_to_somebody_else_answers_nothing(counterparty: Counterparty) -> None:
    command = Reply(final=True, channel="email", body="FYI", counterparty=counterparty)
    opened().when(command).then_refused("not_a_reply", counterparty=counterparty)


def test_an_inbound_message_is_no_reply() -> None:
    inbound = MessageRecorded(subject_id=COMPLAINANT, direction="inbound", message=uid("m2"), channel="email")
    opened(inbound).when(Reply(message=uid("m2"), final=True, channel="email", body="?")).then_refused("not_a_reply")
    opened().when(Reply(message=OPENING, final=True, channel="email", body="?")).then_refused("not_a_reply")


def test_a_reply_that_was_not_delivered_never_was_one() -> None:
    history = opened(SENT, FINAL)
    after = history.when(ReportDelivery(message=uid("m1"), status="failed"), command_id=uid("c1")).then(
        DeliveryReported(subject_id=COMPLAINANT, message=uid("m1"), status="failed")
    )
    assert not after.case.correspondence.final_reply(())
    after.when(ReportDelivery(message=uid("m1"), status="failed"), command_id=uid("c2")).then_nothing()
    later = after.when(ReportDelivery(message=uid("m1"), status="delivered"), command_id=uid("c2")).after()
    assert later.case.correspondence.final_reply(())


def test_a_bounce_that_is_stored_before_its_message_counts_too() -> None:
    bounce = DeliveryReported(subject_id=COMPLAINANT, message=uid("m1"), status="failed")
    assert not opened(bounce, FINAL, SENT).case.correspondence.final_reply(())


def test_a_message_that_is_unknown_was_not_delivered() -> None:
    opened().when(ReportDelivery(message=uid("m9"), status="failed")).then_refused("unknown_message")


def test_a_colleague_reviews_a_reply() -> None:
    history = opened(happened(SENT, by=ANNA), happened(FINAL, by=ANNA))
    command = ReviewReply(message=uid("m1"), scores=SCORES)
    after = history.when(command, by=BORIS, command_id=uid("c1")).then(
        ReplyReviewed(subject_id=COMPLAINANT, message=uid("m1"), scores=SCORES)
    )
    after.when(command, by=BORIS, command_id=uid("c2")).then_nothing()
    after.when(command, by=CLERK, command_id=uid("c2")).then(
        ReplyReviewed(subject_id=COMPLAINANT, message=uid("m1"), scores=SCORES)
    )


def test_nobody_reviews_his_own_reply() -> None:
    command = ReviewReply(message=uid("m1"), scores=SCORES)
    opened(happened(SENT, by=ANNA), happened(FINAL, by=ANNA)).when(command, by=ANNA).then_refused("own_reply")
    signed = FINAL.model_copy(update={"signed_by": BORIS})
    history = opened(happened(SENT, by=ANNA), happened(signed, by=ANNA))
    history.when(command, by=BORIS).then_refused("own_reply")
    history.when(command, by=ANNA).then_refused("own_reply")


def test_only_a_person_reviews_and_only_a_reply() -> None:
    command = ReviewReply(message=uid("m1"), scores=SCORES)
    opened(SENT, FINAL).when(command, by=INTAKE).then_refused("person_required")
    opened(SENT, FINAL).when(command, by=BORIS, identity="claimed").then_refused("person_required")
    opened(SENT).when(command, by=BORIS).then_refused("not_a_reply")
    opened().when(command, by=BORIS).then_refused("unknown_message")


def test_the_same_note_twice_is_two_notes_unless_it_is_the_same_command() -> None:
    note = NoteAdded(subject_id=COMPLAINANT, note="Called back.")
    after = opened().when(AddNote(note="Called back."), command_id=uid("c1")).then(note)
    after.when(AddNote(note="Called back."), command_id=uid("c2")).then(note)


def test_a_file_is_added_once() -> None:
    file = Attachment(content_id=uid("f"), media_type="image/png", size=3, sha256="0" * 64, file_name="dent.png")
    after = (
        opened()
        .when(AddAttachment(attachment=file), command_id=uid("c1"))
        .then(AttachmentAdded(subject_id=COMPLAINANT, attachment=file))
    )
    after.when(AddAttachment(attachment=file), command_id=uid("c2")).then_nothing()


def test_a_party_joins_under_its_own_subject() -> None:
    lawyer = Party(role="representative", subject_id=uid("lawyer"))
    after = (
        opened()
        .when(AddParty(party=lawyer), command_id=uid("c1"))
        .then(PartyAdded(subject_id=uid("lawyer"), party=lawyer))
    )
    after.when(AddParty(party=lawyer), command_id=uid("c2")).then_nothing()
    reachable = lawyer.model_copy(update={"contacts": (Contact(kind="phone", value="123"),)})
    later = after.when(AddParty(party=reachable), command_id=uid("c2")).then(
        PartyAdded(subject_id=uid("lawyer"), party=reachable)
    )
    assert len(later.case.parties) == 2
