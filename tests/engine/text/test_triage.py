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
        ("It leaks since the first day. I demand my money back. When do I get it?", "complaint"),
        ("Я требую вернуть деньги! Когда можно ждать?", "complaint"),
        ("The phone does not switch on. How can I return it?", "complaint"),
        ("Телефон не включается. Как мне его вернуть?", "complaint"),
        ("Сколько можно ждать? Где мой заказ?", "complaint"),
        ("The heater caught fire. What do I do now?", "complaint"),
        ("I suggest you train your staff: the cashier shouted at me.", "complaint"),
        ("Thanks for nothing.", "complaint"),
        ("Thank you for your reply, but the kettle still leaks.", "complaint"),
        ("Спасибо за ответ, но чайник всё равно течёт.", "complaint"),
        ("Great service, thank you, I will come again.", "thanks"),
        ("Thanks a lot, the refund has arrived.", "thanks"),
        ("Деньги вернули вчера на карту, как и обещали. Спасибо", "thanks"),
        ("I called yesterday about my washing machine. Thank you for the quick repair!", "thanks"),
        ("Спасибо!", "thanks"),
        ("", "unknown"),
    ],
)
def test_a_message_is_taken_for_what_it_says(text: str, sense: Sense) -> None:
    assert sense_of(["Order", text]) == sense


@pytest.mark.parametrize(
    ("text", "sense"),
    [
        ("The zip tore on the second day. Please send a new one. Thank you in advance,\n\nMary", "complaint"),
        ("Обивка порвалась через месяц. Благодарю за внимание.\nПётр", "complaint"),
        ("My claim was turned down over the phone within a minute. Thank you for your time.", "unknown"),
        ("Ключ от квартиры администратор отдал чужому человеку. Спасибо за внимание.", "unknown"),
        ("The young man in the online shop carried the box to my car. Thank you, great service!", "thanks"),
        ("Продавец донёс коробку до самой машины и помог её уложить. Спасибо, отличный сервис!", "thanks"),
        ("I had a very good time in your shop in Leeds. Thank you, I demand a refund.", "complaint"),
        ("Отличный сервис в итоге, я доволен им и вами. Спасибо!\n\nЖду ответа. Виктор Зарницын", "thanks"),
        ("The kettle leaks since the day I unpacked it. Thank you, great service!", "complaint"),
        ("I would like to order a lamp. How much is the delivery? Thank you.", "question"),
        ("Подскажите, пожалуйста, есть ли у вас доставка в Тверь? Спасибо.", "question"),
    ],
)
def test_manners_at_the_end_say_nothing_of_what_stands_before_them(text: str, sense: Sense) -> None:
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
