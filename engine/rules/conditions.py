"""Does this ``when`` hold for this complaint, and where not. Pure: facts in, findings out."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from schemas.configuration.routing import Claim, Count, When
from schemas.words import Money

_SALUTATION: Final = 200
"""Characters of a text in which somebody may be addressed."""
_CODED: Final = (
    "channel", "type", "subtype", "product", "location", "segment", "language", "business_unit", "regulation", "tone",
    "party",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may know of a complaint. Words are the complainant's own; nothing here outlives the asking.

    A complaint of several points has several types, subtypes and products. ``words`` None: they cannot be
    read any more.
    """

    received_at: datetime
    channel: str | None = None
    type: tuple[str, ...] = ()
    subtype: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    location: str | None = None
    segment: str | None = None
    language: str | None = None
    business_unit: str | None = None
    regulation: str | None = None
    tone: str | None = None
    party: tuple[str, ...] = ()
    public: bool = False
    vulnerable: bool = False
    claimed: tuple[Money, ...] = ()
    subject: str | None = None
    text: str | None = None
    addressed_to: str | None = None
    readable: bool = True
    """False: the words were erased, so that nothing can be said of them."""
    has_phone: bool = False
    earlier: tuple[datetime, ...] = ()
    """When other complaints of the same person were received, before this one."""
    same_product: tuple[datetime, ...] = ()
    """When others about the same product were received, before this one."""
    reopened: bool = False
    """It had ended once already."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One field of a condition: what it wants, what the complaint has, and whether that fits.

    ``has`` names the phrases that were found, never other words of the complainant.
    """

    field: str
    wanted: tuple[str, ...]
    has: tuple[str, ...]
    fits: bool
    parts: tuple[tuple["Checked", ...], ...] = ()
    """Of ``any`` and ``none``: each condition in them."""

    def data(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        own = {"field": self.field, "wanted": list(self.wanted), "has": list(self.has), "fits": self.fits}
        return own if not self.parts else {**own, "parts": [[one.data() for one in part] for part in self.parts]}


def check(when: When | None, facts: Facts) -> tuple[Checked, ...]:
    """Return every field that a condition names, in the order in which it is written down in the model."""
    return () if when is None else tuple(_checked(when, facts))


def holds(checked: Sequence[Checked]) -> bool:
    """Whether all of it fits; what asks for nothing holds."""
    return all(one.fits for one in checked)


def _checked(when: When, facts: Facts) -> Iterator[Checked]:
    for name in _CODED:
        if wanted := getattr(when, name):
            yield _of_codes(name, wanted, _listed(getattr(facts, name)))
    for name in ("public", "vulnerable", "reopened"):
        if (flag := getattr(when, name)) is not None:
            has = bool(getattr(facts, name))
            yield Checked(name, (_flag(flag),), (_flag(has),), has == flag)
    if when.words:
        yield _of_words("words", when.words, (facts.subject, facts.text), facts)
    if when.addressed_to:
        beginning = (facts.text or "")[:_SALUTATION]
        yield _of_words("addressed_to", when.addressed_to, (facts.addressed_to, facts.subject, beginning), facts)
    if when.claimed is not None:
        yield _of_sum(when.claimed, facts.claimed)
    if when.earlier is not None:
        yield _of_count("earlier", when.earlier, facts.earlier, facts.received_at)
    if when.same_product is not None:
        yield _of_count("same_product", when.same_product, facts.same_product, facts.received_at)
    if when.any:
        parts = tuple(check(one, facts) for one in when.any)
        yield Checked("any", ("one of these",), (), any(holds(part) for part in parts), parts)
    if when.none:
        parts = tuple(check(one, facts) for one in when.none)
        yield Checked("none", ("none of these",), (), not any(holds(part) for part in parts), parts)


def _of_codes(name: str, wanted: Iterable[str], has: tuple[str, ...]) -> Checked:
    asked = tuple(wanted)
    return Checked(name, asked, has, not set(asked).isdisjoint(has))


def _of_words(name: str, phrases: tuple[str, ...], texts: Iterable[str | None], facts: Facts) -> Checked:
    if not facts.readable:
        return Checked(name, phrases, ("(erased)",), fits=False)
    text = "\n".join(one for one in texts if one)
    found = tuple(phrase for phrase in phrases if _pattern(phrase).search(text))
    return Checked(name, phrases, found, bool(found))


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    escaped = r"\s+".join(re.escape(word).replace(r"\~", r"\w*").replace("~", r"\w*") for word in phrase.split())
    return re.compile(rf"\b{escaped}\b" if not phrase.endswith("~") else rf"\b{escaped}", re.IGNORECASE)


def _of_sum(wanted: Claim, claimed: Iterable[Money]) -> Checked:
    has = tuple(f"{one.amount} {one.currency}" for one in claimed)
    fits = any(one.currency == wanted.currency and one.amount >= wanted.at_least for one in claimed)
    return Checked("claimed", (f"at least {wanted.at_least} {wanted.currency}",), has, fits)


def _of_count(name: str, wanted: Count, times: Iterable[datetime], received_at: datetime) -> Checked:
    since = received_at - timedelta(days=wanted.within_days)
    count = sum(since <= one <= received_at for one in times)
    asked = f"at least {wanted.at_least} in {wanted.within_days} days"
    return Checked(name, (asked,), (str(count),), count >= wanted.at_least)


def _listed(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _flag(value: bool) -> str:  # noqa: FBT001 # a value to be shown, no switch
    return "yes" if value else "no"
