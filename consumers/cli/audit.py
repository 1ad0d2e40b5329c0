"""``plaint audit`` and ``plaint case history``: who did what, when, why, under which rule and from which source."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import Case, Json, Language, case_id, instant, note, place, shown, snapshot, spoken
from consumers.cli.session import session
from consumers.wiring.build import Installation
from projections.replay.diff import in_words
from projections.replay.sentence import Language as Spoken
from projections.views.audit_trail import ask as trails
from projections.views.audit_trail.ask import Trail, TrailEntry, TrailFilter


def history(case: Case, /, *, language: Language = None, json: Json = False) -> int:
    """Show the events of a case in order, in words."""
    with session() as here:
        wanted = TrailFilter(case=case_id(here, case), limit=trails.MOST)
        found = _read(here, wanted, spoken(here, language), texts=False, changes=False)
    if not found.entries:
        _nothing(case)
    if json:
        output.emit_model(found)
        return output.OK
    columns = ("#", "occurred", "recorded", "who", "what")
    rows = [(_number(one, wanted.case), *_when_and_who(one), _here(one, wanted.case)) for one in found.entries]
    output.table(columns, rows)
    return output.OK


def trail(
    case: Annotated[str | None, Parameter(help="A case number or id; absent: entries of all cases, no texts.")] = None,
    /,
    *,
    actor: Annotated[str | None, Parameter(help="Only what this actor did, by the opaque id.")] = None,
    type: Annotated[str | None, Parameter(help="Only events of this name, such as complaint.closed.")] = None,
    subject: Annotated[str | None, Parameter(help="Only events with words of this person, or that name him.")] = None,
    from_: Annotated[str | None, Parameter(name="--from", help="Recorded then or later.")] = None,
    to: Annotated[str | None, Parameter(help="Recorded then or earlier.")] = None,
    changes: Annotated[bool, Parameter(negative="", help="Also what each event changed (of one case).")] = False,
    after: Annotated[int, Parameter(help="'next' of the page before.")] = 0,
    limit: Annotated[int, Parameter(help="Entries of one page, 1 to 5000.")] = 500,
    language: Language = None,
    json: Json = False,
) -> int:
    """Show who did what to a case, when, why, under which rule and from which source, with what was said."""
    if changes and case is None:
        output.stop(output.USAGE, "--changes reads whole histories: name the case")
    options: dict[str, Any] = {"actor": actor, "name": type, "subject": subject, "after": after, "limit": limit}
    options |= {"from": _beginning(from_), "to": instant(to, "--to") if to else None}
    with session() as here:
        wanted = output.model(TrailFilter, {**options, "case": case_id(here, case) if case else None})
        found = _read(here, wanted, spoken(here, language), texts=case is not None, changes=changes)
        chosen = spoken(here, language)
    if case is not None and not found.entries and wanted == TrailFilter(case=wanted.case, limit=limit):
        _nothing(case)
    if json:
        output.emit_model(found)
    else:
        _print(found, chosen, wanted.case)
    return output.OK


def _beginning(text: str | None) -> datetime | None:
    """A bare date is its beginning here, as it is its end behind ``--to``."""
    if text is None:
        return None
    found = instant(text, "--from")
    return found.replace(hour=0, minute=0, second=0, microsecond=0) if len(text) == len("2026-11-22") else found


def _nothing(case: str) -> None:
    output.stop(output.NOT_FOUND, f"no case '{case}'; 'plaint case list' shows the numbers")


def _read(here: Installation, wanted: TrailFilter, language: Spoken, *, texts: bool, changes: bool) -> Trail:
    if wanted.case is not None:
        note(here, wanted.case, "history", texts=texts)
    with snapshot(here, [trails.NAME]) as seen:
        return trails.trail(seen, wanted, language, here.store.read, texts=texts, changed=changes)


def _print(found: Trail, language: Spoken, case: UUID | None) -> None:
    columns = ("#", "occurred", "recorded", "who", "what")
    rows = [(_number(one, case), *_when_and_who(one), "\n".join(_lines(one, language))) for one in found.entries]
    output.table(columns, rows)
    if found.next is not None:
        output.say(f"more: --after {found.next}")


def _number(entry: TrailEntry, case: UUID | None) -> str:
    """An entry of another case, a move of a message to this one, has no number in it."""
    if case is None:
        return f"{entry.position}\n{entry.case}"
    return str(entry.version) if entry.case == case else ""


def _here(entry: TrailEntry, case: UUID | None) -> str:
    return entry.words if entry.case == case else f"{entry.words} ({entry.around[0]})"


def _when_and_who(entry: TrailEntry) -> tuple[Any, ...]:
    return shown(entry.occurred_at, entry.occurred_on), shown(entry.recorded_at), entry.actor


def _lines(entry: TrailEntry, language: Spoken) -> Iterator[str]:
    """What happened, what was said, around it, and what it changed."""
    yield entry.words
    for text in entry.texts or ():
        yield f"  {place(text.field)}: {_indented(text.withheld or text.value)}"
    for one in entry.around:
        yield f"  ({one})"
    for line in in_words(entry.changes or (), language):
        yield f"  * {line}"


def _indented(text: object) -> str:
    """Return a text of several lines so that it stands apart from the events around it."""
    return str(text).replace("\n", "\n    ")
