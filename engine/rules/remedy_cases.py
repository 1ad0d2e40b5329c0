"""The cases of a table of remedies: does it say what its authors meant?"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.rules.remedies import Advice, Demand, Option, RemedyFacts, advise
from schemas.configuration.remedies import RemedyCase, RemedyGiven, RemedyRules


class Failed(NamedTuple):
    """A case that comes out otherwise than it says."""

    case: str
    field: str
    expected: str
    found: str


def failed(table: RemedyRules) -> Iterator[Failed]:
    """Yield what comes out otherwise, field by field, in the order of the cases."""
    for case in table.cases:
        yield from _failed(case, advise(facts(case.given), table))


def facts(given: RemedyGiven) -> RemedyFacts:
    """Return what a case gives as the table looks at it."""
    asked = given.demand
    demands = () if asked is None else (Demand(1, asked.form, asked.claimed, asked.distress),)
    return RemedyFacts(given.nature, given.informed, given.responsibility, given.type, given.outcome, demands)


def told(option: Option) -> str:
    """Return an option as cases write it, such as ``refund 100 EUR``."""
    amount = "" if option.amount is None else f" {option.amount.amount:f} {option.amount.currency}"
    return f"{option.form}{amount}{' distress' if option.head == 'distress' else ''}"


def _failed(case: RemedyCase, advice: Advice) -> Iterator[Failed]:
    wanted = case.then
    rule = advice.rule.rule if advice.rule else "none"
    pairs = (
        ("rule", wanted.rule, rule),
        ("ground", wanted.ground, advice.ground),
        ("first", ", ".join(wanted.first), ", ".join(advice.first)),
        ("propose", ", ".join(wanted.propose), ", ".join(map(told, advice.options))),
    )
    for field, expected, found in pairs:
        if expected != found:
            yield Failed(case.case, field, expected, found)
