"""What every ticket of the help desk must come to, told by the rules of its mapping; see ``real_told``."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from support.real_files import Line, Trace
from support.real_told import Cycle, Happened, Told, code

ROME = ZoneInfo("Europe/Rome")
_PRIORITIES = {"Value 1": "low", "Value 2": "normal", "Value 3": "high", "Value 4": "urgent"}
_ACTIONS = ("Require upgrade", "Create SW anomaly", "Schedule intervention")
_WORK = (
    "Insert ticket", "Assign seriousness", "Take in charge ticket", "Wait", "Resolve SW anomaly", *_ACTIONS
)  # fmt: skip
_SURROUND = ("service_type", "responsible_section", "support_section", "product")


def ticket(trace: Trace) -> Told:
    """Tell one trace."""
    first = trace.events[0]
    made = Told(
        name=trace.name, line=first.number, by_day=False, zone=ROME, unit="helpdesk", channel="other",
        complainant=first["customer"], cycles=[Cycle(_when(first))], history=[], product=code(first["product"]),
        subtype=code(first["service_type"]),
    )  # fmt: skip
    telling = _Telling(made)
    for before, event in zip([None, *trace.events[:-1]], trace.events, strict=True):
        telling.take(before, event)
    return made


def _when(event: Line) -> datetime:
    return datetime.fromisoformat(event["time:timestamp"]).astimezone(UTC)


class _Telling:
    """Goes through one trace."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._asked = False
        self._anomalies = 0

    def take(self, before: Line | None, event: Line) -> None:
        told, does = self._told, event["concept:name"]
        if before is None:
            self._add("received", event, channel="other", location=None)
            self._add("registered", event, product=told.product, subtype=told.subtype, type=None)
            self._add("sla_applied", event, policy="helpdesk")
        self._surroundings(before, event)
        if self._asked and does != "Wait":
            self._asked = False
            self._add("information_provided", event)
        if told.running.resolved and does in _WORK:
            told.cycles.append(Cycle(_when(event)))
            told.outcome = None
            self._did("reopened", event, cycle=len(told.cycles), reason="decision")
        self._step(does, event)

    def _surroundings(self, before: Line | None, event: Line) -> None:
        if before is None or any(before[name] != event[name] for name in _SURROUND):
            self._told.tags = tuple(
                code(event[name], f"{name.replace('_', '-')}:") for name in (*_SURROUND[1:3], "product")
            )
            self._told.subtype = code(event["service_type"])
            self._add("classified", event, type=None, subtype=self._told.subtype, tags=list(self._told.tags))
        if before is None or before["service_level"] != event["service_level"]:
            self._set("service_level", event["service_level"], event, by_desk=True)

    def _step(self, does: str, event: Line) -> None:
        told, cycle, at = self._told, self._told.running, _when(event)
        who, team = f"person:{code('helpdesk-' + event['org:resource'])}", code(event["workgroup"])
        match does:
            case "Assign seriousness":
                told.priority = _PRIORITIES[event["seriousness_2"]]
                self._did("prioritised", event, priority=told.priority)
            case "Take in charge ticket":
                told.team, told.assignee = team, who
                self._did("assigned", event, team=team, assignee=who)
                if not (cycle.investigated or cycle.acted):
                    cycle.investigated = at
                    self._did("investigation_started", event, investigator=who)
            case "Wait":
                told.waits, self._asked = told.waits + 1, True
                self._did("information_requested", event)
            case "Require upgrade" | "Create SW anomaly" | "Schedule intervention":
                cycle.acted = cycle.acted or at
                self._anomalies += does == "Create SW anomaly"
                self._did("action_assigned", event, kind="corrective")
            case "Resolve SW anomaly" if self._anomalies:
                self._anomalies -= 1
                self._did("action_completed", event)
            case "Resolve SW anomaly" | "VERIFIED" | "RESOLVED" | "INVALID" | "DUPLICATE":
                self._set("anomaly_state", does, event)
            case "Resolve ticket" if cycle.resolved is None:
                self._resolved(event, who)
            case "Closed" if cycle.closed is None:
                assert cycle.resolved is not None
                cycle.closed = at
                late = at - cycle.resolved >= timedelta(days=14)
                self._did("closed", event, reason="term_elapsed" if late else "decision", cycle=len(told.cycles))
            case "Resolve ticket" | "Closed":
                self._set("repeated", does, event)

    def _resolved(self, event: Line, who: str) -> None:
        told = self._told
        told.running.resolved, told.outcome = _when(event), "upheld"
        told.first_reply = told.first_reply or (_when(event), who, told.team)
        self._did("message_recorded", event, purpose="final", direction="outbound")
        self._did("replied", event, final=True)
        self._did("resolved", event, outcome="upheld")

    def _set(self, name: str, value: str, event: Line, *, by_desk: bool = False) -> None:
        self._told.fields[name] = code(value)
        (self._add if by_desk else self._did)("field_set", event, field=name, value=code(value))

    def _add(self, name: str, event: Line, **facts: Any) -> None:
        self._told.history.append(Happened(name, _when(event), event.number, facts=facts))

    def _did(self, name: str, event: Line, **facts: Any) -> None:
        who = f"person:{code('helpdesk-' + event['org:resource'])}"
        self._told.history.append(Happened(name, _when(event), event.number, who, facts))
