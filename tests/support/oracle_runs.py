"""Cycles, waits and instances as the second judge tells them: one run per clock, cycle and instance."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from support.brute_time import Span, joined
from support.oracle_case import (
    CASE_WIDE,
    DUE_STAYS,
    ENDS,
    PAUSED_BY_WAITING,
    RUN_ON,
    STAGES,
    Case,
    Rule,
    Run,
    Seen,
    instant,
)
from support.oracle_words import PAUSES, cancels, fulfils, is_question, meets, stage_after, starts

TURNS = (*ENDS, "closed", "reopened")
"""What ends every wait."""


def cycles_of(case: Case) -> list[list[Seen]]:
    cycles: list[list[Seen]] = [[]]
    for event in case.events:
        if event.told == "reopened":
            cycles.append([])
        cycles[-1].append(event)
    return cycles


def closing_of(rule: Rule, cycle: Sequence[Seen], following: Seen | None) -> Seen | None:
    """Return the event that ends what is open in a cycle: closed, or the reopening without it."""
    resolved = False
    for event in cycle:
        resolved = resolved or event.told == "resolved"
        if event.told == "closed" and not (resolved and rule.family in RUN_ON) and rule.kind != "stage:closed":
            return event
    return following


def _requests(case: Case, asked: Sequence[Any] | None) -> list[tuple[Seen, Seen | None, bool]]:
    """Return each request that conditions name with what ended it, and whether that was the answer."""
    named = ("resolution",) if asked is None else asked
    found = []
    for request in case.events:
        if request.type != "information_requested" or not meets(request, case, named, PAUSES):
            continue
        later = [e for e in case.events if e.key > request.key]
        end = next((e for e in later if _ends(e, request)), None)
        found.append((request, end, end is not None and end.type == "information_provided"))
    return found


def _ends(event: Seen, request: Seen) -> bool:
    if event.type == "information_provided":
        if event.get("request_id") is not None:
            return bool(event.get("request_id") == request.get("request_id"))
        return bool(event.get("from", "complainant") == request.get("from", "complainant"))
    return event.told in TURNS


def pauses_of(rule: Rule, case: Case, until: datetime) -> list[Span]:
    if rule.pause is None and rule.family not in PAUSED_BY_WAITING:
        return []
    if rule.resume is None:
        return joined((request.at, end.at if end else until) for request, end, _ in _requests(case, rule.pause))
    pauses: list[Span] = []
    holding: list[Seen] = []
    for event in case.events:
        if meets(event, case, rule.pause or (), PAUSES):
            holding.append(event)
        elif event.told in TURNS or meets(event, case, rule.resume, {}):
            pauses += [(held.at, event.at) for held in holding if _lifts(event, held)]
            holding = [held for held in holding if not _lifts(event, held)]
    return joined([*pauses, *((held.at, until) for held in holding)])


def _lifts(event: Seen, held: Seen) -> bool:
    """Whether an event ends what holds a clock: a request waits for its own answer, all else for whatever resumes."""
    if (held.type, event.type) == ("information_requested", "information_provided"):
        return _ends(event, held)
    return True


def after(event: Seen, cycle: Sequence[Seen]) -> list[Seen]:
    return [e for e in cycle if e.key > event.key]


def until(closing: Seen | None, events: Iterable[Seen]) -> list[Seen]:
    return [e for e in events if closing is None or e.key <= closing.key]


def runs_of(
    rule: Rule, case: Case, cycle: Sequence[Seen], number: int, following: Seen | None, carried: list[Run]
) -> list[Run]:
    """Return what ran in one cycle, which ``following`` ended."""
    closing = closing_of(rule, cycle, following)
    if rule.family in CASE_WIDE:
        return _case_wide(rule, case, cycle, number, following, carried)
    if rule.family in ("promise", "action"):
        return _given_word(rule, cycle, closing, following, carried)
    return _repeated(rule, case, cycle, closing)


def _case_wide(
    rule: Rule, case: Case, cycle: Sequence[Seen], number: int, following: Seen | None, carried: list[Run]
) -> list[Run]:
    closing = closing_of(rule, cycle, following)
    began: Seen | None = None
    gaps: Sequence[Span] = ()
    if number > 1 and carried and rule.reopen == "continue":
        opened: Seen | None = carried[0].opened
        began, gaps = cycle[0], carried[0].gaps
    elif number > 1 and carried and rule.reopen == "reset" and rule.family not in ("registration", "public_closing"):
        opened = cycle[0]
    elif number > 1 and rule.family == "registration":
        return []
    else:
        opened = next((e for e in cycle if starts(rule, e, case)), None)
    if opened is None:
        return []
    if closing and closing.key <= (began or opened).key:
        closing = following  # what starts after closing is not closed by it
    later = after(began or opened, [*cycle, *([following] if following else [])])
    return [_run(rule, case, opened, later, closing, began=began, gaps=gaps)]


def _run(rule: Rule, case: Case, opened: Seen, later: Sequence[Seen], closing: Seen | None, **more: Any) -> Run:
    within = until(closing, later)
    answered = next((e for e in within if fulfils(rule, e, case)), None)
    cancelled = next((e for e in within if cancels(rule, e, case)), None)
    ended = min((e for e in (cancelled, closing) if e), key=lambda e: e.key, default=None)
    if answered and ended and ended.key < answered.key:
        answered = None
    by_then = min((e for e in (answered, ended) if e), key=lambda e: e.key, default=None)
    other = _answered_elsewhere(rule, case, opened, by_then)
    if other is not None:
        first = min((e for e in (other, answered) if e), key=lambda e: e.key)
        return Run(opened, first, ended, elsewhere=True, here=by_then, **more)
    return Run(opened, answered, ended, **more)


def _answered_elsewhere(rule: Rule, case: Case, opened: Seen, end: Seen | None) -> Seen | None:
    """Return the first reply to a complaint that was merged into this one while it waited for its own."""
    if rule.family not in ("acknowledgement", "first_reply") or opened.type != "received":
        return None
    found = []
    for link in after(opened, case.events):
        replied, received = link.get("other_replied_at"), link.get("other_received_at")
        if link.type == "linked" and link.get("kind") == "merged" and replied and (end is None or link.key < end.key):
            at = instant(replied)
            if at >= min(opened.at, instant(received) if received else opened.at):
                found.append(replace(link, type="replied", at=at, place=at, known=at, day=None, imported=False))
    return min(found, key=lambda e: e.key, default=None)


def carry(rule: Rule, run: Run, cycle: Sequence[Seen], following: Seen) -> Run:
    if rule.family in DUE_STAYS:
        return run
    stops = [e.at for e in (run.answered, run.ended, *(e for e in cycle if e.told in (*ENDS, "closed"))) if e]
    gap = (min(stops, default=following.at), following.at)
    return Run(run.opened, run.answered, run.ended, gaps=[*run.gaps, gap])


def _repeated(rule: Rule, case: Case, cycle: Sequence[Seen], closing: Seen | None) -> list[Run]:
    if rule.family == "next_reply":
        return _questions(rule, case, cycle, closing)
    if rule.family in ("update", "pausable_update"):
        return _updates(rule, case, cycle, closing)
    if rule.family == "requester_wait":
        return _waits(rule, case, cycle, closing)
    return _stays(rule, cycle, closing)


def _questions(rule: Rule, case: Case, cycle: Sequence[Seen], closing: Seen | None) -> list[Run]:
    runs: list[Run] = []
    over: Seen | None = None
    for event in until(closing, cycle):
        if event.told in (*ENDS, "closed"):
            over = event
        if over or not is_question(event, case):
            continue
        last = runs[-1] if runs else None
        if last is None or (last.answered and last.answered.key < event.key):
            runs.append(_run(rule, case, event, after(event, cycle), closing))
    return runs


def _updates(rule: Rule, case: Case, cycle: Sequence[Seen], closing: Seen | None) -> list[Run]:
    opened = next((e for e in cycle if e.told in ("received", "reopened")), None)
    runs: list[Run] = []
    while opened:
        runs.append(_run(rule, case, opened, after(opened, cycle), closing))
        opened = runs[-1].answered
    return runs


def _waits(rule: Rule, case: Case, cycle: Sequence[Seen], closing: Seen | None) -> list[Run]:
    runs = []
    for request, end, answered in _requests(case, None):
        if request in until(closing, cycle):
            runs.append(Run(request, end if answered else None, None if answered else end))
    return runs


def _stays(rule: Rule, cycle: Sequence[Seen], closing: Seen | None) -> list[Run]:
    """Return the stay in a stage; entered again in the same cycle it goes on, the time away does not count."""
    wanted = rule.kind.partition(":")[2]
    stage: str | None = None
    run: Run | None = None
    for event in [*until(closing, cycle), *([closing] if closing and closing.type == "reopened" else [])]:
        entered = stage_after(event, stage)
        if not event.type or entered == stage:
            pass  # where only a mistake left the stage, the clock runs to the next event that leaves one
        elif event.told == "reopened" and event is closing and wanted not in STAGES[3:]:
            pass  # a reopening leaves these two alone; any other clock it cancels
        elif entered != wanted and run and run.answered is None and stage is not None:
            run = Run(run.opened, event, None, gaps=run.gaps)
        elif entered == wanted and run and run.answered:
            run = Run(run.opened, None, closing, gaps=[*run.gaps, (run.answered.at, event.at)])
        elif entered == wanted and run is None:
            run = Run(event, None, closing)
        stage = entered
    return [run] if run else []


def _given_word(
    rule: Rule, cycle: Sequence[Seen], closing: Seen | None, following: Seen | None, carried: list[Run]
) -> list[Run]:
    """Return what was promised in the cycle, also after it was closed, and what was not kept of the one before."""
    opening, keeping, name = {
        "promise": ("promised", "promise_kept", "promise_id"),
        "action": ("action_assigned", "action_completed", "action_id"),
    }[rule.family]
    given: list[tuple[Seen, Seen | None]] = [(run.opened, cycle[0]) for run in carried if run.answered is None]
    given += [(e, None) for e in cycle if e.type == opening and e.get("due") is not None]
    runs = []
    for opened, began in given:
        ended = closing if closing and (began or opened).key < closing.key else following
        later = until(ended, after(began or opened, cycle))
        kept = next((e for e in later if e.type == keeping and e.get(name) == opened.get(name)), None)
        runs.append(Run(opened, kept, ended, began=began, due=instant(opened.get("due"))))
    return runs
