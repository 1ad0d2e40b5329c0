"""The funnel's numbers from the tally: a few thousand rows in place of every case.

It answers what is asked of whole months of receipt, narrowed and grouped by the words that it is kept by.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from projections import sql
from projections.answers import Snapshot
from projections.runtime import copies
from projections.views.funnel import narrow, tables
from projections.views.funnel.narrow import DIMENSIONS
from projections.views.funnel.tally import GROUPS
from schemas.words import Stage

if TYPE_CHECKING:
    from projections.views.funnel.ask import FunnelFilter

TALLY = copies.live(tables.TALLY)
Numbers = Mapping[str, int]
"""What is counted -> how much of it."""


def fits(wanted: "FunnelFilter") -> bool:
    """Whether the tally knows the answer."""
    by_case = [wanted.unknown, *(getattr(wanted, name) for name in DIMENSIONS if name not in GROUPS)]
    by_receipt = wanted.of == "receipt" or not (wanted.from_ or wanted.to or wanted.by)
    grouped = wanted.by in (None, "month") and (wanted.per is None or wanted.per in GROUPS)
    return not wanted.detail and not any(by_case) and by_receipt and grouped and _whole_months(wanted.from_, wanted.to)


def _whole_months(first: date | None, last: date | None) -> bool:
    begins = first is None or first.day == 1
    return begins and (last is None or last.day == monthrange(last.year, last.month)[1])


def read(snapshot: Snapshot, wanted: "FunnelFilter") -> dict[tuple[Any, ...], dict[str, int]]:
    """Return the numbers of each group; the group of no parts is the whole."""
    parts = [TALLY.c.month.label("begins")] if wanted.by else []
    parts += [func.nullif(TALLY.c[wanted.per], "").label("key")] if wanted.per else []
    conditions = [TALLY.c[name] == getattr(wanted, name) for name in GROUPS if getattr(wanted, name)]
    conditions += narrow.of_days(wanted, TALLY.c.month)
    number = func.sum(TALLY.c.n).label("n")
    query = select(*parts, TALLY.c.what, number).where(*conditions).group_by(*parts, TALLY.c.what)
    found: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in sql.fetch(snapshot.connection, query):
        found.setdefault(tuple(row[part.name] for part in parts), {})[row["what"]] = int(row["n"])
    return found


def together(groups: Mapping[tuple[Any, ...], Numbers]) -> dict[str, int]:
    """Return the numbers of all groups added up."""
    found: dict[str, int] = {}
    for numbers in groups.values():
        for what, number in numbers.items():
            found[what] = found.get(what, 0) + number
    return found


def stage_row(stage: Stage, numbers: Numbers) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Return the numbers of a stage, and its exits by reason."""
    ended = f"{stage}/exited/"
    exits = sorted((what.removeprefix(ended), number) for what, number in numbers.items() if what.startswith(ended))
    passed, there_now = numbers.get(f"{stage}/passed/", 0), numbers.get(f"{stage}/there_now/", 0)
    exited = sum(number for _, number in exits)
    row = {
        "entered": passed + exited + there_now,
        "left": passed + exited,
        "passed": passed,
        "skipped": numbers.get(f"{stage}/skipped/", 0),
        "exited": exited,
        "there_now": there_now,
    }
    return row, [{"reason": reason, "n": number} for reason, number in exits]
