"""The sample's texts: tables of sentences by language, put together and filled in for one case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import yaml

from consumers.sample.people import Person, Tongue


@cache
def table(language: Tongue) -> Mapping[str, Any]:
    """Return the sentences of a language, as ``texts/`` has them."""
    found = files("consumers.sample").joinpath("texts", f"{language}.yaml")
    loaded: Mapping[str, Any] = yaml.load(found.read_text("utf-8"), yaml.CSafeLoader)
    return loaded


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentences of one case speak of."""

    person: Person
    agent: str
    product: str
    order: str
    day: date
    """When it was bought; the trouble goes on for ``days`` days."""
    since: date
    days: int
    amount: str
    location: str
    topic: str


class Wording:
    """Draws and fills in the sentences of one case."""

    def __init__(self, draw: Random, facts: Facts) -> None:
        self._draw, self._table = draw, table(facts.person.language)
        self._values = self._filled(facts)
        self.facts = facts

    def signed(self, agent: str, **others: str) -> None:
        """From here on ``agent`` signs; ``others`` replace values of that name."""
        self._values = {**self._values, "agent": agent, **others}

    def one(self, *path: str) -> str:
        """Return a sentence of the list at ``path``, or the one that stands there alone."""
        found = self._at(path)
        return self.fill(found if isinstance(found, str) else self._draw.choice(found))

    def pair(self, *path: str) -> tuple[str, str]:
        """Return two texts that belong together: a question and its answer, a subject and a body."""
        first, second = self._draw.choice(self._at(path))
        return self.fill(first), self.fill(second)

    def fill(self, text: str) -> str:
        """Return the text with its places filled.

        Raises:
            KeyError: a place that no case has a value for.
        """
        return text.format_map(self._values)

    def _at(self, path: tuple[str, ...]) -> Any:
        found: Any = self._table
        for step in path:
            found = found[step]
        return found

    def _filled(self, facts: Facts) -> dict[str, str]:
        person = facts.person
        months, products, shops = (self._table[name] for name in ("months", "products", "shops"))
        product, shop = products[facts.product], shops[facts.location]
        part = self._table["parts"].get(facts.product, "")
        return {
            "name": person.name,
            "first": person.first,
            "handle": person.handle,
            "a": "а" if person.feminine else "",
            "agent": facts.agent,
            "product": product,
            "Product": _capital(product),
            "part": part,
            "Part": _capital(part),
            "shop": shop,
            "Shop": _capital(shop),
            "topic": product,
            "order": facts.order,
            "date": f"{facts.day.day} {months[facts.day.month - 1]}",
            "since": f"{facts.since.day} {months[facts.since.month - 1]}",
            "days": str(facts.days),
            "amount": facts.amount,
            "digits": str(self._draw.randint(2, 9)),
            "few": str(self._draw.randint(2, 4)),
            "hour": str(self._draw.randint(1, 5)),
        }

    # --- whole letters ----------------------------------------------------------------------

    def complaint(self, matter: str, tone: str, wish: str, *, letter: bool) -> str:
        """Return a complaint: what was bought, what is wrong, what it means, what is asked for."""
        goods = matter not in ("courier", "account", "subscription", "unreachable", "shop_staff", "charged_twice")
        parts = [
            self.one("contexts") if goods and self._draw.random() < 0.8 else "",
            self.one("matters", matter, "says"),
            self.one("effects", tone) if self._draw.random() < 0.85 else "",
            self.one("wishes", wish),
        ]
        body = (" " if self._draw.random() < 0.6 else "\n\n").join(part for part in parts if part)
        return self.letter(body) if letter else body

    def letter(self, body: str) -> str:
        """Put a greeting before a text and a name below it."""
        return f"{self.one('greetings')}\n\n{body}\n\n{self.one('signoffs')}"

    def reply(self, cause: str, help_with: str | None, *, sorry: bool) -> str:
        """Return a final answer: a word of regret, why it happened, how we help, a friendly end."""
        parts = [
            self.one("replies", "apology" if sorry else "hello"),
            self.one("replies", "why", cause),
            self.one("replies", "help", help_with or "none") if sorry else self.one("replies", "decline"),
            "" if sorry else self.one("replies", "other_way"),
            self.one("replies", "end"),
        ]
        return "\n\n".join(part for part in parts if part)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
