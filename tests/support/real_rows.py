"""The rows that every view of schema ``analytics`` must have of the two real files; nothing of the product is used."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from support.real_clocks import POLICIES, calendar_of, clocks, instant, judged_alone, policy_of
from support.real_complaints import both
from support.real_tickets import ROME
from support.real_told import Stay, Told

Row = dict[str, Any]
_NOON = ((time(9), time(13)), (time(14), time(18)))


def worked(told: Told, begin: datetime, end: datetime) -> float:
    """Return the open time between two instants: the desk's hours in Rome, or all of it in Washington."""
    if told.by_day:
        return (end - begin).total_seconds()
    start, stop = (moment.astimezone(ROME).replace(tzinfo=None) for moment in (begin, end))
    total, day = timedelta(), start.date()
    while day <= stop.date():
        for opens, closes in _NOON if day.weekday() < 5 else ():
            first, last = max(start, datetime.combine(day, opens)), min(stop, datetime.combine(day, closes))
            total += max(last - first, timedelta())
        day += timedelta(days=1)
    return total.total_seconds()


def cases(told: Told) -> Row:
    """Return the row of ``cases_v1``."""
    cycle = told.running
    days = None if cycle.resolved is None else (cycle.resolved - told.opened).total_seconds() / 86400
    return {
        "business_unit": told.unit, "origin": "import", "channel": told.channel, "type": told.type,
        "product": told.product, "priority": told.priority, "team": told.team, "assignee": told.assignee,
        "stage": told.stage, "ended": told.stage == "closed", "cycle": len(told.cycles), "exit_stage": None,
        "exit_reason": None, "outcome": told.outcome, "opened_at": told.opened, "opened_on": told.day(told.opened),
        "opened_precision": "day" if told.by_day else "instant", "received_at": None, "resolved_at": cycle.resolved,
        "closed_at": cycle.closed, "last_event_at": told.latest, "days_to_outcome": pytest.approx(days),
        "events": len(told.history),
    }  # fmt: skip


def funnel_cases(told: Told) -> Row:
    """Return the row of ``funnel_cases_v1`` without the complainant's id."""
    return {
        "business_unit": told.unit, "origin": "import", "received_on": told.day(told.opened), "registered": True,
        "reopenings": len(told.cycles) - 1, "waits": told.waits, "satisfied": False if told.disputed else None,
    }  # fmt: skip


def passages(told: Told) -> list[Row]:
    """Return the rows of ``funnel_passages_v1``, cycle by cycle."""
    return [_passage(told, stay) for stay in told.stays]


def _passage(told: Told, stay: Stay) -> Row:
    left = stay.left
    return {
        "cycle": stay.cycle, "stage": stay.stage, "entered_at": stay.entered, "left_at": left,
        "entries": 0 if stay.skipped else 1, "ended": None if left is None else "passed", "exit_reason": None,
        "wall_seconds": 0.0 if left is None else (left - stay.entered).total_seconds(),
        "worked_seconds": 0.0 if left is None else worked(told, stay.entered, left),
        "entered_on": told.day(stay.entered), "left_on": None if left is None else told.day(left),
        "channel": told.channel, "type": told.type, "product": told.product, "location": told.location,
        "team": told.team, "origin": "import", "business_unit": told.unit, "received_on": told.day(told.opened),
    }  # fmt: skip


def causes(told: Told) -> list[Row]:
    """Return the row of ``causes_v1``: neither file names a cause, so it stands there for its outcome alone."""
    if not any(one.name in ("resolved", "reopened") for one in told.history):
        return []
    nothing: Row = {"cause": None, "cause_code": None, "responsibility": None, "departments": []}
    return [{"business_unit": told.unit, **nothing, "outcome": told.outcome, "resolved_at": told.running.resolved}]


def details(told: Told) -> Row:
    """Return the row of ``case_details_v1``."""
    sent = next((one.at for one in told.history if one.name == "assigned"), None)
    return {
        "business_unit": told.unit, "origin": "import", "subtype": told.subtype, "customer_segment": told.segment,
        "tags": list(told.tags), "fields": told.fields, "first_assigned_at": sent,
    }  # fmt: skip


