"""A second judge of plain files, written from the rules alone and sharing no line with the engine's.

It reads the document that ``plaint sla judge`` reads and returns the same rows. It is slow on purpose: every clock
looks at all events, every deadline is walked day by day (``brute_time``), and nothing is remembered between looks.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

from support.brute_time import DAY, TICK, Span, WallCalendar, clip, length, months_on, reach, without

Fields = Mapping[str, Any]
Rows = list[dict[str, Any]]
ENDS = ("resolved", "discontinued")
RUN_ON = ("remedy", "promise", "action", "statutory")
DUE_STAYS = ("total_resolution", "statutory", "promise", "action")
PAUSED_BY_WAITING = ("pausable_update", "agent_work", "stage", "resolution")
CONTINUED = ("remedy", "promise", "action", "total_resolution", "statutory")
CASE_WIDE = (
    "registration", "acknowledgement", "first_reply", "agent_work", "resolution", "total_resolution", "statutory",
    "remedy", "public_closing",
)  # fmt: skip
STAGES = ("registration", "investigation", "corrective_action", "satisfaction_check", "closed")


@dataclass(frozen=True)
class Seen:
    """One event as one clock sees it: a day is read in the clock's calendar."""

    order: int
    type: str
    at: datetime
    day: date | None
    known: datetime
    imported: bool
    fields: Fields
    place: datetime
    """Where it stands among the others; a day stands after what was stored of that day before it."""

    @property
    def key(self) -> tuple[datetime, int]:
        return self.place, self.order

    def get(self, name: str, otherwise: Any = None) -> Any:
        return self.fields.get(name, otherwise)


@dataclass(frozen=True)
class Rule:
    """One clock of the policy, defaults filled in."""

    kind: str
    target: str | None
    days: WallCalendar
    start: Sequence[Any] | None
    fulfil: Sequence[Any] | None
    pause: Sequence[Any] | None
    resume: Sequence[Any] | None
    cancel: Sequence[Any]
    reopen: str
    roll: str
    priority_change: str

    @property
    def family(self) -> str:
        return self.kind.partition(":")[0]


@dataclass(frozen=True)
class Case:
    """All that one clock may look at."""

    events: Sequence[Seen]
    at: datetime
    rules: Sequence[tuple[Seen | None, Rule]]
    """The rule as applied, oldest first; the first one from the beginning."""

    @property
    def failed(self) -> set[Any]:
        return {e.get("message") for e in self.events if e.type == "delivery_reported" and e.get("status") == "failed"}


@dataclass(frozen=True)
class Run:
    """One instance of a clock in one cycle, from the event that opened it."""

    opened: Seen
    answered: Seen | None
    ended: Seen | None
    began: Seen | None = None
    """The reopening that carried it over."""
    gaps: Sequence[Span] = field(default=())
    due: datetime | None = None


@dataclass
class Term:
    """How a deadline stands while its history is told: from where, under which rule, how much is left of it."""

    rule: Rule
    begin: datetime
    day: date
    left: timedelta | None = None
    fixed: datetime | None = None
    floor: datetime | None = None


def judge(document: Fields) -> dict[str, Rows]:
    """Return what ``plaint sla judge --json`` says about a document."""
    calendars = [document["calendar"], *document.get("calendars", ())]
    known = {calendar["id"]: WallCalendar(calendar) for calendar in calendars}
    at = _instant(document["at"])
    rows: Rows = []
    for clock in document["policy"]["clocks"]:
        rule = _rule(clock, known, document["calendar"]["id"])
        events = _events(document, rule.days, known[document["calendar"]["id"]], at)
        rules: list[tuple[Seen | None, Rule]] = [(None, rule)]
        for event in (e for e in events if e.type == "sla_applied"):
            stated = [changed for changed in event.get("clocks", ()) if changed["kind"] == rule.kind]
            rules += [(event, _rule(changed, known, document["calendar"]["id"])) for changed in stated]
        rows += _rows(rule, Case(events, at, rules))
    return {"clocks": sorted(rows, key=lambda row: (row["kind"], row["cycle"], row["instance"]))}


