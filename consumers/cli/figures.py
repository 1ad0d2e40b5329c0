"""``plaint satisfaction``, ``causes``, ``remedies``, ``workload`` and ``rates``: what complaint work is steered by."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.funnels import Json, bar, spoken, worked
from consumers.cli.narrowing import Narrowing, fields_of
from consumers.cli.questions import instant, shown, snapshot
from consumers.cli.session import session
from consumers.wiring import clock
from projections.views.causes import ask as causing
from projections.views.causes.ask import By, CauseTable, Pareto, ParetoFilter, TableFilter
from projections.views.funnel.narrow import Dimension, Period
from projections.views.rates import ask as rating
from projections.views.rates.ask import RateFilter, Rates
from projections.views.remedies import ask as giving
from projections.views.remedies import watch as watching
from projections.views.remedies.ask import Cost, CostFilter, Costs, Ledger, LedgerFilter, Sums
from projections.views.remedies.watch import Watch, WatchFilter
from projections.views.satisfaction import ask as satisfying
from projections.views.satisfaction.ask import By as PerCycle
from projections.views.satisfaction.ask import Figures, NegativeFilter, NegativeList, Satisfaction, SatisfactionFilter
from projections.views.workload import ask as loading
from projections.views.workload.ask import Load, Workload, WorkloadFilter

Limit = Annotated[int, Parameter(help="Of a list: rows of one page, 1 to 500.")]
Cursor = Annotated[str | None, Parameter(help="Of a list: 'next' of the page before.")]
Overdue = Annotated[
    str | None, Parameter(help="Overdue at this instant instead of now; all else stands as it does now.")
]
Quiet = Annotated[str | None, Parameter(help="Quiet at this instant instead of now; of the months all are told.")]


def satisfaction(
    *,
    narrowing: Narrowing = Narrowing(),  # noqa: B008 -- frozen; the library reads the options from it
    of: Annotated[Literal["receipt", "rating"], Parameter(help="What days mean.")] = "receipt",
    by: Annotated[Period | None, Parameter(help="Break down by day, week or month.")] = None,
    per: Annotated[PerCycle | None, Parameter(help="Break down by business-unit, location, cycle and so on.")] = None,
    negative: Annotated[bool, Parameter(negative="", help="List the negative ratings instead, latest first.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    json: Json = False,
) -> int:
    """Show marks by parameter, and how many of those asked gave any.

    csat is the share of marks of at least four fifths of the best one. nps, of scales 0 to 10, is the share of
    9 and 10 less that of 0 to 6, in percent. Negative is a rating whose mean is below 4 of 5.
    """
    fields = {**fields_of(narrowing), "of": of}
    if negative:
        below = output.model(NegativeFilter, {**fields, "limit": limit, "cursor": cursor})
        with session() as here, snapshot(here, satisfying.NAMES) as seen:
            return _say_negative(satisfying.negative(seen, below), json=json)
    wanted = output.model(SatisfactionFilter, {**fields, "by": by, "per": per})
    with session() as here, snapshot(here, satisfying.NAMES) as seen:
        return _say_satisfaction(satisfying.satisfaction(seen, wanted), json=json)


def _say_negative(found: NegativeList, *, json: bool) -> int:
    if json:
        output.emit_model(found)
        return output.OK
    rows = [
        (
            one.number or one.case, one.cycle, shown(one.rated_at), one.business_unit, one.location, one.team,
            f"{one.mean_share:.0%}", ", ".join(f"{name} {mark}" for name, mark in one.marks.items()),
        )
        for one in found.ratings
    ]  # fmt: skip
    columns = ("case", "cycle", "rated", "unit", "location", "team", "mean", "marks")
    output.table(columns, rows, title=f"{found.count} in all")
    return _more(found.next)


def _say_satisfaction(found: Satisfaction, *, json: bool) -> int:
    if json:
        output.emit_model(found)
        return output.OK
    columns = (
        "from", "of", "resolved", "rated", "of resolved", "invited", "answered", "of invited", "unasked", "satisfied",
        "negative",
    )  # fmt: skip
    rows = [("", "all", *_response(found.whole))]
    rows += [(one.begins or "", one.key or "-", *_response(one.figures)) for one in found.groups]
    output.table(columns, rows)
    marks = [("", "all", *row) for row in _marks(found.whole)]
    marks += [(one.begins or "", one.key or "-", *row) for one in found.groups for row in _marks(one.figures)]
    output.table(("from", "of", "parameter", "marks", "mean", "csat", "nps"), marks)
    return output.OK


def _response(one: Figures) -> tuple[object, ...]:
    of_invited, of_resolved = _percent(one.rated_of_invited), _percent(one.rated_of_resolved)
    asked = one.invited, one.answered, of_invited, one.unasked
    return one.resolved, one.rated, of_resolved, *asked, one.satisfied, one.negative


def _marks(one: Figures) -> list[tuple[object, ...]]:
    return [
        (each.parameter, each.marks, f"{each.mean:.2f}/{each.out_of}", _percent(each.csat), each.nps)
        for each in one.parameters
    ]


def causes(
    *,
    narrowing: Narrowing = Narrowing(),  # noqa: B008 -- frozen; the library reads the options from it
    per: Annotated[By, Parameter(help="By what to count: cause, type, department, product and so on.")] = "cause",
    by: Annotated[Period | None, Parameter(help="Also the trend by day, week or month.")] = None,
    cause: Annotated[str | None, Parameter(help="Only complaints of this root cause, such as process.")] = None,
    code: Annotated[str | None, Parameter(help="Only complaints of this code of a cause.")] = None,
    department: Annotated[str | None, Parameter(help="Only complaints whose cause names this department.")] = None,
    complaints: Annotated[
        bool, Parameter(negative="", help="List date, complainant, type, cause, decision and result instead.")
    ] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    json: Json = False,
) -> int:
    """Count complaints by cause or by another word, the most frequent first, with shares added up."""
    fields = {**fields_of(narrowing), "cause": cause, "code": code, "department": department}
    if complaints:
        listed = output.model(TableFilter, {**fields, "limit": limit, "cursor": cursor})
        with session() as here, snapshot(here, causing.NAMES_OF_TABLE) as seen:
            return _say_table(causing.table(seen, listed), json=json)
    wanted = output.model(ParetoFilter, {**fields, "per": per, "by": by})
    with session() as here, snapshot(here, causing.NAMES) as seen:
        return _say_pareto(causing.pareto(seen, wanted), per, json=json)


def _say_table(found: CauseTable, *, json: bool) -> int:
    if json:
        output.emit_model(found)
        return output.OK
    said = {True: "satisfied", False: "dissatisfied", None: ""}
    rows = [
        (
            one.received_on, one.number or one.case, one.complainant, one.type, one.cause, one.decision,
            ", ".join(one.remedies), said[one.satisfied], "closed" if one.closed else "open",
        )
        for one in found.complaints
    ]  # fmt: skip
    columns = ("date", "case", "complainant", "type", "cause", "decision", "given", "last word", "now")
    output.table(columns, rows)
    return _more(found.next)


def _say_pareto(found: Pareto, per: str, *, json: bool) -> int:
    if json:
        output.emit_model(found)
        return output.OK
    most = max((one.complaints for one in found.bars), default=0)
    rows = [
        (one.key or "-", one.complaints, _percent(one.share), _percent(one.cumulative), bar(one.complaints, most))
        for one in found.bars
    ]
    output.table((per, "complaints", "share", "together", ""), rows, title=f"{found.known} of {found.complaints} known")
    if found.trend:
        output.table(("from", per, "complaints"), [(one.begins, one.key or "-", one.complaints) for one in found.trend])
    return output.OK


def remedies(
    *,
    narrowing: Narrowing = Narrowing(),  # noqa: B008 -- frozen; the library reads the options from it
    of: Annotated[Literal["receipt", "giving"], Parameter(help="What days mean.")] = "receipt",
    per: Annotated[Literal["form", "ground", "head"] | Dimension, Parameter(help="By what to add up.")] = "form",
    by: Annotated[Period | None, Parameter(help="Also by day, week or month.")] = None,
    ledger: Annotated[bool, Parameter(negative="", help="List the remedies instead.")] = False,
    status: Annotated[str | None, Parameter(help="Of the list: only those, such as reversed.")] = None,
    watch: Annotated[bool, Parameter(negative="", help="Show who was given unusually much instead.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    json: Json = False,
) -> int:
    """Add up remedies and what they cost, per currency: given, taken back, and the rest.

    Unusual is a person whose number or value is far from the median of all who were given anything. With --watch
    days are those of giving. It is a hint for people and refuses nothing.
    """
    fields = fields_of(narrowing)
    if watch:
        looked_at = output.model(WatchFilter, {**fields, "limit": limit})
        with session() as here, snapshot(here, giving.NAMES) as seen:
            return _say_watch(watching.watch(seen, looked_at), json=json)
    if ledger:
        page = {"of": of, "status": status, "limit": limit, "cursor": cursor}
        listed = output.model(LedgerFilter, {**fields, **page})
        with session() as here, snapshot(here, giving.NAMES) as seen:
            return _say_ledger(giving.ledger(seen, listed), json=json)
    wanted = output.model(CostFilter, {**fields, "of": of, "per": per, "by": by})
    with session() as here, snapshot(here, giving.NAMES) as seen:
        return _say_costs(giving.costs(seen, wanted), per, json=json)


def _say_watch(found: Watch, *, json: bool) -> int:
    if json:
        output.emit_model(found)
        return output.OK
    usual = [
        (one.measure, one.currency, one.persons, f"{one.median:.15g}", "" if one.bound is None else f"{one.bound:.2f}")
        for one in found.usual
    ]
    output.table(("measure", "currency", "persons", "median", "unusual above"), usual)
    output.table(("complainant", "why"), [(one.complainant, one.explained) for one in found.unusual])
    return output.OK


def _say_ledger(found: Ledger, *, json: bool) -> int:
    if json:
        output.emit_model(found)
        return output.OK
    rows = [
        (
            one.number or one.case,
            one.form,
            one.ground,
            one.head,
            one.status,
            one.proposed,
            one.approved,
            _money(one.costs),
        )
        for one in found.remedies
    ]
    columns = ("case", "form", "ground", "head", "status", "proposed", "approved", "net")
    output.table(columns, rows, title=f"{found.count} in all")
    return _more(found.next)


def _say_costs(found: Costs, per: str, *, json: bool) -> int:
    if json:
        output.emit_model(found)
        return output.OK
    rows = [(one.begins or "", one.key or "-", *_sums(one.sums)) for one in found.groups]
    output.table(("from", per, "remedies", "given", "reversed", "net cost"), [*rows, ("", "all", *_sums(found.whole))])
    return output.OK


def _sums(one: Sums) -> tuple[object, ...]:
    return one.remedies, one.given, one.reversed, _money(one.costs)


def _money(costs: tuple[Cost, ...]) -> str:
    return ", ".join(f"{cost.net:f} {cost.currency}" for cost in costs)


def workload(
    *,
    narrowing: Narrowing = Narrowing(),  # noqa: B008 -- frozen; the library reads the options from it
    per: Annotated[Literal["team", "person"], Parameter(help="By team or by person.")] = "team",
    at: Overdue = None,
    json: Json = False,
) -> int:
    """Show what teams or persons have open, what of it is overdue, how soon they answer, what was reopened."""
    wanted = output.model(WorkloadFilter, {**fields_of(narrowing), "per": per})
    moment = instant(at, "--at") if at else clock.now()
    with session() as here, snapshot(here, loading.NAMES) as seen:
        found: Workload = loading.workload(seen, wanted, moment)
    if json:
        output.emit_model(found)
        return output.OK
    columns = (
        per, "complaints", "open", "overdue", "concluded", "reopened", "rate", "replies", "median", "p90",
        "median worked", "p90 worked",
    )  # fmt: skip
    rows = [(one.key or "-", *_load(one)) for one in found.loads]
    output.table(columns, [*rows, ("all", *_load(found.whole))])
    return output.OK


def _load(one: Load) -> tuple[object, ...]:
    return (
        one.complaints, one.open, one.overdue, one.concluded, one.reopened, _percent(one.reopen_rate), one.replies,
        spoken(one.median_reply_seconds), spoken(one.p90_reply_seconds),
        worked(one.median_reply_worked_seconds), worked(one.p90_reply_worked_seconds),
    )  # fmt: skip


def rates(
    *,
    narrowing: Narrowing = Narrowing(),  # noqa: B008 -- frozen; the library reads the options from it
    at: Quiet = None,
    json: Json = False,
) -> int:
    """Set complaints against praise, customers and orders, and name channels that are unusually quiet.

    Customers and orders by month are configuration of the kind figures; without it their rates are empty.
    """
    wanted = output.model(RateFilter, fields_of(narrowing))
    moment = instant(at, "--at") if at else clock.now()
    with session() as here, snapshot(here, rating.NAMES) as seen:
        found: Rates = rating.rates(seen, wanted, moment)
    if json:
        output.emit_model(found)
        return output.OK
    months: list[tuple[Any, ...]] = [
        (
            one.month.strftime("%Y-%m"), one.feedback.negative, one.feedback.positive, one.feedback.neutral,
            one.feedback.ratio, one.per_1000_customers, one.per_1000_orders,
        )
        for one in found.months
    ]  # fmt: skip
    whole = ("all", found.whole.negative, found.whole.positive, found.whole.neutral, found.whole.ratio, None, None)
    columns = ("month", "negative", "positive", "neutral", "ratio", "per 1,000 customers", "per 1,000 orders")
    output.table(columns, [*months, whole])
    quiet = [
        (
            one.channel, shown(one.last_at), spoken(one.silent_seconds), spoken(one.median_seconds),
            spoken(one.bound_seconds), "silent" if one.silent else "",
        )
        for one in found.channels
    ]  # fmt: skip
    output.table(("channel", "last complaint", "since", "usual gap", "silent above", ""), quiet)
    return output.OK


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _more(cursor: str | None) -> int:
    if cursor:
        output.say(f"more: --cursor {cursor}")
    return output.OK
