"""Tone against texts labelled by hand, and the advice that follows from it."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.text.tone import Advice, hear
from schemas.words import Tone

LABELLED = Path(__file__).parent / "labelled" / "tone.tsv"


class Labelled(NamedTuple):
    part: str
    language: str
    tone: str
    text: str


def labelled() -> list[Labelled]:
    lines = LABELLED.read_text(encoding="utf-8").splitlines()
    return [Labelled(*line.split("\t")) for line in lines if not line.startswith("#")]


def right(part: str) -> dict[str, tuple[int, int]]:
    """How many of how many texts of a part are told right, by language."""
    told, of = Counter[str](), Counter[str]()
    for one in labelled():
        if one.part == part:
            of[one.language] += 1
            told[one.language] += hear([one.text]).tone == one.tone
    return {language: (told[language], of[language]) for language in of}


def test_the_lists_tell_the_texts_that_they_were_made_by() -> None:
    assert right("known") == {"en": (84, 84), "ru": (84, 84)}


def test_of_texts_that_they_were_not_made_by_three_in_four_are_told_right() -> None:
    assert right("held") == {"en": (20, 24), "ru": (16, 24)}


def test_what_is_told_wrong_is_taken_for_calmer_never_for_worse() -> None:
    order = ["calm", "dissatisfied", "angry", "threatening"]
    wrong = [(one.tone, hear([one.text]).tone) for one in labelled() if hear([one.text]).tone != one.tone]
    assert [pair for pair in wrong if order.index(pair[1]) > order.index(pair[0])] == []
    assert {pair[1] for pair in wrong} == {"calm"}


@pytest.mark.parametrize(
    ("text", "tone", "advice"),
    [
        ("When will the parcel come?", "calm", ()),
        ("I am disappointed.", "dissatisfied", ()),
        ("Это возмутительно, верните деньги", "angry", ("call_first", "experienced_handler")),
        ("I will see you in court", "threatening", ("call_first", "experienced_handler", "tell_lawyer")),
        ("Я сожгу ваш склад", "threatening", ("tell_security", "experienced_handler")),
    ],
)
def test_who_is_angry_is_called_and_a_threat_of_violence_goes_to_who_guards_the_house(
    text: str, tone: Tone, advice: tuple[Advice, ...]
) -> None:
    heard = hear(["Order 5", None, text])
    assert (heard.tone, heard.advice) == (tone, advice)


def test_the_signs_are_the_words_of_the_message_each_once() -> None:
    assert hear(["Allow me: SCANDALOUS. Yes, scandalous, and you cheated me."]).signs == ("scandalous", "you cheated")


def test_loud_marks_alone_show_displeasure_and_capitals_anger() -> None:
    assert hear(["Where is it?!"]).tone == "dissatisfied"
    assert hear(["WHERE IS MY ORDER"]).tone == "angry"


def test_nothing_said_is_calm() -> None:
    assert hear([None, ""]) == ("calm", (), ())
