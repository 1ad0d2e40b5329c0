"""Deadlines as the second judge counts them: day by day, through new terms, extensions, merges and pauses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from math import ceil

from support.brute_time import DAY, TICK, Span, length, months_on, reach, without
from support.oracle_case import Case, Rule, Run, Seen, instant
from support.oracle_runs import after, until
from support.oracle_words import fulfils


@dataclass
class Term:
    """How a deadline stands while its history is told: from where, under which rule, how much is left of it."""

    rule: Rule
    origin: datetime
    """Where the clock started, whatever it is counted from now."""
    origin_day: date
    begin: datetime
    day: date
    left: timedelta | None = None
    left_days: int | None = None
    fixed: datetime | None = None
    fixed_at: datetime | None = None
    """When an extension stated the due; waiting after that moves it."""
    floor: datetime | None = None

    def again(self, begin: datetime, day: date, floor: datetime | None) -> None:
        """Count the whole target from here."""
        self.left, self.left_days, self.begin, self.day, self.floor = None, None, begin, day, floor


def in_time(rule: Rule, event: Seen, due: datetime) -> bool:
    if event.day is not None:
        return event.day <= rule.days.day_of(due - TICK)
    return event.at <= due


def is_late(rule: Rule, case: Case, run: Run, due: datetime) -> bool:
    """Whether nothing that kept it reached a trusted clock by the due: what else answers in time is evidence, too."""
    kept = [run.answered] if run.answered else []
    if rule.family not in ("stage", "requester_wait", "promise", "action"):
        later = until(run.ended, after(run.began or run.opened, case.events))
        kept += [e for e in later if fulfils(rule, e, case) and in_time(rule, e, due)]
    return all(not e.imported and e.known > due for e in kept)


def own_spans(rule: Rule, begin: datetime, end: datetime) -> list[Span]:
    if end <= begin:
        return []
    unit = target_of(rule.target)[1] if rule.target else "minutes"
    return rule.days.open_between(begin, end) if unit.startswith("working") else [(begin, end)]


def due_of(
    rule: Rule, case: Case, run: Run, pauses: Sequence[Span], cycle: int, instance: int
) -> tuple[datetime, datetime, Rule]:
    """Return from where a run counts, when it is due, and the rule that holds for it in the end."""
    before = [r for e, r in case.rules if e is None or e.key <= run.opened.key]
    at, day = run.opened.at, run.opened.day or rule.days.day_of(run.opened.at)
    term = Term(before[-1], at, day, at, day, fixed=run.due)
    closed = [run.here] if run.elsewhere else [run.answered, run.ended]
    last = min((e for e in closed if e), key=lambda e: e.key, default=None)
    for event in after(run.opened, case.events):
        if last is not None and last.key <= event.key:
            break
        if _end_of(term, pauses) < event.at:
            continue
        if event.type == "sla_applied":
            for applied, changed in case.rules:
                if applied is event and run.due is None:
                    _change(term, changed, event, pauses)
        elif _is_extension(event, rule, run, cycle, instance):
            term.fixed = term.fixed_at = None
            term.fixed, term.fixed_at, term.floor = instant(event.get("due_at")), event.at, None
        elif event.type == "linked" and event.get("kind") == "merged" and run.opened.type == "received":
            _merge(term, event)
            replied = event.get("other_replied_at")
            if run.answered and replied and run.answered.at == instant(replied) and run.answered.order == event.order:
                break
    return term.origin, _end_of(term, pauses), term.rule


def _merge(term: Term, link: Seen) -> None:
    """Count from the other's receipt where it came first; what was announced stays, and nothing is due before."""
    received = link.get("other_received_at")
    if not received or instant(received) >= term.origin:
        return
    term.origin = instant(received)
    term.origin_day = term.rule.days.day_of(term.origin)
    if term.fixed is None:
        term.again(term.origin, term.origin_day, link.at)


def _is_extension(event: Seen, rule: Rule, run: Run, cycle: int, instance: int) -> bool:
    return (
        event.type == "deadline_extended"
        and event.get("clock") == rule.kind
        and event.get("instance", 1) == instance
        and (event.get("cycle", 1) == cycle or run.began is not None)
    )


def _change(term: Term, rule: Rule, event: Seen, pauses: Sequence[Span]) -> None:
    """Apply a new target to what is running (section 5, priority change; section 2, a new calendar)."""
    mode = "retroactive" if event.get("reason") in ("calendar", "merge") else rule.priority_change
    unchanged = (rule.target, rule.roll) == (term.rule.target, term.rule.roll) and mode != "reset"
    if term.fixed is not None or unchanged:
        if term.fixed is None and rule.days is not term.rule.days:
            term.floor = event.at
        term.rule = rule
        return  # what was told to somebody stays, and so does what has not changed
    if mode == "forward":
        _forward(term, rule, event.at, [(a, min(b, event.at)) for a, b in pauses])
    elif mode == "retroactive":
        term.again(term.origin, term.origin_day, event.at)
    else:
        term.again(event.at, rule.days.day_of(event.at), None)
    term.rule = rule


