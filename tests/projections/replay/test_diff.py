"""A patch turns the state before into the state after, touches nothing that stayed, and reads as words."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.store.batch import Recorded
from projections.replay.diff import Operation, apply, changes, in_words, patch
from projections.replay.folding import folded
from schemas.complaint.lifecycle import ComplaintResolved
from support.histories import RECEIVED, Writer, histories, registered, uid

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", "~", "a/b", ""]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["a", "b", "~1", "/", ""]), inner),
    max_leaves=12,
)
STATES = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def told(before: Any, after: Any) -> list[dict[str, Any]]:
    return [one.model_dump() for one in patch(before, after)]


@given(STATES, STATES)
def test_the_state_before_and_the_patch_give_the_state_after(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert repr(apply(before, patch(before, after))) == repr(after) or apply(before, patch(before, after)) == after


@given(STATES, STATES)
def test_a_patch_is_empty_exactly_where_nothing_changed(before: dict[str, Any], after: dict[str, Any]) -> None:
    same = sorted(repr(before)) == sorted(repr(after)) and before == after
    assert patch(before, before) == ()
    assert bool(patch(before, after)) or same


@given(st.lists(st.integers(0, 4), max_size=8), st.lists(st.integers(0, 4), max_size=8))
def test_a_list_is_changed_by_no_more_operations_than_it_differs(old: list[int], new: list[int]) -> None:
    operations = patch({"a": old}, {"a": new})
    assert apply({"a": old}, operations) == {"a": new}
    assert len(operations) == _distance(old, new)


def _distance(old: list[int], new: list[int]) -> int:
    if not old or not new:
        return len(old) + len(new)
    if old[0] == new[0]:
        return _distance(old[1:], new[1:])
    return 1 + min(_distance(old[1:], new), _distance(old, new[1:]), _distance(old[1:], new[1:]))


def test_a_patch_names_what_stood_there() -> None:
    before = {"stage": "registration", "tags": ["a", "b"], "gone": 1, "kept": {"x": True}}
    after = {"stage": "investigation", "tags": ["b", "c"], "new": None, "kept": {"x": 1}}
    assert told(before, after) == [
        {"op": "remove", "path": "/gone", "was": 1},
        {"op": "replace", "path": "/kept/x", "value": 1, "was": True},
        {"op": "add", "path": "/new", "value": None},
        {"op": "replace", "path": "/stage", "value": "investigation", "was": "registration"},
        {"op": "replace", "path": "/tags/1", "value": "c", "was": "b"},
        {"op": "replace", "path": "/tags/0", "value": "b", "was": "a"},
    ]


def test_a_place_with_a_slash_or_a_tilde_is_escaped() -> None:
    assert told({"a/b": 1, "~": 1}, {"a/b": 2, "~": 2}) == [
        {"op": "replace", "path": "/a~1b", "value": 2, "was": 1},
        {"op": "replace", "path": "/~0", "value": 2, "was": 1},
    ]


def test_what_was_not_there_is_added_as_a_whole() -> None:
    assert told(None, {"a": 1}) == [{"op": "add", "path": "", "value": {"a": 1}}]
    assert apply(None, patch(None, {"a": 1})) == {"a": 1}
    assert told({"a": 1}, None) == [{"op": "remove", "path": "", "was": {"a": 1}}]
    assert patch(None, None) == ()


def test_long_lists_are_patched_too() -> None:
    before, after = {"a": list(range(500))}, {"a": [*range(0, 500, 2), *range(700)]}
    assert apply(before, patch(before, after)) == after
    assert apply(after, patch(after, before)) == before


@given(histories())
def test_the_changes_of_all_events_lead_from_nothing_to_the_state(events: list[Recorded]) -> None:
    for stream in {one.stream for one in events if one.name.startswith(("complaint.", "feedback."))}:
        history = [one for one in events if one.stream == stream]
        state: Any = {}
        for one in history:
            state = apply(state, changes(history)[one.position])
        assert state == folded(history)


def test_a_change_reads_in_both_languages() -> None:
    history = Writer().add("case", RECEIVED, registered(), ComplaintResolved(outcome="upheld")).events
    last = [one for one in changes(history)[3] if one.path == "/lifecycle/outcome"]
    assert in_words(last, "en") == ("lifecycle.outcome: ∅ → upheld",)
    assert in_words(last, "ru") == ("lifecycle.outcome: ∅ → жалоба обоснована",)
    begun = {"additions": ["x"], "stage": {"name": "closed"}, "tags": [], "held": False, "points": [1]}
    assert in_words([Operation(op="add", path="", value=begun)], "en") == ("stage.name: + closed", "points: + [1]")
    assert in_words([Operation(op="remove", path="/a~1b/0", was=["x"])], "en") == ('a/b.0: − ["x"]',)


def test_what_is_no_case_has_no_changes() -> None:
    assert list(changes(Writer().configured().events).values()) == [(), ()]
    assert uid("nobody") not in changes([])
