"""The verdict on a reply: what is to be mended, and a score of its parts. Pure; the lists are package data.

The score is out of 100. Five parts, each 0 to 100, weigh together: what a reply must have
(``structure`` 35), whether it answers (``answer`` 30), how it reads (``wording`` 15), whether it
respects (``respect`` 10), whether it is right (``facts`` 10). ``structure`` is the share of parts that are
there; of the others every finding takes off what ``_COST`` says. How often the checks find what a
person finds stands in ``tests/engine/text/test_quality.py``.
"""

from typing import Final, Literal, NamedTuple

from engine.text.replies import facts, structure, substance, wording
from engine.text.replies.finding import About, Check, Finding

Dimension = Literal["structure", "answer", "wording", "respect", "facts"]

WEIGHTS: Final[dict[Dimension, int]] = {"structure": 35, "answer": 30, "wording": 15, "respect": 10, "facts": 10}
_COST: Final[dict[Check, tuple[Dimension, int]]] = {
    "help_missing": ("answer", 60),
    "explanation_alone": ("answer", 20),
    "question_unanswered": ("answer", 50),
    "promise_without_date": ("answer", 40),
    "no_fault_unsaid": ("answer", 30),
    "stock_phrase": ("wording", 30),
    "officialese": ("wording", 20),
    "long_sentence": ("wording", 25),
    "noun_chain": ("wording", 25),
    "blame": ("respect", 60),
    "defence": ("respect", 60),
    "same_text": ("facts", 60),
    "wrong_name": ("facts", 100),
    "wrong_number": ("facts", 70),
    "personal_data_in_public": ("facts", 100),
    "data_of_others": ("facts", 100),
}
LONGEST: Final = 20_000
"""Characters of a reply that are looked at."""


class Quality(NamedTuple):
    """The verdict. Findings stand in a fixed order: structure, answer, wording and respect by place, facts."""

    score: int
    parts: dict[Dimension, int]
    findings: tuple[Finding, ...]


def judge(text: str, about: About) -> Quality:
    """Return the verdict on a reply to the complaint that ``about`` tells of."""
    text = text[:LONGEST]
    has = structure.parts(text)
    findings = (
        *structure.missing(has, final=about.final),
        *structure.alone(has, final=about.final),
        *substance.substance(text, about),
        *wording.wording(text),
        *facts.facts(text, about),
    )
    expected = structure.expected(final=about.final)
    parts: dict[Dimension, int] = dict.fromkeys(WEIGHTS, 100)
    parts["structure"] = round(100 * sum(part in has for part in expected) / len(expected))
    for one in findings:
        if one.check in _COST:
            dimension, cost = _COST[one.check]
            parts[dimension] = max(0, parts[dimension] - cost)
    return Quality(round(sum(WEIGHTS[name] * value for name, value in parts.items()) / 100), parts, findings)
