"""Recorded histories under another policy: judged as promised then, and as it would have been. Never writes.

``rejudged`` puts a case under one policy from its beginning; ``under_draft`` selects anew with
the draft in force, so that only those get it who would.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from engine.complaint.case import Case
from engine.complaint.clocks import reapplied
from engine.complaint.decider import UNKNOWN, State, fold_on
from engine.complaint.given import Given, Happened
from engine.configuration.in_force import Book
from engine.sla.due import Calendars
from engine.sla.fact import Fact, from_stored
from engine.sla.judge import Verdict, judge, row
from engine.sla.kinds import Terms
from engine.sla.marks import steps
from engine.sla.policy import terms_of
from engine.store.batch import Recorded
from projections.replay.library import Library, Log, Which, histories
from projections.views.sla_timers.calendars import Compiled
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.registration import ComplaintRegistered
from schemas.configuration.calendar import Calendar
from schemas.configuration.policy import Policy

Key = tuple[str, int, int]
Progress = Callable[[int], None]
_JUDGED: Final = ("state", "due_at", "missed_at", "fulfilled_at")


@dataclass(slots=True)
class Tally:
    """How clocks of one kind ended, or stand."""

    kept: int = 0
    late_evidence: int = 0
    """Of the kept: only by what reached a trusted clock after the due."""
    missed: int = 0
    cancelled: int = 0
    open: int = 0

    def count(self, one: Verdict) -> None:
        """Take one clock in; a missed one counts as missed whether or not it was fulfilled since."""
        match one.state:
            case "fulfilled":
                self.kept += 1
                self.late_evidence += one.late_evidence
            case "missed":
                self.missed += 1
            case "cancelled":
                self.cancelled += 1
            case "running" | "paused":
                self.open += 1

    @property
    def attainment(self) -> float | None:
        """The share of kept ones among kept and missed; None where none has ended so."""
        ended = self.kept + self.missed
        return self.kept / ended if ended else None

    def data(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        counted = {name: getattr(self, name) for name in ("kept", "late_evidence", "missed", "cancelled", "open")}
        return {**counted, "attainment": self.attainment}


Tallies = dict[str, Tally]


@dataclass(frozen=True, slots=True)
class Pair:
    """One clock judged as promised then, and as it would be; None where it would not be, or was not."""

    case: UUID
    number: str | None
    key: Key
    then: Verdict | None
    now: Verdict | None

    @property
    def differs(self) -> bool:
        """State, due, miss or fulfilment are not the same."""
        if self.then is None or self.now is None:
            return True
        return any(getattr(self.then, name) != getattr(self.now, name) for name in _JUDGED)

    def data(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        kind, cycle, instance = self.key
        sides = {"then": self.then and row(self.then), "now": self.now and row(self.now)}
        of = {"case": str(self.case), "number": self.number, "kind": kind, "cycle": cycle, "instance": instance}
        return {**of, "differs": self.differs, **sides}


@dataclass(slots=True)
class Totals:
    """What a run over cases came to, by kind of clock."""

    cases: int = 0
    got: int = 0
    """Cases that would be under the policy, and of these those that were not under it (in any version)."""
    newly: int = 0
    lost: int = 0
    """Cases that were under it and would not be."""
    differ: int = 0
    """Clocks that are judged otherwise."""
    then: Tallies = field(default_factory=dict)
    now: Tallies = field(default_factory=dict)
    changes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Kind, state then, state now -> clocks; where the states differ."""

    def count(self, pairs: Iterable[Pair]) -> None:
        """Take the clocks of a case in."""
        for pair in pairs:
            for verdict, tallies in ((pair.then, self.then), (pair.now, self.now)):
                if verdict is not None:
                    tallies.setdefault(verdict.kind, Tally()).count(verdict)
            self.differ += pair.differs
            states = tuple("none" if one is None else one.state for one in (pair.then, pair.now))
            if states[0] != states[1]:
                self.changes[pair.key[0], states[0], states[1]] += 1

    def data(self) -> dict[str, Any]:
        """Return it as plain JSON data, ordered by kind."""
        kinds = sorted({*self.then, *self.now})
        none = Tally()
        changes = [
            {"kind": kind, "then": then, "now": now, "clocks": count}
            for (kind, then, now), count in sorted(self.changes.items())
        ]
        return {
            "cases": self.cases,
            "under_it": self.got,
            "newly_under_it": self.newly,
            "no_longer_under_it": self.lost,
            "differ": self.differ,
            "kinds": [
                {"kind": kind, "then": self.then.get(kind, none).data(), "now": self.now.get(kind, none).data()}
                for kind in kinds
            ],
            "changes": changes,
        }


