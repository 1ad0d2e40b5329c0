"""A second judge of plain files, written from the rules alone and sharing no line with the engine's.

It reads the document that ``plaint sla judge`` reads and returns the same rows. It is slow on purpose: every clock
looks at all events, every deadline is walked day by day (``brute_time``), and nothing is remembered between looks.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from support.brute_time import DAY, WallCalendar, clip, length, without
from support.oracle_case import Case, Fields, Rule, Run, Seen, events_of, instant, rule_of
from support.oracle_due import due_of, in_time, is_late, own_spans
from support.oracle_runs import carry, cycles_of, pauses_of, runs_of

LONG_AGO = datetime.min.replace(tzinfo=UTC)
Rows = list[dict[str, Any]]


def judge(document: Fields) -> dict[str, Rows]:
    """Return what ``plaint sla judge --json`` says about a document."""
    calendars = [*document.get("calendars", ()), document["calendar"]]
    known = {(calendar["id"], calendar.get("version", 1)): WallCalendar(calendar) for calendar in calendars}
    default = document["calendar"]["id"], document["calendar"].get("version", 1)
    at = instant(document["at"])
    rows: Rows = []
    for clock in document["policy"]["clocks"]:
        rule = rule_of(clock, known, default)
        events = events_of(document, rule.days, known[default], at)
        rules: list[tuple[Seen | None, Rule]] = [(None, rule)]
        for event in (e for e in events if e.type == "sla_applied"):
            stated = [changed for changed in event.get("clocks", ()) if changed["kind"] == rule.kind]
            rules += [(event, rule_of(changed, known, default)) for changed in stated]
        rows += _rows(rule, Case(events, at, rules))
    return {"clocks": sorted(rows, key=lambda row: (row["kind"], row["cycle"], row["instance"]))}


def _rows(rule: Rule, case: Case) -> Rows:
    cycles = cycles_of(case)
    rows: Rows = []
    carried: list[Run] = []
    for number, cycle in enumerate(cycles, 1):
        following = cycles[number][0] if number < len(cycles) else None
        runs = runs_of(rule, case, cycle, number, following, carried)
        rows += [_row(rule, case, run, number, instance) for instance, run in enumerate(runs, 1)]
        if following:
            carried = [carry(rule, run, cycle, following) for run in runs]
    return rows


def _row(rule: Rule, case: Case, run: Run, cycle: int, instance: int) -> dict[str, Any]:
    closed = run.answered or run.ended
    stop = case.at if closed is None else min(case.at, closed.at)
    pauses = [*(clip(pauses_of(rule, case, stop), LONG_AGO, stop)), *run.gaps]
    begin, due, held = due_of(rule, case, run, pauses, cycle, instance)
    floor = run.began.at if run.began else due
    kept = run.answered is not None and in_time(rule, run.answered, due) and due >= floor
    missed = not kept and (due < stop or due < floor or (closed is not None and not in_time(rule, closed, due)))
    missed_at = max(due, floor) if missed else None
    state = "fulfilled" if kept else "missed" if missed else "cancelled" if run.ended else "running"
    if state == "running" and any(a <= case.at <= b for a, b in pauses_of(rule, case, case.at) if b == case.at):
        state = "paused" if _paused_at_end(rule, case) else state
    own = without(own_spans(held, begin, stop), pauses) if begin < stop else []
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
        "remaining_seconds": _seconds(length(own_spans(held, case.at, due))) if closed is None and not missed else None,
        "overdue_seconds": _seconds(length(own_spans(held, missed_at, stop))) if missed_at else None,
        "late_evidence": kept and is_late(rule, case, run, due),
    }


def _paused_at_end(rule: Rule, case: Case) -> bool:
    far = case.at + DAY
    return any(begin <= case.at and end == far for begin, end in pauses_of(rule, case, far))


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seconds(span: timedelta) -> int | float:
    whole, rest = divmod(span, timedelta(seconds=1))
    return span.total_seconds() if rest else whole
