"""Random plain files for `plaint sla judge`: odd calendars, every kind of clock, every event that moves one."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from support.sla_words import CONDITIONS, DEMANDS, WORDS

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TURNS: dict[str, tuple[str, ...]] = {
    "UTC": ("2024-02-27", "2023-12-29"),
    "Europe/Moscow": ("2024-04-26", "2014-10-24"),
    "Europe/London": ("2024-03-29", "2024-10-25"),
    "America/New_York": ("2024-03-08", "2024-11-01"),
    "Australia/Lord_Howe": ("2024-04-05", "2024-10-04"),
    "Asia/Kathmandu": ("2024-01-30",),
    "Asia/Kolkata": ("2024-02-28",),
    "Pacific/Apia": ("2011-12-28", "2011-12-20"),
    "Pacific/Kwajalein": ("1993-08-19",),
    "America/Sao_Paulo": ("2018-02-16", "2018-11-02"),
    "America/Havana": ("2024-03-08", "2024-11-02"),
    "America/St_Johns": ("2010-03-12", "2010-11-05"),
    "Africa/Cairo": ("2024-04-24", "2024-10-30"),
    "Antarctica/Troll": ("2024-03-29", "2024-10-25"),
}
"""Zones with a few days just before something odd happens there."""
LISTED = [
    ["09:00-18:00"], ["09:00-13:00", "14:00-18:00"], ["00:00-24:00"], ["22:00-24:00"], ["00:00-01:30"],
    ["02:15-02:45"], ["01:59-03:01", "23:30-24:00"], ["08:30-12:00", "12:00-16:45"], [],
]  # fmt: skip
STEPS = [timedelta(0), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=3), timedelta(hours=9),
         timedelta(days=1), timedelta(days=2, hours=7), timedelta(days=6), timedelta(microseconds=1)]  # fmt: skip
TIMED = [f"{n} {unit}" for unit in ("working hours", "hours") for n in (1, 4, 8, 16, 30)]
TIMED += ["90 working minutes", "45 minutes", "1 working hour"]
DATED = [f"{n} working days" for n in (1, 2, 3, 5)] + [f"{n} calendar days" for n in (1, 2, 3, 7)]
DATED += ["1 weeks", "2 weeks", "1 months"]
DATED += ["next working day by 16:00", "2 working days by 12:00", "same working day by 17:00"]
SINGLE = ("registration", "acknowledgement", "first_reply", "agent_work", "resolution", "total_resolution",
          "statutory:ru-59fz", "public_closing")  # fmt: skip
REPEATED = ("next_reply", "update", "pausable_update", "requester_wait", "stage:registration", "stage:investigation",
            "stage:corrective_action", "stage:satisfaction_check", "stage:closed", "promise", "action")  # fmt: skip


CUSTOM = ("first_reply", "acknowledgement", "agent_work", "resolution", "total_resolution")
Clocks = list[dict[str, Any]]


@composite
def calendars(draw: DrawFn, id: str = "desk", version: int = 1, zone: str | None = None) -> dict[str, Any]:
    zone = zone or draw(st.sampled_from(sorted(TURNS)))
    week = {day: draw(st.sampled_from(LISTED)) for day in WEEK}
    week["wed"] = week["wed"] or ["09:00-18:00"]
    near = [date.fromisoformat(turn) for turn in TURNS[zone]]
    days = st.builds(lambda day, n: (day + timedelta(days=n)).isoformat(), st.sampled_from(near), st.integers(-1, 12))
    return {
        "id": id,
        "version": version,
        "timezone": zone,
        "week": week,
        "holidays": draw(st.lists(days, max_size=3, unique=True)),
        "exceptions": draw(st.dictionaries(days, st.sampled_from(LISTED), max_size=3)),
    }


@composite
def clocks(draw: DrawFn) -> list[dict[str, Any]]:
    kinds = draw(st.lists(st.sampled_from(SINGLE + REPEATED), min_size=1, max_size=7, unique=True))
    listed = []
    for kind in kinds:
        clock: dict[str, Any] = {"kind": kind, "target": draw(st.sampled_from(TIMED + DATED))}
        if kind in ("promise", "action"):
            del clock["target"]
        elif clock["target"] in DATED and "working" not in clock["target"] and draw(st.booleans()):
            clock["roll"] = draw(st.sampled_from(["none", "next", "previous"]))
        if kind in ("resolution", "agent_work") and draw(st.booleans()):
            clock["reopen"] = "continue"
        if kind in CUSTOM and draw(st.integers(0, 2)) == 0:
            clock.update(draw(st.sampled_from(CONDITIONS)))
        listed.append(clock)
    if draw(st.integers(0, 3)) == 0:
        target = draw(st.sampled_from(TIMED + DATED))
        listed.append({"kind": "remedy", "target": target, "start": draw(st.sampled_from(DEMANDS))})
    return listed


def _dated(_: Clocks, story: "_Story", now: datetime, filled: dict[str, Any]) -> SearchStrategy[Any]:
    hours = filled.get("hours")
    due = {} if hours is None else {"due": _text(now + timedelta(hours=hours))}
    return st.just({name: value for name, value in filled.items() if name != "hours"} | due)


EXTENDED = ("first_reply", "total_resolution", "statutory:ru-59fz", "resolution", "agent_work")


def _linked(_: Clocks, story: "_Story", now: datetime, filled: dict[str, Any]) -> SearchStrategy[Any]:
    hours = {f"other_{name}_at": filled[name] for name in ("received", "replied") if name in filled}
    return st.just({"kind": filled["kind"], **{name: _text(now - timedelta(hours=n)) for name, n in hours.items()}})


@composite
def _extended(draw: DrawFn, listed: Clocks, story: "_Story", now: datetime, filled: dict[str, Any]) -> Any:
    kinds = [one["kind"] for one in listed if one["kind"] in EXTENDED]
    if not kinds:
        return None
    due = now + timedelta(hours=filled["hours"])
    return {"clock": draw(st.sampled_from(kinds)), "cycle": story.cycle, "instance": 1, "due_at": _text(due)}


@composite
def _reapplied(draw: DrawFn, listed: Clocks, story: "_Story", now: datetime, filled: dict[str, Any]) -> Any:
    """New targets in every mode, or the same ones by a newer calendar."""
    changed = []
    if filled["reason"] == "calendar":
        story.version = 2
    modes = st.sampled_from(["forward", "retroactive", "reset"])
    for held in story.clocks or listed:
        clock = held if held.get("calendar") == "law" else {**held, "calendar_version": story.version}
        target = clock.get("target")
        if target is None or filled["reason"] == "calendar":
            changed.append(clock)
            continue
        changed.append({**clock, "target": draw(st.sampled_from(TIMED + DATED)), "priority_change": draw(modes)})
        if changed[-1]["target"].endswith(("hours", "minutes", "hour")):
            changed[-1].pop("roll", None)
    story.clocks = changed
    return {"reason": filled["reason"], "clocks": changed}


def _corrected(_: Clocks, story: "_Story", now: datetime, filled: dict[str, Any]) -> SearchStrategy[Any]:
    """What was told so many entries before was wrong."""
    return st.just({"event_id": story.told[-1 - min(filled["back"], len(story.told) - 1)]["id"]})


def _elsewhere(_: Clocks, story: "_Story", now: datetime, filled: dict[str, Any]) -> SearchStrategy[Any]:
    named = [event["message"] for event in story.told if "message" in event]
    return st.just({"message": named[-1 - min(filled["back"], len(named) - 1)], "other": str(UUID(int=3000))})


MOVING: dict[str, Callable[..., SearchStrategy[Any]]] = {
    "promised": _dated, "action_assigned": _dated, "deadline_extended": _extended, "sla_applied": _reapplied,
    "linked": _linked, "corrected": _corrected, "message_moved": _elsewhere,
}  # fmt: skip


def _later(name: str, delay: timedelta) -> Callable[[str], dict[str, Any]]:
    return lambda occurred: {name: _text(datetime.fromisoformat(occurred) + delay)}


WHEN_KNOWN: list[Callable[[str], dict[str, Any]]] = [
    lambda _: {}, lambda _: {}, lambda _: {"origin": "import", "recorded_at": "2030-01-01T00:00:00Z"},
    *(_later(name, delay) for name in ("received_at", "recorded_at") for delay in STEPS[:6]),
]  # fmt: skip
DAY_PRECISE = ("complaint.received", "complaint.message_recorded", "complaint.acknowledged", "complaint.resolved")


@composite
def documents(draw: DrawFn) -> dict[str, Any]:
    """A whole file: one calendar or two, some clocks, a history in world order, and an instant to look at."""
    calendar = draw(calendars())
    start = datetime.fromisoformat(draw(st.sampled_from(TURNS[calendar["timezone"]]))).replace(tzinfo=UTC)
    start += timedelta(hours=draw(st.integers(0, 60)), minutes=30 * draw(st.integers(0, 1)))
    length = draw(st.sampled_from([0, 8, 20]))
    told = draw(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(STEPS)), min_size=length, max_size=25))
    events: list[dict[str, Any]] = [
        _event("received", start, {"public": draw(st.booleans()), "message": str(UUID(int=1)), "id": "e0"})
    ]
    now, story = start, _Story(events)
    listed = draw(clocks())
    further = draw(st.lists(calendars(id="law"), max_size=1))
    newer = draw(calendars(version=2, zone=calendar["timezone"]))
    for clock in listed if further else ():
        if draw(st.booleans()):
            clock["calendar"] = "law"
    for (word, fields), step in told:
        now += step
        filled = story.fill(word, fields) if story.allows(word) else None
        if filled is not None and word in MOVING:
            filled = draw(MOVING[word](listed, story, now, filled))
        if filled is not None:
            events.append(_event(word, now, {**filled, "id": f"e{len(events)}"}))
    for event in events[1:]:
        event.update(draw(st.sampled_from(WHEN_KNOWN))(event["occurred_at"]))
    for event in events:
        if event["type"] in DAY_PRECISE and draw(st.integers(0, 5)) == 0:
            local = datetime.fromisoformat(event["occurred_at"]).astimezone(ZoneInfo(calendar["timezone"]))
            event.update(occurred_at=local.date().isoformat(), occurred_precision="day")
    at = draw(st.sampled_from([*(start + step for step in STEPS), *(now + step for step in STEPS)]))
    document = {
        "calendar": calendar,
        "policy": {"id": "p", "version": 1, "clocks": listed},
        "events": events,
        "at": _text(at),
    }
    document["calendars"] = [*further, newer]
    if draw(st.integers(0, 4)) == 0:
        document["known_at"] = _text(draw(st.sampled_from([start + step for step in STEPS])))
    return document


class _Story:
    """Keeps a random history within what a complaint can live through."""

    def __init__(self, told: list[dict[str, Any]]) -> None:
        self.told = told
        self.clocks: Clocks = []
        self.version = 1
        self._stage, self.cycle, self._messages, self._requests, self._given = "open", 1, 1, 0, 0
        self._approved: set[str] = set()

    def allows(self, word: str) -> bool:
        allowed = True
        if word in ("resolved", "discontinued", "information_requested", "investigation_started", "cause_established"):
            allowed = self._stage == "open"
        elif word == "closed":
            allowed = self._stage == "ended"
        elif word == "reopened":
            allowed = self._stage != "open"
        self._stage = {"resolved": "ended", "discontinued": "ended", "closed": "closed", "reopened": "open"}.get(
            word, self._stage
        ) if allowed else self._stage  # fmt: skip
        return allowed

    def fill(self, word: str, fields: dict[str, Any]) -> dict[str, Any] | None:
        """Return the fields of an event, or None where a complaint has no such event any more."""
        filled = {name: value for name, value in fields.items() if name != "named"}
        if word == "message_recorded":
            self._messages += 1
            filled["message"] = str(UUID(int=self._messages))
        elif word in ("delivery_reported", "replied"):
            filled["message"] = str(UUID(int=self._messages))
        elif word == "information_requested":
            self._requests += 1
            filled["request_id"] = str(UUID(int=1000 + self._requests))
        elif fields.get("named"):
            filled["request_id"] = str(UUID(int=1000 + max(1, self._requests - 1)))
        elif word in ("promised", "action_assigned"):
            self._given += 1
            filled["promise_id" if word == "promised" else "action_id"] = str(UUID(int=2000 + self._given))
        elif word in ("promise_kept", "action_completed"):
            name = "promise_id" if word == "promise_kept" else "action_id"
            filled[name] = str(UUID(int=2000 + max(1, self._given - self._given % 2)))
        elif word in ("remedy_offered", "remedy_accepted", "remedy_refused", "remedy_rejected"):
            named = {filled["remedy_id"]} if word == "remedy_rejected" else set(filled["remedy_ids"])
            return filled if named <= self._approved else None
        elif word in ("remedy_approved", "compensated", "remedy_reversed"):
            return self._remedy(word, filled.get("amount"))
        elif word == "reopened":
            self.cycle += 1
            filled["cycle"] = self.cycle
        return filled

    def _remedy(self, word: str, amount: str | None) -> dict[str, Any] | None:
        """A sum of money and a repair, each approved once; 900 is given as the repair."""
        repair = amount is None if word == "remedy_approved" else (word, amount) == ("compensated", "900.00")
        remedy = "repair" if repair else "money"
        if word == "remedy_approved" and remedy in self._approved:
            return None
        if word == "remedy_approved":
            self._approved.add(remedy)
        told = {} if repair else {"amount": {"amount": amount, "currency": "RUB"}}
        return {"remedy_id": remedy, **told}


def _event(word: str, at: datetime, fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": f"complaint.{word}", "occurred_at": _text(at), **fields}


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


DOCUMENTS: SearchStrategy[dict[str, Any]] = documents()
