"""Promises in a reply: which sentences bind us, and the day or span that they name."""

from datetime import date

import pytest

from engine.text.replies.promises import (
    OnDay,
    OnWeekday,
    When,
    Within,
    dated,
    day_of,
    promises,
    speaks_of_time,
    when_of,
)


@pytest.mark.parametrize(
    ("sentence", "when"),
    [
        ("We will call you by 25 November 2026.", OnDay(25, 11, 2026)),
        ("We will call you on November 25th.", OnDay(25, 11)),
        ("Вернём деньги до 25 ноября.", OnDay(25, 11)),
        ("Вернём деньги до 3 мая 2027 года.", OnDay(3, 5, 2027)),
        ("Вернём деньги до 25.11.2026.", OnDay(25, 11, 2026)),
        ("Вернём деньги 25.11.", OnDay(25, 11)),
        ("We will send it on 2026-11-25.", OnDay(25, 11, 2026)),
        ("We will send it within 3 working days.", Within(3, "working days")),
        ("We will send it within two hours.", Within(2, "hours")),
        ("Отправим в течение трёх рабочих дней.", Within(3, "working days")),
        ("Отправим через неделю.", Within(1, "weeks")),
        ("Перезвоним в течение часа.", Within(1, "hours")),
        ("Перезвоним завтра.", Within(1, "calendar days")),
        ("We will call you today.", Within(0, "calendar days")),
        ("We will call you by Friday.", OnWeekday(4)),
        ("Перезвоним в пятницу.", OnWeekday(4)),
        ("Перезвоним в среду.", OnWeekday(2)),
        ("We will call you soon.", None),
        ("We will send 2 of 3 parts.", None),
        ("We will pay 12.50 euros.", None),
    ],
)
def test_a_promise_names_a_day_or_a_span(sentence: str, when: When | None) -> None:
    assert when_of(sentence) == when
    assert [one.when for one in promises(sentence)] == [when]


def test_what_binds_nobody_is_no_promise() -> None:
    text = (
        "If you wish, we will call you. We can send it. Shall we call? Если хотите, перезвоним. We sent it on Monday."
    )
    assert promises(text) == []


def test_a_promise_knows_its_place_and_only_dated_ones_make_clocks() -> None:
    text = "Sorry. We will call you. We will send it by Friday."
    assert [text[one.place.start : one.place.end] for one in promises(text)] == [
        "We will call you.",
        "We will send it by Friday.",
    ]
    assert [one.when for one in dated(text)] == [OnWeekday(4)]


def test_no_more_than_five_promises_become_clocks() -> None:
    assert len(dated("We will call you today. " * 9)) == 5


MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("when", "day"),
    [
        (OnDay(25, 11), date(2026, 11, 25)),
        (OnDay(23, 11), MONDAY),
        (OnDay(5, 1), date(2027, 1, 5)),
        (OnDay(5, 1, 2026), date(2026, 1, 5)),
        (OnDay(31, 11), None),
        (OnWeekday(0), date(2026, 11, 30)),
        (OnWeekday(4), date(2026, 11, 27)),
        (OnWeekday(6), date(2026, 11, 29)),
    ],
)
def test_a_day_without_a_year_is_the_next_one(when: OnDay | OnWeekday, day: date | None) -> None:
    assert day_of(when, MONDAY) == day


def test_a_time_of_day_speaks_of_time_too() -> None:
    assert [speaks_of_time(text) for text in ("at 10:30", "by Friday", "soon")] == [True, True, False]
