"""``plaint sla explain``, ``rejudge`` and ``what-if``: recorded clocks, asked why and what else might have been."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

import orjson
from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import case_id, instant
from consumers.cli.session import session
from consumers.cli.sla import spoken, told
from consumers.wiring import clock
from engine.configuration.activation import expanded
from engine.sla.judge import Verdict
from engine.sla.policy import NoCalendar
from projections.replay import drafts
from projections.replay.as_of import NoSuchCase
from projections.replay.drafts import BadDraft, Loaded, NoSuchPolicy
from projections.replay.explained import explained
from projections.replay.library import Library, Which, library
from projections.replay.what_if import Pair, Tally, Totals, WhatIf
from schemas.configuration import Calendar, Policy

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
At = Annotated[str | None, Parameter(help="Judged at this instant instead of now.")]
Since = Annotated[str | None, Parameter(help="Cases received on this day (UTC) or at this instant, or later.")]
Until = Annotated[str | None, Parameter(help="Cases received up to the end of this day (UTC), or before this instant.")]
_COLUMNS: Final = ("case", "clock", "cycle", "then", "due then", "re-judged", "due re-judged", "over")
_WIDTHS: Final = (18, 26, 6, 10, 21, 10, 21, 0)


def explain(
    case: Annotated[str, Parameter(help="A case number such as PL-7GWFC-2W3X1, or an id.")],
    /,
    *,
    at: At = None,
    language: Annotated[
        Literal["en", "ru"] | None, Parameter(help="Of the words; absent: the language of this installation.")
    ] = None,
    json: Json = False,
) -> int:
    """Tell how each deadline of a case came about: which rule, which time counted and which did not."""
    with session() as here:
        chosen = language or ("ru" if here.settings.language == "ru" else "en")
        moment = instant(at, "--at") if at else clock.now()
        log = here.store.read
        try:
            clocks = explained(log, library(log), case_id(here, case), moment)
        except NoSuchCase:
            output.stop(output.NOT_FOUND, f"no case '{case}'; 'plaint case list' shows the numbers")
    told(clocks, chosen, json=json)
    if not clocks:
        output.say(f"no clock of '{case}' had begun by then")
    return output.OK


def rejudge(
    *cases: Annotated[str, Parameter(help="Case numbers or ids; absent: those of --since and --until, or --all.")],
    policy: Annotated[str, Parameter(help="A policy file, or the id of one that was in force: default, default@2.")],
    since: Since = None,
    until: Until = None,
    all: Annotated[bool, Parameter(negative="", help="Every case of the log.")] = False,
    same: Annotated[bool, Parameter(negative="", help="Print clocks that are judged alike, too.")] = False,
    at: At = None,
    json: Json = False,
) -> int:
    """Judge cases under another policy beside how they are judged under their own; changes nothing."""
    if bool(cases) + bool(since or until) + all != 1:
        output.stop(output.USAGE, "name cases, or give --since or --until, or --all")
    with session() as here:
        known = library(here.store.read)
        what_if = _what_if(known, _policy(policy, known), None, at)
        which = Which(tuple(case_id(here, one) for one in cases), received_since(since), received_until(until))
        with output.progress("cases", None) as bar:
            pairs = what_if.rejudged(here.store.read, which, bar.at)
            wanted = (one for one in pairs if same or one.differs)
            (_stream_json if json else _stream_table)(wanted, what_if.totals)
    if not json:
        _print_totals(what_if.totals, what_if.policy)
    return output.OK


def what_if(
    *,
    policy: Annotated[str, Parameter(help="A file with the draft of a policy; it takes the place of the same id.")],
    calendar: Annotated[str | None, Parameter(help="A file with the draft of a calendar that it counts by.")] = None,
    since: Since = None,
    until: Until = None,
    at: At = None,
    json: Json = False,
) -> int:
    """Replay recorded cases under a draft policy: who would get it, what would be kept; changes nothing."""
    with session() as here:
        known = library(here.store.read)
        loaded = [_loaded(one) for one in (policy, calendar) if one is not None]
        replay = _what_if(known, _draft(loaded, known), _calendar(loaded), at)
        which = Which((), received_since(since), received_until(until))
        with output.progress("cases", None) as bar:
            totals = replay.under_draft(here.store.read, which, bar.at)
    if json:
        about = {"policy": replay.policy.id, "version": replay.policy.version, "at": replay.at, "position": known.head}
        output.emit_json({**about, **totals.data()})
    else:
        _print_totals(totals, replay.policy)
    return output.OK


# ------------------------------------------------------------------------------------------------ what is asked for


def received_since(text: str | None) -> datetime | None:
    """Return the instant from which on ``--since`` means."""
    return None if text is None else _bound(text, "--since")


def received_until(text: str | None) -> datetime | None:
    """Return the instant before which ``--until`` means."""
    if text is None:
        return None
    return _bound(text, "--until") + timedelta(days=1 if len(text) == len("2026-11-22") else 0)


def _bound(text: str, option: str) -> datetime:
    found = instant(text, option)
    return datetime.combine(found.date(), time(), UTC) if len(text) == len("2026-11-22") else found


def _what_if(known: Library, policy: Policy, calendar: Calendar | None, at: str | None) -> WhatIf:
    moment = instant(at, "--at") if at else clock.now()
    try:
        return WhatIf(known, policy, moment, () if calendar is None else (expanded(calendar),))
    except NoCalendar as error:
        output.stop(output.CONFIGURATION, str(error))


def _policy(named: str, known: Library) -> Policy:
    """Return the policy of a file, or one that was in force: the latest of its id, or the version after ``@``."""
    if Path(named).suffix in (".yaml", ".yml", ".json") or Path(named).exists():
        return _draft([_loaded(named)], known)
    try:
        return drafts.named(known, named)
    except NoSuchPolicy as error:
        output.stop(output.NOT_FOUND, f"no policy '{named}'; name a file, or one of: {error.there}")


def _loaded(file: str) -> Loaded:
    try:
        return drafts.loaded(Path(file).read_text(encoding="utf-8-sig"), file)
    except BadDraft as error:
        output.stop(output.CONFIGURATION, str(error))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        output.stop(output.NOT_FOUND, f"{file}: {reason or error}; name a file that can be read")


def _calendar(loaded: Sequence[Loaded]) -> Calendar | None:
    return next((item for item, _ in loaded[1:] if isinstance(item, Calendar)), None)


def _draft(loaded: Sequence[Loaded], known: Library) -> Policy:
    """Return the policy among the drafts, or end the command with what would not be admissible."""
    try:
        return drafts.policy(loaded, known)
    except BadDraft as error:
        output.stop(output.CONFIGURATION, str(error))


# ------------------------------------------------------------------------------------------------ what is printed


def _stream_json(pairs: Iterator[Pair], totals: Totals) -> None:
    """Print one document as it comes, so that any number of clocks is printed in the same memory."""
    separator = b'{"clocks":[\n'
    for one in pairs:
        sys.stdout.buffer.write(separator + orjson.dumps(one.data()))
        separator = b",\n"
    opened = b"" if separator == b",\n" else b'{"clocks":['
    sys.stdout.buffer.write(opened + b'\n],"totals":' + orjson.dumps(totals.data()) + b"}\n")
    sys.stdout.flush()


def _stream_table(pairs: Iterator[Pair], _: Totals) -> None:
    header = True
    for one in pairs:
        if header:
            _line(_COLUMNS)
            header = False
        _line(_cells(one))


def _line(cells: Sequence[object]) -> None:
    padded = (str(cell or "").ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    sys.stdout.write(output.harmless("  ".join(padded).rstrip()) + "\n")


def _cells(one: Pair) -> tuple[object, ...]:
    kind, cycle, instance = one.key
    over = "" if one.now is None else spoken(one.now.overdue_seconds)
    clock_name = f"{kind} #{instance}" if instance > 1 else kind
    return one.number or one.case, clock_name, cycle, *_side(one.then), *_side(one.now), over


def _side(one: Verdict | None) -> tuple[str, str]:
    return ("-", "") if one is None else (one.state, f"{one.due_at:%Y-%m-%d %H:%M:%S}Z")


def _print_totals(totals: Totals, policy: Policy) -> None:
    facts = [
        ("cases", totals.cases),
        (f"under policy {policy.id}, version {policy.version}", totals.got),
        ("of these not under it before", totals.newly),
        ("no longer under it", totals.lost),
        ("clocks judged otherwise", totals.differ),
    ]
    output.table(("total", "number"), facts)
    none = Tally()
    columns = ("clock", "", "kept", "late evidence", "missed", "cancelled", "open", "attainment")
    rows: list[tuple[object, ...]] = []
    for kind in sorted({*totals.then, *totals.now}):
        rows.append((kind, "then", *_tally(totals.then.get(kind, none))))
        rows.append((kind, "under it", *_tally(totals.now.get(kind, none))))
    output.table(columns, rows)


def _tally(one: Tally) -> tuple[object, ...]:
    share = "" if one.attainment is None else f"{one.attainment:.1%}"
    return one.kept, one.late_evidence, one.missed, one.cancelled, one.open, share
