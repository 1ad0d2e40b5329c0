from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.store.database.pool import Pool
from projections.runtime.projection import Projection
from projections.views.funnel.rows import Funnel
from projections.views.remedies import peers
from projections.views.remedies.ask import NAMES, Cost, CostFilter, Costs, Ledger, LedgerFilter, Sums, costs, ledger
from projections.views.remedies.rows import Remedies
from projections.views.remedies.watch import Usual, Watch, WatchFilter, watch
from schemas.complaint.base import Event
from schemas.complaint.remedies import (
    ComplaintCompensated,
    RemedyApproved,
    RemedyProposed,
    RemedyRejected,
    RemedyReversed,
)  # fmt: skip
from schemas.words import Money, RemedyForm
from support.histories import RECEIVED, START, Writer, uid
from support.views import asking, build

VIEWS: tuple[Projection, ...] = (Funnel(), Remedies())


def euro(text: str) -> Money:
    return Money(amount=Decimal(text), currency="EUR")


def paid(label: str, text: str, form: RemedyForm = "refund") -> tuple[Event, ...]:
    remedy = uid(label)
    return (
        RemedyProposed(remedy_id=remedy, form=form, ground="fault", head="price", amount=euro(text)),
        RemedyApproved(remedy_id=remedy, amount=euro(text)),
        ComplaintCompensated(remedy_id=remedy, amount=euro(text)),
    )


def ask(pool: Pool, **wanted: object) -> Costs:
    with asking(pool).snapshot(NAMES) as seen:
        return costs(seen, CostFilter.model_validate(wanted))


def listed(pool: Pool, **wanted: object) -> Ledger:
    with asking(pool).snapshot(NAMES) as seen:
        return ledger(seen, LedgerFilter.model_validate(wanted))


def watched(pool: Pool, **wanted: object) -> Watch:
    with asking(pool).snapshot(NAMES) as seen:
        return watch(seen, WatchFilter.model_validate(wanted))


@pytest.fixture
def told(pool: Pool) -> Pool:
    april = START + timedelta(days=35)
    gift = RemedyProposed(remedy_id=uid("gift"), form="extra_service", ground="no_fault")
    writer = Writer().add("one", RECEIVED, *paid("a", "10.10"), gift, RemedyRejected(remedy_id=uid("gift")))
    writer.add("two", RECEIVED, *paid("b", "20.20", "payment"))
    writer.add("two", RemedyReversed(remedy_id=uid("b"), amount=euro("5.05")), at=april)
    dollars = Money(amount=Decimal(7), currency="USD")
    writer.add("two", ComplaintCompensated(remedy_id=uid("c"), amount=dollars), at=april)
    build(pool, writer.log(), VIEWS)
    return pool


def test_costs_add_up_by_currency_exactly(told: Pool) -> None:
    found = ask(told)
    assert found.whole == Sums(
        remedies=4, given=3, reversed=1, statuses={"given": 2, "rejected": 1, "reversed": 1},
        costs=(
            Cost(currency="EUR", given=Decimal("30.30"), reversed=Decimal("5.05"), net=Decimal("25.25")),
            Cost(currency="USD", given=Decimal(7), reversed=Decimal(0), net=Decimal(7)),
        ),
    )  # fmt: skip
    assert [(one.key, one.sums.remedies, [cost.net for cost in one.sums.costs]) for one in found.groups] == [
        ("extra_service", 1, []), ("payment", 1, [Decimal("15.15")]), ("refund", 1, [Decimal("10.10")]),
        (None, 1, [Decimal(7)]),
    ]  # fmt: skip
    assert '"net":"25.25"' in found.model_dump_json()


@pytest.mark.parametrize(
    ("per", "keys"), [("ground", ["fault", "no_fault", None]), ("head", ["price", None]), ("channel", ["email"])]
)
def test_any_word_of_a_remedy_or_its_case_can_be_added_up_by(told: Pool, per: str, keys: list[str | None]) -> None:
    assert [one.key for one in ask(told, per=per).groups] == keys


