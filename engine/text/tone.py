"""In what tone a message is written, and what that asks of whoever answers. Russian and English.

A readable rule: a phrase of the list ``tone_violence`` or ``tone_threat`` makes it threatening;
anger is counted (two for a phrase of ``tone_angry``, two for words in capitals, one for ``!!``, ``?!``
or several exclamation marks) and from two on it is angry; a phrase of ``tone_dissatisfied``, or a
sign of anger too weak for that, makes it dissatisfied; all else is calm. ``Classifier`` is what a
better one must be: whoever calls takes one as a value, this one unless told otherwise. How well
it does on texts that it was not made by stands in ``tests/engine/text/test_tone.py``.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple

from engine.text import lists
from engine.text.words import language_of, plain
from schemas.words import Tone

Advice = Literal["call_first", "experienced_handler", "tell_security", "tell_lawyer"]

LONGEST: Final = 20_000
"""Characters that are looked at."""
_CAPITALS: Final = re.compile(r"\b[А-ЯЁA-Z]{2,}(?:[\s,]+[А-ЯЁA-Z]{2,}){2,}\b")
_LOUD: Final = re.compile(r"!{2,}|\?!|!\?|\?{2,}")
_ANGRY_FROM: Final = 2


class Heard(NamedTuple):
    """The tone, the signs that it was told by, and what to do about it. ``signs`` are words of the message: personal.

    ``advice``: telephone before anything is written, give it to an experienced handler, tell
    whoever guards the house, tell the lawyer.
    """

    tone: Tone
    signs: tuple[str, ...] = ()
    advice: tuple[Advice, ...] = ()


Classifier = Callable[[Iterable[str | None]], Heard]


def hear(texts: Iterable[str | None]) -> Heard:
    """Return in what tone these texts of one message are written."""
    text = plain("\n".join(text for text in texts if text))[:LONGEST]
    language = language_of(text)

    def said(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(hit.words.lower() for hit in lists.find(text, name, language)))

    violence, threat, anger = said("tone_violence"), said("tone_threat"), said("tone_angry")
    if violence:
        return Heard("threatening", violence + threat, ("tell_security", "experienced_handler"))
    if threat:
        return Heard("threatening", threat, ("call_first", "experienced_handler", "tell_lawyer"))
    loud = _loudness(text)
    if 2 * len(anger) + loud >= _ANGRY_FROM:
        return Heard("angry", anger, ("call_first", "experienced_handler"))
    displeased = said("tone_dissatisfied")
    return Heard("dissatisfied", displeased) if displeased or loud else Heard("calm")


def _loudness(text: str) -> int:
    """Return how loud it is: 2 for words in capitals, 1 for doubled marks, 1 for three exclamation marks or more."""
    capitals = 2 if _CAPITALS.search(text) else 0
    return capitals + bool(_LOUD.search(text)) + (text.count("!") >= 3)
