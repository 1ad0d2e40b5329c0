"""Sentences, words and stems, with the places where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.words import language_of, plain, sentences, stems, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dear Mr. Smith, hello.\n\nThe end", ["Dear Mr. Smith, hello.", "The end"]),
        ("Уважаемый А. С. Иванов! Ответ ниже.", ["Уважаемый А. С. Иванов!", "Ответ ниже."]),
        ("Цена 10.50 руб. за штуку.", ["Цена 10.50 руб. за штуку."]),
        ("  \n ", []),
    ],
)
def test_a_sentence_ends_at_a_mark_or_a_line_but_not_after_a_short_form(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


def test_forms_of_one_word_have_one_stem() -> None:
    assert stems("чайник чайника чайники чайником") == ["чайник"] * 4
    assert stems("kettle kettles") == ["kettl"] * 2


def test_words_without_meaning_have_no_stem() -> None:
    assert stems("это было у нас, and what you have") == []


def test_the_language_is_that_of_most_letters() -> None:
    assert [language_of(text) for text in ("Заказ в shop", "order для shop", "123")] == ["ru", "en", "en"]


@given(st.text())
def test_every_piece_keeps_its_place(text: str) -> None:
    assert len(plain(text)) == len(text)
    found = sentences(text)
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in found)
    assert [place.start for place in found] == sorted(place.start for place in found)
    assert all(0 <= place.start < place.end <= len(text) for _, place in words(text))
