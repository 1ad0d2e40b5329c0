"""Does a reply answer: every question, every promise with its date, and what nobody was at fault for?"""

import re
from collections.abc import Iterator
from typing import Final

from engine.text import lists
from engine.text.replies.finding import About, Finding
from engine.text.replies.promises import promises, speaks_of_time
from engine.text.words import sentences, stems

_ASKS: Final = ("asks_time", "asks_number", "asks_place")
_ANSWERED: Final = 0.34
"""From this share of a question's stems on in the reply, it is spoken of."""
_LEAST_STEMS: Final = 2
"""Stems of a question: with fewer it says too little to be looked for."""
_MOST: Final = 10


def substance(text: str, about: About) -> list[Finding]:
    """Return what the reply leaves open."""
    return [*_questions(text, about), *_undated(text), *_no_fault(text, about)]


def _undated(text: str) -> Iterator[Finding]:
    for promise in promises(text):
        if promise.when is None:
            yield Finding("promise_without_date", promise.place, promise.words)


def _no_fault(text: str, about: About) -> Iterator[Finding]:
    if about.no_fault and about.final and not lists.holds(text, "no_influence"):
        yield Finding("no_fault_unsaid")


def _questions(text: str, about: About) -> Iterator[Finding]:
    if not about.final:
        return
    said = frozenset(stems(text))
    for question in list(_asked(about.complaint))[:_MOST]:
        if not _answers(text, said, question):
            yield Finding("question_unanswered", None, question)


def _asked(complaint: tuple[str, ...]) -> Iterator[str]:
    for one in complaint:
        for place in sentences(one):
            question = one[place.start : place.end]
            if question.endswith("?") and not lists.holds(question, "rhetorical"):
                yield question


def _answers(text: str, said: frozenset[str], question: str) -> bool:
    """Whether the reply answers: a question that asks for a time or a sum needs one, others some of their words."""
    wanted = frozenset(stems(question))
    kind = next((name for name in _ASKS if lists.holds(question, name)), None)
    if kind == "asks_time":
        return speaks_of_time(text)
    if kind == "asks_number":
        return re.search(r"\d", text) is not None
    few = len(wanted) < _LEAST_STEMS and kind is None
    return few or (bool(wanted) and len(wanted & said) / len(wanted) >= _ANSWERED)