def _forward(term: Term, rule: Rule, at: datetime, pauses: Sequence[Span]) -> None:
    """Carry the unused share over: of time what has passed, of days those that have ended."""
    old_count, old_unit = target_of(term.rule.target)
    count, unit = target_of(rule.target)
    today = rule.days.day_of(at)
    if in_days(old_unit):
        full = _days_of(old_count, old_unit, term.day)
        left = full if term.left_days is None else term.left_days
        used, day, start = 0, _first_day(term.rule, old_count, old_unit, term.begin, term.day), term.day
        while (day := day + DAY) <= term.rule.days.day_of(at) + DAY:
            end = _end_of_day(term.rule, old_unit, day)
            used += end is not None and end <= at and not any(a <= end < b for a, b in pauses)
        share = Fraction(max(0, left - used), full)
    else:
        full = _amount(old_count, old_unit) // TICK
        rest = _amount(old_count, old_unit) if term.left is None else term.left
        gone = length(without(own_spans(term.rule, term.begin, at), pauses))
        share, start = Fraction(max(0, (rest - gone) // TICK), full), today
    term.again(at, today, None)
    if not in_days(unit):
        term.left = ceil(share * (_amount(count, unit) // TICK)) * TICK
        return
    term.left_days = ceil(share * _days_of(count, unit, today))
    end = _end_of_day(rule, unit, today) or rule.days.end_of(today)
    if today > start and end > at:
        term.day = today - DAY  # the day of the change still counts if it has not ended


def _end_of(term: Term, pauses: Sequence[Span]) -> datetime:
    if term.fixed is not None:
        return _moved(term, term.fixed, pauses)
    count, unit = target_of(term.rule.target)
    due = _term(term, count, unit, pauses)
    return max(due, term.floor) if term.floor else due


def _moved(term: Term, due: datetime, pauses: Sequence[Span]) -> datetime:
    """Return an announced due, moved by the waits since: by the time that they cover, or the days that end in them."""
    if term.fixed_at is None:
        return due
    unit = target_of(term.rule.target)[1]
    for a, b in sorted(pauses):
        begin = max(a, term.fixed_at)
        if a > due or b <= begin:
            continue
        if not in_days(unit):
            taken = length(own_spans(term.rule, begin, b))
            spans = term.rule.days.opening_from(due) if unit.startswith("working") else [(due, due + 40_000 * DAY)]
            due = reach(iter(spans), due, taken, [])
            continue
        days = (term.rule.days.day_of(begin) + n * DAY for n in range(-2, (b - begin).days + 3))
        skipped = sum(end is not None and begin <= end < b for end in (_end_of_day(term.rule, unit, d) for d in days))
        if skipped:
            due = _count_days(
                term.rule.days.day_of(due - TICK), skipped, [], lambda d: _end_of_day(term.rule, unit, d)
            )[1]
    return due


def target_of(text: str | None) -> tuple[int, str]:
    """Return the number and unit of a target; of a relative one the unit ends with its time."""
    assert text is not None
    number, unit = text.split(maxsplit=1)
    if " by " in unit:
        return {"same": 0, "next": 1}.get(number) or int(number if number.isdigit() else 0), "working days " + unit[-8:]
    return int(number), unit if unit.endswith("s") else unit + "s"


def in_days(unit: str) -> bool:
    return not unit.endswith(("hours", "minutes"))


def _amount(count: int, unit: str) -> timedelta:
    return count * (timedelta(hours=1) if unit.endswith("hours") else timedelta(minutes=1))


def _days_of(count: int, unit: str, day: date) -> int:
    if unit.startswith("working days"):
        return max(1, count)
    return {"calendar days": count, "weeks": 7 * count}.get(unit) or (months_on(day, count) - day).days


def _end_of_day(rule: Rule, unit: str, day: date) -> datetime | None:
    """Return when a day ends that the unit counts."""
    if not unit.startswith("working days"):
        return rule.days.end_of(day)
    spans = rule.days.spans(day)
    if not spans:
        return None
    if " by " not in unit:
        return spans[-1][1]
    hour, minute = unit[-5:].split(":")
    wall = datetime.combine(day, time()) + timedelta(hours=int(hour), minutes=int(minute))
    return min(spans[-1][1], rule.days.instant(wall))


def _first_day(rule: Rule, count: int, unit: str, begin: datetime, day: date) -> date:
    """Return the day that never counts: the start's, or the one before it for the same day before its time."""
    end = _end_of_day(rule, unit, day)
    return day - DAY if count == 0 and end is not None and begin < end else day


def _term(term: Term, count: int, unit: str, pauses: Sequence[Span]) -> datetime:
    rule, days = term.rule, term.rule.days
    if not in_days(unit):
        amount = _amount(count, unit) if term.left is None else term.left
        spans = (
            days.opening_from(term.begin)
            if unit.startswith("working")
            else iter([(term.begin, term.begin + 40_000 * DAY)])
        )
        return reach(spans, term.begin, amount, pauses)
    if term.left_days == 0:
        return term.begin
    first = _first_day(rule, count, unit, term.begin, term.day)
    number = _days_of(count, unit, term.day) if term.left_days is None else term.left_days
    last, end = _count_days(first, number, pauses, lambda d: _end_of_day(rule, unit, d))
    if rule.roll == "none" or rule.days.spans(last):
        return end
    return days.end_of(_rolled(rule, days.day_of(term.begin), last))


def _rolled(rule: Rule, start: date, last: date) -> date:
    """Return the open day next to a closed one; a roll back never goes before the start."""
    day = last
    while not rule.days.spans(day):
        day += DAY if rule.roll == "next" else -DAY
        if day < start:
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
