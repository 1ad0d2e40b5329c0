"""Do the rules of a routing rule set do what its cases say? Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from engine.rules.conditions import Facts
from engine.rules.routing import ADDED, Route, route
from schemas.configuration.routing import Given, RoutingCase, RoutingRules

_NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When the complaint of a case is received: any instant would do."""


class Outcome(NamedTuple):
    """How one case went. ``differs``: field, what was expected, what came."""

    case: str
    differs: tuple[tuple[str, Any, Any], ...]
    route: Route

    @property
    def passed(self) -> bool:
        return not self.differs


def run(rules: RoutingRules) -> tuple[Outcome, ...]:
    """Return how every case of the rule set went, in their order."""
    return tuple(_run(one, rules) for one in rules.cases)


def facts_of(given: Given) -> Facts:
    """Return the facts of a complaint as a case has it."""
    return Facts(
        received_at=_NOW,
        channel=given.channel,
        type=_listed(given.type),
        subtype=_listed(given.subtype),
        product=_listed(given.product),
        location=given.location,
        segment=given.segment,
        language=given.language,
        business_unit=given.business_unit,
        regulation=given.regulation,
        tone=given.tone,
        party=given.party,
        public=given.public,
        vulnerable=given.vulnerable,
        claimed=() if given.claimed is None else (given.claimed,),
        subject=given.subject,
        text=given.text,
        addressed_to=given.addressed_to,
        has_phone=given.has_phone,
        earlier=tuple(_NOW - timedelta(days=days) for days in given.earlier_days),
        same_product=tuple(_NOW - timedelta(days=days) for days in given.same_product_days),
        reopened=given.reopened,
    )


def _run(one: RoutingCase, rules: RoutingRules) -> Outcome:
    found = route(rules, facts_of(one.given))
    expected = {name: getattr(one.then, name) for name in one.then.model_fields_set}
    came = {name: _came(name, found, one.given) for name in expected}
    differs = tuple((name, expected[name], came[name]) for name in expected if _of(name, expected[name]) != came[name])
    return Outcome(one.case, differs, found)


def _came(name: str, found: Route, given: Given) -> Any:
    """Return what a complaint has in the end; what was known before stands."""
    if name == "rules":
        return tuple(one.rule for one in found.tried if one.gave)
    if name == "call_back":
        return found.call_back is not None
    if name in ADDED:
        return tuple(sorted(found.get(name) or ()))
    if name == "business_unit":
        return found.get(name)
    return getattr(given, name, None) or found.get(name)


def _of(name: str, value: Any) -> Any:
    return tuple(sorted(value)) if name in ADDED else value


def _listed(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)