# ---------------------------------------------------------------------------------------------------- what stands there


def _rule(clock: Fields, known: Mapping[str, WallCalendar], default: str) -> Rule:
    family = clock["kind"].partition(":")[0]
    return Rule(
        kind=clock["kind"],
        target=clock.get("target"),
        days=known[clock.get("calendar", default)],
        start=clock.get("start"),
        fulfil=clock.get("fulfil"),
        pause=clock.get("pause"),
        resume=clock.get("resume"),
        cancel=clock.get("cancel", ()),
        reopen=clock.get("reopen", "continue" if family in CONTINUED else "reset"),
        roll=clock.get("roll", "none"),
        priority_change=clock.get("priority_change", "forward"),
    )


def _events(document: Fields, days: WallCalendar, world: WallCalendar, at: datetime) -> list[Seen]:
    """Return what is seen at ``at``, in world order; ``world`` is the calendar of the file, in which it is told."""
    limit = _instant(document["known_at"]) if document.get("known_at") else None
    seen: list[Seen] = []
    places: list[datetime] = []
    for order, event in enumerate(document["events"]):
        happened, day = _moment(event, world)
        places.append(max([happened, *(x for x in places if day and happened <= x < world.end_of(day))]))
        recorded = _instant(event["recorded_at"]) if event.get("recorded_at") else happened
        read = _moment(event, days)[0]
        stored = recorded if event.get("recorded_at") else read  # absent: when it occurred, as the clock reads it
        trusted = _instant(event["received_at"]) if event.get("received_at") else stored
        name = event["type"].removeprefix("complaint.").partition(".")[0]
        if happened <= at and (limit is None or recorded <= limit):
            imported = event.get("origin") == "import"
            seen.append(Seen(order, name, read, day, trusted, imported, event, places[-1]))
    return sorted(seen, key=lambda e: e.key)


def _moment(event: Fields, days: WallCalendar) -> tuple[datetime, date | None]:
    if event.get("occurred_precision") == "day":
        day = date.fromisoformat(str(event["occurred_at"])[:10])
        return days.instant(datetime.combine(day, time())), day
    return _instant(event["occurred_at"]), None


def _instant(text: object) -> datetime:
    return (text if isinstance(text, datetime) else datetime.fromisoformat(str(text))).astimezone(UTC)


# ------------------------------------------------------------------------------------------------- what an event means


def _with_complainant(event: Seen) -> bool:
    return event.get("counterparty") in (None, "complainant", "representative")


def _outbound(event: Seen, case: Case) -> bool:
    return (
        event.type == "message_recorded"
        and event.get("direction") == "outbound"
        and not event.get("automated")
        and event.get("delivery") != "failed"
        and event.get("message") not in case.failed - {None}
    )


def _reply(event: Seen, case: Case) -> bool:
    if event.type == "replied":
        return event.get("message") not in case.failed - {None}
    return (
        _outbound(event, case)
        and _with_complainant(event)
        and event.get("purpose") not in ("acknowledgement", "notice", "survey")
    )


def _update(event: Seen, case: Case) -> bool:
    return _outbound(event, case) and _with_complainant(event) and event.get("purpose") != "survey"


def _question(event: Seen, case: Case) -> bool:
    opener = next((e.get("message") for e in case.events if e.type == "received"), None)
    return (
        event.type == "message_recorded"
        and event.get("direction") == "inbound"
        and not event.get("automated")
        and _with_complainant(event)
        and (opener is None or event.get("message") != opener)
    )


def _final(event: Seen, case: Case) -> bool:
    return event.type == "replied" and bool(event.get("final")) and _reply(event, case)


def _remedied(event: Seen, case: Case) -> bool:
    before = [e for e in case.events if e.key <= event.key]
    approved = {e.get("remedy_id"): e.get("amount") for e in before if e.type == "remedy_approved"}
    if not approved:
        return _final(event, case)
    if event.type != "compensated":
        return False
    return all(_given(remedy, amount, before) for remedy, amount in approved.items())


