"""The lists of phrases: how a line is read, and that every shipped one is read."""

from importlib.resources import files

import pytest

from engine.text import lists
from engine.text.lists import BadPhrase, find, holds
from engine.text.words import SpokenLanguage

LANGUAGES: tuple[SpokenLanguage, ...] = ("en", "ru")


def shipped(language: SpokenLanguage) -> list[str]:
    return sorted(one.name for one in files("engine.text").joinpath("lists", language).iterdir())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_every_list_is_a_phrase(language: SpokenLanguage) -> None:
    assert [find("-", name.removesuffix(".txt"), language) for name in shipped(language)] == [[]] * len(
        shipped(language)
    )


def test_both_languages_have_the_same_lists() -> None:
    assert shipped("en") == shipped("ru") != []


def test_a_phrase_is_found_in_any_case_and_form_with_its_place() -> None:
    text = "Как Вы СМЕЕТЕ! Возмутительно\N{NO-BREAK SPACE}всё"
    assert [(hit.words, hit.place) for hit in find(text, "tone_angry")] == [
        ("Как Вы СМЕЕТЕ", (0, 13)),
        ("Возмутительно", (15, 28)),
    ]


def test_a_phrase_is_not_found_inside_of_a_word() -> None:
    assert not holds("The issue is solved, we do not pursue it.", "tone_threat")


def test_a_list_that_is_not_there_finds_nothing() -> None:
    assert find("anything", "no_such_list") == []


def test_a_line_that_is_no_phrase_names_its_place_and_the_fix() -> None:
    with pytest.raises(BadPhrase, match=r"en/x\.txt, line 3: .*; close the parenthesis"):
        lists.pattern_of("we (will", "en/x.txt, line 3")
