"""How long complaints really took of late: what somebody may be told to expect where nothing was promised."""

from datetime import datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy import func, select

from projections import sql
from projections.answers import Snapshot
from projections.views.cases import rows as written
from projections.views.cases.rows import VERSION, VIEW

NAME: Final = (VIEW, VERSION)
LEAST: Final = 5
"""Of fewer complaints nothing is said."""


def days(snapshot: Snapshot, type: str | None, since: datetime) -> int | None:
    """Return within how many calendar days four of five were resolved that were received since, rounded up.

    Of the type where one is named, imported history among them; None where there are fewer than ``LEAST``.
    """
    table = snapshot.on(NAME, written.CASES)
    took = func.extract("epoch", table.c.resolved_at - table.c.opened_at)
    query = select(func.count().label("count"), func.percentile_disc(0.8).within_group(took).label("took")).where(
        table.c.kind == "complaint", table.c.resolved_at.is_not(None), table.c.opened_at >= since
    )
    if type is not None:
        query = query.where(table.c.type == type)
    (row,) = sql.fetch(snapshot.connection, query)
    if row["count"] < LEAST or row["took"] is None:
        return None
    return max(1, ceil(timedelta(seconds=float(row["took"])) / timedelta(days=1)))
