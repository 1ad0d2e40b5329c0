from datetime import timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.complaint.decider import fold
from engine.complaint.state_bytes import to_bytes
from engine.store.batch import Recorded
from projections.replay.as_of import ImportedLater, NoSuchCase, NotThereYet, When, case_as_of
from schemas.complaint.lifecycle import ComplaintReopened, ComplaintResolved
from schemas.complaint.records import LegalHoldPlaced
from support.histories import FEEDBACK_EVENTS, RECEIVED, SECRET, START, Writer, histories, registered, uid

DAY = timedelta(days=1)
CASE = uid("case")


def imported() -> Writer:
    """A complaint of the year before, recorded at START."""
    writer = Writer()
    for days, event in enumerate((RECEIVED, registered(), ComplaintResolved(outcome="upheld"))):
        writer.add("case", event, at=START - 365 * DAY + days * DAY, origin="import", recorded_at=START)
    return writer


def test_by_recorded_time_the_case_is_as_it_was_known_then() -> None:
    log = Writer().add("case", RECEIVED, registered(), ComplaintResolved(outcome="upheld")).log()
    found = case_as_of(log, CASE, When(recorded=START + timedelta(seconds=2)))
    assert (found.version, found.events, found.not_covered) == (2, 2, 1)
    assert found.state["registration"]["number"] == "PL-00000-00001"
    assert found.state["lifecycle"]["outcome"] is None


def test_by_position_the_limit_is_inclusive() -> None:
    log = Writer().add("case", RECEIVED).add("other", RECEIVED).add("case", registered()).log()
    assert [case_as_of(log, CASE, When(position=at)).version for at in (1, 2, 3)] == [1, 1, 2]


def test_by_occurred_time_an_imported_case_is_as_it_was_in_the_world() -> None:
    found = case_as_of(imported().log(), CASE, When(occurred=START - 364 * DAY))
    assert (found.version, found.last_occurred_at) == (2, START - 364 * DAY)


def test_an_imported_case_before_its_import_points_to_world_time() -> None:
    with pytest.raises(ImportedLater) as caught:
        case_as_of(imported().log(), CASE, When(recorded=START - DAY))
    assert str(caught.value) == (
        f"case {CASE} was imported at 2026-03-02T09:00:00Z (position 1), after what was asked for; "
        "its history begins in the world at 2025-03-02T09:00:00Z: ask by world time (--occurred)"
    )


def test_a_live_case_before_its_beginning_is_not_there_yet() -> None:
    log = Writer().add("case", RECEIVED).log()
    with pytest.raises(NotThereYet, match="was first recorded at 2026-03-02T09:00:01Z") as recorded:
        case_as_of(log, CASE, When(recorded=START))
    assert not isinstance(recorded.value, ImportedLater)
    with pytest.raises(NotThereYet, match="began in the world at 2026-03-02T09:00:00Z"):
        case_as_of(log, CASE, When(occurred=START - DAY))


def test_a_case_that_is_not_stored_is_no_case() -> None:
    with pytest.raises(NoSuchCase, match=f"no case {CASE}"):
        case_as_of(Writer().log(), CASE)


def test_configuration_is_no_case() -> None:
    with pytest.raises(NoSuchCase):
        case_as_of(Writer().configured().log(), uid("configuration"))


def test_texts_come_only_where_they_are_asked_for() -> None:
    log = Writer().add("case", RECEIVED, registered()).log()
    closed, opened = case_as_of(log, CASE), case_as_of(log, CASE, texts=True)
    assert closed.texts is None
    assert SECRET not in closed.model_dump_json()
    assert opened.texts is not None
    assert [(said.version, [text.field for text in said.texts]) for said in opened.texts] == [
        (1, ["/subject", "/body", "/parties/0/name", "why"]),
        (2, ["/points/0/serial", "why"]),
    ]


def test_feedback_is_shown_too() -> None:
    found = case_as_of(Writer().add("case", *FEEDBACK_EVENTS).log(), CASE)
    assert (found.kind, found.state["complaint"]) == ("feedback", str(uid("case 1")))


@given(histories(), st.integers(1, 80))
def test_as_of_any_position_is_the_fold_of_what_stood_there(events: list[Recorded], position: int) -> None:
    """Also where other streams lie between: the answer is the state after this stream's events so far."""
    log = Writer(events).log()
    for stream in {one.stream for one in events if one.name.startswith("complaint.")}:
        own = [one for one in events if one.stream == stream and one.position <= position]
        if own:
            found = case_as_of(log, stream, When(position=position))
            assert found.state == orjson.loads(to_bytes(fold(own)))


@pytest.mark.parametrize("asked", [{"recorded": START, "position": 1}, {"recorded": START, "occurred": START}])
def test_one_way_of_asking_at_a_time(asked: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="give one of recorded, occurred, position and version"):
        When.model_validate(asked)


def test_the_latest_state_covers_every_event() -> None:
    hold = LegalHoldPlaced(hold_id=uid("hold"), holder="court", reason="case-7")
    reopened = ComplaintReopened(reason="disputed", cycle=2)
    log = Writer().add("case", RECEIVED, ComplaintResolved(outcome="upheld"), reopened, hold).log()
    found = case_as_of(log, CASE)
    assert (found.kind, found.version, found.not_covered, found.state["lifecycle"]["cycle"]) == ("complaint", 4, 0, 2)
