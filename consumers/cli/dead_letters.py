"""``plaint dead-letters``: records that could not be taken: what they are, try them again, give them up."""

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from cyclopts import Parameter
from cyclopts.validators import Number
from pydantic import ValidationError

from consumers.cli import output
from consumers.cli.questions import instant, shown
from consumers.cli.session import sender, session
from consumers.kafka.records import Reader
from consumers.kafka.replay import Replay, Replayed
from consumers.wiring import clock
from consumers.wiring.build import Installation
from consumers.wiring.consumption import purposes, reader_of
from engine.store.access_log import Access
from engine.store.set_aside import AsideRow, NotSetAside
from engine.store.vault.master import UnknownMasterKey
from engine.store.vault.seal import SealBroken
from schemas.published.dead_letter import CLASSES, DeadLetter

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
Reason = Annotated[
    str | None, Parameter(help="Only these: a class such as schema, or class and code such as syntax/not_json.")
]
Ids = Annotated[UUID, Parameter(help="Ids of dead letters; 'plaint dead-letters list' shows them.")]
_PAGE = 500
_CLOSED = {
    "NotSetAside": "the key of its week was destroyed, its time is over",
    "SealBroken": "what is kept of it was changed, or damaged",
    "UnknownMasterKey": "its key is wrapped by a master key that PLAINT_MASTER_KEY_FILE does not name",
    "ValidationError": "it is no letter of this program; a newer one may have written it",
}
"""Why a letter does not open, by the kind of the error."""
_ANSWERED = "; this is what the case answered first: send the command again under a new id, and discard this"
_HELP = {
    "overtaken": "something later of its conversation had its effect; --force has it follow all the same",
    "not_kept": "its value is not here; the record must be sent again",
    "not_read": "its topic is none of those that are read now",
    "gone": "no dead letter has this id (any more)",
}


def list_letters(
    *,
    reason: Reason = None,
    since: Annotated[str | None, Parameter(help="Only what was set aside since (an instant or a date).")] = None,
    limit: Annotated[int, Parameter(help="How many to show at most.", validator=Number(gte=1))] = 50,
    json: Json = False,
) -> int:
    """List dead letters, the oldest first. What they say stays sealed."""
    wanted, after = _wanted(reason), _since(since)
    with session() as here:
        found: list[AsideRow] = []
        for row in _rows(here, wanted, after):
            found.append(row)
            if len(found) > limit:
                break
    rows = [_told(row) for row in found[:limit]]
    if json:
        output.emit_json({"dead_letters": rows, "more": len(found) > limit})
        return output.OK
    output.table(("id", "class", "code", "path", "from", "since", "until"), [tuple(_cells(row)) for row in rows])
    if len(found) > limit:
        output.say("there are more: --limit")
    return output.OK


def show(
    letter: Annotated[UUID, Parameter(help="Id of a dead letter.")],
    /,
    *,
    raw: Annotated[bool, Parameter(negative="", help="Write the octets of its value, and nothing else.")] = False,
    json: Json = False,
) -> int:
    """Show a dead letter opened: its record, and why it failed. The access log keeps who did.

    Of one that does not open any more it shows what is known without that, and exits with 1.
    """
    with session() as here:
        here.store.access_log.note(
            Access(actor=sender(here).actor, what="set_aside", reason="dead_letters.show", request=letter)
        )
        row = _letter(here, letter)
        opened = _opened(here, letter)
    if isinstance(opened, _Unreadable):
        return _show_closed(row, opened, raw=raw, json=json)
    if raw:
        sys.stdout.buffer.write(opened.value or b"")
        sys.stdout.flush()
    elif json:
        output.emit_json({**_told(row), "record": opened.model_dump(mode="json")})
    else:
        _print(row, opened)
    return output.OK