def test_days_of_giving_count_what_moved_in_them(told: Pool) -> None:
    found = ask(told, of="giving", by="month", per="channel")
    assert [(one.begins, one.sums.remedies, one.sums.given, one.sums.reversed) for one in found.groups] == [
        (date(2026, 3, 1), 2, 2, 0), (date(2026, 4, 1), 2, 1, 1),
    ]  # fmt: skip
    april = ask(told, **{"of": "giving", "from": "2026-04-01"}).whole
    assert [(one.currency, one.net) for one in april.costs] == [("EUR", Decimal("-5.05")), ("USD", Decimal(7))]
    assert listed(told, **{"of": "giving", "from": "2026-04-01"}).count == 2


def test_the_ledger_shows_every_remedy_once(told: Pool) -> None:
    first = listed(told, limit=3)
    rest = listed(told, limit=3, cursor=first.next)
    both = [*first.remedies, *rest.remedies]
    assert {one.remedy for one in both} == {uid(label) for label in ("a", "gift", "b", "c")}
    assert (len(both), first.count, rest.next) == (4, 4, None)
    taken = listed(told, status="reversed").remedies
    assert [(one.remedy, one.approved, one.costs[0].net) for one in taken] == [
        (uid("b"), Decimal("20.20"), Decimal("15.15"))
    ]


def persons(numbers: list[int], amount: str = "1") -> Writer:
    """One complaint of each person, with this many refunds of so many euros."""
    writer = Writer()
    for who, number in enumerate(numbers):
        received = RECEIVED.model_copy(update={"subject_id": uid(f"person {who}"), "parties": ()})
        writer.add(f"case {who}", received)
        for nth in range(number):
            writer.add(f"case {who}", *paid(f"{who}/{nth}", amount), at=datetime(2026, 3, 5, tzinfo=UTC))
    return writer


def test_who_was_given_far_more_than_others_is_named_with_the_figures(pool: Pool) -> None:
    build(pool, persons([1] * 18 + [2, 30]).log(), VIEWS)
    found = watched(pool)
    bound = 1 + 3.5 * 1.253314 * (30 / 20)
    assert found.usual == (
        Usual(measure="number", currency=None, persons=20, median=1, median_distance=0, mean_distance=1.5, bound=bound),
        Usual(measure="value", currency="EUR", persons=20, median=1, median_distance=0, mean_distance=1.5, bound=bound),
    )
    assert [(one.complainant, one.measure, one.value, one.cases) for one in found.unusual] == [
        (uid("person 19"), "number", Decimal(30), 1), (uid("person 19"), "value", Decimal(30), 1),
    ]  # fmt: skip
    assert found.unusual[1].explained == (
        "30 EUR in 1 complaints; half of 20 persons had 1 or less; unusual from above 7.58"
    )
    assert watched(pool, to="2026-03-04") == watched(pool, **{"from": "2026-04-01"})


def test_large_sums_are_told_in_full(pool: Pool) -> None:
    build(pool, persons([1] * 18 + [2, 30], "1234567.5").log(), VIEWS)
    assert "had 1234567.5 or less" in watched(pool).unusual[1].explained


def test_few_persons_say_nothing_of_what_is_usual(pool: Pool) -> None:
    build(pool, persons([1] * 8 + [30]).log(), VIEWS)
    found = watched(pool)
    assert [(one.persons, one.bound) for one in found.usual] == [(9, None), (9, None)]
    assert found.unusual == ()


@given(median=st.floats(0, 1e6), mad=st.floats(0, 1e6), mean=st.floats(0.001, 1e6), peers_=st.integers(10, 1000))
def test_nobody_at_the_median_is_unusual(median: float, mad: float, mean: float, peers_: int) -> None:
    bound = peers.bound(peers_, median, mad, mean)
    assert bound is not None
    assert bound >= median
    assert peers.bound(9, median, mad, mean) is None
    assert peers.bound(peers_, median, 0, 0) is None
