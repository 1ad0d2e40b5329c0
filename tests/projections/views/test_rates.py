from datetime import date, datetime, timedelta

import pytest
from pydantic import ValidationError

from engine.configuration.activation import activation
from engine.store.database.pool import Pool
from projections.views.funnel.rows import Funnel
from projections.views.rates.ask import NAMES, MonthRate, RateFilter, Rates, Ratio, rates
from schemas.configuration import Figures, load
from schemas.streams.feedback import FeedbackBecameComplaint, FeedbackClassified
from support.histories import FEEDBACK, RECEIVED, START, Writer, uid
from support.views import asking, build

FIGURES = """
kind: figures
id: shop
version: {version}
months:
  - {{month: 2026-03, customers: 4000, orders: {orders}}}
  - {{month: 2026-03, business_unit: main, customers: 1000}}
  - {{month: 2026-04, business_unit: main, orders: 30}}
  - {{month: 2026-04, business_unit: west, orders: 70}}
"""


def figures(version: int = 1, orders: int = 500) -> Figures:
    read = load(FIGURES.format(version=version, orders=orders), "figures.yaml")
    assert isinstance(read, Figures)
    return read


def ask(pool: Pool, at: datetime = START, **wanted: object) -> Rates:
    with asking(pool).snapshot(NAMES) as seen:
        return rates(seen, RateFilter.model_validate(wanted), at)


def test_complaints_are_set_against_praise_and_nothing_counts_twice(pool: Pool) -> None:
    writer = Writer().add("one", RECEIVED).add("two", RECEIVED).add("three", RECEIVED)
    writer.add("thanks", FEEDBACK).add("nice", FEEDBACK, FeedbackClassified(sense="compliment"))
    writer.add("idea", FEEDBACK, FeedbackClassified(sense="suggestion"))
    writer.add("spam", FEEDBACK, FeedbackClassified(sense="spam"))
    writer.add("turned", FEEDBACK, FeedbackBecameComplaint(complaint=uid("three")))
    build(pool, writer.log(), [Funnel()])
    assert ask(pool).whole == Ratio(negative=3, positive=2, neutral=1, ratio=1.5)


def test_loaded_figures_give_rates_by_month(pool: Pool) -> None:
    writer = Writer().add("configuration", activation(figures())).add("one", RECEIVED).add("two", RECEIVED)
    writer.add("three", RECEIVED, at=START + timedelta(days=40)).add("may", RECEIVED, at=START + timedelta(days=70))
    build(pool, writer.log(), [Funnel()])
    found = ask(pool)
    assert found.months[0] == MonthRate(
        month=date(2026, 3, 1), feedback=Ratio(negative=2, positive=0, neutral=0, ratio=None), customers=4000,
        orders=500, per_1000_customers=0.5, per_1000_orders=4.0,
    )  # fmt: skip
    assert [(one.orders, one.per_1000_orders) for one in found.months[1:]] == [(100, 10.0), (None, None)]
    of_unit = ask(pool, business_unit="main").months
    assert [(one.customers, one.orders) for one in of_unit] == [(1000, None), (None, 30), (None, None)]


def test_a_higher_version_of_figures_replaces_the_one_before(pool: Pool) -> None:
    writer = Writer().add("configuration", activation(figures())).add("one", RECEIVED)
    build(pool, writer.log(), [Funnel()])
    assert ask(pool).months[0].orders == 500
    writer.add("configuration", activation(figures(version=2, orders=250)))
    build(pool, writer.add("two", RECEIVED).log(), [Funnel()])
    assert (ask(pool).months[0].orders, ask(pool).months[0].per_1000_orders) == (250, 8.0)


def test_a_month_stands_once_in_figures() -> None:
    twice = {"month": "2026-03", "orders": 1}
    with pytest.raises(ValidationError, match="2026-03 stands twice; remove one"):
        Figures.model_validate({"id": "shop", "version": 1, "months": [twice, twice]})


@pytest.mark.parametrize(("hours", "silent"), [(1, False), (3, False), (4, True)])
def test_a_channel_is_silent_when_it_is_quiet_for_longer_than_its_gaps(pool: Pool, hours: int, *, silent: bool) -> None:
    writer = Writer()
    for number in range(21):
        writer.add(number, RECEIVED, at=START + timedelta(hours=2 * number))
    build(pool, writer.log(), [Funnel()])
    (email,) = ask(pool, START + timedelta(hours=40 + hours)).channels
    assert (email.channel, email.gaps, email.median_seconds, email.bound_seconds) == ("email", 20, 7200, 10800)
    assert (email.silent_seconds, email.silent) == (hours * 3600, silent)


def test_too_few_complaints_say_nothing_of_a_rhythm(pool: Pool) -> None:
    build(pool, Writer().add("one", RECEIVED).add("two", RECEIVED).log(), [Funnel()])
    (email,) = ask(pool, START + timedelta(days=400)).channels
    assert (email.gaps, email.bound_seconds, email.silent) == (1, None, False)