def replay(
    *letters: Ids,
    reason: Reason = None,
    every: Annotated[bool, Parameter(name="--all", negative="", help="All dead letters.")] = False,
    force: Annotated[
        bool,
        Parameter(negative="", help="Also where something later of its conversation, or for its case, had its effect."),
    ] = False,
    json: Json = False,
) -> int:
    """Try dead letters again: what succeeds is one no more, what fails is kept with one more attempt."""
    with session() as here:
        work = Replay(here.store, here.service, _reader_of(here), clock.now)
        results = []
        for one in _chosen(here, letters, reason, everything=every):
            results.append(_again(work, one, force=force))
            if not json:
                output.say(_said(results[-1]))
    if json:
        output.emit_json({"replayed": [{"id": one.id, "status": one.status, "reason": one.reason} for one in results]})
    else:
        good = sum(one.good for one in results)
        output.say(f"{good} of {len(results)} are dead letters no more")
    return output.OK if all(one.good for one in results) else output.SOME_REJECTED


def discard(
    *letters: Ids,
    reason: Reason = None,
    yes: Annotated[bool, Parameter(negative="", help="Do not ask.")] = False,
    json: Json = False,
) -> int:
    """Give dead letters up for good. The access log keeps who did, which, and why they had failed."""
    with session() as here:
        chosen = set(_chosen(here, letters, reason, everything=False))
        rows = [row for row in _rows(here) if row.id in chosen]
        if len(rows) < len(chosen):
            output.stop(output.NOT_FOUND, f"{len(chosen) - len(rows)} of these are none; nothing was changed")
        if not yes:
            _must_be_meant(rows)
        actor = sender(here).actor
        for row in rows:
            why = "/".join(row.reason.split(" ")[:2])
            here.store.access_log.note(
                Access(actor=actor, what="set_aside", reason=f"dead_letters.discard:{why}", request=row.id)
            )
        count = here.store.set_aside.discard([row.id for row in rows])
    if json:
        output.emit_json({"discarded": count})
    else:
        output.say(f"{count} discarded")
    return output.OK


# --- choosing ---------------------------------------------------------------------------------


def _wanted(reason: str | None) -> str | None:
    """Return how the reasons that are meant begin."""
    if reason is None:
        return None
    named, _, code = reason.partition("/")
    if named not in CLASSES:
        output.stop(output.USAGE, f"--reason: no class '{named}'; there are {', '.join(CLASSES)}")
    return f"{named} {code} " if code else f"{named} "


def _since(text: str | None) -> datetime | None:
    """Return the instant; a bare date is its beginning."""
    if text is None:
        return None
    found = instant(text, "--since")
    return datetime.combine(found, time.min, UTC) if len(text) == len("2026-11-22") else found


def _rows(here: Installation, wanted: str | None = None, since: datetime | None = None) -> Iterator[AsideRow]:
    after: tuple[datetime, UUID] | None = None
    while rows := here.store.set_aside.listed("dead_letter", limit=_PAGE, after=after):
        for row in rows:
            if (wanted is None or f"{row.reason} ".startswith(wanted)) and (since is None or row.since >= since):
                yield row
        after = (rows[-1].since, rows[-1].id)


def _chosen(here: Installation, ids: Sequence[UUID], reason: str | None, *, everything: bool) -> list[UUID]:
    """Return the letters that are meant; those chosen by reason in the order of their partitions."""
    if sum((bool(ids), reason is not None, everything)) != 1:
        output.stop(output.USAGE, "name dead letters by id, or choose them by what --help names; one way at a time")
    if ids:
        return list(dict.fromkeys(ids))
    return [row.id for row in sorted(_rows(here, _wanted(reason)), key=_in_order)]


def _in_order(row: AsideRow) -> tuple[str, int, datetime]:
    place, _, offset = row.source.rpartition("/")
    return place, int(offset) if offset.isdigit() else 0, row.since


def _reader_of(here: Installation) -> Callable[[str, str, UUID], Reader | None]:
    read = purposes(here.settings)

    def made(cluster: str, topic: str, topic_id: UUID) -> Reader | None:
        return reader_of(here, cluster)(topic, topic_id) if topic in read else None

    return made


