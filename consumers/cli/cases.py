"""``plaint case``: all complaints, one of them, and what is done to it."""

import sys
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import Case, Json, case_id, instant, note, place, point, shown, snapshot
from consumers.cli.session import sender, session
from consumers.wiring import clock
from consumers.wiring.build import Installation
from engine.incoming import Asked, Circumstances, Done, Refused
from engine.store.access_log import Access
from projections.replay import as_of
from projections.replay.as_of import CaseAsOf, NoSuchCase, NotThereYet, When
from projections.replay.folding import kind_of
from projections.views.cases import ask as cases
from projections.views.cases.ask import CaseFilter, CaseItem
from projections.views.sla_timers import ask as timers
from schemas.catalogue import COMMANDS
from schemas.complaint.base import Command
from schemas.envelope import RequestSource


def list_cases(
    *,
    search: Annotated[
        str | None, Parameter(help='Words said in the case, in Russian or English; "..." is a phrase. Also its codes.')
    ] = None,
    reference: Annotated[
        str | None, Parameter(help="Its number, a serial number, order, reference of another system or contact.")
    ] = None,
    sort: Annotated[
        Literal["opened", "due"], Parameter(help="The latest opened first; or what is due next, of what is due.")
    ] = "opened",
    open: Annotated[
        bool | None, Parameter(negative="--ended", help="Only cases still open; or only ended ones.")
    ] = None,
    stage: Annotated[str | None, Parameter(help="Only cases that stand there now.")] = None,
    channel: Annotated[str | None, Parameter(help="Only what arrived there, such as email.")] = None,
    type: Annotated[str | None, Parameter(help="Only complaints of this type, such as delivery.")] = None,
    team: Annotated[str | None, Parameter(help="Only cases of this team.")] = None,
    assignee: Annotated[str | None, Parameter(help="Only cases of this person, by the opaque id.")] = None,
    unit: Annotated[str | None, Parameter(help="Only cases that belong to this business unit now.")] = None,
    priority: Annotated[str | None, Parameter(help="Only cases of this priority, such as urgent.")] = None,
    outcome: Annotated[str | None, Parameter(help="Only cases with this outcome, such as upheld.")] = None,
    origin: Annotated[
        Literal["live", "import"] | None, Parameter(help="Lived here, or brought from elsewhere.")
    ] = None,
    kind: Annotated[Literal["complaint", "feedback"], Parameter(help="Complaints, or what was none.")] = "complaint",
    limit: Annotated[int, Parameter(help="Rows of one page, 1 to 500.")] = 50,
    cursor: Annotated[str | None, Parameter(help="'next' of the page before.")] = None,
    json: Json = False,
) -> int:
    """List cases with what is due next, the latest or the most urgent first; search in what was said."""
    options = {
        "search": search, "reference": reference, "sort": sort, "open": open, "stage": stage, "channel": channel,
        "type": type, "team": team, "assignee": assignee, "business_unit": unit, "priority": priority,
        "outcome": outcome, "origin": origin, "kind": kind, "limit": limit, "cursor": cursor,
    }  # fmt: skip
    wanted = output.model(CaseFilter, options)
    with session() as here:
        if search is not None or reference is not None:
            here.store.access_log.note(Access(actor=sender(here).actor, what="search"))
        with snapshot(here, list(dict.fromkeys([*cases.names(wanted), timers.NAME]))) as seen:
            page = cases.listing(seen, wanted)
    if json:
        output.emit_model(page)
        return output.OK
    columns = ("number", "channel", "stage", "cycle", "outcome", "type", "product", "priority", "opened", "next due")
    output.table(columns, [_row(item) for item in page.cases])
    if page.next:
        output.say(f"more: --cursor {page.next}")
    return output.OK


def _row(item: CaseItem) -> tuple[Any, ...]:
    standing = f"{item.stage} ({item.exit_reason})" if item.exit_reason else item.stage or item.sense
    due = f"{item.next_due.kind} {shown(item.next_due.due_at)}" if item.next_due else ""
    name = item.number or item.id
    return (
        name, item.channel, standing, item.cycle, item.outcome, item.type, item.product, item.priority,
        shown(item.opened_at, item.opened_on), due,
    )  # fmt: skip


def show(
    case: Case,
    /,
    *,
    as_of_: Annotated[
        str | None,
        Parameter(name="--as-of", help="As it was recorded then: an instant, a date, a position, or a version as v7."),
    ] = None,
    occurred: Annotated[str | None, Parameter(help="As it had happened in the world by then.")] = None,
    position: Annotated[int | None, Parameter(help="As it was at this position of the log.")] = None,
    json: Json = False,
) -> int:
    """Show a case: what is known of it, and what was said."""
    when = _when(as_of_, occurred, position)
    with session() as here:
        found = _opened(here, case_id(here, case), when)
    if json:
        output.emit_model(found)
        return output.OK
    _print_case(found)
    return output.OK