def public_of_ticket(told: Told) -> Row:
    """Return the row of ``cfpb_v1`` of a help desk's ticket: what it has no word for is null."""
    sent = next((told.day(one.at) for one in told.history if one.name == "assigned"), None)
    answer = "Closed with relief" if told.stage == "closed" else "In progress"
    nothing = (
        "sub_product", "sub_issue", "complaint_what_happened", "company_public_response", "state", "zip_code", "tags",
        "consumer_consent_provided",
    )  # fmt: skip
    return dict.fromkeys(nothing) | {
        "date_received": told.day(told.opened), "product": told.product, "issue": told.subtype,
        "company": "helpdesk", "submitted_via": "other", "date_sent_to_company": sent, "company_response": answer,
        "timely": _timely(told), "consumer_disputed": "N/A",
    }  # fmt: skip


def _timely(told: Told) -> str:
    """Whether no cycle ran past the 18:00 of its thirtieth working day at whose end nobody waited, all in all."""
    missed = any(row["missed_at"] for row in judged_alone(told) if row["kind"] == "resolution")
    return "No" if missed else "Yes"


def workload(told: Told) -> list[Row]:
    """Return the row of ``workload_v1``."""
    at, by, team = told.first_reply or (None, None, None)
    return [{
        "business_unit": told.unit, "origin": "import", "team": told.team, "assignee": told.assignee,
        "concluded": at is not None, "received_at": told.opened, "replied_at": at, "replied_by": by,
        "reply_team": team, "reply_seconds": None if at is None else (at - told.opened).total_seconds(),
        "reply_worked_seconds": None if at is None else worked(told, told.opened, at),
    }]  # fmt: skip


def sla_clocks(told: Told, judged: Iterable[Row], as_of: datetime) -> list[Row]:
    """Return the rows of ``sla_clocks_v1``, by kind and cycle."""
    policy = policy_of(told)
    version, kinds = POLICIES[policy]
    targets = {one["kind"]: one["target"] for one in kinds}
    same = {
        "business_unit": told.unit, "team": told.team, "origin": "import", "policy": policy,
        "policy_version": version, "calendar": calendar_of(told), "calendar_version": 1, "extended": False,
        "provisional": False, "judged_at": told.latest,
    }  # fmt: skip
    return [_clock(row, as_of) | {"target": targets[row["kind"]]} | same for row in judged]


def _clock(row: Row, as_of: datetime) -> Row:
    times = {name: instant(row[name]) for name in ("started_at", "due_at", "fulfilled_at", "missed_at")}
    is_open = times["fulfilled_at"] is None and row["state"] != "cancelled"
    late = is_open and row["state"] != "paused" and times["due_at"] is not None and times["due_at"] < as_of
    plain = {name: row[name] for name in ("kind", "cycle", "instance", "state", "late_evidence")}
    return {**plain, **times, "open": is_open, "overdue": late}


def history(told: Told) -> list[Row]:
    """Return the rows of ``audit_entries_v1`` without what is drawn or read off a clock when it was stored."""
    return [
        {
            "case_version": number, "name": f"complaint.{one.name}.v1", "occurred_at": one.at,
            "occurred_precision": "day" if told.by_day else "instant", "received_at": None, "actor": one.actor,
            "on_behalf_of": None, "identity": "workload", "line": one.line, "causation_id": None, "origin": "import",
            "event_business_unit": told.unit, "facts": {k: v for k, v in one.facts.items() if v is not None},
            "has_why": _explained(told, one.name),
            "decided_by": {"rule_set": policy_of(told), "version": 2, "rule": "policy.selected"}
            if one.name == "sla_applied" else None,
        }
        for number, one in enumerate(told.history, 1)
    ]  # fmt: skip


def _explained(told: Told, name: str) -> bool:
    """What a file does not say but lets be inferred bears a written reason."""
    inferred = ("message_recorded", "replied", "resolved", "outcome_disputed", "closed")
    return name in inferred if told.by_day else name == "information_provided"


def all_clocks(folder: Any, as_of: datetime) -> Iterator[tuple[Told, list[Row]]]:
    """Yield the clocks of every complaint of both files."""
    judged = clocks(folder)
    for told in both(folder):
        yield told, sla_clocks(told, judged[told], as_of)
