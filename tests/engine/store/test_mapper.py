import dataclasses
import json
from typing import Any, ClassVar
from uuid import uuid4

import orjson
import pytest

from engine.store.batch import NewEvent
from engine.store.frame import packed, unpacked
from engine.store.mapper import Mapper, Row, UnknownEvent, UnreadableEvent, keys_of
from engine.store.vault.keys import DataKey, KeyName, key_name
from engine.store.vault.plan import NotSealable, plan_of
from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.complaint.correspondence import NoteAdded
from schemas.complaint.lifecycle import ComplaintRated, Score
from schemas.complaint.registration import ComplaintReceived
from schemas.words import ERASED, SEALED, Contact, Party, Personal
from support.examples import NOON, envelope
from support.golden import keys_for

STREAM, ANNA, BORIS = uuid4(), uuid4(), uuid4()
ANNAS = key_name(STREAM, ANNA)
TWO_PEOPLE = ComplaintReceived(
    subject_id=ANNA,
    channel="email",
    message=uuid4(),
    body="Мне нахамили",
    parties=(
        Party(role="complainant", subject_id=ANNA, name="Анна"),
        Party(role="respondent", subject_id=BORIS, name="Борис", contacts=(Contact(kind="phone", value="+7 900"),)),
    ),
)


def stored(event: Event, **about: Any) -> tuple[Row, dict[KeyName, DataKey]]:
    mapper = Mapper()
    draft = mapper.draft(STREAM, 1, NewEvent(envelope(**about), event))
    keys = keys_for(keys_of([draft]))
    return Row(1, NOON, STREAM, 1, event.NAME, mapper.seal(draft, keys).state), keys


def reopened(row: Row, keys: dict[KeyName, Any]) -> Any:
    mapper = Mapper()
    return mapper.open(row, mapper.parse(row), keys).event


def changed(row: Row, **what: Any) -> Row:
    return row._replace(**what)


def test_each_subject_has_one_sealed_part_and_the_rest_stays_open() -> None:
    row, _ = stored(TWO_PEOPLE)

    parts = unpacked(row.state).parts

    assert [(part.subject, part.fields) for part in parts] == [
        (ANNA.bytes, b"/data/body\0/data/parties/0/name"),
        (BORIS.bytes, b"/data/parties/1/name\0/data/parties/1/contacts/0/value"),
    ]
    for text in ("нахамили", "Анна", "Борис", "+7 900"):
        assert text.encode() not in row.state


def test_the_reason_of_an_envelope_belongs_to_the_subject_of_its_event() -> None:
    row, keys = stored(TWO_PEOPLE, why="просил по телефону")

    assert unpacked(row.state).parts[0].fields.startswith(b"/meta/why\0")
    mapper = Mapper()
    assert mapper.open(row, mapper.parse(row), keys).envelope.why == "просил по телефону"


def test_the_same_event_twice_gives_two_ciphertexts() -> None:
    assert stored(TWO_PEOPLE)[0].state != stored(TWO_PEOPLE)[0].state


def test_an_erased_subject_leaves_marks_and_takes_nobody_elses_text() -> None:
    row, keys = stored(TWO_PEOPLE)

    read = reopened(row, {**keys, key_name(STREAM, BORIS): None})

    assert (read.body, read.parties[0].name) == ("Мне нахамили", "Анна")
    assert (read.parties[1].name, read.parties[1].contacts[0].value) == (ERASED, ERASED)


def test_a_part_whose_key_is_nowhere_stays_sealed() -> None:
    row, keys = stored(TWO_PEOPLE)
    del keys[key_name(STREAM, BORIS)]

    assert reopened(row, keys).parties[1].name == SEALED


@pytest.mark.parametrize("where", ["stream", "version", "name", "subject", "key", "fields"])
def test_a_sealed_part_opens_nowhere_but_in_its_place(where: str) -> None:
    row, keys = stored(NoteAdded(subject_id=ANNA, note="x"))
    other = keys_for([key_name(uuid4(), uuid4())]).popitem()[1]
    frame = unpacked(row.state)
    part = frame.parts[0]
    if where == "stream":
        row, keys = changed(row, stream=BORIS), {key_name(BORIS, ANNA): keys[ANNAS]}
    elif where == "version":
        row = changed(row, version=2)
    elif where == "name":
        row = changed(row, name="complaint.received.v1")
    elif where == "subject":
        moved = packed(frame.meta, frame.data, [part._replace(subject=BORIS.bytes)])
        row, keys = changed(row, state=moved), {key_name(STREAM, BORIS): keys[ANNAS]}
    elif where == "key":
        keys = {ANNAS: other}
    else:
        row = changed(row, state=packed(frame.meta, frame.data, [part._replace(fields=b"/meta/why")]))

    with pytest.raises(UnreadableEvent):
        reopened(row, keys)


