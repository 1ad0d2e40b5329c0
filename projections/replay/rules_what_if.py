"""Recorded complaints under a draft of a rule set, beside the one that is in force. Never writes."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from engine.store.batch import Recorded
from projections.replay.concern import Asking, Concern
from projections.replay.library import Library, Log, Which, histories
from schemas.complaint.registration import ComplaintRegistered
from schemas.configuration.rule_set import RuleSet

NOTHING: Final = "nothing"
"""What a field is called that the rules give nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one complaint would get instead."""

    case: UUID
    number: str | None
    field: str
    now: str
    draft: str

    def data(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "case": str(self.case),
            "number": self.number,
            "field": self.field,
            "now": self.now,
            "draft": self.draft,
        }


@dataclass(slots=True)
class Totals:
    """What a run over complaints came to. ``examples`` are the first of each kind of change."""

    cases: int = 0
    differ: int = 0
    """Complaints that would get something else."""
    changes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Field, what the rules in force give, what the draft gives -> complaints."""
    examples: list[Change] = field(default_factory=list)

    def count(self, case: UUID, number: str | None, now: Mapping[str, str], draft: Mapping[str, str]) -> None:
        """Take one complaint in."""
        self.cases += 1
        changed = [
            Change(case, number, name, now.get(name, NOTHING), draft.get(name, NOTHING))
            for name in sorted({*now, *draft})
            if now.get(name) != draft.get(name)
        ]
        self.differ += bool(changed)
        for one in changed:
            kind = (one.field, one.now, one.draft)
            self.changes[kind] += 1
            if self.changes[kind] == 1:
                self.examples.append(one)

    def data(self) -> dict[str, Any]:
        """Return it as plain JSON data, the most frequent change first."""
        ordered = sorted(self.changes.items(), key=lambda pair: (-pair[1], pair[0]))
        changes = [{"field": name, "now": now, "draft": draft, "cases": count} for (name, now, draft), count in ordered]
        examples = [one.data() for one in self.examples]
        return {"cases": self.cases, "differ": self.differ, "changes": changes, "examples": examples}


def what_if(
    draft: RuleSet,
    concern: Concern,
    known: Library,
    log: Log,
    asking: Asking,
    which: Which,
    *,
    opened: Callable[[Sequence[UUID]], Iterable[Sequence[Recorded]]],
    progress: Callable[[int], None] = lambda _: None,
) -> Totals:
    """Return what a draft would give to recorded complaints, beside what is given by the rules in force now.

    ``opened`` reads histories with their texts. Where no rules of the concern are in force everything is new.
    """
    totals, current = Totals(), known.book.rule_sets.get(draft.concern)
    for batch in histories(log, which, known.head):
        whole = [one for one in opened([one[0].stream for one in batch]) if one]
        now = concern.outcomes(current, whole, asking) if current is not None else {}
        then = concern.outcomes(draft, whole, asking)
        for history in whole:
            case = history[0].stream
            if case in then or case in now:
                totals.count(case, _number(history), now.get(case, {}), then.get(case, {}))
        progress(totals.cases)
    return totals


def _number(history: Sequence[Recorded]) -> str | None:
    return next((one.event.number for one in history if isinstance(one.event, ComplaintRegistered)), None)