def _letter(here: Installation, id: UUID) -> AsideRow:
    row = here.store.set_aside.row(id)
    if row is None:
        output.stop(output.NOT_FOUND, f"no dead letter {id}; 'plaint dead-letters list' shows them")
    if row.kind != "dead_letter":
        output.stop(output.NOT_FOUND, f"{id} is parked; 'plaint parked list' shows those")
    return row


def _must_be_meant(rows: Sequence[AsideRow]) -> None:
    if not sys.stdin.isatty():
        output.stop(output.USAGE, "this cannot be undone; say --yes where nobody can be asked")
    sys.stderr.write(f"{len(rows)} dead letters are gone for good. Discard? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        output.stop(output.REFUSED, "nothing was discarded")


# --- trying again -----------------------------------------------------------------------------


class _Unreadable(NamedTuple):
    """A dead letter that does not open, or is none of this program's: it stays as it is. The reason is a kind."""

    id: UUID
    reason: str
    status: str = "unreadable"
    good: bool = False


def _again(work: Replay, id: UUID, *, force: bool) -> Replayed | _Unreadable:
    try:
        return work.again(id, force=force)
    except (SealBroken, UnknownMasterKey, ValidationError) as error:
        return _Unreadable(id, type(error).__name__)


# --- showing ----------------------------------------------------------------------------------


def _opened(here: Installation, id: UUID) -> "DeadLetter | _Unreadable":
    try:
        return DeadLetter.from_octets(here.store.set_aside.show(id)[1])
    except (NotSetAside, SealBroken, UnknownMasterKey, ValidationError) as error:
        return _Unreadable(id, type(error).__name__)


def _show_closed(row: AsideRow, closed: "_Unreadable", *, raw: bool, json: bool) -> int:
    """Show what stands beside a letter that does not open."""
    if json:
        output.emit_json({**_told(row), "record": None, "unreadable": closed.reason})
    elif not raw:
        facts = [*_told(row).items(), ("unreadable", closed.reason)]
        output.table(("fact", "value"), [(name, shown(v) if isinstance(v, datetime) else v) for name, v in facts])
    output.say(f"{row.id} cannot be opened: {_CLOSED[closed.reason]}")
    return output.SOME_REJECTED


def _told(row: AsideRow) -> dict[str, Any]:
    named, code, path = [*row.reason.split(" ", 2), "", ""][:3]
    return {
        "id": row.id, "class": named, "code": code, "path": path, "source": row.source,
        "since": row.since, "until": row.until,
    }  # fmt: skip


def _cells(row: dict[str, Any]) -> Iterator[Any]:
    return (shown(value) if isinstance(value, datetime) else value for value in row.values())


def _said(one: Replayed | _Unreadable) -> str:
    more = _HELP.get(one.status, one.reason)
    if isinstance(one, Replayed) and one.answered:
        more += _ANSWERED
    return f"{one.id} {one.status}" + (f": {more}" if more else "")


def _print(row: AsideRow, opened: DeadLetter) -> None:
    said = opened.model_dump(mode="json", exclude={"key", "value", "headers", "left_out"}, exclude_none=True)
    if opened.left_out is not None:
        said |= {"value size": opened.left_out.size, "value sha256": opened.left_out.sha256}
    facts = [
        ("id", row.id),
        *((name.replace("_", " "), value) for name, value in said.items()),
        ("until", shown(row.until)),
    ]
    headers = [(f"header {_text(name)}", _text(value)) for name, value in opened.raw_headers]
    output.table(("fact", "value"), [*facts, ("key", _text(opened.key)), *headers])
    sys.stdout.write(f"\n{output.harmless(_text(opened.value))}\n")


def _text(octets: bytes | None) -> str:
    return "" if octets is None else octets.decode("utf-8", "backslashreplace")
