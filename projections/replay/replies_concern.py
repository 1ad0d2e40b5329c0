"""The rules of replies, explained and replayed: what they find in each reply of a case, as it was written."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from engine.complaint.case import Case
from engine.complaint.decider import fold
from engine.complaint.told import texts, with_facts
from engine.rules.replies import Checked, check, failed
from engine.store.batch import Recorded
from projections.replay.concern import Asking, CaseRun, Concern, Seen
from schemas.complaint.correspondence import ComplaintReplied, MessageRecorded
from schemas.configuration.replies import ReplyRules
from schemas.configuration.rule_set import RuleSet


class Judged(NamedTuple):
    """One reply, and what these rules find in it."""

    recorded: Recorded
    replied: ComplaintReplied
    checked: Checked


def explain(rules: RuleSet, history: Sequence[Recorded], _: Asking) -> Seen | None:
    """Return what the rules find in the replies of a case; what other people got is not looked at again."""
    wanted = _rules(rules)
    found = list(_judged(wanted, history))
    if not found:
        return None
    inputs = {"replies": [{"position": one.recorded.position, "final": one.replied.final} for one in found]}
    given = {"replies": [_given(one) for one in found]}
    rows = tuple(_rows(wanted, found))
    return Seen(inputs, given, rows, tuple(line for one in found for line in _words(wanted, one)))


def outcomes(rules: RuleSet, histories: Sequence[Sequence[Recorded]], _: Asking) -> Mapping[UUID, Mapping[str, str]]:
    """Return what these rules would find in the last reply of each case."""
    wanted = _rules(rules)
    last = {history[0].stream: list(_judged(wanted, history))[-1:] for history in histories}
    return {
        stream: {
            "passes": "yes" if one.checked.passed else "no",
            "finds": ", ".join(dict.fromkeys(each.check for each in one.checked.quality.findings)),
            "score": str(one.checked.quality.score),
        }
        for stream, found in last.items()
        for one in found
    }


def test(rules: RuleSet) -> list[CaseRun]:
    """Run the cases of these rules."""
    wanted = _rules(rules)
    differs: dict[str, list[str]] = {case.case: [] for case in wanted.cases}
    for one in failed(wanted):
        differs[one.case].append(f"{one.field}: expected {one.expected or 'nothing'}, came {one.found or 'nothing'}")
    return [CaseRun(case, tuple(found)) for case, found in differs.items()]


CONCERN = Concern((), explain, outcomes, test)


def _rules(rules: RuleSet) -> ReplyRules:
    if not isinstance(rules, ReplyRules):
        raise TypeError(f"{type(rules).__name__} holds no rules of replies")
    return rules


def _judged(rules: ReplyRules, history: Sequence[Recorded]) -> Iterator[Judged]:
    """Yield the replies whose words can be opened, each judged by what the case knew then."""
    bodies: dict[UUID, MessageRecorded] = {}
    for index, recorded in enumerate(history):
        event = recorded.event
        if isinstance(event, MessageRecorded):
            bodies[event.message] = event
        if isinstance(event, ComplaintReplied) and (sent := bodies.get(event.message)) and isinstance(sent.body, str):
            before = fold(history[:index])
            if isinstance(before, Case):
                public = sent.visibility == "public"
                about = with_facts(texts(history[:index]), before, public=public, final=event.final)
                yield Judged(recorded, event, check(sent.body, about, rules))


def _given(one: Judged) -> dict[str, Any]:
    stored = one.replied.checks
    return {
        "position": one.recorded.position,
        "score": one.checked.quality.score,
        "parts": dict(one.checked.quality.parts),
        "passes": one.checked.passed,
        "findings": [each.check for each in one.checked.quality.findings],
        "recorded": None if stored is None else stored.model_dump(mode="json", include={"score", "findings", "passed"}),
    }


def _rows(rules: ReplyRules, found: Sequence[Judged]) -> Iterator[dict[str, Any]]:
    for one in found:
        for each in one.checked.quality.findings:
            place = None if each.place is None else {"start": each.place.start, "end": each.place.end}
            yield {
                "rule": each.check,
                "holds": True,
                "severity": rules.severity(each.check),
                "position": one.recorded.position,
                "place": place,
            }


def _words(rules: ReplyRules, one: Judged) -> Iterator[str]:
    kind = "final" if one.replied.final else "interim"
    passes = "passes" if one.checked.passed else "is kept back"
    yield f"{kind} reply at position {one.recorded.position}: score {one.checked.quality.score}, {passes}"
    for each in one.checked.quality.findings:
        where = "" if each.place is None else f", characters {each.place.start} to {each.place.end}"
        yield f"+ {each.check} ({rules.severity(each.check)}){where}"
