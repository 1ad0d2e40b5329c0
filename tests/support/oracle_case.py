"""What the second judge looks at: the events of a plain file as one clock sees them, and its rule in full."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any

from support.brute_time import Span, WallCalendar

Fields = Mapping[str, Any]
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
    """Of an entry that was corrected nothing: it starts, fulfils, pauses, extends and merges nothing."""
    told: str
    """As it stands in the record: cycles, stages and ends stay as they were."""
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

    @property
    def moved(self) -> set[Any]:
        return {e.get("message") for e in self.events if e.type == "message_moved"}


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
    elsewhere: bool = False
    """Whether a reply to a complaint that was merged into this one may have answered it."""
    here: Seen | None = None
    """What ended it here all the same, if anything did."""


def rule_of(clock: Fields, known: Mapping[tuple[str, int], WallCalendar], default: tuple[str, int]) -> Rule:
    family = clock["kind"].partition(":")[0]
    name = clock.get("calendar", default[0])
    usual = default[1] if name == default[0] else max(version for one, version in known if one == name)
    return Rule(
        kind=clock["kind"],
        target=clock.get("target"),
        days=known[name, clock.get("calendar_version", usual)],
        start=clock.get("start"),
        fulfil=clock.get("fulfil"),
        pause=clock.get("pause"),
        resume=clock.get("resume"),
        cancel=clock.get("cancel", ()),
        reopen=clock.get("reopen", "continue" if family in CONTINUED else "reset"),
        roll=clock.get("roll", "none"),
        priority_change=clock.get("priority_change", "forward"),
    )


def events_of(document: Fields, days: WallCalendar, world: WallCalendar, at: datetime) -> list[Seen]:
    """Return what is seen at ``at``, in world order; ``world`` is the calendar of the file, in which it is told."""
    limit = instant(document["known_at"]) if document.get("known_at") else None
    seen: list[Seen] = []
    places: list[datetime] = []
    for order, event in enumerate(document["events"]):
        happened, day = _moment(event, world)
        places.append(max([happened, *(x for x in places if day and happened <= x < world.end_of(day))]))
        recorded = instant(event["recorded_at"]) if event.get("recorded_at") else happened
        read = _moment(event, days)[0]
        stored = recorded if event.get("recorded_at") else read  # absent: when it occurred, as the clock reads it
        trusted = instant(event["received_at"]) if event.get("received_at") else stored
        name = event["type"].removeprefix("complaint.").partition(".")[0]
        if happened <= at and (limit is None or recorded <= limit):
            imported = event.get("origin") == "import"
            seen.append(Seen(order, name, name, read, day, trusted, imported, event, places[-1]))
    wrong = _wrong(seen)
    seen = [replace(e, type="") if e.order in wrong else e for e in seen]
    return sorted(seen, key=lambda e: e.key)


def _wrong(seen: Sequence[Seen]) -> set[int]:
    """Return the places of corrected entries, by the last word on each: a correction may itself be corrected."""
    wrong: set[int] = set()
    for correction in reversed([e for e in seen if e.told == "corrected"]):
        if correction.order not in wrong:
            named = (e for e in seen if e.get("id") is not None and e.get("id") == correction.get("event_id"))
            wrong |= {e.order for e in named if e.told not in ("received", "sla_applied")}
    return wrong


def _moment(event: Fields, days: WallCalendar) -> tuple[datetime, date | None]:
    if event.get("occurred_precision") == "day":
        day = date.fromisoformat(str(event["occurred_at"])[:10])
        return days.instant(datetime.combine(day, time())), day
    return instant(event["occurred_at"]), None


def instant(text: object) -> datetime:
    return (text if isinstance(text, datetime) else datetime.fromisoformat(str(text))).astimezone(UTC)
