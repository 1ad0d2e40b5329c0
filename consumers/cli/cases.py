"""``plaint case`` and ``plaint audit``: one complaint, all of them, and who did what."""

import sys
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import case_id, instant, shown, snapshot
from consumers.cli.session import sender, session
from consumers.wiring import clock
from consumers.wiring.build import Installation
from engine.incoming import Asked, Circumstances, Done, Refused
from engine.store.access_log import Access
from projections.replay import as_of
from projections.replay.as_of import CaseAsOf, NoSuchCase, NotThereYet, When
from projections.views.audit_trail import ask as trails
from projections.views.audit_trail.ask import Trail, TrailFilter
from projections.views.cases import ask as cases
from projections.views.cases.ask import CaseFilter, CaseItem
from projections.views.sla_timers import ask as timers
from schemas.envelope import RequestSource

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
Language = Annotated[
    Literal["en", "ru"] | None, Parameter(help="Of the words; absent: the language of this installation.")
]
Case = Annotated[str, Parameter(help="A case number such as PL-7GWFC-2W3X1, or an id.")]


def list_cases(
    *,
    stage: Annotated[str | None, Parameter(help="Only cases that stand there now.")] = None,
    channel: Annotated[str | None, Parameter(help="Only what arrived there, such as email.")] = None,
    type: Annotated[str | None, Parameter(help="Only complaints of this type, such as delivery.")] = None,
    team: Annotated[str | None, Parameter(help="Only cases of this team.")] = None,
    origin: Annotated[
        Literal["live", "import"] | None, Parameter(help="Lived here, or brought from elsewhere.")
    ] = None,
    kind: Annotated[Literal["complaint", "feedback"], Parameter(help="Complaints, or what was none.")] = "complaint",
    limit: Annotated[int, Parameter(help="Rows of one page, 1 to 500.")] = 50,
    cursor: Annotated[str | None, Parameter(help="'next' of the page before.")] = None,
    json: Json = False,
) -> int:
    """List cases, the latest opened first, with what is due next."""
    wanted = output.model(
        CaseFilter,
        {
            "stage": stage,
            "channel": channel,
            "type": type,
            "team": team,
            "origin": origin,
            "kind": kind,
            "limit": limit,
            "cursor": cursor,
        },
    )
    with session() as here, snapshot(here, [cases.NAME, timers.NAME]) as seen:
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
        str | None, Parameter(name="--as-of", help="As it was recorded then (an instant or a date).")
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
    return When(
        recorded=instant(recorded, "--as-of") if recorded else None,
        occurred=instant(occurred, "--occurred") if occurred else None,
        position=position,
    )


def _opened(here: Installation, case: UUID, when: When) -> CaseAsOf:
    """Fold the case and open its texts, having noted who read it."""
    _note(here, case, "case")
    try:
        return as_of.case_as_of(here.store.read, case, when, texts=True)
    except NoSuchCase as error:
        output.stop(output.NOT_FOUND, str(error))
    except NotThereYet as error:
        output.stop(output.NOT_FOUND, str(error))


def _note(here: Installation, case: UUID, what: Literal["case", "history"]) -> None:
    here.store.access_log.note(Access(actor=sender(here).actor, what=what, stream=case))


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
            sys.stdout.write(f"\n{said.version}. {said.name} {_place(text.field)}\n{output.harmless(value)}\n")


def _place(pointer: str) -> str:
    """Return a JSON Pointer as a person reads a place: parties.0.name."""
    return pointer.lstrip("/").replace("/", ".")


def _indented(text: object) -> str:
    """Return a text of several lines so that it stands apart from the events around it."""
    return str(text).replace("\n", "\n    ")


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


def history(case: Case, /, *, language: Language = None, json: Json = False) -> int:
    """Show the events of a case in order, in words."""
    return _trail(case, language, json=json, texts=False)


def trail(case: Case, /, *, language: Language = None, json: Json = False) -> int:
    """Show who did what to a case, when, why, under which rule and from which source, with what was said."""
    return _trail(case, language, json=json, texts=True)


def _trail(case: str, language: Literal["en", "ru"] | None, *, json: bool, texts: bool) -> int:
    with session() as here:
        wanted = TrailFilter(case=case_id(here, case))
        chosen = language or ("ru" if here.settings.language == "ru" else "en")
        if texts and wanted.case:
            _note(here, wanted.case, "history")
        with snapshot(here, [trails.NAME]) as seen:
            found = trails.trail(seen, wanted, chosen, here.store.read if texts else None)
    if not found.entries:
        output.stop(output.NOT_FOUND, f"no case '{case}'; 'plaint case list' shows the numbers")
    if json:
        output.emit_model(found)
    else:
        _print_trail(found, texts=texts)
    return output.OK


def _print_trail(found: Trail, *, texts: bool) -> None:
    columns = ("#", "occurred", "recorded", "who", "what")
    rows = []
    for entry in found.entries:
        words = entry.words
        if texts:
            said = (f"\n  {_place(text.field)}: {_indented(text.withheld or text.value)}" for text in entry.texts or ())
            words += "".join(said)
        occurred = shown(entry.occurred_at, entry.occurred_on)
        rows.append((entry.version, occurred, shown(entry.recorded_at), entry.actor, words))
    output.table(columns, rows)


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
    """Give a command for a case: assign, reply, resolve, close and all others of the catalogue."""
    wish = output.command(f"complaint.{command.replace('-', '_')}", fields)
    with session() as here:
        around = Circumstances(sender(here, by), RequestSource(request=clock.new_id()), clock.now())
        asked = Asked(case_id(here, case), wish, id or str(clock.new_id()), around, why=why)
        result = here.service.submit([asked], clock.now())[0]
    if isinstance(result, Refused):
        if json:
            output.emit_json({"status": "refused", "code": result.code, "reason": result.reason, "facts": result.facts})
        code = output.NOT_FOUND if result.code == "unknown_complaint" else output.REFUSED
        output.stop(code, f"refused, {result.code}: {result.reason}")
    if isinstance(result, Done):
        if json:
            told = {
                "case": result.stream,
                "version": result.version,
                "events": result.events,
                "already": result.already,
            }
            output.emit_json({"status": "done", **told})
        else:
            already = " (it had its effect before)" if result.already else ""
            output.say(f"done: {result.events} events, the case stands at version {result.version}{already}")
    return output.OK