def _when(recorded: str | None, occurred: str | None, position: int | None) -> When:
    if sum(one is not None for one in (recorded, occurred, position)) > 1:
        output.stop(output.USAGE, "give one of --as-of, --occurred and --position")
    if recorded is not None:
        return point(recorded, "--as-of")
    return When(occurred=instant(occurred, "--occurred") if occurred else None, position=position)


def _opened(here: Installation, case: UUID, when: When) -> CaseAsOf:
    """Fold the case and open its texts, having noted who read it."""
    note(here, case, "case")
    try:
        return as_of.case_as_of(here.store.read, case, when, texts=True)
    except NoSuchCase as error:
        output.stop(output.NOT_FOUND, str(error))
    except NotThereYet as error:
        output.stop(output.NOT_FOUND, str(error))


def _print_case(found: CaseAsOf) -> None:
    output.table(
        ("fact", "value"),
        [
            ("case", found.case),
            ("kind", found.kind),
            ("as recorded by", shown(found.as_of)),
            ("position", found.position),
            ("version", found.version),
            ("events", f"{found.events}, {found.not_covered} not covered"),
            *_flat(found.state),
        ],
    )
    for said in found.texts or ():
        for text in said.texts:
            value = f"({text.withheld})" if text.withheld else text.value
            sys.stdout.write(f"\n{said.version}. {said.name} {place(text.field)}\n{output.harmless(value)}\n")


def _flat(state: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return the folded state as rows, what is empty left out."""
    rows: list[tuple[str, Any]] = []
    for name, value in state.items():
        if isinstance(value, dict):
            rows.extend(_flat(value, f"{prefix}{name}."))
        elif value not in (None, [], False, ""):
            shown = orjson.dumps(value).decode() if isinstance(value, list) else value
            rows.append((f"{prefix}{name}", shown))
    return rows


def do(
    case: Case,
    command: Annotated[
        str, Parameter(help="Name of a command, such as assign or close; 'plaint schemas export' has all.")
    ],
    /,
    *,
    fields: Annotated[str, Parameter(help="The command's fields as one JSON object.")] = "{}",
    why: Annotated[str | None, Parameter(help="Why, in words; kept sealed with the event.")] = None,
    by: Annotated[str | None, Parameter(help="Who does it; absent: the login name.")] = None,
    id: Annotated[str | None, Parameter(help="The command's id: given again it changes nothing.")] = None,
    json: Json = False,
) -> int:
    """Give a command for a case: assign, reply, resolve, close and all others of the catalogue.

    Feedback takes classify, and become-complaint, which makes a complaint of it.
    """
    name = command.replace("-", "_")
    kinds = [kind for kind in ("complaint", "feedback") if f"{kind}.{name}" in COMMANDS]
    wish = output.command(f"{(*kinds, 'complaint')[0]}.{name}", fields) if len(kinds) < 2 else None
    with session() as here:
        stream = case_id(here, case)
        wish = wish or output.command(f"{_kind(here, stream)}.{name}", fields)
        return give(here, stream, wish, why=why, by=by, id=id, json=json)


def _kind(here: Installation, stream: UUID) -> str:
    """Return what a stream holds, for commands that complaints and feedback have both."""
    history = here.store.read.stream(stream)
    return (kind_of(history[0]) if history else None) or "complaint"


def give(
    here: Installation,
    stream: UUID,
    wish: Command,
    *,
    why: str | None,
    by: str | None,
    id: str | None,
    json: bool,
    data: bytes | None = None,
) -> int:
    """Give a command for a case, with the octets of a file that it adds, and tell what became of it.

    Raises:
        Stop: it was refused.
    """
    around = Circumstances(sender(here, by), RequestSource(request=clock.new_id()), clock.now())
    asked = Asked(stream, wish, id or str(clock.new_id()), around, why=why, data=data)
    result = here.service.submit([asked], clock.now())[0]
    if isinstance(result, Refused):
        if json:
            output.emit_json({"status": "refused", "code": result.code, "reason": result.reason, "facts": result.facts})
        code = output.NOT_FOUND if result.code == "unknown_complaint" else output.REFUSED
        output.stop(code, f"refused, {result.code}: {result.reason}")
    if isinstance(result, Done):
        _tell(result, json=json)
    return output.OK


def _tell(result: Done, *, json: bool) -> None:
    if json:
        told = {"case": result.stream, "version": result.version, "events": result.events, "already": result.already}
        output.emit_json({"status": "done", **told})
        return
    already = " (it had its effect before)" if result.already else ""
    output.say(f"done: {result.events} events, the case stands at version {result.version}{already}")
