"""Who complains and who answers: invented people, reachable nowhere.

Mail domains are those of RFC 2606, British numbers come from the range that Ofcom keeps for drama,
American ones from 555-0100 to 555-0199, and no Russian number begins with 0 after +7.
"""

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

Tongue = Literal["ru", "en"]

_FIRST: Final = {
    ("en", "f"): (
        "Alice", "Brenda", "Chloe", "Daisy", "Edith", "Fiona", "Grace", "Hazel", "Imogen", "Judith", "Kate", "Lydia",
        "Megan", "Nora", "Olive", "Phoebe", "Rosie", "Sheila", "Tessa", "Wendy",
    ),
    ("en", "m"): (
        "Adam", "Basil", "Conrad", "Duncan", "Ernest", "Felix", "Gareth", "Hugh", "Isaac", "Jasper", "Keith", "Lionel",
        "Miles", "Neil", "Oscar", "Percy", "Rupert", "Simon", "Toby", "Victor",
    ),
    ("ru", "f"): (
        "Алина", "Вера", "Галина", "Дарья", "Елена", "Жанна", "Зоя", "Инна", "Кира", "Лидия", "Марина", "Нина",
        "Оксана", "Полина", "Раиса", "Светлана", "Тамара", "Ульяна", "Юлия", "Яна",
    ),
    ("ru", "m"): (
        "Андрей", "Борис", "Виктор", "Глеб", "Денис", "Егор", "Захар", "Игорь", "Кирилл", "Лев", "Максим", "Никита",
        "Олег", "Павел", "Роман", "Сергей", "Тимур", "Фёдор", "Юрий", "Яков",
    ),
}  # fmt: skip
_LAST: Final = {
    "en": (
        "Appleyard", "Birchwood", "Coppersmith", "Dunmore", "Elderfield", "Farthing", "Greenhalgh", "Hollowell",
        "Inglewood", "Juniper", "Kettering", "Larkspur", "Mossop", "Netherby", "Oakhanger", "Penhallow", "Quill",
        "Ravensdale", "Silverlock", "Thistlewood", "Underhill", "Vellacott", "Winterbourne", "Yarrow",
    ),
    "ru": (
        "Берёзкин", "Васильков", "Грибоедкин", "Дубравин", "Ежевикин", "Журавушкин", "Зарницын", "Ивушкин", "Камышов",
        "Ласточкин", "Малинников", "Незабудкин", "Орешников", "Подсолнухов", "Рябинкин", "Снегирёв", "Тополёв",
        "Уточкин", "Фиалкин", "Холмогорцев", "Цветиков", "Черёмухин", "Шиповников", "Ясенев",
    ),
}  # fmt: skip
_LATIN: Final = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        (
            "a", "b", "v", "g", "d", "e", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u",
            "f", "kh", "ts", "ch", "sh", "shch", "", "y", "", "e", "yu", "ya",
        ),
        strict=True,
    )
)  # fmt: skip
_DOMAINS: Final = {
    "en": ("post.invalid", "mail.invalid", "letters.invalid"),
    "ru": ("post.invalid", "letters.invalid", "pochta.invalid"),
}
"""Domains that never exist (RFC 2606), so that nobody is ever written to, see ``engine.rules.reaching``."""
_STREETS: Final = {
    "en": ("Mill Lane", "Station Road", "Orchard Close", "Bridge Street"),
    "ru": ("Садовая ул.", "Речная ул.", "Лесной пер.", "Вокзальная ул."),
}
_TELEGRAM_BASE: Final = 4_000_000_000_000_000
"""Within the 52 bits that the Bot API names, far above every id in use."""


@dataclass(frozen=True, slots=True)
class Person:
    """A complainant who does not exist."""

    language: Tongue
    first: str
    last: str
    feminine: bool
    email: str
    phone: str
    handle: str
    telegram: int
    address: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the desk: the opaque actor id, and the first name under a letter."""

    id: str
    names: dict[Tongue, str]

    def signs(self, language: Tongue) -> str:
        return self.names[language]


TEAMS: Final[dict[str, tuple[Colleague, ...]]] = {
    "delivery": (
        Colleague("person:olga", {"en": "Olga", "ru": "Ольга"}),
        Colleague("person:tom", {"en": "Tom", "ru": "Том"}),
    ),
    "product": (
        Colleague("person:anna", {"en": "Anna", "ru": "Анна"}),
        Colleague("person:marat", {"en": "Marat", "ru": "Марат"}),
    ),
    "billing": (
        Colleague("person:ivan", {"en": "Ivan", "ru": "Иван"}),
        Colleague("person:lucy", {"en": "Lucy", "ru": "Люси"}),
    ),
    "service": (
        Colleague("person:pavel", {"en": "Pavel", "ru": "Павел"}),
        Colleague("person:dina", {"en": "Dina", "ru": "Дина"}),
    ),
}
LEAD: Final = Colleague("person:maria", {"en": "Maria", "ru": "Мария"})
"""Approves what is above the rule's limit, takes over what escalates, reads replies."""


def person(seed: str, language: Tongue) -> Person:
    """Return the person of this seed: always the same one."""
    draw = Random(f"person/{seed}")
    feminine = draw.random() < 0.55
    first = draw.choice(_FIRST[language, "f" if feminine else "m"])
    stem = draw.choice(_LAST[language])
    last = f"{stem}а" if feminine and language == "ru" else stem
    digits = draw.randrange(10_000)
    handle = f"{_latin(first)}_{_latin(stem)}{digits:04}"
    return Person(
        language=language,
        first=first,
        last=last,
        feminine=feminine,
        email=f"{_latin(first)}.{_latin(last)}{digits:04}@{draw.choice(_DOMAINS[language])}",
        phone=_phone(draw, language),
        handle=handle,
        telegram=_TELEGRAM_BASE + draw.randrange(10**14),
        address=f"{draw.choice(_STREETS[language])} {draw.randint(1, 98)}",
    )


def _phone(draw: Random, language: Tongue) -> str:
    if language == "ru":
        return f"+7000{draw.randrange(10**7):07}"
    if draw.random() < 0.7:
        return f"+447700900{draw.randrange(1000):03}"
    return f"+1{draw.randint(201, 989)}55501{draw.randrange(100):02}"


def _latin(name: str) -> str:
    return "".join(_LATIN.get(letter, letter) for letter in name.lower())