def _given(remedy: Any, amount: Any, before: Sequence[Seen]) -> bool:
    parts = [e for e in before if e.type == "compensated" and e.get("remedy_id") == remedy]
    taken = [e for e in before if e.type == "remedy_reversed" and e.get("remedy_id") == remedy]
    if amount is None:
        return len(parts) > len(taken)
    return _sum(parts) - _sum(taken) >= Fraction(amount["amount"])


def _sum(events: Sequence[Seen]) -> Fraction:
    return sum((Fraction(e.get("amount")["amount"]) for e in events), Fraction())


def _public_closing(event: Seen, case: Case) -> bool:
    return _outbound(event, case) and event.get("visibility") == "public" and event.get("purpose") == "public_closing"


def _is(*types: str) -> Callable[[Seen, Case], bool]:
    return lambda event, _: event.type in types


STARTS: dict[str, Callable[[Seen, Case], bool]] = {
    family: _is("received") for family in CASE_WIDE if family not in ("remedy", "public_closing")
} | {"public_closing": lambda e, case: e.type == "resolved" and any(x.get("public") for x in case.events)}
FULFILS: dict[str, Callable[[Seen, Case], bool]] = {
    "registration": _is("registered", "discontinued"),
    "acknowledgement": lambda e, case: e.type == "acknowledged" or _reply(e, case),
    "first_reply": _reply,
    "next_reply": _reply,
    "update": _update,
    "pausable_update": _update,
    "agent_work": _is(*ENDS),
    "resolution": _is(*ENDS),
    "total_resolution": _is(*ENDS),
    "statutory": _is(*ENDS),
    "remedy": _remedied,
    "public_closing": _public_closing,
}


def _meets(
    event: Seen, case: Case, conditions: Iterable[Any], named: Mapping[str, Callable[[Seen, Case], bool]]
) -> bool:
    for condition in conditions:
        name = condition if isinstance(condition, str) else condition["event"]
        if name.partition(":")[0] in named:
            if named[name.partition(":")[0]](event, case):
                return True
            continue
        where = {} if isinstance(condition, str) else condition.get("where", {})
        if event.type == name.removeprefix("complaint.").partition(".")[0] and all(
            event.get(key) in (wanted if isinstance(wanted, list) else [wanted]) for key, wanted in where.items()
        ):
            return True
    return False


def _starts(rule: Rule, event: Seen, case: Case) -> bool:
    if rule.start is not None:
        return _meets(event, case, rule.start, STARTS)
    return STARTS[rule.family](event, case)


def _fulfils(rule: Rule, event: Seen, case: Case) -> bool:
    if event.type == "message_recorded" and event.get("automated"):
        return False
    if rule.fulfil is not None:
        return _meets(event, case, rule.fulfil, FULFILS)
    return FULFILS[rule.family](event, case)


# ---------------------------------------------------------------------------------------------------- cycles and waits


def _cycles(case: Case) -> list[list[Seen]]:
    cycles: list[list[Seen]] = [[]]
    for event in case.events:
        if event.type == "reopened":
            cycles.append([])
        cycles[-1].append(event)
    return cycles


def _closing(rule: Rule, cycle: Sequence[Seen], following: Seen | None) -> Seen | None:
    """Return the event that ends what is open in a cycle: closed, or the reopening without it."""
    resolved = False
    for event in cycle:
        resolved = resolved or event.type == "resolved"
        if event.type == "closed" and not (resolved and rule.family in RUN_ON) and rule.kind != "stage:closed":
            return event
    return following


def _requests(case: Case, only: str | None = "complainant") -> list[tuple[Seen, Seen | None, bool]]:
    """Return each request for information with what ended it, and whether that was the answer."""
    found = []
    for request in case.events:
        if request.type != "information_requested" or (only and request.get("from", "complainant") != only):
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
    return event.type in (*ENDS, "closed", "reopened")