class WhatIf:
    """Judges recorded cases as of ``at`` beside what ``policy`` would have promised."""

    def __init__(self, known: Library, policy: Policy, at: datetime, calendars: Sequence[Calendar] = ()) -> None:
        self.policy, self.at, self.totals = policy, at, Totals()
        self._head = known.head
        self._compiled = Compiled()
        self._pinned: Calendars = self._compiled.of(known.book)
        self._book = with_drafts(known.book, policy, calendars)
        self._calendars: Calendars = Compiled().of(self._book)
        self._terms = terms_of(policy, self._book.latest_calendar)

    def rejudged(self, log: Log, which: Which, progress: Progress = lambda _: None) -> Iterator[Pair]:
        """Yield each clock of these cases as judged then and under the policy from the beginning; counts them."""
        for history in self._cases(log, which, progress):
            self.totals.got += 1
            self.totals.newly += self.policy.id not in policies_of(history)
            yield from self._pairs(history, self._judged(_without_promises(history), self._terms))

    def under_draft(self, log: Log, which: Which, progress: Progress = lambda _: None) -> Totals:
        """Judge these cases as promised then and as if the policy had been in force; return what that came to."""
        for history in self._cases(log, which, progress):
            had = self.policy.id in policies_of(history)
            now, gets = self._otherwise(history, had=had)
            self.totals.got += gets
            self.totals.newly += gets and not had
            self.totals.lost += had and not gets
            self._pairs(history, now)
        return self.totals

    def _cases(self, log: Log, which: Which, progress: Progress) -> Iterator[Sequence[Recorded]]:
        for batch in histories(log, which, self._head):
            for history in batch:
                self.totals.cases += 1
                yield history
            progress(self.totals.cases)

    def _pairs(self, history: Sequence[Recorded], now: Mapping[Key, Verdict] | None) -> list[Pair]:
        """Return the clocks on both sides; without ``now`` they are the same."""
        facts = (from_stored(one.event, one.envelope, one.recorded_at) for one in history)
        then = _by_key(judge(steps(facts), self._pinned, self.at))
        now = then if now is None else now
        number = next((one.event.number for one in history if isinstance(one.event, ComplaintRegistered)), None)
        keys = sorted({*then, *now})
        pairs = [Pair(history[0].stream, number, key, then.get(key), now.get(key)) for key in keys]
        self.totals.count(pairs)
        return pairs

    def _judged(self, facts: Iterable[Fact], given: Sequence[Terms] | None = None) -> Mapping[Key, Verdict]:
        return _by_key(judge(steps(facts, given), self._calendars, self.at))

    def _otherwise(self, history: Sequence[Recorded], *, had: bool) -> tuple[Mapping[Key, Verdict] | None, bool]:
        """Return the clocks with promises as they would have been made, and whether the policy's are among them.

        None stands for the clocks as they are: the policy has nothing to do with the case. What an
        import named this policy for keeps it.
        """
        facts, chosen = replayed(history, self._book)
        if self.policy.id in chosen:
            return self._judged(facts), True
        if had and history[0].envelope.origin == "import":
            return self._judged(_without_promises(history), self._terms), True
        return (self._judged(facts) if had else None), False


def _by_key(verdicts: Iterable[Verdict]) -> Mapping[Key, Verdict]:
    return {(one.kind, one.cycle, one.instance): one for one in verdicts}


def _without_promises(history: Iterable[Recorded]) -> Iterator[Fact]:
    for one in history:
        if not isinstance(one.event, SlaApplied):
            yield from_stored(one.event, one.envelope, one.recorded_at)


def replayed(history: Sequence[Recorded], book: Book) -> tuple[list[Fact], tuple[str, ...]]:
    """Return a case's facts with the promises that ``book`` would have led to, and by which policies.

    The decider selects, after each command as it does when one is given. An import selects nothing:
    each of its events stands for a command of its own here.
    """
    facts: list[Fact] = []
    chosen: list[str] = []
    state: State = UNKNOWN
    for _, group in groupby(enumerate(history), _command):
        events = [one for _, one in group if not isinstance(one.event, SlaApplied)]
        if not events:
            continue
        state = fold_on(state, events)
        facts.extend(from_stored(one.event, one.envelope, one.recorded_at) for one in events)
        given = _given(events[-1], book)
        for event in reapplied(state, tuple(one.event for one in events), given) if isinstance(state, Case) else ():
            state = fold_on(state, [Happened(event, given)])
            facts.append(from_stored(event, events[-1].envelope, events[-1].recorded_at))
            chosen.extend([event.policy] if isinstance(event, SlaApplied) else [])
    return facts, tuple(chosen)


def _command(numbered: tuple[int, Recorded]) -> UUID | int:
    number, one = numbered
    return number if one.envelope.origin == "import" else one.envelope.command_id


def _given(last: Recorded, book: Book) -> Given:
    around = last.envelope
    return Given(
        at=around.occurred_at,
        now=last.recorded_at,
        actor=around.actor,
        identity=around.identity,
        command_id=around.command_id,
        book=book,
        business_unit=around.business_unit,
        stream=last.stream,
        precision=around.occurred_precision,
        origin=around.origin,
        received_at=around.received_at,
    )


def with_drafts(book: Book, policy: Policy, calendars: Sequence[Calendar] = ()) -> Book:
    """Return the book as if these were in force; a policy takes the place of the one with its id."""
    return replace(
        book,
        policies={**book.policies, policy.id: policy},
        calendars={**book.calendars, **{(one.id, one.version): one for one in calendars}},
        latest_calendar={**book.latest_calendar, **{one.id: one.version for one in calendars}},
    )


def policies_of(history: Iterable[Recorded]) -> tuple[str, ...]:
    """Return the policies that promised something to a case, in order."""
    return tuple(one.event.policy for one in history if isinstance(one.event, SlaApplied))
