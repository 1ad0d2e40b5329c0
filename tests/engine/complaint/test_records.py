from schemas.complaint.correspondence import MessageRecorded
from schemas.complaint.records import (
    ComplaintLinked,
    CorrectEntry,
    EntryCorrected,
    LegalHoldPlaced,
    LegalHoldReleased,
    LinkComplaint,
    MessageMoved,
    MoveMessage,
    PlaceLegalHold,
    ReleaseLegalHold,
)
from support.scenario import ANNA, BORIS, COMPLAINANT, INTAKE, MONDAY, OPENING, STREAM, happened, opened, uid

OTHER = uid("other case")
LINKED = ComplaintLinked(subject_id=COMPLAINANT, other=OTHER, kind="similar")
HELD = LegalHoldPlaced(subject_id=COMPLAINANT, hold_id=uid("h1"), holder="court", reason="dispute")


def test_a_suggested_link_becomes_a_confirmed_one_and_stays_so() -> None:
    suggested = opened().when(LinkComplaint(other=OTHER, kind="similar"), by=INTAKE, command_id=uid("c1")).then(LINKED)
    confirm = LinkComplaint(other=OTHER, kind="similar", confirmed=True)
    confirmed = suggested.when(confirm, command_id=uid("c2")).then(LINKED.model_copy(update={"confirmed": True}))
    confirmed.when(LinkComplaint(other=OTHER, kind="similar"), command_id=uid("c3")).then_nothing()
    assert len(confirmed.case.records.links) == 1


def test_only_a_person_confirms_a_link() -> None:
    command = LinkComplaint(other=OTHER, kind="similar", confirmed=True)
    opened().when(command, by=INTAKE).then_refused("person_required")


def test_a_merge_keeps_the_others_receipt_and_reply() -> None:
    command = LinkComplaint(other=OTHER, kind="merged", other_received_at=MONDAY)
    after = (
        opened()
        .when(command, command_id=uid("c1"))
        .then(ComplaintLinked(subject_id=COMPLAINANT, other=OTHER, kind="merged", other_received_at=MONDAY))
    )
    again = LinkComplaint(other=OTHER, kind="merged", other_replied_at=MONDAY)
    link = after.when(again, command_id=uid("c2")).after().case.records.links[0]
    assert (link.other_received_at, link.other_replied_at) == (MONDAY, MONDAY)


def test_nothing_has_to_do_with_itself() -> None:
    opened().when(LinkComplaint(other=STREAM, kind="related")).then_refused("self_link", complaint=str(STREAM))
    opened().when(MoveMessage(message=OPENING, other=STREAM)).then_refused("self_link")


def test_a_message_is_moved_once() -> None:
    message = MessageRecorded(subject_id=COMPLAINANT, direction="inbound", message=uid("m1"), channel="email")
    after = (
        opened(message)
        .when(MoveMessage(message=uid("m1"), other=OTHER), command_id=uid("c1"))
        .then(MessageMoved(subject_id=COMPLAINANT, message=uid("m1"), other=OTHER))
    )
    after.when(MoveMessage(message=uid("m1"), other=OTHER), command_id=uid("c2")).then_nothing()
    opened().when(MoveMessage(message=uid("m9"), other=OTHER)).then_refused("unknown_message")


def test_an_entry_that_exists_is_corrected() -> None:
    history = opened(happened(LINKED, event_id=uid("e1")))
    noted = history.when(CorrectEntry(event_id=uid("e1"), note="Wrong case"), command_id=uid("c1")).then(
        EntryCorrected(subject_id=COMPLAINANT, event_id=uid("e1"), note="Wrong case")
    )
    noted.when(CorrectEntry(event_id=uid("e1")), command_id=uid("c2")).then_nothing()
    history.when(CorrectEntry(event_id=uid("e9"))).then_refused("unknown_entry", event=str(uid("e9")))


def test_a_hold_stands_until_another_person_releases_it() -> None:
    place = PlaceLegalHold(hold_id=uid("h1"), holder="court", reason="dispute")
    held = opened().when(place, by=ANNA, command_id=uid("c1")).then(HELD)
    assert held.case.records.held
    held.when(place, by=ANNA, command_id=uid("c2")).then_nothing()
    release = ReleaseLegalHold(hold_id=uid("h1"), reason="settled")
    held.when(release, by=ANNA).then_refused("same_person", hold=str(uid("h1")))
    released = held.when(release, by=BORIS, command_id=uid("c3")).then(
        LegalHoldReleased(subject_id=COMPLAINANT, hold_id=uid("h1"), holder="court", reason="settled")
    )
    assert not released.case.records.held
    released.when(release, by=ANNA, command_id=uid("c4")).then_nothing()


def test_only_a_verified_person_releases_a_hold() -> None:
    history = opened(happened(HELD, by=ANNA))
    release = ReleaseLegalHold(hold_id=uid("h1"), reason="settled")
    history.when(release, by=INTAKE).then_refused("person_required")
    history.when(release, by=BORIS, identity="claimed").then_refused("person_required")


def test_a_hold_that_was_not_placed_is_not_released() -> None:
    opened().when(ReleaseLegalHold(hold_id=uid("h9"), reason="x"), by=BORIS).then_refused("unknown_hold")
