"""Complaint, question, thanks, suggestion or spam: a first verdict from the words, Russian and English.

A small, readable scorer: every phrase has a weight for one sense, and the highest sum wins. To
take a complaint for something else is the worse mistake, so dissatisfaction wins a tie, and a
clear word of it wins over any question. A person corrects the verdict with one command, and a
form that states the sense is believed.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from engine.text.phrases import PHRASES
from schemas.words import Sense

_LONGEST: Final = 20_000
"""Characters that are looked at."""
_CLEAR: Final = 2
"""From this sum on dissatisfaction is plain, whatever is asked beside it."""
_ASKING: Final[tuple[Sense, ...]] = ("question", "suggestion")
_ENDS_ASKING: Final = re.compile(r"\?\s*$")


@cache
def _compiled() -> tuple[tuple[Sense, int, re.Pattern[str]], ...]:
    return tuple((sense, weight, _any_of(found)) for sense, weight, found in PHRASES)


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    endings = (phrase.replace("~", r"\w*") for phrase in phrases)
    return re.compile(rf"\b(?:{'|'.join(endings)})\b", re.IGNORECASE)


def _scores(text: str) -> dict[Sense, int]:
    scores: dict[Sense, int] = {"question": 1} if _ENDS_ASKING.search(text) else {}
    for sense, weight, pattern in _compiled():
        found = len({match.group(0).casefold() for match in pattern.finditer(text)})
        if found:
            scores[sense] = scores.get(sense, 0) + weight * found
    return scores


def sense_of(texts: Iterable[str | None], *, rating: float | None = None) -> Sense:
    """Return what a message is taken for; ``unknown`` where no phrase speaks.

    ``rating`` is the share of the full score, 0 to 1: at most 0.4 counts as dissatisfaction,
    0.8 and more as a compliment, unless the words say more.
    """
    scores = _scores("\n".join(text for text in texts if text)[:_LONGEST])
    if rating is not None and rating <= 0.4:
        scores["complaint"] = scores.get("complaint", 0) + 3
    if rating is not None and rating >= 0.8:
        scores["thanks"] = scores.get("thanks", 0) + 2
    if scores.get("complaint", 0) >= _CLEAR:
        scores = {sense: score for sense, score in scores.items() if sense not in _ASKING}
    if not scores:
        return "unknown" if rating is None else "review"
    best = max(scores.values())
    if scores.get("complaint", 0) == best:
        return "complaint"
    return next(sense for sense, score in scores.items() if score == best)


def opening_sense(sense: Sense) -> Sense:
    """Return the sense by which a first message is sorted: what nobody can tell is a complaint.

    A desk must not lose one, and a person moves it out with one command.
    """
    return "complaint" if sense == "unknown" else sense