def _pauses(rule: Rule, case: Case, until: datetime) -> list[Span]:
    if rule.pause is None and rule.family not in PAUSED_BY_WAITING:
        return []
    if rule.pause is None:
        return [(request.at, end.at if end else until) for request, end, _ in _requests(case)]
    pauses, since = [], None
    for event in case.events:
        if since is not None and _meets(event, case, rule.resume or (), {}):
            pauses.append((since, event.at))
            since = None
        elif since is None and _meets(event, case, rule.pause, {}):
            since = event.at
    return [*pauses, (since, until)] if since is not None else pauses


# ------------------------------------------------------------------------------------------------------------ instances


def _rows(rule: Rule, case: Case) -> Rows:
    cycles = _cycles(case)
    rows: Rows = []
    carried: list[Run] = []
    for number, cycle in enumerate(cycles, 1):
        following = cycles[number][0] if number < len(cycles) else None
        closing = _closing(rule, cycle, following)
        if rule.family in CASE_WIDE:
            runs = _case_wide(rule, case, cycle, number, closing, carried)
        elif rule.family in ("promise", "action"):
            runs = _given_word(rule, cycle, closing, carried)
        else:
            runs = _repeated(rule, case, cycle, closing)
        rows += [_row(rule, case, run, number, instance) for instance, run in enumerate(runs, 1)]
        if following:
            carried = [_carry(rule, run, cycle, following) for run in runs]
    return rows


def _after(event: Seen, cycle: Sequence[Seen]) -> list[Seen]:
    return [e for e in cycle if e.key > event.key]


def _until(closing: Seen | None, events: Iterable[Seen]) -> list[Seen]:
    return [e for e in events if closing is None or e.key <= closing.key]


def _case_wide(
    rule: Rule, case: Case, cycle: Sequence[Seen], number: int, closing: Seen | None, carried: list[Run]
) -> list[Run]:
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
        opened = next((e for e in _until(closing, cycle) if _starts(rule, e, case)), None)
    if opened is None:
        return []
    return [_run(rule, case, opened, _after(began or opened, cycle), closing, began=began, gaps=gaps)]


def _run(rule: Rule, case: Case, opened: Seen, later: Sequence[Seen], closing: Seen | None, **more: Any) -> Run:
    within = _until(closing, later)
    answered = next((e for e in within if _fulfils(rule, e, case)), None)
    cancelled = next((e for e in within if _meets(e, case, rule.cancel, {})), None)
    ended = min((e for e in (cancelled, closing) if e), key=lambda e: e.key, default=None)
    if answered and ended and ended.key < answered.key:
        answered = None
    return Run(opened, answered, ended, **more)


def _carry(rule: Rule, run: Run, cycle: Sequence[Seen], following: Seen) -> Run:
    if rule.family in DUE_STAYS:
        return run
    stops = [e.at for e in (run.answered, *(e for e in cycle if e.type in (*ENDS, "closed"))) if e]
    gap = (min(stops, default=following.at), following.at)
    return Run(run.opened, run.answered, run.ended, gaps=[*run.gaps, gap])


def _repeated(rule: Rule, case: Case, cycle: Sequence[Seen], closing: Seen | None) -> list[Run]:
    if rule.family == "next_reply":
        return _questions(rule, case, cycle, closing)
    if rule.family in ("update", "pausable_update"):
        return _updates(rule, case, cycle, closing)
    if rule.family == "requester_wait":
        return _waits(case, cycle, closing)
    return _stays(rule, cycle, closing)


def _questions(rule: Rule, case: Case, cycle: Sequence[Seen], closing: Seen | None) -> list[Run]:
    runs: list[Run] = []
    over: Seen | None = None
    for event in _until(closing, cycle):
        if event.type in (*ENDS, "closed"):
            over = event
        if over or not _question(event, case):
            continue
        last = runs[-1] if runs else None
        if last is None or (last.answered and last.answered.key < event.key):
            runs.append(_run(rule, case, event, _after(event, cycle), closing))
    return runs


