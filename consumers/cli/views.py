"""``plaint sla list``: what is due next."""

from typing import Annotated, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import case_id, instant, shown, snapshot
from consumers.cli.session import session
from consumers.wiring import clock
from projections.views.sla_timers import ask as timers
from projections.views.sla_timers.ask import Timer, TimerFilter

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]


def sla_list(
    *,
    state: Annotated[
        Literal["running", "paused", "fulfilled", "missed", "cancelled"] | None, Parameter(help="As of now.")
    ] = None,
    kind: Annotated[str | None, Parameter(help="Only clocks of this kind, such as first_reply.")] = None,
    case: Annotated[str | None, Parameter(help="Only the clocks of this case.")] = None,
    team: Annotated[str | None, Parameter(help="Only cases of this team.")] = None,
    origin: Annotated[
        Literal["live", "import"] | None, Parameter(help="Lived here, or brought from elsewhere.")
    ] = None,
    at: Annotated[str | None, Parameter(help="Judged at this instant instead of now.")] = None,
    limit: Annotated[int, Parameter(help="Rows of one page, 1 to 500.")] = 50,
    cursor: Annotated[str | None, Parameter(help="'next' of the page before.")] = None,
    json: Json = False,
) -> int:
    """List clocks, what is due next first: when they started, when they are due, how they stand."""
    with session() as here:
        fields = {"state": state, "kind": kind, "team": team, "origin": origin, "limit": limit, "cursor": cursor}
        wanted = output.model(TimerFilter, {**fields, "case": case_id(here, case) if case else None})
        moment = instant(at, "--at") if at else clock.now()
        with snapshot(here, [timers.NAME]) as seen:
            found = timers.listing(seen, wanted, moment)
    if json:
        output.emit_model(found)
        return output.OK
    columns = ("case", "clock", "cycle", "started", "due", "state", "left", "over")
    output.table(columns, [_timer(one) for one in found.clocks])
    if found.next:
        output.say(f"more: --cursor {found.next}")
    return output.OK


def _timer(one: Timer) -> tuple[object, ...]:
    name = f"{one.kind} #{one.instance}" if one.instance > 1 else one.kind
    due = shown(one.due_at) + ("?" if one.provisional else "")
    left, over = spoken(one.remaining_seconds), spoken(one.overdue_seconds)
    return one.number or one.case, name, one.cycle, shown(one.started_at), due, one.state, left, over


def spoken(seconds: float | None) -> str:
    """Return seconds of a clock's own time as hours and minutes."""
    if seconds is None:
        return ""
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes:02d} min"
