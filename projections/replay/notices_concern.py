"""Notices, explained and replayed: for each event which rules tell somebody, and why the others do not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from engine.complaint.case import Case
from engine.complaint.decider import UNKNOWN, State, evolve
from engine.complaint.telling import seen
from engine.rules import notice_cases
from engine.rules.notices import Considered, considered
from engine.store.batch import Recorded
from projections.replay.concern import Asking, CaseRun, Concern, Seen
from schemas.configuration.notices import Notices
from schemas.configuration.rule_set import RuleSet


class Heard(NamedTuple):
    """An event that some rule listens to, and what became of each such rule."""

    recorded: Recorded
    rules: tuple[Considered, ...]


def explain(rules: RuleSet, history: Sequence[Recorded], _: Asking) -> Seen | None:
    """Return which rules tell somebody of each event of a complaint, as the case stood right after it.

    The reaction looks moments later: what the case has left behind by then is told to nobody.
    """
    heard = list(_heard(_notices(rules), history))
    if not heard:
        return None
    inputs = {"events": [{"position": one.recorded.position, "event": _name(one)} for one in heard]}
    told = [(one, rule) for one in heard for rule in one.rules if rule.because is None]
    given = {"told": [{"position": one.recorded.position, "rule": rule.rule.rule} for one, rule in told]}
    return Seen(inputs, given, tuple(_rows(heard)), tuple(_words(heard)))


def outcomes(rules: RuleSet, histories: Sequence[Sequence[Recorded]], _: Asking) -> Mapping[UUID, Mapping[str, str]]:
    """Return whom these rules would tell in recorded complaints: each rule, and how often."""
    found: dict[UUID, Mapping[str, str]] = {}
    for history in histories:
        counts: dict[str, int] = {}
        for one in _heard(_notices(rules), history):
            for rule in one.rules:
                if rule.because is None:
                    counts[rule.rule.rule] = counts.get(rule.rule.rule, 0) + 1
        found[history[0].stream] = {rule: str(count) for rule, count in counts.items()}
    return found


def test(rules: RuleSet) -> list[CaseRun]:
    """Run the cases of a rule set of notices."""
    return [CaseRun(one.case, () if one.passed else (_differs(one),)) for one in notice_cases.run(_notices(rules))]


CONCERN = Concern((), explain, outcomes, test)


def _notices(rules: RuleSet) -> Notices:
    if not isinstance(rules, Notices):
        raise TypeError(f"{type(rules).__name__} says nothing of notices")
    return rules


def _heard(rules: Notices, history: Sequence[Recorded]) -> Iterator[Heard]:
    state: State = UNKNOWN
    for one in history:
        state = evolve(state, one)
        if isinstance(state, Case) and one.envelope.origin != "import":
            found = considered(one.event, one.envelope.actor, seen(state, one.stream), rules)
            if found:
                yield Heard(one, found)


def _rows(heard: Sequence[Heard]) -> Iterator[dict[str, Any]]:
    for one in heard:
        for rule in one.rules:
            yield {
                "position": one.recorded.position,
                "event": _name(one),
                "rule": rule.rule.rule,
                "tells": rule.rule.tell,
                "template": rule.rule.template,
                "because": rule.because,
            }


def _words(heard: Sequence[Heard]) -> Iterator[str]:
    for one in heard:
        for rule in one.rules:
            did = f"tells the {rule.rule.tell}" if rule.because is None else f"tells nobody: {rule.because}"
            yield f"{one.recorded.position} {_name(one)}: {rule.rule.rule} {did}"


def _name(one: Heard) -> str:
    return one.recorded.name.rpartition(".v")[0]


def _differs(one: notice_cases.Outcome) -> str:
    if one.wrong is not None:
        return one.wrong
    return f"tells: expected {', '.join(one.expected) or 'nobody'}, came {', '.join(one.came) or 'nobody'}"
