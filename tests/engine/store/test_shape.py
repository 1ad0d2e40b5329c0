"""The open part of a class: what is written without personal text, and how that is put back."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ValidationError

from engine.store.shape import Place, places, put_in, shape_of
from engine.store.vault.plan import plan_of
from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.complaint.clocks import AppliedClock, SlaApplied
from schemas.complaint.registration import ComplaintReceived
from schemas.envelope import Envelope
from schemas.words import SEALED, Contact, Party
from support.examples import envelope, whole

ANNA = uuid4()
RECEIVED = ComplaintReceived(
    subject_id=ANNA,
    channel="email",
    message=uuid4(),
    body="Мне нахамили",
    parties=(Party(role="complainant", subject_id=ANNA, name="Анна", contacts=(Contact(kind="phone", value="+7"),)),),
)


@pytest.mark.parametrize("name", EVENTS)
def test_the_open_part_of_every_event_holds_no_personal_text(name: str) -> None:
    event = whole(EVENTS[name])

    text = shape_of(EVENTS[name]).to_json(event).decode()

    assert "Личное" in event.model_dump_json() or not _has_personal(type(event))
    assert "Личное" not in text


@pytest.mark.parametrize("name", EVENTS)
def test_the_open_part_reads_as_the_class_itself(name: str) -> None:
    shape = shape_of(EVENTS[name])
    event = whole(EVENTS[name])

    read = shape.from_json(shape.to_json(event))

    assert type(read) is type(event)
    assert shape.to_json(read) == shape.to_json(event)


def test_everything_else_is_validated_as_ever() -> None:
    with pytest.raises(ValidationError, match="channel"):
        shape_of(ComplaintReceived).from_json(b'{"channel":"pigeon","message":"%s"}' % str(uuid4()).encode())


def test_a_required_personal_field_is_sealed_until_it_is_put_in() -> None:
    shape = shape_of(ComplaintReceived)
    read = shape.from_json(shape.to_json(RECEIVED))

    assert (read.body, read.parties[0].name, read.parties[0].contacts[0].value) == (None, None, SEALED)

    where = places(b"/data/body\0/data/parties/0/name\0/data/parties/0/contacts/0/value")
    put_in(envelope(), read, where, iter(["Мне нахамили", "Анна", "+7"]))

    assert read == RECEIVED
    assert read.model_fields_set >= RECEIVED.model_fields_set


def test_a_place_that_this_program_does_not_know_is_passed_over() -> None:
    shape = shape_of(ComplaintReceived)
    read = shape.from_json(shape.to_json(RECEIVED))
    unknown = b"/data/mood\0/data/parties/7/name\0/data/parties/x/name\0/data/body/deep\0/meta/phase\0/data"

    put_in(envelope(), read, places(unknown), iter(["?"] * 6))

    assert read == shape.from_json(shape.to_json(RECEIVED))


def test_places_are_read_from_json_pointers_those_of_one_model_together() -> None:
    assert places(b"/meta/why\0/data/body\0/data/subject\0/data/parties/0/name") == (
        Place(in_meta=True, path=(), names=("why",)),
        Place(in_meta=False, path=(), names=("body", "subject")),
        Place(in_meta=False, path=("parties", 0), names=("name",)),
    )


def test_the_envelope_reads_without_its_reason() -> None:
    shape = shape_of(Envelope)
    given = envelope(why="просил")

    assert "просил" not in shape.to_json(given).decode()
    assert shape.from_json(shape.to_json(given)) == given.model_copy(update={"why": None})


def _has_personal(model: type[Event]) -> bool:
    return not plan_of(model).idle


class Loose(BaseModel):
    anything: Any = None


def test_a_class_without_personal_text_keeps_all_of_it() -> None:
    assert shape_of(Loose).to_json(Loose(anything={"a": 1})) == b'{"anything":{"a":1}}'


def test_a_field_that_many_events_share_is_written_as_pydantic_writes_it() -> None:
    clock = AppliedClock(kind="reply", calendar="default", calendar_version=2, start=(), fulfil=(), warn=(50, 80))
    for clocks in ((clock,), (clock, clock), (), (clock,)):
        for subject in (None, UUID(int=7)):
            event = SlaApplied(subject_id=subject, reason="first", policy="p", policy_version=1, clocks=clocks)
            assert shape_of(SlaApplied).to_json(event) == event.model_dump_json(exclude_none=True).encode()


def test_events_with_the_same_octets_of_a_shared_field_share_its_very_object() -> None:
    clock = AppliedClock(kind="reply", calendar="default", calendar_version=2, start=(), fulfil=(), warn=(50, 80))
    shape = shape_of(SlaApplied)
    ours, theirs = (
        SlaApplied(subject_id=uuid4(), reason="first", policy="p", policy_version=1, clocks=(clock, clock))
        for _ in range(2)
    )

    first, second = shape.from_json(shape.to_json(ours)), shape.from_json(shape.to_json(theirs))

    assert (first, second) == (ours, theirs)
    assert first.model_fields_set == ours.model_fields_set
    assert first.clocks is second.clocks


def test_a_shared_field_is_read_wherever_it_stands_and_what_is_wrong_in_it_is_named() -> None:
    shape = shape_of(SlaApplied)

    read = shape.from_json(b'{"reason":"first","clocks":[],"policy":"p","policy_version":1}')

    assert read == SlaApplied(reason="first", policy="p", policy_version=1, clocks=())
    with pytest.raises(ValidationError, match=r"clocks\.0\.kind"):
        shape.from_json(b'{"reason":"first","policy":"p","policy_version":1,"clocks":[{"kind":7}]}')
