"""Plain files in short: calendars, events and the clocks that are judged from them."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.sla.document import judge_document

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
DESK: dict[str, Any] = {
    "id": "desk",
    "version": 1,
    "timezone": "Europe/Moscow",
    "week": {day: ["09:00-18:00"] for day in WEEKDAYS},
}
"""Moscow is three hours before UTC all year: open 06:00Z to 15:00Z."""
LAW: dict[str, Any] = {
    "id": "law",
    "version": 1,
    "timezone": "Europe/Moscow",
    "week": {day: ["00:00-24:00"] for day in WEEKDAYS},
}


def on(type_: str, occurred_at: str, **fields: Any) -> dict[str, Any]:
    """One event; ``from_`` stands for the field ``from``."""
    if "from_" in fields:
        fields["from"] = fields.pop("from_")
    return {"type": f"complaint.{type_}", "occurred_at": occurred_at, **fields}


def received(occurred_at: str = "2024-03-04T09:00:00+03:00", **fields: Any) -> dict[str, Any]:
    """The case opens; by default on a Monday when the desk opens."""
    return on("received", occurred_at, **fields)


def reply(occurred_at: str, **fields: Any) -> dict[str, Any]:
    """An answer to the complainant."""
    return on("message_recorded", occurred_at, direction="outbound", **fields)


def inbound(occurred_at: str, **fields: Any) -> dict[str, Any]:
    """A message of the complainant."""
    return on("message_recorded", occurred_at, direction="inbound", **fields)


def judged(
    clocks: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]], at: str, calendar: Any = None, **more: Any
) -> list[dict[str, Any]]:
    """Return the rows that ``plaint sla judge --json`` prints."""
    document = {
        "calendar": calendar or DESK,
        "policy": {"id": "test", "version": 1, "clocks": list(clocks)},
        "events": list(events),
        "at": at,
        **more,
    }
    rows: list[dict[str, Any]] = judge_document(document)["clocks"]
    return rows


def only(rows: Sequence[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Return some columns of every row."""
    return [tuple(row[name] for name in names) for row in rows]
