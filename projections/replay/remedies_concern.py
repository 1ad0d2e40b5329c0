"""The table of remedies, explained and replayed: what it proposes as a case stands, and what was made of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from engine.complaint.case import Case
from engine.complaint.decider import fold
from engine.complaint.proposing import facts_of
from engine.rules import remedy_cases
from engine.rules.remedies import Advice, RemedyFacts, advise, wanting
from engine.rules.remedy_cases import told
from engine.store.batch import Recorded
from projections.replay.concern import Asking, CaseRun, Concern, Seen
from projections.views.remedies.ask import NAME
from schemas.complaint.remedies import RemedyProposed
from schemas.configuration.remedies import RemedyRules
from schemas.configuration.rule_set import RuleSet


def explain(rules: RuleSet, history: Sequence[Recorded], _: Asking) -> Seen | None:
    """Return how the table sees a complaint as it stands, and how what was proposed stands to it."""
    case = _case(history)
    if case is None:
        return None
    table, facts = _table(rules), facts_of(case)
    advice = advise(facts, table)
    given = {
        "rule": advice.rule and advice.rule.rule,
        "ground": {"value": advice.ground, "by": advice.ground_by},
        "first": list(advice.first),
        "options": [told(one) for one in advice.options],
        "proposals": [_proposal(one) for one in history if isinstance(one.event, RemedyProposed)],
    }
    return Seen(_inputs(facts), given, tuple(_asked(table, facts, advice)), tuple(_lines(table, facts, advice)))


def outcomes(rules: RuleSet, histories: Sequence[Sequence[Recorded]], _: Asking) -> Mapping[UUID, Mapping[str, str]]:
    """Return what this table would propose for complaints as they stand."""
    table = _table(rules)
    cases = {history[0].stream: _case(history) for history in histories}
    return {stream: _proposed(advise(facts_of(case), table)) for stream, case in cases.items() if case is not None}


def test(rules: RuleSet) -> list[CaseRun]:
    """Run the cases of a table."""
    table = _table(rules)
    differs: dict[str, list[str]] = {case.case: [] for case in table.cases}
    for one in remedy_cases.failed(table):
        differs[one.case].append(f"{one.field}: expected {one.expected or 'nothing'}, came {one.found or 'nothing'}")
    return [CaseRun(case, tuple(found)) for case, found in differs.items()]


CONCERN = Concern((NAME,), explain, outcomes, test)


def _table(rules: RuleSet) -> RemedyRules:
    if not isinstance(rules, RemedyRules):
        raise TypeError(f"{type(rules).__name__} is no table of remedies")
    return rules


def _case(history: Sequence[Recorded]) -> Case | None:
    state = fold(history) if history[0].name.startswith("complaint.") else None
    return state if isinstance(state, Case) else None


def _inputs(facts: RemedyFacts) -> dict[str, Any]:
    names = ("nature", "informed", "responsibility", "type", "outcome")
    demands = [
        {
            "point": one.point,
            "form": one.form,
            "claimed": one.claimed and f"{one.claimed.amount:f} {one.claimed.currency}",
            "distress": one.distress and f"{one.distress.amount:f} {one.distress.currency}",
        }
        for one in facts.demands
    ]
    return {**{name: getattr(facts, name) for name in names}, "demands": demands}


def _proposal(one: Recorded) -> dict[str, Any]:
    """Return how a recorded proposal stood to the table of its time."""
    data = one.event.model_dump(mode="json", include={"remedy_id", "form", "ground", "advice", "advised_by"})
    why = one.envelope.why if isinstance(one.envelope.why, str) else None
    return {"position": one.position, **data, "why": why}


def _asked(table: RemedyRules, facts: RemedyFacts, advice: Advice) -> Iterator[dict[str, Any]]:
    fired = advice.rule.rule if advice.rule else None
    for rule in table.rules:
        missing = wanting(rule.when, facts)
        yield {
            "rule": rule.rule,
            "holds": missing is None,
            "fired": rule.rule == fired,
            "wanting": None if missing is None else {"field": missing[0], "wants": list(missing[1]), "has": missing[2]},
        }


def _lines(table: RemedyRules, facts: RemedyFacts, advice: Advice) -> Iterator[str]:
    for one in _asked(table, facts, advice):
        if one["fired"]:
            options = ", ".join(map(told, advice.options)) or "nothing yet"
            first = f"first {', '.join(advice.first)}; " if advice.first else ""
            yield f"+ {one['rule']}: {first}proposes {options}; ground {advice.ground}, by {advice.ground_by}"
        elif one["holds"]:
            yield f"= {one['rule']}: holds, but a rule above it fired"
        else:
            lack = one["wanting"]
            yield f"- {one['rule']}: wants {lack['field']} {' or '.join(lack['wants'])}, has {lack['has'] or 'nothing'}"


def _proposed(advice: Advice) -> dict[str, str]:
    found = {
        "rule": advice.rule.rule if advice.rule else "",
        "ground": advice.ground if advice.rule else "",
        "first": ", ".join(advice.first),
        "proposes": ", ".join(map(told, advice.options)),
    }
    return {name: value for name, value in found.items() if value}