def _updates(rule: Rule, case: Case, cycle: Sequence[Seen], closing: Seen | None) -> list[Run]:
    opened = next((e for e in cycle if e.type in ("received", "reopened")), None)
    runs: list[Run] = []
    while opened:
        runs.append(_run(rule, case, opened, _after(opened, cycle), closing))
        opened = runs[-1].answered
    return runs


def _waits(case: Case, cycle: Sequence[Seen], closing: Seen | None) -> list[Run]:
    runs = []
    for request, end, answered in _requests(case):
        if request in _until(closing, cycle):
            runs.append(Run(request, end if answered else None, None if answered else end))
    return runs


def _stays(rule: Rule, cycle: Sequence[Seen], closing: Seen | None) -> list[Run]:
    """Return the stay in a stage; entered again in the same cycle it goes on, the time away does not count."""
    wanted = rule.kind.partition(":")[2]
    stage: str | None = None
    run: Run | None = None
    for event in [*_until(closing, cycle), *([closing] if closing and closing.type == "reopened" else [])]:
        entered = _stage_after(event, stage)
        if stage == wanted and run and entered != stage:
            run = Run(run.opened, event, None, gaps=run.gaps)
        elif entered == wanted and stage != wanted and run and run.answered:
            run = Run(run.opened, None, closing, gaps=[*run.gaps, (run.answered.at, event.at)])
        elif entered == wanted and stage != wanted:
            run = Run(event, None, closing)
        stage = entered
    return [run] if run else []


def _stage_after(event: Seen, stage: str | None) -> str | None:
    """Return the stage after an event; a reopening is asked twice: it ends one cycle and begins the next."""
    entered, over = {
        "received": ("registration", (None,)),
        "reopened": ("investigation", (None,)),
        "investigation_started": ("investigation", ("registration", "corrective_action")),
        "remedy_approved": ("corrective_action", STAGES[:2]),
        "action_assigned": ("corrective_action", STAGES[:2]),
        "cause_established": ("corrective_action", STAGES[:2]),
        "resolved": ("satisfaction_check", STAGES[:3]),
        "closed": ("closed", STAGES[:4]),
        "discontinued": ("exit", STAGES),
    }.get(event.type, (stage, (stage,)))
    if event.type == "reopened" and stage in ("satisfaction_check", "closed"):
        return None
    if event.type == "registered" and event.get("starts_investigation"):
        entered, over = "investigation", ("registration",)
    return entered if stage in over else stage


def _given_word(rule: Rule, cycle: Sequence[Seen], closing: Seen | None, carried: list[Run]) -> list[Run]:
    opening, keeping, name = {
        "promise": ("promised", "promise_kept", "promise_id"),
        "action": ("action_assigned", "action_completed", "action_id"),
    }[rule.family]
    within = _until(closing, cycle)
    given: list[tuple[Seen, Seen | None]] = [
        (run.opened, cycle[0]) for run in carried if run.answered is None and run.ended in (None, cycle[0])
    ]
    given += [(e, None) for e in within if e.type == opening and e.get("due") is not None]
    runs = []
    for opened, began in given:
        later = _after(began or opened, within)
        kept = next((e for e in later if e.type == keeping and e.get(name) == opened.get(name)), None)
        runs.append(Run(opened, kept, closing, began=began, due=_instant(opened.get("due"))))
    return runs


# ----------------------------------------------------------------------------------------------------------- deadlines


