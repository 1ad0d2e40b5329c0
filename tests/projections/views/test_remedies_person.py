from datetime import UTC, datetime, timedelta
from decimal import Decimal

from engine.store.database.pool import Pool
from projections.runtime.projection import Projection
from projections.views.funnel.rows import Funnel
from projections.views.remedies.ask import NAMES
from projections.views.remedies.person import Watch
from projections.views.remedies.rows import Remedies
from schemas.complaint.base import Event
from schemas.complaint.remedies import ComplaintCompensated, RemedyApproved, RemedyProposed, RemedyReversed, Unusual
from schemas.configuration.remedies import PersonLimit
from schemas.words import Money
from support.histories import RECEIVED, Writer, uid
from support.views import asking, build

VIEWS: tuple[Projection, ...] = (Funnel(), Remedies())
GIVEN = datetime(2026, 3, 5, tzinfo=UTC)
LIMIT = PersonLimit(days=30, remedies=2, sums={"EUR": Decimal("2.50")})


def paid(label: str, text: str = "1", currency: str = "EUR") -> tuple[Event, ...]:
    money = Money(amount=Decimal(text), currency=currency)
    return (
        RemedyProposed(remedy_id=uid(label), form="refund", ground="fault", amount=money),
        RemedyApproved(remedy_id=uid(label), amount=money),
        ComplaintCompensated(remedy_id=uid(label), amount=money),
    )


def persons(numbers: list[int]) -> Writer:
    """One complaint of each person, with this many refunds of one euro."""
    writer = Writer()
    for who, number in enumerate(numbers):
        writer.add(f"case {who}", RECEIVED.model_copy(update={"subject_id": uid(f"person {who}"), "parties": ()}))
        for nth in range(number):
            writer.add(f"case {who}", *paid(f"{who}/{nth}"), at=GIVEN)
    return writer


def unusual(pool: Pool, who: int, limit: PersonLimit = PersonLimit(), days: int = 0) -> tuple[Unusual, ...]:  # noqa: B008 # frozen
    with asking(pool).snapshot(NAMES) as seen:
        return Watch(seen, limit, GIVEN + timedelta(days=days)).unusual(uid(f"person {who}"))


def test_a_person_beyond_his_limit_and_beyond_his_peers_is_told_with_both_bounds(pool: Pool) -> None:
    build(pool, persons([1] * 18 + [2, 30]).log(), VIEWS)
    bound = Decimal("7.58")
    assert unusual(pool, 19, LIMIT) == (
        Unusual(measure="number", against="limit", value=Decimal(30), bound=Decimal(2), cases=1, days=30),
        Unusual(
            measure="value", against="limit", currency="EUR", value=Decimal(30), bound=Decimal("2.50"), cases=1, days=30
        ),
        Unusual(measure="number", against="peers", value=Decimal(30), bound=bound, cases=1, persons=20),
        Unusual(measure="value", against="peers", currency="EUR", value=Decimal(30), bound=bound, cases=1, persons=20),
    )
    assert unusual(pool, 18, LIMIT) == unusual(pool, 0, LIMIT) == unusual(pool, 99, LIMIT) == ()


def test_a_limit_counts_the_days_before_now_and_one_that_is_met_is_not_passed(pool: Pool) -> None:
    build(pool, persons([3, 2]).log(), VIEWS)
    assert [(one.against, one.measure) for one in unusual(pool, 0, LIMIT, days=30)] == [
        ("limit", "number"),
        ("limit", "value"),
    ]
    assert unusual(pool, 0, LIMIT, days=31) == ()
    assert unusual(pool, 1, LIMIT) == ()


def test_what_was_taken_back_counts_no_more_and_currencies_are_counted_apart(pool: Pool) -> None:
    writer = persons([3]).add("case 0", *paid("roubles", "900", "RUB"), at=GIVEN)
    writer.add(
        "case 0", RemedyReversed(remedy_id=uid("0/0"), amount=Money(amount=Decimal(1), currency="EUR")), at=GIVEN
    )
    build(pool, writer.log(), VIEWS)
    assert [(one.measure, one.currency, one.value) for one in unusual(pool, 0, LIMIT)] == [("number", None, Decimal(3))]
