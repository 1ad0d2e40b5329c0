"""The funnel's numbers from what is kept beside the cases: some hundred rows in place of all of them.

That answers what is asked of all cases, of one value of one word, or of whole months by the words that are few.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, get_args

import orjson
from sqlalchemy import ColumnElement, Table, Text, and_, cast, false, func, or_, select

from projections import sql, units
from projections.answers import Snapshot
from projections.views.funnel import narrow, tables
from projections.views.funnel.cells import ALL, COMBINED, ENTERED, FEW
from projections.views.funnel.narrow import DIMENSIONS, Narrowed
from schemas.words import Stage

if TYPE_CHECKING:
    from projections.views.funnel.ask import FunnelFilter

Numbers = Mapping[str, int]
"""What is counted -> how much of it."""
Group = tuple[Any, ...]
_ONE_DAY: Final = timedelta(days=1)
_STAGES: Final = frozenset(get_args(Stage))


@dataclass(frozen=True, slots=True)
class Found:
    """``groups`` are those of the question, ``whole`` all of them; ``totals`` are what goes by receipt in any case."""

    groups: Mapping[Group, Numbers]
    whole: Numbers
    totals: Numbers


def fits(wanted: "FunnelFilter") -> bool:
    """Whether what is kept tells the answer; it is kept over all business units."""
    if not units.everywhere():
        return False
    slice_ = _slice(wanted, wanted.per)
    if wanted.detail and (slice_ != ALL or wanted.by or wanted.from_ or wanted.to):
        return False
    if slice_ == COMBINED:
        return not _by_entry(wanted) and wanted.by in (None, "month") and _months(wanted) == (wanted.from_, wanted.to)
    return slice_ is not None and (slice_ == ALL or not _by_entry(wanted))


def read(snapshot: Snapshot, wanted: "FunnelFilter") -> Found:
    """Return the numbers of a question that ``fits``."""
    cells = snapshot.on((tables.VIEW, tables.VERSION), tables.CELLS)
    slice_ = _slice(wanted, wanted.per) or ALL
    if not _by_entry(wanted):
        groups = _read(snapshot, cells, wanted, slice_)
        whole = together(groups.values())
        return Found(groups, whole, whole)
    groups = _read(snapshot, cells, wanted, ENTERED)
    plain = wanted.model_copy(update={"by": None})
    return Found(groups, together(groups.values()), together(_read(snapshot, cells, plain, slice_).values()))


def by_month(snapshot: Snapshot, wanted: Narrowed) -> dict[date, Numbers] | None:
    """Return the numbers of each month of receipt, distinct people too; None where what is kept does not tell them."""
    if not units.everywhere() or _slice(wanted, None) != ALL or _months(wanted) != (wanted.from_, wanted.to):
        return None
    cells = snapshot.on((tables.VIEW, tables.VERSION), tables.CELLS)
    query = select(cells.c.begins, cast(cells.c.counted, Text).label("counted")).where(
        cells.c.slice == ALL, cells.c.period == "month", *narrow.of_days(wanted, cells.c.begins)
    )
    return {row["begins"]: orjson.loads(row["counted"]) for row in sql.fetch(snapshot.connection, query)}


def together(numbers: Iterable[Numbers]) -> dict[str, int]:
    """Return the numbers of all groups added up."""
    found: dict[str, int] = {}
    for one in numbers:
        for what, number in one.items():
            found[what] = found.get(what, 0) + number
    return found


def of_stages(numbers: Numbers) -> dict[str, tuple[dict[str, Any], dict[str, int]]]:
    """Return the numbers of each stage that has any, those of people among them, and its exits by reason."""
    found: dict[str, tuple[dict[str, Any], dict[str, int]]] = {}
    for what, number in numbers.items():
        first, _, rest = what.partition("/")
        if first == "people":
            stage, slash, how = rest.partition("/")
            if slash:
                found.setdefault(stage, ({}, {}))[0][f"who_{how}"] = number
        elif first in _STAGES:
            row, exits = found.setdefault(first, ({}, {}))
            how, _, reason = rest.partition("/")
            row[how] = row.get(how, 0) + number
            if how == "exited":
                exits[reason] = number
    for row, _ in found.values():
        row["left"] = row.get("passed", 0) + row.get("exited", 0)
        row["entered"] = row["left"] + row.get("there_now", 0)
    return found


def _by_entry(wanted: "FunnelFilter") -> bool:
    return wanted.of == "passage" and bool(wanted.from_ or wanted.to or wanted.by)


def _slice(wanted: Narrowed, per: str | None) -> str | None:
    """Return the slice in which the question can be answered; None where there is none."""
    given = {name for name in DIMENSIONS if getattr(wanted, name)}
    if wanted.unknown in given:
        return None
    asked = given | ({wanted.unknown} if wanted.unknown else set()) | ({per} if per else set())
    if len(asked) <= 1:
        return next(iter(asked), ALL)
    return COMBINED if asked <= set(FEW) else None


def _months(wanted: Narrowed) -> tuple[date | None, date | None]:
    """Return the first day of the first and the last day of the last month that the days asked for touch wholly."""
    first, last = wanted.from_, wanted.to
    if first is not None and first.day != 1:
        first = (first.replace(day=1) + timedelta(days=31)).replace(day=1)
    if last is not None and last.day != monthrange(last.year, last.month)[1]:
        last = last.replace(day=1) - _ONE_DAY
    return first, last


def _read(snapshot: Snapshot, cells: Table, wanted: "FunnelFilter", slice_: str) -> dict[Group, dict[str, int]]:
    key = _key(cells, slice_, wanted.per)
    conditions = [cells.c.slice == slice_, _periods(cells, wanted), *_of_key(cells, slice_, wanted)]
    query = select(cells.c.begins, key.label("key"), cast(cells.c.counted, Text).label("counted")).where(*conditions)
    found: dict[Group, dict[str, int]] = {}
    for row in sql.fetch(snapshot.connection, query):
        begins = (_begins(wanted, row["begins"]),) if wanted.by else ()
        numbers = found.setdefault((*begins, *((row["key"] or None,) if wanted.per else ())), {})
        for what, number in orjson.loads(row["counted"]).items():
            numbers[what] = numbers.get(what, 0) + number
    return found


def _begins(wanted: "FunnelFilter", day: date) -> date:
    if wanted.by == "week":
        return day - day.weekday() * _ONE_DAY
    return day.replace(day=1) if wanted.by == "month" else day


def _key(cells: Table, slice_: str, per: str | None) -> ColumnElement[str]:
    if slice_ == COMBINED and per is not None:
        return func.split_part(cells.c.key, " ", FEW.index(per) + 1)
    return cells.c.key


def _of_key(cells: Table, slice_: str, wanted: Narrowed) -> list[ColumnElement[bool]]:
    given = {name: getattr(wanted, name) for name in DIMENSIONS if getattr(wanted, name)}
    if wanted.unknown is not None:
        given[wanted.unknown] = ""
    return [_key(cells, slice_, name) == value for name, value in given.items()]


def _periods(cells: Table, wanted: "FunnelFilter") -> ColumnElement[bool]:
    """Return which periods are added up: as few as make up the days."""
    period, begins = cells.c.period, cells.c.begins
    if wanted.by in ("day", "week"):
        return and_(period == "day", *narrow.of_days(wanted, begins))
    if wanted.from_ is None and wanted.to is None:
        return period == ("month" if wanted.by else "ever")
    first, last = _months(wanted)
    if first is not None and last is not None and first > last:
        return and_(period == "day", *narrow.of_days(wanted, begins))
    months = [begins >= first] if first else []
    months += [begins <= last] if last else []
    before = and_(begins >= wanted.from_, begins < first) if wanted.from_ and first else false()
    behind = and_(begins <= wanted.to, begins > last) if wanted.to and last else false()
    return or_(and_(period == "month", *months), and_(period == "day", or_(before, behind)))
