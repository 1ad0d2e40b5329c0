"""Complaint, question, thanks, suggestion or spam: a first verdict from the words, Russian and English.

A small, readable scorer: every phrase has a weight for one sense; the highest sum wins and
dissatisfaction wins a tie, since a complaint taken for thanks is the worse mistake. A person
corrects it with one command, and a form that states the sense is believed.
"""

import re
from collections.abc import Iterable
from functools import cache

from schemas.words import Sense

_PHRASES: dict[Sense, tuple[tuple[int, str], ...]] = {
    "complaint": (
        (3, r"\b(complain(t|ing|ed)?|refund|compensat\w+|unacceptable|outrag\w+|terrible|awful|disgust\w+|appalling)\b"),
        (3, r"\b(жалоб\w*|претензи\w*|верните (мне )?деньги|возврат\w* (денег|средств)|возмутит\w*|безобрази\w*|ужасн\w*|отвратит\w*)"),
        (2, r"\b(broken|damaged|defective|faulty|wrong|late|delay(ed)?|rude|never (arrived|came)|not (work\w*|satisfied|acceptable)|does ?n[o']t work|disappoint\w*|overcharg\w*|charged twice|still (no|not|waiting))\b"),
        (2, r"\b(сломан\w*|сломал\w*|брак\w*|бракован\w*|дефект\w*|поврежд\w*|опозда\w*|задерж\w*|нахам\w*|груб\w*|не (работа\w*|привез\w*|пришл\w*|достав\w*|соответств\w*|устраива\w*|доволен|довольна)|разочаров\w*|обман\w*|дважды списал\w*|до сих пор)"),
        (1, r"\b(problem|issue|wait(ed|ing)|again|unfortunately|not happy)\b"),
        (1, r"\b(проблем\w*|жду|опять|снова|к сожалению|недоволен|недовольна|плохо\w*)\b"),
    ),
    "thanks": (
        (2, r"\b(thank(s| you)|grateful|appreciate)\b"),
        (2, r"\b(спасибо|благодар\w*|признател\w*)"),
        (1, r"\b(resolved|solved|all good|great (job|service)|perfect|excellent)\b"),
        (1, r"\b(все (хорошо|решено|в порядке)|всё (хорошо|решено|в порядке)|отличн\w*|замечател\w*)"),
    ),
    "question": (
        (2, r"\b(how (do|can|long|much)|when (will|do|can)|where (is|can|do)|what (is|are)|could you (tell|explain)|is it possible)\b"),
        (2, r"\b(подскажите|как (мне|можно|долго)|когда (можно|будет|ждать)|где (можно|найти)|скажите, пожалуйста|можно ли)"),
        (1, r"\?\s*$"),
    ),
    "suggestion": (
        (3, r"\b(suggest(ion)?|it would be (nice|great|good)|i propose|please consider|feature request)\b"),
        (3, r"\b(предлага\w*|предложени\w*|было бы (хорошо|здорово|неплохо)|пожелани\w*)"),
    ),
    "spam": (
        (4, r"\b(casino|viagra|bitcoin investment|seo (services|promotion)|make money fast|buy followers)\b"),
        (4, r"\b(казино|продвижени\w* сайт\w*|заработ\w* в интернете|инвестици\w* в криптовалют\w*)"),
    ),
}  # fmt: skip


@cache
def _compiled() -> tuple[tuple[Sense, int, re.Pattern[str]], ...]:
    return tuple(
        (sense, weight, re.compile(pattern, re.IGNORECASE | re.MULTILINE))
        for sense, phrases in _PHRASES.items()
        for weight, pattern in phrases
    )


def _scores(text: str) -> dict[Sense, int]:
    scores: dict[Sense, int] = {}
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
    scores = _scores("\n".join(text for text in texts if text)[:20_000])
    if rating is not None and rating <= 0.4:
        scores["complaint"] = scores.get("complaint", 0) + 3
    if rating is not None and rating >= 0.8:
        scores["thanks"] = scores.get("thanks", 0) + 2
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
