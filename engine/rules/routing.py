"""Which rules of a routing rule set hold for a complaint, what they give, and what else would have. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from engine.rules import conditions
from engine.rules.conditions import Checked, Facts
from schemas.configuration.routing import CallBack, RoutingRule, RoutingRules, Then, When
from schemas.words import RuleRef

SINGLE: Final = (
    "type", "subtype", "regulation", "priority", "business_unit", "team", "reply_channel", "call_back",
    "final_reply_by", "attach_earlier",
)  # fmt: skip
"""Fields that the first rule gives which holds and names them. A person goes with his team."""
ADDED: Final = ("tags", "advice")
"""Fields to which every rule adds."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule that was asked: how its condition fits, what it gave, and what an earlier rule had given already."""

    rule: str
    about: str | None
    checked: tuple[Checked, ...]
    holds: bool
    gave: tuple[str, ...] = ()
    too_late: tuple[tuple[str, str], ...] = ()
    """Field, and the rule that had given it: what else would have matched."""

    def data(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "rule": self.rule,
            "about": self.about,
            "holds": self.holds,
            "gave": list(self.gave),
            "too_late": dict(self.too_late),
            "checked": [one.data() for one in self.checked],
        }


@dataclass(frozen=True, slots=True)
class Route:
    """What is to become of a complaint. ``by`` names the rule that gave each field."""

    rule_set: str
    version: int
    given: Mapping[str, Any]
    """Field of ``Then`` -> value, of fields that were given."""
    by: Mapping[str, str]
    tried: tuple[Tried, ...]
    team: Then | None = None
    """All of what the rule says that gave the team, so how its person is chosen."""

    def get(self, field: str) -> Any:
        """Return the value of a field; None where no rule gave it."""
        return self.given.get(field)

    @property
    def call_back(self) -> CallBack | None:
        found = self.given.get("call_back")
        return found if isinstance(found, CallBack) else None

    def ref(self, field: str) -> RuleRef:
        """Return the rule that gave a field, as events name it."""
        return RuleRef(rule_set=self.rule_set, version=self.version, rule=self.by[field])

    def data(self) -> dict[str, Any]:
        """Return what was given as plain JSON data, with the rule of each field."""
        return {name: {"value": _plain(value), "rule": self.by[name]} for name, value in self.given.items()}


def route(rules: RoutingRules, facts: Facts) -> Route:
    """Return what the rules give, asked from top to bottom.

    The first rule that holds gives a field; of tags and advice every rule adds its own.
    """
    given: dict[str, Any] = {}
    by: dict[str, str] = {}
    tried: list[Tried] = []
    team: Then | None = None
    for rule in rules.rules:
        checked = conditions.check(rule.when, facts)
        if not conditions.holds(checked):
            tried.append(Tried(rule.rule, rule.about, checked, holds=False))
            continue
        gave, too_late = _give(rule, facts, given, by)
        team = rule.then if "team" in gave else team
        tried.append(Tried(rule.rule, rule.about, checked, holds=True, gave=gave, too_late=too_late))
    return Route(rules.id, rules.version, given, by, tuple(tried), team)


def window(rules: RoutingRules) -> timedelta:
    """Return how far back these rules count other complaints about the same product; zero where none does."""
    days = [when.same_product.within_days for when in _all_of(one.when for one in rules.rules) if when.same_product]
    return timedelta(days=max(days, default=0))


def _all_of(conditions_of: Iterable[When | None]) -> Iterator[When]:
    for when in conditions_of:
        if when is not None:
            yield when
            yield from _all_of((*when.any, *when.none))


def _give(
    rule: RoutingRule, facts: Facts, given: dict[str, Any], by: dict[str, str]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    gave: list[str] = []
    too_late: list[tuple[str, str]] = []
    for name in SINGLE:
        value = getattr(rule.then, name)
        if value is None or value is False or (name == "call_back" and not facts.has_phone):
            continue
        if name in by:
            too_late.append((name, by[name]))
        else:
            given[name], by[name] = value, rule.rule
            gave.append(name)
    for name in ADDED:
        more = tuple(one for one in getattr(rule.then, name) if one not in given.get(name, ()))
        if more:
            given[name] = (*given.get(name, ()), *more)
            by.setdefault(name, rule.rule)
            gave.append(name)
    return tuple(gave), tuple(too_late)


def _plain(value: Any) -> Any:
    if isinstance(value, CallBack):
        return value.model_dump(mode="json")
    return list(value) if isinstance(value, tuple) else value
