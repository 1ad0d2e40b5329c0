"""Whatever a file holds, it is read or refused with the line, and never ends the program."""

from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.configuration import load
from schemas.configuration.document import ConfigurationRefused, composed, read

CALENDAR = """
kind: calendar
id: desk
version: 1
timezone: Europe/Riga
week: {mon: ["09:00-18:00"]}
holidays: [{on: 2026-02-30, name: no such day}]
"""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kind: [", "line 1, column 8: not YAML: "),
        ("a: 1\nb: \x01", "line 2: not YAML: remove the control character U+0001"),
        ("a: 1\n? [1]\n: 2\n", "line 2, column 3: not YAML: found unhashable key"),
        ("a: 1\nb: 2\na: 3\n", "line 3: key 'a' stands twice; remove one"),
        ("a: !!python/name:os.x", "line 1, column 4: not YAML: could not determine a constructor for the tag"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationRefused) as caught:
        read(text, "draft.yaml")
    (told,) = caught.value.problems
    assert told.startswith(problem), told


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "!!int x", "!!float y"])
def test_what_only_looks_like_a_date_or_a_number_is_a_text(text: str) -> None:
    assert read(f"a: {text}", "draft.yaml").data == {"a": text.rsplit(maxsplit=1)[-1]}


def test_a_day_that_does_not_exist_is_refused_with_its_line_and_the_fix() -> None:
    with pytest.raises(ConfigurationRefused) as caught:
        load(CALENDAR, "desk.yaml")
    (told,) = caught.value.problems
    assert told.startswith("line 7: holidays.0: write a date as "), told


@pytest.mark.parametrize("level", ["[", "{a: ", "- ", "? ", "[{"])
@pytest.mark.parametrize("times", [60, 20_000])
def test_what_goes_deeper_than_a_parser_can_is_refused_and_ends_nothing(level: str, times: int) -> None:
    with pytest.raises(ConfigurationRefused, match=r"line 1, column [0-9]+: not YAML: nested too deeply"):
        read(level * times, "draft.yaml")


@given(st.text(alphabet=st.sampled_from("ab: -[]{}?!&*#|>%@`\"'\n\t,0159T.\x01\x85é"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ConfigurationRefused):
        read(text, "draft.yaml")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda one: st.lists(one) | st.dictionaries(st.text(max_size=3), one),
    )
)
def test_both_parsers_find_the_same_at_the_same_places(data: object) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    assert _places(composed(text)) == _places(yaml.compose(text, Loader=yaml.SafeLoader))


def _places(node: yaml.Node | None) -> list[tuple[str, int, int]]:
    if node is None:
        return []
    here = (node.tag, node.start_mark.line, node.start_mark.column)
    inside = node.value if isinstance(node, yaml.CollectionNode) else []
    parts = [part for one in inside for part in (one if isinstance(one, tuple) else (one,))]
    return [here, *(place for part in parts for place in _places(part))]
