"""``plaint funnel`` and ``plaint sla list``: figures and what is due next."""

from typing import Annotated, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import instant, shown, snapshot
from consumers.cli.session import session
from consumers.wiring import clock
from projections.views.funnel import ask as funnels
from projections.views.funnel.ask import Funnel, FunnelFilter
from projections.views.sla_timers import ask as timers

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]


def funnel(
    *,
    from_: Annotated[str | None, Parameter(name="--from", help="First day of receipt.")] = None,
    to: Annotated[str | None, Parameter(help="Last day of receipt.")] = None,
    channel: str | None = None,
    type: str | None = None,  # noqa: A002 -- the option is called as the field is
    origin: Annotated[Literal["live", "import"] | None, Parameter(help="live or import.")] = None,
    json: Json = False,
) -> int:
    """Show how far complaints come: entered = passed + exited + there now, for every stage."""
    fields = {"from": from_, "to": to, "channel": channel, "type": type, "origin": origin}
    wanted = output.model(FunnelFilter, fields)
    with session() as here, snapshot(here, [funnels.NAME]) as seen:
        found = funnels.counts(seen, wanted)
    if json:
        output.emit_model(found)
        return output.OK
    _print_funnel(found)
    return output.OK


def _print_funnel(found: Funnel) -> None:
    columns = ("stage", "entered", "passed", "skipped", "exited", "there now", "converted")
    rows = [
        (
            one.stage,
            one.entered,
            one.passed,
            one.skipped,
            one.exited,
            one.there_now,
            "" if one.conversion is None else f"{one.conversion:.1%}",
        )
        for one in found.stages
    ]
    output.table(columns, rows)
    output.table(("exit", "cases"), sorted(found.exits.items(), key=lambda pair: -pair[1]))
    plain = ("received", "registered", "converted", "reopened", "reopenings", "waits", "waited", "satisfied", "dissatisfied")
    totals = [(name, getattr(found, name)) for name in plain]
    output.table(("total", "number"), [*totals, ("feedback", found.feedback.received)])
