"""Which terms of a kind hold at each entry: those applied last, the first ones also before they were applied."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.sla.kinds import Terms
from engine.sla.marks import Entry, Marks
from engine.sla.same import Same


@dataclass(frozen=True, slots=True)
class Timeline:
    """Positions among the entries, and what holds from there on: None where the kind was dropped."""

    kind: str
    steps: tuple[tuple[int, Terms | None], ...]
    """The first one stands at -1."""

    def at(self, index: int) -> Terms | None:
        """Return the terms at an entry; ``complaint.sla_applied`` itself is under its own."""
        found = self.steps[0][1]
        for position, terms in self.steps[1:]:
            if position > index:
                break
            found = terms
        return found


def timelines(marks: Marks, entries: Sequence[Entry]) -> tuple[Timeline, ...]:
    """Return one timeline per kind that was ever promised, in order of kind.

    What is applied for the reason ``first`` holds from the beginning, as does a kind that
    comes in later: a clock started when it started, however late it was known to run. One that
    comes back was never away.
    """
    applied = [entry for entry in entries if entry.terms is not None]
    if marks.given is None and len(applied) == 1 and applied[0].terms is not None:
        return _from_the_beginning(Same(applied[0].terms))
    sets: list[tuple[int, dict[str, Terms]]] = []
    if marks.given is not None:
        sets.append((-1, {one.kind: one for one in marks.given}))
    for index, entry in enumerate(entries):
        if entry.terms is not None:
            first = not sets or entry.fields.get("reason") == "first"
            found = {one.kind: one for one in entry.terms}
            sets = [(-1, found)] if first else [*sets, (index, found)]
    kinds = sorted({kind for _, found in sets for kind in found})
    return tuple(Timeline(kind, _steps(kind, sets)) for kind in kinds)


@lru_cache(maxsize=1024)
def _from_the_beginning(terms: Same[tuple[Terms, ...]]) -> tuple[Timeline, ...]:
    """Return the timelines of a complaint to which terms were applied once, as they were to most."""
    held = {one.kind: one for one in terms.of}
    return tuple(Timeline(kind, ((-1, held[kind]),)) for kind in sorted(held))


def _steps(kind: str, sets: Sequence[tuple[int, dict[str, Terms]]]) -> tuple[tuple[int, Terms | None], ...]:
    held = [(position, found[kind]) for position, found in sets if kind in found]
    gone = [position for position, found in sets if position > held[-1][0] and kind not in found]
    return ((-1, held[0][1]), *held[1:], *((position, None) for position in gone[:1]))
