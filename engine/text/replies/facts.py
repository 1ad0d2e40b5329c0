"""Is a reply right about the person: his name and number, nothing of others, no copy of what others got?"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from engine.text.replies.finding import About, Finding
from engine.text.similarity import copied, sketch
from engine.text.words import Place, plain, words

SAME_TEXT: Final = 0.8
"""From this share of common runs on, it is the text that somebody else got."""
_GREETED: Final = re.compile(
    r"(?:^|\n)\s*(?:dear|hello|hi|good (?:morning|afternoon|evening)|здравствуйте|уважаем(?:ый|ая|ые)|"
    r"добрый (?:день|вечер)|доброе утро)[ ,]+([^\n!,.:]{2,60})[!,.:\n]",
    re.IGNORECASE,
)
_TITLES: Final = (
    "sir madam customer client mr mrs ms miss dr guest team all there friend colleagues to everyone again "
    "клиент покупатель гость господин госпожа коллеги друзья пользователь заказчик абонент пассажир"
)
_NO_NAME: Final = frozenset(_TITLES.split())
_CASE_NUMBER: Final = re.compile(r"(?<!\w)PL-[0-9A-Z]{5}-[0-9A-Z]{5}(?!\w)")
_REFERENCE: Final = re.compile(
    r"(?:order|invoice|booking|contract|заказ\w*|счет\w*|бронь|брони|договор\w*)\s*(?:number|no\.?|nr\.?|номер|№|#)?\s*"
    r"(?P<number>[A-ZА-Я]{0,4}-?\d[\w/-]{2,20})",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE: Final = re.compile(r"(?<![\w.-])\+?\d(?:[\s().-]?\d){9,13}(?![\w-])")
_CARD: Final = re.compile(r"(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)")
_HOME: Final = re.compile(
    r"(?<!\w)(?:ул\.?|улица|улице|проспект|пр-т|переулок|квартира|кв\.)\s*\S+|"
    r"\d+\s+\w+\s+(?:street|road|avenue|lane|drive)(?!\w)",
    re.IGNORECASE,
)
_DESK: Final = ("info@", "support@", "help@", "care@", "service@", "complaints@", "office@")
_FREE_CALLS: Final = ("8800", "7800", "0800", "44800", "1800", "800")


def facts(text: str, about: About) -> list[Finding]:
    """Return what is wrong about the person, or nobody else's business."""
    data = [*_public_data(text, about)] if about.public else [*_data_of_others(text, about)]
    return [*_name(text, about), *_numbers(text, about), *data, *_same_text(text, about)]


def _name(text: str, about: About) -> Iterator[Finding]:
    known = {form for name in about.names for form in _forms(name)}
    found = _GREETED.search(plain(text))
    if not known or found is None:
        return
    if any(part[0].islower() for part in found[1].split()):
        return  # a sentence goes on there, nobody is called
    called = _forms(found[1])
    if called and not called & known:
        yield Finding("wrong_name", Place(found.start(1), found.end(1)), text[found.start(1) : found.end(1)])


def _forms(name: str) -> set[str]:
    """Return the beginnings of the words of a name: its cases differ at the end alone."""
    found = (word for word, _ in words(plain(name)))
    return {word[: max(3, len(word) - 2)][:5] for word in found if len(word) > 1 and word not in _NO_NAME}


def _numbers(text: str, about: About) -> Iterator[Finding]:
    for match in _CASE_NUMBER.finditer(text):
        if about.number is not None and match[0] != about.number:
            yield Finding("wrong_number", Place(match.start(), match.end()), match[0], about.number)
    known = {_bare(one) for one in about.references}
    for match in _REFERENCE.finditer(plain(text)):
        if known and _bare(match["number"]) not in known and not _CASE_NUMBER.search(match[0]):
            yield Finding("wrong_number", Place(match.start("number"), match.end("number")), match["number"])


def _bare(number: str) -> str:
    return re.sub(r"\W", "", number).casefold()


def _public_data(text: str, about: About) -> Iterator[Finding]:
    """In public everything is too much by which somebody can be found: addresses, numbers, a whole name."""
    for place, said in _found(text, (_EMAIL, _CARD, _PHONE, _HOME, _REFERENCE, _CASE_NUMBER)):
        if not _is_ours(said, about):
            yield Finding("personal_data_in_public", place, said)
    for name in (*about.names, *about.other_names):
        yield from _whole_name(text, name)


def _whole_name(text: str, name: str) -> Iterator[Finding]:
    """A first name alone is how people greet one another; with the surname it says who it is."""
    if len(name.split()) > 1 and (start := plain(text).casefold().find(plain(name).casefold())) >= 0:
        yield Finding("personal_data_in_public", Place(start, start + len(name)), name)


def _data_of_others(text: str, about: About) -> Iterator[Finding]:
    own = {_bare(one) for one in about.contacts}
    for place, said in _found(text, (_EMAIL, _CARD, _PHONE)):
        if _bare(said) not in own and not _is_ours(said, about):
            yield Finding("data_of_others", place, said)


def _found(text: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[tuple[Place, str]]:
    """Yield what the patterns find, earlier patterns first; what one has taken, no later one takes again."""
    taken: list[Place] = []
    for pattern in patterns:
        for match in pattern.finditer(plain(text)):
            if all(match.end() <= other.start or other.end <= match.start() for other in taken):
                taken.append(Place(match.start(), match.end()))
                yield taken[-1], match[0]


def _is_ours(said: str, about: About) -> bool:
    """Whether it is the company's own: stated as such, an address of a desk, or a number that costs nothing."""
    bare = _bare(said)
    if any(
        said.casefold().endswith(one.casefold()) if one.startswith("@") else bare == _bare(one) for one in about.ours
    ):
        return True
    return said.casefold().startswith(_DESK) or bare.removeprefix("+").startswith(_FREE_CALLS)


def _same_text(text: str, about: About) -> Iterator[Finding]:
    own = sketch(text)
    if any(copied(own, other) >= SAME_TEXT for other in about.others):
        yield Finding("same_text")