def _row(rule: Rule, case: Case, run: Run, cycle: int, instance: int) -> dict[str, Any]:
    ends = [e.at for e in (run.answered, run.ended) if e]
    stop = min([case.at, *ends])
    begin, _ = _begin(rule, case, run)
    pauses = [*(clip(_pauses(rule, case, stop), begin, stop)), *run.gaps]
    due, unit = _due(rule, case, run, pauses, stop, cycle, instance)
    link = _merge(case, run)
    floor = max(e.at if e else due for e in (run.began, link))
    in_time = run.answered is not None and _in_time(rule, run.answered, due) and due >= floor
    missed = not in_time and (due < stop or due < floor or run.answered is not None)
    missed_at = max(due, floor) if missed else None
    closed = run.answered or run.ended
    state = "fulfilled" if in_time else "missed" if missed else "cancelled" if run.ended else "running"
    if state == "running" and any(a <= case.at <= b for a, b in _pauses(rule, case, case.at) if b == case.at):
        state = "paused" if _paused_at_end(rule, case) else state
    own = without(_own(rule, unit, begin, stop), pauses) if begin < stop else []
    return {
        "kind": rule.kind,
        "cycle": cycle,
        "instance": instance,
        "started_at": _text(run.began.at if run.began else begin),
        "due_at": _text(due),
        "state": state,
        "fulfilled_at": _text(run.answered.at) if run.answered else None,
        "missed_at": _text(missed_at) if missed_at else None,
        "elapsed_seconds": _seconds(length(own)),
        "remaining_seconds": _seconds(length(_own(rule, unit, case.at, due)))
        if closed is None and not missed
        else None,
        "overdue_seconds": _seconds(length(_own(rule, unit, missed_at, stop))) if missed_at else None,
        "late_evidence": in_time and _late(rule, case, run, due),
    }


def _paused_at_end(rule: Rule, case: Case) -> bool:
    far = case.at + DAY
    return any(begin <= case.at and end == far for begin, end in _pauses(rule, case, far))


def _in_time(rule: Rule, event: Seen, due: datetime) -> bool:
    if event.day is not None:
        return event.day <= rule.days.day_of(due - TICK)
    return event.at <= due


def _late(rule: Rule, case: Case, run: Run, due: datetime) -> bool:
    """Whether nothing that kept it reached a trusted clock by the due: what else answers in time is evidence, too."""
    kept = [run.answered] if run.answered else []
    if rule.family not in ("stage", "requester_wait", "promise", "action"):
        later = _until(run.ended, _after(run.began or run.opened, case.events))
        kept = [e for e in later if _fulfils(rule, e, case) and _in_time(rule, e, due)]
    return all(not e.imported and e.known > due for e in kept)


def _own(rule: Rule, unit: str, begin: datetime, end: datetime) -> list[Span]:
    if end <= begin:
        return []
    return rule.days.open_between(begin, end) if unit.startswith("working") else [(begin, end)]


def _due(
    rule: Rule, case: Case, run: Run, pauses: Sequence[Span], stop: datetime, cycle: int, instance: int
) -> tuple[datetime, str]:
    before = [r for e, r in case.rules if e is None or e.key <= run.opened.key]
    begin, day = _begin(rule, case, run)
    term = Term(before[-1], begin, day, fixed=run.due)
    for event in _after(run.opened, case.events):
        over = any(end is not None and end.key <= event.key for end in (run.answered, run.ended))
        if over or _end_of(term, pauses) < event.at:
            break
        if event.type == "sla_applied":
            for at, changed in case.rules:
                if at is event and run.due is None:
                    _change(term, changed, event, begin, day, pauses)
        elif _is_extension(event, rule, run, cycle, instance):
            term.fixed = _instant(event.get("due_at"))
    return _end_of(term, pauses), _target(term.rule.target)[1] if term.rule.target else "minutes"


def _is_extension(event: Seen, rule: Rule, run: Run, cycle: int, instance: int) -> bool:
    return (
        event.type == "deadline_extended"
        and event.get("clock") == rule.kind
        and event.get("instance", 1) == instance
        and (event.get("cycle", 1) == cycle or run.began is not None)
    )


