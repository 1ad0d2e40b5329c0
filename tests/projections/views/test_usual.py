from datetime import timedelta

import pytest

from engine.store.database.pool import Pool
from projections.views.cases import usual
from projections.views.cases.rows import Cases
from schemas.complaint.classification import ComplaintClassified
from schemas.complaint.lifecycle import ComplaintResolved
from support.histories import RECEIVED, START, Writer, registered
from support.views import asking, build

DAY = timedelta(days=1)


def resolved(*after: float, type: str = "delivery") -> Writer:
    writer = Writer()
    for n, days in enumerate(after):
        writer.add(f"{type}{n}", RECEIVED, registered(), at=START)
        writer.add(f"{type}{n}", ComplaintClassified.model_validate({"type": type}), at=START)
        writer.add(f"{type}{n}", ComplaintResolved(outcome="upheld"), at=START + days * DAY)
    return writer


@pytest.mark.parametrize(
    ("took", "days"),
    [((1, 2, 3, 4, 30), 4), ((0.1, 0.1, 0.1, 0.1, 0.1), 1), ((2.5,) * 5, 3), ((1, 2, 3, 4), None), ((), None)],
)
def test_four_of_five_were_resolved_within_so_many_days(pool: Pool, took: tuple[float, ...], days: int | None) -> None:
    build(pool, resolved(*took).log(), [Cases()])
    with asking(pool).snapshot([usual.NAME]) as seen:
        assert usual.days(seen, "delivery", START - DAY) == days
        assert usual.days(seen, None, START - DAY) == days
        assert usual.days(seen, "staff", START - DAY) is None
        assert usual.days(seen, "delivery", START + DAY) is None