def test_personal_text_without_an_owner_is_refused_by_event_and_field() -> None:
    with pytest.raises(NotSealable, match=r"complaint\.note_added\.v1: /data/note is personal text but no subject_id"):
        stored(NoteAdded(note="whose?"))


def test_a_reason_on_an_event_without_a_subject_is_refused() -> None:
    with pytest.raises(NotSealable, match=r"complaint\.rated\.v1: /meta/why"):
        stored(ComplaintRated(survey="s", cycle=1, scores=(Score(parameter="p", score=1),)), why="said so")


def test_text_that_is_withheld_itself_is_not_stored_again() -> None:
    with pytest.raises(NotSealable, match="/data/note is withheld itself"):
        stored(NoteAdded(subject_id=ANNA, note=SEALED))


def test_an_unknown_name_stops_the_reader_with_name_and_position() -> None:
    row = Row(42, NOON, STREAM, 1, "complaint.teleported.v9", b"{}")

    with pytest.raises(UnknownEvent) as caught:
        Mapper().read(row)

    assert (caught.value.name, caught.value.position) == ("complaint.teleported.v9", 42)


def test_a_field_that_a_newer_program_added_is_passed_over() -> None:
    row, keys = stored(NoteAdded(subject_id=ANNA, note="x"))
    frame = unpacked(row.state)
    data = {**json.loads(frame.data), "mood": {"from": "the future"}}
    meta = {**json.loads(frame.meta), "phase_of_the_moon": 3}
    newer = changed(row, state=packed(orjson.dumps(meta), orjson.dumps(data), frame.parts))

    assert reopened(newer, keys) == NoteAdded(subject_id=ANNA, note="x")
    assert Mapper().read(newer).event == NoteAdded(subject_id=ANNA, note=SEALED)


def test_an_error_of_a_broken_state_names_the_place_and_not_the_value() -> None:
    row, _ = stored(TWO_PEOPLE)
    broken = changed(row, state=row.state.replace(b'"channel":"email"', b'"channel":"SECRE"'))

    with pytest.raises(UnreadableEvent, match="data/channel: literal_error") as caught:
        Mapper().read(broken)

    assert "SECRE" not in str(caught.value)


class Renamed(Event):
    NAME: ClassVar[str] = "planted.v3"
    text: Personal[str]
    loudness: int


def test_old_names_are_turned_into_new_ones_step_by_step_sealed_open_and_erased() -> None:
    def louder(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "planted.v2", {"subject_id": data["subject_id"], "words": data["note"], "volume": 11}

    def renamed(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "planted.v3", {"subject_id": data["subject_id"], "text": data["words"], "loudness": data["volume"]}

    row, keys = stored(NoteAdded(subject_id=ANNA, note="hello"))
    mapper = Mapper(events={"planted.v3": Renamed}, upcasters={row.name: louder, "planted.v2": renamed})

    read = mapper.read(row)
    opened = mapper.open(row, mapper.parse(row), keys).event
    erased = mapper.open(row, mapper.parse(row), {ANNAS: None}).event

    assert (read.name, read.event) == (row.name, Renamed(subject_id=ANNA, text=SEALED, loudness=11))
    assert opened == Renamed(subject_id=ANNA, text="hello", loudness=11)
    assert erased == Renamed(subject_id=ANNA, text=ERASED, loudness=11)


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_that_belongs_to_nobody_has_no_personal_field(name: str) -> None:
    if name.startswith(("configuration.", "problem.")):
        assert dataclasses.asdict(plan_of(EVENTS[name])) == {
            "owner": True, "personal": (), "single": (), "repeated": (),
        }  # fmt: skip


def test_a_nullable_field_with_another_default_cannot_be_stored() -> None:
    class Lossy(Event):
        count: int | None = 1

    with pytest.raises(TypeError, match=r"Lossy\.count may be None but has another default"):
        plan_of(Lossy)
