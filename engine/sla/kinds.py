"""The kinds of clock and their defaults: what starts, fulfils and pauses each, and what a reopening does to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import orjson

from engine.sla.target import Roll
from schemas.complaint.clocks import AppliedClock, EscalationStep
from schemas.complaint.clocks import Condition as StoredCondition
from schemas.complaint.clocks import Where as StoredWhere
from schemas.configuration.policy import (
    AT_ONCE,
    ClockRule,
    Condition,
    Escalation,
    Target,
    is_kind,
    parse_after,
    parse_target,
)

Value = str | int | bool
Shape = Literal["once", "next_reply", "update", "keyed", "stage"]
Reopen = Literal["none", "reset", "continue"]
PriorityChange = Literal["forward", "retroactive", "reset"]
Slot = Literal["start", "fulfil", "pause", "resume"]


class When(NamedTuple):
    """An event whose fields have one of these values each; or a kind whose default is not a plain event."""

    event: str
    where: tuple[tuple[str, tuple[Value, ...]], ...] = ()


class Kind(NamedTuple):
    """One row of the table of kinds."""

    shape: Shape
    start: tuple[When, ...] = ()
    fulfil: tuple[When, ...] = ()
    paused: bool = False
    reopen: Reopen = "reset"
    due_stays: bool = False
    """A reopened clock keeps its due: the time between does count."""
    runs_on: bool = False
    """After ``resolved`` it runs on past ``closed`` until fulfilled or reopened."""
    reference: str | None = None
    """The field that tells several clocks of the kind apart."""


class Step(NamedTuple):
    """Who is called in so long after a due that passed; ``after`` None: at the due."""

    after: Target | None
    level: int
    to: str


@dataclass(frozen=True, slots=True)
class Terms:
    """A clock as it holds for a complaint: nothing in it is left to a default."""

    kind: str
    target: Target | None
    calendar: str
    calendar_version: int
    start: tuple[When, ...]
    fulfil: tuple[When, ...]
    pause: tuple[When, ...] = ()
    resume: tuple[When, ...] = ()
    cancel: tuple[When, ...] = ()
    reopen: Reopen = "reset"
    priority_change: PriorityChange = "forward"
    roll: Roll = "none"
    warn: tuple[int, ...] = ()
    escalations: tuple[Step, ...] = ()


def _on(*events: str) -> tuple[When, ...]:
    return tuple(When(f"complaint.{event}") for event in events)


PEOPLE: Final = ("complainant", "representative")
ANSWERING: Final = ("question", "interim", "final", "public_closing", "other")
_REPLY_MESSAGE = When(
    "complaint.message_recorded",
    (("direction", ("outbound",)), ("automated", (False,)), ("counterparty", PEOPLE), ("purpose", ANSWERING)),
)
_REPLY = (_REPLY_MESSAGE, *_on("replied"))
_INBOUND = When(
    "complaint.message_recorded",
    (("direction", ("inbound",)), ("automated", (False,)), ("counterparty", PEOPLE)),
)
_UPDATE = When(
    "complaint.message_recorded",
    (
        ("direction", ("outbound",)),
        ("automated", (False,)),
        ("counterparty", PEOPLE),
        ("purpose", ("acknowledgement", "notice", *ANSWERING)),
    ),
)
_PUBLIC_CLOSING = When(
    "complaint.message_recorded",
    (
        ("direction", ("outbound",)),
        ("automated", (False,)),
        ("visibility", ("public",)),
        ("purpose", ("public_closing",)),
    ),
)
_NOT_AUTOMATIC: Final[Mapping[str, Mapping[str, tuple[Value, ...]]]] = {
    "complaint.message_recorded": {"automated": (False,)}
}
"""What holds of a condition that does not say otherwise: an automatic message starts and fulfils nothing."""
REQUESTED: Final = When("complaint.information_requested", (("from", ("complainant",)),))
PROVIDED: Final = When("complaint.information_provided")
_RECEIVED, _END = _on("received"), _on("resolved", "discontinued")

_KINDS: Final[Mapping[str, Kind]] = {
    "registration": Kind("once", _RECEIVED, _on("registered", "discontinued"), reopen="none"),
    "acknowledgement": Kind("once", _RECEIVED, (*_on("acknowledged"), *_REPLY)),
    "first_reply": Kind("once", _RECEIVED, _REPLY),
    "next_reply": Kind("next_reply", (_INBOUND,), _REPLY),
    "update": Kind("update", _RECEIVED, (_UPDATE,)),
    "pausable_update": Kind("update", _RECEIVED, (_UPDATE,), paused=True),
    "requester_wait": Kind("keyed", (REQUESTED,), (PROVIDED,), reopen="none", reference="request_id"),
    "agent_work": Kind("once", _RECEIVED, _END, paused=True),
    "remedy": Kind("once", (), (When("remedy"),), reopen="continue", runs_on=True),
    "promise": Kind(
        "keyed", _on("promised"), _on("promise_kept"), reopen="continue", due_stays=True, runs_on=True,
        reference="promise_id",
    ),
    "action": Kind(
        "keyed", _on("action_assigned"), _on("action_completed"), reopen="continue", due_stays=True, runs_on=True,
        reference="action_id",
    ),
    "public_closing": Kind("once", (When("public_closing"),), (_PUBLIC_CLOSING,)),
    "resolution": Kind("once", _RECEIVED, _END, paused=True),
    "total_resolution": Kind("once", _RECEIVED, _END, reopen="continue", due_stays=True),
}  # fmt: skip
_STATUTORY: Final = Kind("once", _RECEIVED, _END, reopen="continue", due_stays=True, runs_on=True)


@lru_cache(maxsize=256)
def kind(name: str) -> Kind:
    """Return the row of a kind.

    Raises:
        ValueError: there is no such kind.
    """
    if not is_kind(name):
        raise ValueError(f"'{name}' is no kind of clock")
    if name.startswith("stage:"):
        return Kind("stage", (When(name),), (When(name),), paused=True)
    return _STATUTORY if name.startswith("statutory:") else _KINDS[name]


def terms(rule: ClockRule, calendar: str, calendar_version: int) -> Terms:
    """Return the rule in full: defaults of its kind filled in, names of kinds replaced by their conditions."""
    row = kind(rule.kind)
    pause = _full(rule.pause, "pause", row)
    default_resume = (PROVIDED,) if pause else ()
    return Terms(
        kind=rule.kind,
        target=rule.target,
        calendar=calendar,
        calendar_version=calendar_version,
        start=_full(rule.start, "start", row),
        fulfil=_full(rule.fulfil, "fulfil", row),
        pause=pause,
        resume=default_resume if rule.resume is None else _full(rule.resume, "resume", row),
        cancel=_full(rule.cancel, "fulfil", row),
        reopen=rule.reopen or row.reopen,
        priority_change=rule.priority_change,
        roll=rule.roll,
        warn=rule.warn,
        escalations=chain(rule.escalations or ()),
    )


def chain(steps: Iterable[Escalation]) -> tuple[Step, ...]:
    """Return the steps of an escalation as terms have them."""
    return tuple(Step(one.after, one.level, one.to) for one in steps)


def _default(row: Kind, slot: Slot) -> tuple[When, ...]:
    match slot:
        case "start":
            return row.start
        case "fulfil":
            return row.fulfil
        case "pause":
            return (REQUESTED,) if row.paused else ()
        case "resume":
            return (PROVIDED,) if row.paused else ()


def _full(given: tuple[Condition, ...] | None, slot: Slot, row: Kind) -> tuple[When, ...]:
    if given is None:
        return _default(row, slot)
    found: list[When] = []
    for one in given:
        if "." in one.event:
            found.append(When(one.event, tuple(sorted({**_NOT_AUTOMATIC.get(one.event, {}), **one.where}.items()))))
        else:
            found.extend(_default(kind(one.event), slot))
    return tuple(found)


def to_stored(one: Terms) -> AppliedClock:
    """Return the terms as ``complaint.sla_applied`` stores them."""
    return AppliedClock(
        kind=one.kind,
        target=str(one.target) if one.target else None,
        calendar=one.calendar,
        calendar_version=one.calendar_version,
        start=_stored(one.start),
        fulfil=_stored(one.fulfil),
        pause=_stored(one.pause),
        resume=_stored(one.resume),
        cancel=_stored(one.cancel),
        reopen=one.reopen,
        priority_change=one.priority_change,
        roll=one.roll,
        warn=one.warn,
        escalations=tuple(
            EscalationStep(after=str(step.after or AT_ONCE), level=step.level, to=step.to) for step in one.escalations
        )
        or None,
    )


def _stored(conditions: Iterable[When]) -> tuple[StoredCondition, ...]:
    return tuple(
        StoredCondition(
            event=one.event, where=tuple(StoredWhere(field=name, values=values) for name, values in one.where)
        )
        for one in conditions
    )


def from_stored(data: Mapping[str, Any]) -> Terms:
    """Return the terms that one stored clock (in its JSON form) states in full; the same object for the same text."""
    return _terms_in(orjson.dumps(data))


@lru_cache(maxsize=4096)
def _terms_in(text: bytes) -> Terms:
    data = orjson.loads(text)
    return Terms(
        kind=data["kind"],
        target=parse_target(data["target"]) if data.get("target") else None,
        calendar=data["calendar"],
        calendar_version=data["calendar_version"],
        start=_whens(data["start"]),
        fulfil=_whens(data["fulfil"]),
        pause=_whens(data.get("pause", ())),
        resume=_whens(data.get("resume", ())),
        cancel=_whens(data.get("cancel", ())),
        reopen=data.get("reopen", "reset"),
        priority_change=data.get("priority_change", "forward"),
        roll=data.get("roll", "none"),
        warn=tuple(data.get("warn", ())),
        escalations=tuple(
            Step(parse_after(one["after"]), one["level"], one["to"]) for one in data.get("escalations") or ()
        ),
    )


def _whens(conditions: Iterable[Mapping[str, Any]]) -> tuple[When, ...]:
    """Return conditions; the same object for the same text, so that they are looked for once for several clocks."""
    return _whens_in(orjson.dumps(list(conditions)))


@lru_cache(maxsize=4096)
def _whens_in(text: bytes) -> tuple[When, ...]:
    return tuple(
        When(one["event"], tuple((where["field"], tuple(where["values"])) for where in one.get("where", ())))
        for one in orjson.loads(text)
    )
