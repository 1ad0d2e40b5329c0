import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.api.accepting import chosen
from projections.api.route import deeper

OFFERED = ("application/json", "application/x-ndjson")


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/x-ndjson, */*", "application/json"),
        ("application/json;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("*/*;q=0.1, application/x-ndjson;q=0.2", "application/x-ndjson"),
        ("APPLICATION/JSON ; q=1", "application/json"),
        ("application/json;q=0, */*", "application/x-ndjson"),
        ("text/html", None),
        ("application/json;q=0", None),
        ("application/json;q=x", None),
        (",,;", None),
    ],
)
def test_the_best_of_what_is_offered_is_chosen(accept: str | None, best: str | None) -> None:
    assert chosen(accept, OFFERED) == best


@given(st.text())
def test_whatever_the_header_says_the_choice_is_one_of_the_offered_or_none(accept: str) -> None:
    assert chosen(accept, OFFERED) in (*OFFERED, None)


@given(st.integers(min_value=0, max_value=60), st.integers(min_value=0, max_value=60), st.booleans())
def test_depth_is_counted_by_lists_and_objects(depth: int, most: int, lists: bool) -> None:  # noqa: FBT001 -- drawn
    value: object = 1
    for _ in range(depth):
        value = [value] if lists else {"x": value}
    assert deeper(value, most) == (depth > most)
