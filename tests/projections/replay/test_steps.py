"""A case step by step, and what lies between two points of its history."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.store.batch import Recorded
from projections.replay.as_of import BadWhen, NoSuchCase, When, case_as_of
from projections.replay.diff import apply
from projections.replay.steps import difference, replay, span
from schemas.complaint.classification import ComplaintPrioritised
from schemas.complaint.lifecycle import ComplaintResolved
from support.histories import RECEIVED, SECRET, START, Writer, histories, uid

CASE = uid("case")
URGENT = ComplaintPrioritised(priority="urgent")
RESOLVED = ComplaintResolved(outcome="upheld")


def told() -> Writer:
    """Positions 1, 3 and 4 are of the case, as its versions 1 to 3."""
    writer = Writer().add("case", RECEIVED).add("other", RECEIVED)
    return writer.add("case", URGENT, RESOLVED, at=START + timedelta(days=1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120..", (When(position=120), When())),
        ("..v7", (When(position=0), When(version=7))),
        ("v1..v2", (When(version=1), When(version=2))),
        ("2026-03-02..2026-03-03T10:00:00+02:00", (
            When(recorded=datetime(2026, 3, 2, 23, 59, 59, 999999, UTC)),
            When(recorded=datetime(2026, 3, 3, 8, 0, tzinfo=UTC)),
        )),
        ("occurred:2026-03-02T09:00..", (When(occurred=START), When())),
    ],
)  # fmt: skip
def test_a_span_is_named_by_positions_versions_or_instants(text: str, expected: tuple[When, When]) -> None:
    assert span(text, "span") == expected


@pytest.mark.parametrize("text", ["7", "x..1", "1..x", "v..2", "2026-13-01..", "..occurred:v1", "1...2", "-1..2"])
def test_what_names_no_span_is_refused_with_the_way_to_say_it(text: str) -> None:
    with pytest.raises(BadWhen, match=r"span: give a position such as 120, a version such as v7, an instant"):
        span(text, "span")


def standing(asked: When, position: int, version: int) -> dict[str, object]:
    return {
        "asked": asked.model_dump(), "position": position, "version": version,
        "as_of": START + timedelta(seconds=position),
    }  # fmt: skip


def test_between_two_points_stand_the_changes_and_the_events_that_made_them() -> None:
    found = difference(told().log(), CASE, When(version=1), When(position=3), "en")
    assert found.model_dump(include={"changed", "before", "after"}) == {
        "before": standing(When(version=1), 1, 1),
        "after": standing(When(position=3), 3, 2),
        "changed": ("classification.priority: ∅ → urgent",),
    }  # fmt: skip
    assert [(one.version, one.words) for one in found.steps] == [(2, "Priority set to urgent")]


def test_by_world_time_the_difference_is_what_had_happened() -> None:
    found = difference(told().log(), CASE, When(occurred=START), When(), "ru")
    assert [one.version for one in found.steps] == [2, 3]
    assert found.before.version == 1


def test_before_its_first_event_there_is_nothing_of_a_case() -> None:
    found = difference(told().log(), CASE, When(position=0), When(version=1))
    assert (found.before.position, [one.path for one in found.changes]) == (None, [""])


@given(histories(), st.integers(0, 70), st.integers(0, 70))
def test_the_difference_applied_to_one_state_gives_the_other(events: list[Recorded], first: int, last: int) -> None:
    log = Writer(events).log()
    for stream in {one.stream for one in events if one.name.startswith("complaint.")}:
        own = [one.position for one in events if one.stream == stream]
        if own[0] <= min(first, last):
            found = difference(log, stream, When(position=first), When(position=last))
            before, after = (case_as_of(log, stream, When(position=at)).state for at in (first, last))
            assert apply(before, found.changes) == after


def test_a_replay_has_every_event_and_texts_only_where_asked() -> None:
    closed, opened = replay(told().log(), CASE, "ru"), replay(told().log(), CASE, "ru", texts=True)
    assert [(one.version, one.words) for one in closed.steps] == [
        (1, "Поступила жалоба, канал: электронная почта"), (2, "Приоритет: срочный"),
        (3, "Решение: жалоба обоснована"),
    ]  # fmt: skip
    assert [one.texts for one in closed.steps] == [None] * 3
    assert SECRET not in closed.model_dump_json()
    assert SECRET in opened.model_dump_json()


@pytest.mark.parametrize("stream", ["nobody", "configuration"])
def test_what_is_no_case_cannot_be_replayed(stream: str) -> None:
    log = Writer().configured().log()
    with pytest.raises(NoSuchCase):
        replay(log, uid(stream))
    with pytest.raises(NoSuchCase):
        difference(log, uid(stream), When(position=0), When())
