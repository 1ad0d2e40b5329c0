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

_CLOSING: Final = re.compile(
    r"\b(?:(?:many )?thanks|thank you|(?:заранее )?спасибо|(?:заранее )?благодар\w+|с признательностью)"
    r"(?: (?:in advance|very much|so much|заранее|большое"
    r"|for (?:your|the) (?:time|attention|understanding|consideration|help|assistance|reply|answer)"
    r"|за(?: ваш[уе])? (?:внимание|понимание|помощь|содействие|ответ)))?(?:[.,!]+(?P<name>(?: \S{1,30}){0,4}))?\Z"
)
"""Thanks with which a message ends, and the name below it: manners, whatever stands before them."""
_SAYS_SOMETHING: Final = 6
"""Words from which on what stands before such an end is the message."""


@cache
def _compiled() -> tuple[tuple[Sense, int, re.Pattern[str]], ...]:
    return tuple((sense, weight, _any_of(found)) for sense, weight, found in PHRASES)


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    """Return what finds any phrase, tried by its first letter, since every message is looked at."""
    by_letter: dict[str, list[str]] = {}
    for phrase in phrases:
        letter = phrase[0] if phrase[:2].isalpha() else ""
        by_letter.setdefault(letter, []).append(phrase.removeprefix(letter).replace("~", r"\w*"))
    found = (f"{letter}(?:{'|'.join(rest)})" for letter, rest in by_letter.items())
    return re.compile(rf"\b(?:{'|'.join(found)})\b")


def _scores(text: str) -> dict[Sense, int]:
    scores: dict[Sense, int] = {"question": 1} if _ENDS_ASKING.search(text) else {}
    for sense, weight, pattern in _compiled():
        found = len({match.group(0) for match in pattern.finditer(text)})
        if found:
            scores[sense] = scores.get(sense, 0) + weight * found
    return scores


def _without_closing(text: str) -> str:
    """Return what stands before the thanks at its end, if that says something, and plain words behind them."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    whole = ". ".join(line for line in lines if line)
    found = _CLOSING.search(whole)
    if found is None or len(whole[: found.start()].split()) < _SAYS_SOMETHING:
        return text
    after = found["name"] or ""
    spoken = _scores(after)
    speaks = "thanks" in spoken or spoken.get("complaint", 0) >= _CLEAR
    return whole[: found.start()] + (after if speaks else "")


def sense_of(texts: Iterable[str | None], *, rating: float | None = None) -> Sense:
    """Return what a message is taken for; ``unknown`` where no phrase speaks.

    ``rating`` is the share of the full score, 0 to 1: at most 0.4 counts as dissatisfaction,
    0.8 and more as a compliment, unless the words say more.
    """
    scores = _scores(_without_closing("\n".join(text for text in texts if text)[:_LONGEST].casefold()))
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