def _change(term: Term, rule: Rule, event: Seen, begin: datetime, day: date, pauses: Sequence[Span]) -> None:
    """Apply a new target to what is running (section 5, priority change)."""
    unchanged = (rule.target, rule.roll) == (term.rule.target, term.rule.roll)
    if term.fixed is not None or unchanged:
        term.rule = rule if term.fixed is not None else term.rule
        return  # what was told to somebody stays, and so does what has not changed
    count, unit = _target(rule.target)
    if rule.priority_change == "forward":
        old_count, old_unit = _target(term.rule.target)
        full = _amount(old_count, old_unit)
        left = term.left if term.left is not None else full
        used = length(without(_own(term.rule, old_unit, term.begin, event.at), pauses))
        share = Fraction((left - used) // TICK, full // TICK)
        new = _amount(count, unit) // TICK * share
        term.left, term.begin, term.floor = ceil(new) * TICK, event.at, None
    elif rule.priority_change == "retroactive":
        term.left, term.begin, term.day, term.floor = None, begin, day, event.at
    else:
        term.left, term.begin, term.day, term.floor = None, event.at, rule.days.day_of(event.at), None
    term.rule = rule


def _end_of(term: Term, pauses: Sequence[Span]) -> datetime:
    if term.fixed is not None:
        return term.fixed
    count, unit = _target(term.rule.target)
    due = _term(term.rule, count, unit, term.begin, term.day, pauses, term.left)
    return max(due, term.floor) if term.floor else due


def _begin(rule: Rule, case: Case, run: Run) -> tuple[datetime, date]:
    """Return where the time counts from: what opened it, or the earlier receipt of a merged complaint."""
    link = _merge(case, run)
    if link is not None:
        begin = _instant(link.get("other_received_at"))
        return begin, rule.days.day_of(begin)
    return run.opened.at, run.opened.day or rule.days.day_of(run.opened.at)


def _merge(case: Case, run: Run) -> Seen | None:
    """Return the merge that gives a run an earlier receipt, if one found it open."""
    if run.opened.type != "received":
        return None
    ended = [e.key for e in (run.answered, run.ended) if e]
    links = [
        e
        for e in case.events
        if e.type == "linked"
        and e.get("kind") == "merged"
        and e.get("other_received_at")
        and _instant(e.get("other_received_at")) < run.opened.at
        and all(e.key < end for end in ended)
    ]
    return min(links, key=lambda e: _instant(e.get("other_received_at")), default=None)


def _target(text: str | None) -> tuple[int, str]:
    assert text is not None
    number, unit = text.split(maxsplit=1)
    return int(number), unit if unit.endswith("s") else unit + "s"


def _amount(count: int, unit: str) -> timedelta:
    return count * (timedelta(hours=1) if unit.endswith("hours") else timedelta(minutes=1))


def _term(
    rule: Rule, count: int, unit: str, begin: datetime, day: date, pauses: Sequence[Span], left: timedelta | None
) -> datetime:
    days = rule.days
    if unit.endswith(("hours", "minutes")):
        amount = _amount(count, unit) if left is None else left
        spans = days.opening_from(begin) if unit.startswith("working") else iter([(begin, begin + 40_000 * DAY)])
        return reach(spans, begin, amount, pauses)
    if unit == "working days":
        return _count_days(day, count, pauses, lambda d: days.spans(d)[-1][1] if days.spans(d) else None)[1]
    length_in_days = {"calendar days": count, "weeks": 7 * count}.get(unit) or (months_on(day, count) - day).days
    last, end = _count_days(day, length_in_days, pauses, days.end_of)
    return days.end_of(_rolled(rule, day, last)) if rule.roll != "none" else end


def _rolled(rule: Rule, start: date, last: date) -> date:
    """Return the open day next to a closed one; a roll back never reaches the day of the start, which never counts."""
    day = last
    while not rule.days.spans(day):
        day += DAY if rule.roll == "next" else -DAY
        if day <= start:
            return last
    return day


def _count_days(
    day: date, count: int, pauses: Sequence[Span], end_of: Callable[[date], datetime | None]
) -> tuple[date, datetime]:
    while True:
        day += DAY
        end = end_of(day)
        if end is None or any(a <= end < b for a, b in pauses):
            continue
        count -= 1
        if not count:
            return day, end


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seconds(span: timedelta) -> int | float:
    whole, rest = divmod(span, timedelta(seconds=1))
    return span.total_seconds() if rest else whole
