"""What a snapshot holds is the state, whole: nothing lost, nothing of another type, nothing personal."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from engine import streams_of
from engine.complaint.given import Fact
from engine.complaint.state_bytes import to_bytes
from engine.streams.folded import Folded, NotFolded, State, from_octets, to_octets
from engine.streams_of import StreamState
from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.complaint.classification import FieldSet, FieldValue
from schemas.complaint.registration import Receive
from schemas.refusals import Refusal
from schemas.words import Money
from support.commands import Ask, scripts
from support.examples import whole
from support.histories import histories
from support.scenario import COMPLAINANT, INTAKE, MONDAY, OPENING, History, content, happened, opened, uid

patient = settings(deadline=None)
OPEN = Receive(content=content(message=OPENING, sense="complaint"), points=({"point": 1},))  # type: ignore[arg-type]  # pydantic makes the point


def told(script: Sequence[Ask]) -> History:
    """Return the history that a script leads to; what is refused adds nothing."""
    history, at = opened(), MONDAY
    history = History((), history.book).when(OPEN, by=INTAKE, at=at, command_id=uid("opening")).after()
    for n, ask in enumerate(script):
        at += timedelta(days=ask.days)
        try:
            history = history.when(ask.command, by=ask.by, at=at, why=ask.why, command_id=uid(f"line {n}")).after()
        except Refusal:
            continue
    return history


def types(value: object) -> object:
    """Return what a value is made of: of two equal ones, True and 1 are told apart."""
    if is_dataclass(value):
        return type(value), *(types(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, BaseModel):
        return type(value), *(types(part) for _, part in value)
    if isinstance(value, tuple):
        return tuple, *map(types, value)
    return type(value), frozenset(map(types, value)) if isinstance(value, frozenset) else None


def same_again(state: StreamState) -> State:
    """Return the state as it comes back, which is as it was."""
    assert isinstance(state, State)
    back = from_octets(to_octets(Folded(state, "west")))
    assert back == Folded(state, "west")
    assert to_bytes(back.state) == to_bytes(state)
    assert types(back.state) == types(state)
    return back.state


@patient
@given(scripts(min_size=10), st.randoms(use_true_random=False))
def test_every_state_that_commands_lead_to_comes_back(script: list[Ask], random: object) -> None:
    past = list(told(script).past)
    same_again(streams_of.fold(past))
    random.shuffle(past)  # type: ignore[attr-defined]  # hypothesis hands in a random.Random
    same_again(streams_of.fold(past))


@patient
@given(histories(), st.data())
def test_folding_on_from_a_state_that_came_back_is_folding_the_whole(history: list[Fact], data: st.DataObject) -> None:
    streams: dict[object, list[Fact]] = {}
    for one in history:
        streams.setdefault(one.stream, []).append(one)  # type: ignore[attr-defined]  # they are Recorded
    for facts in streams.values():
        if facts[0].event.NAME.startswith("configuration."):
            continue
        cut = data.draw(st.integers(1, len(facts)))
        begun = same_again(streams_of.fold(facts[:cut]))
        assert to_bytes(streams_of.fold(facts[cut:], begun)) == to_bytes(streams_of.fold(facts))


def examples(kind: str) -> list[Fact]:
    """Return every event of a kind of stream, every field of it set."""
    return [happened(whole(model)) for name, model in sorted(EVENTS.items()) if name.startswith(f"{kind}.")]


@pytest.mark.parametrize("kind", ["complaint", "feedback", "problem", "survey"])
def test_every_event_with_every_field_leaves_a_state_that_comes_back_and_holds_no_text(kind: str) -> None:
    facts = examples(kind)
    assert len(facts) == sum(name.startswith(f"{kind}.") for name in EVENTS)
    for states in (facts, *([fact] for fact in facts)):
        assert streams_of.kind(same_again(streams_of.fold(states))) == kind
    assert "Личное" in "".join(fact.event.model_dump_json() for fact in facts) or kind == "problem"
    octets = to_octets(Folded(same_again(streams_of.fold(facts)), "west"))
    assert "Личное".encode() not in octets
    assert b"\\u041b" not in octets


@pytest.mark.parametrize("value", [1, True, "1", "true", "code-1", Money(amount="1.50", currency="EUR"), None])  # type: ignore[arg-type]  # pydantic makes the decimal
def test_a_field_of_the_company_s_own_keeps_its_type(value: FieldValue | None) -> None:
    state = opened(FieldSet(subject_id=COMPLAINANT, field="a", value=value)).state
    same_again(state)


def test_a_number_and_a_day_in_such_a_field_come_back() -> None:
    numbers: list[Event] = [
        FieldSet.model_validate({"subject_id": COMPLAINANT, "field": name, "value": value})
        for name, value in (("number", {"number": "10.50"}), ("day", {"day": "2026-03-02"}))
    ]
    same_again(opened(*numbers).state)


@given(st.data())
def test_octets_of_which_a_bit_is_another_one_are_no_state(data: st.DataObject) -> None:
    octets = bytearray(to_octets(Folded(opened().case, "west")))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(NotFolded):
        from_octets(bytes(octets))


@pytest.mark.parametrize(
    "written", [b"", b"{}", b"[]", b"\xff", b'{"kind":"complaint","business_unit":"west"}', b'{"kind":"other"}']
)
def test_whole_octets_that_are_no_state_of_this_program_are_none(written: bytes) -> None:
    with pytest.raises(NotFolded):
        from_octets(hashlib.sha256(written).digest() + written)
    with pytest.raises(NotFolded):
        from_octets(written)
