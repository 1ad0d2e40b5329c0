"""``plaint funnel``: how far complaints come, the cases behind each number, and a picture of it."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, get_args

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.narrowing import Narrowing, fields_of
from consumers.cli.questions import shown, snapshot
from consumers.cli.questions import spoken as spoken_language
from consumers.cli.session import session
from projections.replay.sentence import Language
from projections.replay.sentence import spoken as value_in_words
from projections.report import terminal
from projections.report.plots import Bar
from projections.report.words import WORDS
from projections.views.funnel import ask as funnels
from projections.views.funnel import drill
from projections.views.funnel.ask import Funnel, FunnelFilter, StageCounts, StageGroup
from projections.views.funnel.drill import BehindFilter, BehindList, Cohorts, Total
from projections.views.funnel.narrow import Dimension, Narrowed, Period
from projections.views.funnel.stages import ORDER

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
_WIDTH: Final = 40
"""Cells of the longest bar."""
_DAY: Final = 86_400
_COLUMNS: Final = ("stage", "entered", "passed", "skipped", "exited", "there now", "converted")
_DETAILED: Final = (*_COLUMNS, "people", "median", "p90", "median worked", "p90 worked")


def funnel(
    *,
    narrowing: Narrowing = Narrowing(),  # noqa: B008 -- frozen; the library reads the options from it
    by: Annotated[Period | None, Parameter(help="Break down by day, week or month.")] = None,
    of: Annotated[
        Literal["receipt", "passage"],
        Parameter(help="What days mean for stages: of receipt, or of entering the stage."),
    ] = "receipt",
    per: Annotated[Dimension | None, Parameter(help="Break down by channel, type, product and so on.")] = None,
    cohorts: Annotated[
        bool, Parameter(negative="", help="How far the complaints of each month have come instead.")
    ] = False,
    cases: Annotated[
        str | None,
        Parameter(help="The cases behind a number instead: STAGE/ENDED, all/exited, or a total such as reopened."),
    ] = None,
    reason: Annotated[str | None, Parameter(help="With --cases: only exits for this reason.")] = None,
    limit: Annotated[int, Parameter(help="With --cases: rows of one page, 1 to 500.")] = 50,
    cursor: Annotated[str | None, Parameter(help="With --cases: 'next' of the page before.")] = None,
    plot: Annotated[bool, Parameter(negative="", help="Draw what passed, is there now and left by an exit.")] = False,
    language: Annotated[Literal["ru", "en"] | None, Parameter(help="Of a plot; PLAINT_LANGUAGE if left out.")] = None,
    quick: Annotated[
        bool, Parameter(negative="", help="Leave out people and times, which of a part of the cases are slow.")
    ] = False,
    json: Json = False,
) -> int:
    """Show how far complaints come: entered = passed + exited + there now, for every stage.

    A stage's time is that of those who left it: median and 90th percentile, wall clock and working time.
    """
    fields = fields_of(narrowing)
    if cohorts:
        return _cohorts(output.model(Narrowed, fields), json=json)
    if cases is not None:
        number = {**_number(cases, reason), "of": of, "limit": limit, "cursor": cursor}
        return _behind(output.model(BehindFilter, {**fields, **number}), json=json)
    wanted = output.model(FunnelFilter, {**fields, "by": by, "of": of, "per": per, "detail": not (quick or plot)})
    with session() as here, snapshot(here, [funnels.NAME]) as seen:
        found = funnels.counts(seen, wanted)
        chosen = spoken_language(here, language)
    if json:
        output.emit_model(found)
    elif plot:
        _draw(found, chosen, per)
    else:
        _print_funnel(found)
    return output.OK


def _number(named: str, reason: str | None) -> dict[str, str | None]:
    """Return the fields that name a number: ``closed/there_now``, ``all/exited``, or a total."""
    if named in get_args(Total):
        if reason is not None:
            output.stop(
                output.USAGE, f"--reason goes with exits; leave it out, or ask for --cases all/exited not {named}"
            )
        return {"total": named}
    stage, slash, ended = named.partition("/")
    if not slash or stage not in {*ORDER, "all"} or ended not in funnels.ENTERED:
        stages, ways, totals = ", ".join((*ORDER, "all")), ", ".join(funnels.ENTERED), ", ".join(get_args(Total))
        output.stop(
            output.USAGE,
            f"--cases takes STAGE/ENDED or a total; stages are {stages}; ways are {ways}; totals are {totals}",
        )
    return {"stage": None if stage == "all" else stage, "ended": ended, "reason": reason}


def _print_funnel(found: Funnel) -> None:
    output.table(_COLUMNS if found.complainants is None else _DETAILED, [_stage(one) for one in found.stages])
    _print_groups(found.groups)
    output.table(("exit", "cases"), sorted(found.exits.items(), key=lambda pair: -pair[1]))
    plain = (
        "received", "complainants", "registered", "converted", "reopened", "reopenings", "waits", "waited", "rated",
        "satisfied", "dissatisfied",
    )  # fmt: skip
    totals = [(name, getattr(found, name)) for name in plain if getattr(found, name) is not None]
    output.table(("total", "number"), [*totals, ("feedback", found.feedback.received)])


def _stage(one: StageCounts) -> tuple[object, ...]:
    converted = "" if one.conversion is None else f"{one.conversion:.1%}"
    plain = (one.stage, one.entered, one.passed, one.skipped, one.exited, one.there_now, converted)
    if one.times is None or one.complainants is None:
        return plain
    wall = spoken(one.times.median_seconds), spoken(one.times.p90_seconds)
    return (
        *plain,
        one.complainants.entered,
        *wall,
        worked(one.times.median_worked_seconds),
        worked(one.times.p90_worked_seconds),
    )


def _print_groups(groups: Sequence[StageGroup]) -> None:
    if groups:
        columns = ("from", "of", *ORDER, "exited")
        output.table(columns, [_group(one) for one in groups], title="entered, broken down")


def _group(one: StageGroup) -> tuple[object, ...]:
    exited = sum(stage.exited for stage in one.stages)
    return one.begins or "", one.key or "-", *(stage.entered for stage in one.stages), exited


def _draw(found: Funnel, language: Language, per: Dimension | None) -> None:
    """Draw the whole, and each group on the scale of the whole."""
    said = WORDS[language]
    if not found.received:
        output.say("no complaint is counted: name other days or conditions, or 'plaint case list' shows what there is")
    most = max((one.entered for one in found.stages), default=0)
    names = said["passed"], said["there_now"], said["stage_exited"]
    parts = [terminal.bars(names, _bars(found.stages, said), most=most)]
    for group in found.groups:
        key = said["unknown"] if group.key is None else value_in_words(per or "", group.key, language)
        title = " ".join(str(part) for part in (group.begins, key if per else None) if part)
        parts.append(f"{title}\n{terminal.bars((), _bars(group.stages, said), most=most)}")
    sys.stdout.write("\n\n".join(parts) + "\n")


def _bars(stages: Sequence[StageCounts], said: Mapping[str, str]) -> list[Bar]:
    return [Bar(said[one.stage], (one.passed, one.there_now, one.exited)) for one in stages]


def bar(number: int, most: int) -> str:
    """Return a bar for a terminal, as long as ``number`` is of ``most``; what is not nothing shows."""
    return "\N{FULL BLOCK}" * max(round(_WIDTH * number / most), 1 if number else 0) if most else ""


def _cohorts(wanted: Narrowed, *, json: bool) -> int:
    with session() as here, snapshot(here, [funnels.NAME]) as seen:
        found: Cohorts = drill.cohorts(seen, wanted)
    if json:
        output.emit_model(found)
        return output.OK
    rows = [
        (one.month.strftime("%Y-%m"), one.received, one.complainants, *(f"{one.shares[stage]:.1%}" for stage in ORDER))
        for one in found.cohorts
    ]
    output.table(("received in", "complaints", "people", *ORDER), rows)
    return output.OK


def _behind(wanted: BehindFilter, *, json: bool) -> int:
    with session() as here, snapshot(here, [funnels.NAME]) as seen:
        found: BehindList = drill.behind(seen, wanted)
    if json:
        output.emit_model(found)
        return output.OK
    rows: list[tuple[Any, ...]] = [
        (
            one.number or one.case, one.received_on, one.cycle, one.stage, shown(one.entered_at), shown(one.left_at),
            one.exit_reason or one.ended, spoken(one.seconds), worked(one.worked_seconds),
        )
        for one in found.cases
    ]  # fmt: skip
    columns = ("case", "received", "cycle", "stage", "entered", "left", "how", "time", "worked")
    output.table(columns, rows, title=f"{found.count} in all")
    if found.next:
        output.say(f"more: --cursor {found.next}")
    return output.OK


def spoken(seconds: float | None) -> str:
    """Return seconds as days and hours, or as hours and minutes where less than a day; nothing for None."""
    if seconds is None or seconds < _DAY:
        return worked(seconds)
    return f"{int(seconds) // _DAY} d {int(seconds) % _DAY // 3600:02d} h"


def worked(seconds: float | None) -> str:
    """Return seconds as hours and minutes, as working time is told, whose days have not 24 hours."""
    if seconds is None:
        return ""
    return f"{int(seconds) // 3600} h {int(seconds) % 3600 // 60:02d} min"
