"""The clocks of both real files, judged by the second judge from the files and the text of the two policies."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from support.real_complaints import both
from support.real_told import Told
from support.sla_oracle import judge

_DESK = ["09:00-13:00", "14:00-18:00"]
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CALENDARS: dict[str, dict[str, Any]] = {
    "helpdesk": {"id": "helpdesk", "timezone": "Europe/Rome", "week": dict.fromkeys(_DAYS[:5], _DESK)},
    "us-eastern": {
        "id": "us-eastern", "timezone": "America/New_York", "week": {day: ["00:00-24:00"] for day in _DAYS},
    },
}  # fmt: skip
POLICIES: dict[str, tuple[int, list[dict[str, Any]]]] = {
    "helpdesk": (2, [
        {"kind": "first_reply", "target": "20 working days"},
        {"kind": "resolution", "target": "30 working days"},
        {"kind": "total_resolution", "target": "90 calendar days"},
        {"kind": "stage:registration", "target": "2 working days"},
        {"kind": "stage:investigation", "target": "30 working days"},
    ]),
    "us-cfpb": (2, [
        {"kind": "statutory:us-cfpb-response", "target": "15 calendar days",
         "fulfil": ["first_reply", {"event": "complaint.resolved"}, {"event": "complaint.discontinued"}]},
        {"kind": "statutory:us-cfpb-final", "target": "60 calendar days"},
    ]),
}  # fmt: skip


def policy_of(told: Told) -> str:
    """Return which policy judges a complaint."""
    return "us-cfpb" if told.by_day else "helpdesk"


def calendar_of(told: Told) -> str:
    """Return which calendar its clocks count by."""
    return "us-eastern" if told.by_day else "helpdesk"


@cache
def clocks(folder: Path) -> dict[Told, list[dict[str, Any]]]:
    """Return the rows of every complaint, as of its latest event. Walks day by day for a quarter of a minute."""
    return {told: judged_alone(told) for told in both(folder)}


@cache
def judged_alone(told: Told) -> list[dict[str, Any]]:
    """Return the rows of one complaint."""
    events = [
        {
            "type": f"complaint.{one.name}", "occurred_at": told.day(one.at).isoformat() if told.by_day else one.at,
            "occurred_precision": "day" if told.by_day else "instant", "origin": "import",
            **{name: one.facts[name] for name in ("direction", "purpose", "final") if name in one.facts},
        }
        for one in told.history if one.name not in ("sla_applied", "field_set", "classified")
    ]  # fmt: skip
    document = {
        "calendar": CALENDARS[calendar_of(told)], "policy": {"clocks": POLICIES[policy_of(told)][1]},
        "events": events, "at": told.latest,
    }  # fmt: skip
    return judge(document)["clocks"]


def instant(text: str | None) -> datetime | None:
    """Return an instant of a row."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
