"""What others learn of a stored event: every one is decided on, none says a word that a person typed."""

import re
from typing import Any
from uuid import UUID

import pytest

from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.complaint.correspondence import MessageRecorded
from schemas.envelope import Envelope
from schemas.published.integration import INTERNAL, OF_STORED, PUBLISHED, integration_of
from schemas.published.integration_parts import Fact
from schemas.published.notice import NOTICES, STORED, notice_of
from schemas.streams.subject import SubjectErased
from schemas.words import ERASED, Withheld
from support.examples import whole
from support.field_classes import open_texts

NUMBER = "PL-7K3M9-Q2X4B"
STREAM = UUID(int=5)
LIVE = whole(Envelope).model_copy(update={"origin": "live"})


def published(event: Event, *, texts: bool = False) -> list[dict[str, Any]]:
    facts = integration_of(STREAM, NUMBER, LIVE, event, texts=texts)
    return [{"type": fact.NAME, **fact.model_dump(mode="json", exclude_none=True)} for fact in facts]


def texts_in(given: Any) -> set[str]:
    """The made-up personal texts of the examples, each of which says so."""
    if isinstance(given, dict):
        return {text for value in given.values() for text in texts_in(value)}
    if isinstance(given, list | tuple):
        return {text for value in given for text in texts_in(value)}
    return {given} if isinstance(given, str) and re.search(PERSONAL_EXAMPLE, given) else set()


PERSONAL_EXAMPLE = "^Личное: "


def test_every_stored_event_is_published_or_kept_for_a_reason() -> None:
    assert sorted([*OF_STORED, *INTERNAL]) == sorted(EVENTS)


def test_every_published_name_is_ours_and_versioned() -> None:
    names = [*PUBLISHED, *NOTICES]

    assert [name for name in names if not re.fullmatch(r"plaint\.[a-z]+\.[a-z_]+\.v\d+", name)] == []
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", [*PUBLISHED.values(), *NOTICES.values()], ids=lambda kind: kind.NAME)
def test_no_published_field_can_hold_a_persons_words_unmarked(kind: type[Fact]) -> None:
    assert open_texts(kind) == []


@pytest.mark.parametrize("name", OF_STORED)
def test_without_texts_no_word_of_a_person_leaves(name: str) -> None:
    event = whole(EVENTS[name])
    kept = [fact for fact in integration_of(STREAM, NUMBER, LIVE, event) if fact.holds_text]

    assert texts_in(published(event)) == set()
    assert kept == []


def test_with_texts_they_go_in() -> None:
    carrying = {name for name in OF_STORED if texts_in(published(whole(EVENTS[name]), texts=True))}

    assert {"complaint.received.v1", "complaint.registered.v1", "complaint.resolved.v1"} <= carrying
    assert carrying == {
        name for name in OF_STORED if any(f.holds_text for f in _facts(name, texts=True))
    }  # fmt: skip
    assert len(carrying) == 19


def _facts(name: str, *, texts: bool) -> list[Fact]:
    return list(integration_of(STREAM, NUMBER, LIVE, whole(EVENTS[name]), texts=texts))


def test_a_text_that_was_erased_is_left_out_where_texts_are_carried() -> None:
    received = whole(EVENTS["complaint.received.v1"]).model_copy(update={"body": ERASED})

    (found,) = published(received, texts=True)

    assert "body" not in found
    assert texts_in(found["subject"]) != set()
    assert Withheld.__name__ not in str(found)


def test_an_event_says_whose_complaint_it_is_and_how_people_call_it() -> None:
    (found,) = published(whole(EVENTS["complaint.closed.v1"]))

    assert found == {
        "type": "plaint.complaint.closed.v1",
        "about": str(STREAM),
        "number": NUMBER,
        "business_unit": "code-1",
        "actor": "person:k7",
        "origin": "live",
        "occurred_precision": "instant",
        "zone": "Europe/Moscow",
        "reason": "outcome_accepted",
        "cycle": 7,
    }


def test_a_field_that_bears_a_word_of_python_is_called_as_everywhere() -> None:
    (found,) = published(whole(EVENTS["complaint.information_requested.v1"]))

    assert found["from"] == "complainant"
    assert "from_" not in found


def test_the_unit_that_a_complaint_is_handed_to_is_the_unit_of_the_assignment() -> None:
    assigned = whole(EVENTS["complaint.assigned.v1"])

    (moved,) = published(assigned.model_copy(update={"business_unit": "north"}))
    (kept,) = published(assigned.model_copy(update={"business_unit": None}))

    assert (moved["business_unit"], kept["business_unit"]) == ("north", "code-1")


def test_an_internal_message_is_not_published_and_one_with_the_outside_is() -> None:
    message = whole(MessageRecorded)

    assert published(message.model_copy(update={"direction": "internal"})) == []
    assert len(published(message.model_copy(update={"direction": "outbound"}))) == 1


def test_an_erasure_is_one_event_for_each_complaint_concerned() -> None:
    streams = (UUID(int=7), UUID(int=8))
    erased = whole(SubjectErased).model_copy(update={"streams": streams, "left_out": (UUID(int=9),)})

    found = published(erased)

    assert [one["about"] for one in found] == [str(stream) for stream in streams]
    assert {one["subject"] for one in found} == {str(erased.subject)}


@pytest.mark.parametrize("name", EVENTS)
def test_notices_are_made_of_the_live_events_named_and_hold_no_text(name: str) -> None:
    event = whole(EVENTS[name])
    found = notice_of(STREAM, NUMBER, LIVE, event)

    assert (found is not None) == (name in STORED)
    assert found is None or texts_in(found.model_dump(mode="json")) == set()
    assert notice_of(STREAM, NUMBER, LIVE.model_copy(update={"origin": "import"}), event) is None


def test_a_fact_says_nothing_of_itself_in_a_log() -> None:
    (fact,) = _facts("complaint.received.v1", texts=True)

    assert f"{fact!r} {fact}" == "<Received> <Received>"
