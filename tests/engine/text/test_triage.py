"""A first verdict from the words: a complaint must not be lost among questions and thanks."""

import pytest

from engine.text.triage import opening_sense, sense_of
from schemas.words import Sense


@pytest.mark.parametrize(
    ("text", "sense"),
    [
        ("My kettle arrived broken. I want a refund.", "complaint"),
        ("Чайник пришёл сломанным, верните деньги!", "complaint"),
        ("Where is order 7? It is late again. When will it come?", "complaint"),
        ("Когда будет заказ? Курьер опоздал.", "complaint"),
        ("How long is the guarantee of the vacuum cleaner?", "question"),
        ("Подскажите, когда можно забрать заказ?", "question"),
        ("Thank you, the broken kettle was replaced, all good now.", "thanks"),
        ("Спасибо, всё решено.", "thanks"),
        ("It would be nice to have a black one.", "suggestion"),
        ("Предлагаю открыть магазин у метро.", "suggestion"),
        ("Best casino, make money fast", "spam"),
        ("See you later", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_message_is_taken_for_what_it_says(text: str, sense: Sense) -> None:
    assert sense_of(["Order", text]) == sense


@pytest.mark.parametrize(
    ("rating", "text", "sense"),
    [
        (0.2, "", "complaint"),
        (0.4, "ok", "complaint"),
        (0.6, "ok", "review"),
        (1.0, "ok", "thanks"),
        (1.0, "Terrible. Broken twice, I want a refund!", "complaint"),
    ],
)
def test_a_rating_speaks_where_the_words_do_not(rating: float, text: str, sense: Sense) -> None:
    assert sense_of([text], rating=rating) == sense


def test_what_nobody_can_tell_opens_a_complaint() -> None:
    assert opening_sense(sense_of(["asdf"])) == "complaint"
    assert opening_sense("thanks") == "thanks"
