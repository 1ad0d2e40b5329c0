"""What a reply promises, and by when: the sentences that bind us, each with the date that stands in it."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from engine.text import lists
from engine.text.words import Place, SpokenLanguage, language_of, plain, sentences

Unit = Literal["hours", "working hours", "calendar days", "working days", "weeks", "months"]


class OnDay(NamedTuple):
    """A day of the calendar; without a year the next one."""

    day: int
    month: int
    year: int | None = None


class OnWeekday(NamedTuple):
    """The next such day, 0 is Monday."""

    weekday: int


class Within(NamedTuple):
    """So much time from now; 0 days is today."""

    amount: int
    unit: Unit


When = OnDay | OnWeekday | Within


class Promised(NamedTuple):
    """A sentence that promises, and by when; None where it does not say. ``words`` is the sentence: personal."""

    place: Place
    words: str
    when: When | None


_MONTHS: Final[dict[SpokenLanguage, tuple[str, ...]]] = {
    "en": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    "ru": ("янв", "фев", "март", "апр", "ма[йя]", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
}
_WEEKDAYS: Final[dict[SpokenLanguage, tuple[str, ...]]] = {
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "ru": ("понедельник", "вторник", "сред", "четверг", "пятниц", "суббот", "воскресень"),
}
_NUMBERS: Final[dict[str, int]] = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "a": 1, "an": 1, "the next": 1,
    "одного": 1, "один": 1, "одну": 1, "двух": 2, "два": 2, "две": 2, "трех": 3, "три": 3, "четырех": 4, "четыре": 4,
    "пяти": 5, "пять": 5, "шести": 6, "семи": 7, "семь": 7, "восьми": 8, "девяти": 9, "десяти": 10, "десять": 10,
}  # fmt: skip
_NEAR: Final[dict[str, int]] = {"today": 0, "tomorrow": 1, "сегодня": 0, "завтра": 1, "послезавтра": 2}
_AMOUNT: Final = r"(?P<amount>\d{1,3}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + r")"
_SPANS: Final[tuple[tuple[Unit, str], ...]] = (
    ("working days", r"(?:working|business) days?|рабоч\w+ дн\w+|рабоч\w+ ден\w+"),
    ("working hours", r"(?:working|business) hours?|рабоч\w+ час\w*"),
    ("hours", r"hours?|час\w*"),
    ("calendar days", r"(?:calendar )?days?|(?:календарн\w+ )?(?:дн\w+|день|сут\w+)"),
    ("weeks", r"weeks?|недел\w+"),
    ("months", r"months?|месяц\w*"),
)
_FIRST_WORD: Final = r"(?:within|in|after|no later than|в течение|за|через|не позднее(?: чем)?(?: через)?)"
_WITHIN: Final = tuple(
    (unit, re.compile(rf"(?<!\w){_FIRST_WORD}(?: the)?(?: next)?\s+(?:{_AMOUNT}\s+)?(?:{span})(?!\w)", re.IGNORECASE))
    for unit, span in _SPANS
)
_NUMERIC: Final = re.compile(r"(?<![\d.])(\d{1,2})[./](\d{1,2})(?:[./](\d{4}|\d{2}))?(?![\d.]*\d)")
_ISO: Final = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_MOST: Final = 5
"""Promises of one reply that become clocks."""


def promises(text: str) -> list[Promised]:
    """Return the sentences that bind us, in order. An offer (``if you wish``) or a question binds nobody."""
    language = language_of(text)
    found: list[Promised] = []
    for place in sentences(text):
        said = text[place.start : place.end]
        if said.endswith("?") or lists.holds(said, "conditional", language):
            continue
        if lists.holds(said, "promise", language):
            found.append(Promised(place, said, when_of(said)))
    return found


def dated(text: str) -> list[Promised]:
    """Return the promises with a date, at most five: those that a clock can hold."""
    return [one for one in promises(text) if one.when is not None][:_MOST]


def when_of(sentence: str) -> When | None:
    """Return the first day or span that a sentence names, or None."""
    said = plain(sentence).lower()
    return next((when for find in (_on_day, _within, _near, _weekday) for when in find(said)), None)


def speaks_of_time(text: str) -> bool:
    """Whether a text names a day, a span or a time of day."""
    said = plain(text).lower()
    return re.search(r"(?<!\d)\d{1,2}:\d{2}(?!\d)", said) is not None or any(
        when_of(said[place.start : place.end]) is not None for place in sentences(said)
    )


def day_of(when: OnDay | OnWeekday, today: date) -> date | None:
    """Return the day that is meant by who writes ``today``; None where there is no such day."""
    if isinstance(when, OnWeekday):
        return today + timedelta(days=(when.weekday - today.weekday() - 1) % 7 + 1)
    try:
        if when.year is not None:
            return date(when.year, when.month, when.day)
        this = date(today.year, when.month, when.day)
        return this if this >= today else date(today.year + 1, when.month, when.day)
    except ValueError:
        return None


def _on_day(said: str) -> Iterator[When]:
    for year, month, day in _ISO.findall(said):
        yield OnDay(int(day), int(month), int(year))
    for day, month, year in _NUMERIC.findall(said):
        if 1 <= int(day) <= 31 and 1 <= int(month) <= 12:
            yield OnDay(int(day), int(month), _full(year))
    for language, months in _MONTHS.items():
        for number, month in enumerate(months, 1):
            yield from _named_day(said, language, month, number)


def _named_day(said: str, language: SpokenLanguage, month: str, number: int) -> Iterator[When]:
    name = rf"{month}[а-я]*" if language == "ru" else rf"{month}[a-z]{{0,6}}"
    for match in re.finditer(
        rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|-?го)?(?: of)?\s+{name}(?!\w)(?:,?\s+(\d{{4}}))?", said
    ):
        yield OnDay(int(match[1]), number, _full(match[2]))
    if language == "en":
        for match in re.finditer(rf"(?<!\w){name}\s+(\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s+(\d{{4}}))?", said):
            yield OnDay(int(match[1]), number, _full(match[2]))


def _full(year: str | None) -> int | None:
    if not year:
        return None
    return int(year) if len(year) == 4 else 2000 + int(year)


def _within(said: str) -> Iterator[When]:
    for unit, pattern in _WITHIN:
        for match in pattern.finditer(said):
            amount = match["amount"] or "1"
            yield Within(int(amount) if amount.isdecimal() else _NUMBERS[amount], unit)


def _near(said: str) -> Iterator[When]:
    for word, days in _NEAR.items():
        if re.search(rf"(?<!\w){word}(?!\w)", said):
            yield Within(days, "calendar days")


def _weekday(said: str) -> Iterator[When]:
    for names in _WEEKDAYS.values():
        for number, name in enumerate(names):
            if re.search(rf"(?<!\w){name}\w{{0,2}}(?!\w)", said):
                yield OnWeekday(number)
