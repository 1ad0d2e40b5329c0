"""What is due becomes commands: a miss, a warning, a level, the end of a term. Pure.

Who proposes may look early, late or twice: the case decides, and an id names the clock and its due, so that
the same proposal from any replica is the same command.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, NamedTuple

from engine.incoming import Asked, Circumstances, Sender
from projections.views.sla_timers.queue import Due
from projections.views.sla_timers.reported import SATISFACTION, Asks
from schemas.complaint.assignment import EscalateByClock
from schemas.complaint.base import Command
from schemas.complaint.clocks import ReportMiss
from schemas.complaint.lifecycle import Close
from schemas.envelope import RuleSource

SENDER: Final = Sender(workload="timers", actor="rule:timers", identity="workload")


class Proposal(NamedTuple):
    """A command, what it is for, and how many events of its case were known."""

    asks: Asks | Literal["redated"]
    stepped: int
    asked: Asked


def commands(rows: Iterable[Due], before: datetime, now: datetime) -> list[Proposal]:
    """Return one command for each row. ``before`` is how far clocks may act: a due before it has passed."""
    around = Circumstances(SENDER, RuleSource(), now)
    return [_proposal(row, before, around) for row in rows]


def _proposal(row: Due, before: datetime, around: Circumstances) -> Proposal:
    passed = row.asks == "warning" and row.due_at < before
    asks: Asks = ("term" if row.kind == SATISFACTION else "miss") if passed else row.asks
    name = f"{asks}/{row.stream}/{row.kind}/{row.cycle}/{row.instance}/{row.due_at.isoformat()}"
    clock = {"clock": row.kind, "cycle": row.cycle, "instance": row.instance, "due_at": row.due_at}
    command: Command
    match asks:
        case "miss":
            command = ReportMiss.model_validate(clock)
        case "warning":
            command, name = EscalateByClock.model_validate({**clock, "level": 0}), f"{name}/{row.at.isoformat()}"
        case "escalation":
            command, name = EscalateByClock.model_validate({**clock, "level": row.level}), f"{name}/{row.level}"
        case "term":
            command = Close(reason="term_elapsed")
    return Proposal(asks, row.stepped, Asked(row.stream, command, name, around))
