"""Routing, explained and replayed: every rule that was asked, and what another rule set would give."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from engine.rules import routing_cases
from engine.rules.conditions import Checked, Facts
from engine.rules.routing import Route, Tried, route, window
from engine.store.batch import Recorded
from projections.replay.concern import Asking, CaseRun, Concern, Seen
from projections.replay.routing_facts import Known, gathered
from projections.views.cases import beside
from schemas.complaint.assignment import ComplaintAssigned
from schemas.configuration.routing import CallBack, RoutingRules
from schemas.configuration.rule_set import RuleSet


def explain(rules: RuleSet, history: Sequence[Recorded], asking: Asking) -> Seen | None:
    """Return how routing rules see a complaint as it was before they looked at it."""
    known = _known(rules, [history], asking).get(history[0].stream)
    if known is None:
        return None
    found = route(_routing(rules), known.facts)
    given = {**found.data(), **_considered(asking.decided or history)}
    return Seen(_inputs(known.facts), given, tuple(one.data() for one in found.tried), tuple(_lines(found)))


def outcomes(rules: RuleSet, histories: Sequence[Sequence[Recorded]], asking: Asking) -> Mapping[UUID, dict[str, str]]:
    """Return what these rules would give to complaints as they were received."""
    known = _known(rules, histories, asking)
    return {stream: _given(route(_routing(rules), one.facts), one.facts) for stream, one in known.items()}


def test(rules: RuleSet) -> list[CaseRun]:
    """Run the cases of a routing rule set."""
    return [
        CaseRun(
            one.case, tuple(f"{name}: expected {_word(was)}, came {_word(came)}" for name, was, came in one.differs)
        )
        for one in routing_cases.run(_routing(rules))
    ]


CONCERN = Concern((beside.NAME,), explain, outcomes, test, looks_again=True)


def _routing(rules: RuleSet) -> RoutingRules:
    if not isinstance(rules, RoutingRules):
        raise TypeError(f"{type(rules).__name__} is no routing")
    return rules


def _known(rules: RuleSet, histories: Sequence[Sequence[Recorded]], asking: Asking) -> dict[UUID, Known]:
    back = window(_routing(rules))
    if asking.again:
        return gathered(histories, asking.snapshot, asking.streams_of, back, before=list)
    return gathered(histories, asking.snapshot, asking.streams_of, back)


def _inputs(facts: Facts) -> dict[str, Any]:
    """Return what was looked at; the words themselves stay where they are."""
    plain = (
        "channel",
        "location",
        "segment",
        "language",
        "business_unit",
        "regulation",
        "tone",
        "public",
        "vulnerable",
    )
    listed = ("type", "subtype", "product", "party")
    found: dict[str, Any] = {name: getattr(facts, name) for name in plain}
    found |= {name: list(getattr(facts, name)) for name in listed}
    found["claimed"] = [f"{one.amount} {one.currency}" for one in facts.claimed]
    found |= {"readable": facts.readable, "has_phone": facts.has_phone}
    found["reopened"] = facts.reopened
    return {**found, "earlier": len(facts.earlier), "same_product": len(facts.same_product)}


def _considered(history: Sequence[Recorded]) -> dict[str, Any]:
    """Return what was seen of the staff when a rule chose among them."""
    assigned = [one for one in history if isinstance(one.event, ComplaintAssigned) and one.envelope.decided_by]
    for one in assigned[:1]:
        data = one.event.model_dump(mode="json", include={"assignee", "considered"})
        rule = one.envelope.decided_by.rule if one.envelope.decided_by else ""
        return {"person": {"value": data["assignee"], "rule": rule, "considered": data["considered"] or []}}
    return {}


def _lines(found: Route) -> list[str]:
    return [f"{'+' if one.gave else '=' if one.holds else '-'} {one.rule}: {_told(one)}" for one in found.tried]


def _told(one: Tried) -> str:
    if not one.holds:
        wanting = next(part for part in one.checked if not part.fits)
        return f"does not hold, {_wanting(wanting)}"
    why = ", ".join(_fits(part) for part in one.checked) or "always"
    gave = f"gave {', '.join(one.gave)}" if one.gave else "gave nothing new"
    late = "; ".join(f"{name} had been given by {rule}" for name, rule in one.too_late)
    return f"holds ({why}), {gave}{f'; {late}' if late else ''}"


def _wanting(part: Checked) -> str:
    if part.parts:
        return "none of its alternatives holds" if part.field == "any" else "what it excludes holds"
    wanted = part.wanted if len(part.wanted) <= 3 else (*part.wanted[:3], "...")
    return f"{part.field}: wants {' or '.join(wanted)}, has {', '.join(part.has) or 'nothing'}"


def _fits(part: Checked) -> str:
    return f"{part.field} {', '.join(part.has)}" if part.has else part.field


def _given(found: Route, facts: Facts) -> dict[str, str]:
    """Return what a complaint would get; a type that it had already stands."""
    given = {name: _word(value) for name, value in found.given.items()}
    return given if not facts.type else {**given, "type": ", ".join(facts.type)}


def _word(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, CallBack):
        return f"within {value.within}, a slot of {value.slot_minutes} minutes"
    return ", ".join(map(str, value)) or "nothing" if isinstance(value, tuple) else str(value)
