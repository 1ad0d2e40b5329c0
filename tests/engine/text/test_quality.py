"""The verdict on a reply, measured on replies that a reader marked; and how the score comes about."""

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from engine.text.quality import judge
from engine.text.replies.finding import About

LABELLED = Path(__file__).parent / "labelled" / "replies.yaml"

GOOD = """Dear Ms Berg,
we are sorry that your kettle leaks. We checked the batch: a seal was fitted the wrong way round.
We will refund the full price to your card by 12 May, or send you a new kettle if you prefer that.
Thank you for telling us."""


def about(given: dict[str, Any]) -> About:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return About(**fields)


def told(part: str) -> tuple[int, int, int]:
    """Findings told right, told though the reader has none, and not told, over all replies of a part."""
    right, extra, lacking = Counter[str](), Counter[str](), Counter[str]()
    for reply in yaml.safe_load(LABELLED.read_text(encoding="utf-8")):
        if reply["part"] == part:
            found = Counter[str](one.check for one in judge(reply["text"], about(reply["about"])).findings)
            wanted = Counter[str](reply["finds"])
            right, extra, lacking = right + (found & wanted), extra + (found - wanted), lacking + (wanted - found)
    return right.total(), extra.total(), lacking.total()


def test_what_a_reader_finds_is_found_in_the_replies_that_the_lists_were_made_by() -> None:
    assert told("known") == (34, 0, 0)


def test_and_nine_in_ten_in_replies_that_they_were_not_made_by() -> None:
    assert told("held") == (36, 4, 1)


def test_a_good_reply_has_the_whole_score() -> None:
    quality = judge(GOOD, About(complaint=("My kettle leaks. When do I get my money?",), names=("Anna Berg",)))
    assert quality == (100, {"structure": 100, "answer": 100, "wording": 100, "respect": 100, "facts": 100}, ())


def test_every_finding_takes_off_its_part() -> None:
    text = "Hello,\nsorry. You should have read the manual. We will call you. Your opinion is important to us. Thanks!"
    quality = judge(text, About(names=("Anna Berg",)))
    assert [(one.check, one.words) for one in quality.findings] == [
        ("cause_missing", ""),
        ("help_missing", ""),
        ("promise_without_date", "We will call you."),
        ("blame", "You should have"),
        ("stock_phrase", "Your opinion is important to us"),
    ]
    assert quality.parts == {"structure": 50, "answer": 0, "wording": 70, "respect": 40, "facts": 100}
    assert quality.score == round(0.35 * 50 + 0.15 * 70 + 0.1 * 40 + 10)


def test_places_are_those_of_the_text() -> None:
    text = "Hello, you should have asked."
    [blame] = [one for one in judge(text, About()).findings if one.check == "blame"]
    assert blame.place is not None
    assert text[blame.place.start : blame.place.end] == "you should have"


def test_an_interim_answer_needs_no_cause_no_remedy_and_no_answer_yet() -> None:
    text = "Dear Ms Berg,\nI am sorry for the wait. The workshop looks at it; I call you on Monday. Thank you."
    told = judge(text, About(complaint=("When do I get my money?",), final=False))
    assert (told.score, told.findings) == (100, ())


def test_a_plain_apology_and_cause_are_told_and_a_reproach_is_no_apology() -> None:
    for text in (
        "Добрый день! Просим прощения: в чайнике перегорел термостат. Вернём деньги или заменим его. Ждём вас снова!",
        "Hello! Sorry: the seal broke. We refund it, or send you a new one. Get in touch if anything is unclear.",
    ):
        assert [one.check for one in judge(text, About()).findings] == []
    blamed = judge("Здравствуйте! Вы сами виноваты: термостат перегорел. Вернём деньги или заменим. Спасибо!", About())
    assert {one.check for one in blamed.findings} == {"apology_missing", "blame"}


def test_nothing_said_lacks_everything() -> None:
    assert [one.check for one in judge("", About()).findings] == [
        "greeting_missing", "apology_missing", "cause_missing", "help_missing", "end_missing",
    ]  # fmt: skip
