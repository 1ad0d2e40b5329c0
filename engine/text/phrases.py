"""The phrases by which a first verdict is made: sense, weight, and stems in English and Russian.

A phrase is a regular expression that begins at a word's beginning; ``~`` stands for any ending.
"""

from typing import Final

from schemas.words import Sense

PHRASES: Final[tuple[tuple[Sense, int, tuple[str, ...]], ...]] = (
    ("complaint", 3, (
        "complain(t|ts|ing|ed)?", "refund", "compensat~", "unacceptable", "outrag~", "terrible", "awful", "disgust~",
        "appalling",
        "жалоб~", "претензи~", "верните (мне )?деньги", "возврат~ (денег|средств)", "возмутит~", "безобрази~", "ужасн~",
        "отвратит~",
    )),
    ("complaint", 2, (
        "broken", "damaged", "defective", "faulty", "wrong", "late", "delay(ed)?", "rude", "never (arrived|came)",
        "not (work~|satisfied|acceptable)", "does ?n[o']t work", "disappoint~", "overcharg~", "charged twice",
        "still (no|not|waiting)",
        "сломан~", "сломал~", "брак~", "бракован~", "дефект~", "поврежд~", "опозда~", "задерж~", "нахам~", "груб~",
        "не (работа~|привез~|пришл~|достав~|соответств~|устраива~|доволен|довольна)", "разочаров~", "обман~",
        "дважды списал~", "до сих пор",
    )),
    ("complaint", 1, (
        "problem", "issue", "wait(ed|ing)", "again", "unfortunately", "not happy",
        "проблем~", "жду", "опять", "снова", "к сожалению", "недоволен", "недовольна", "плохо~",
    )),
    ("thanks", 2, ("thank(s| you)", "grateful", "appreciate", "спасибо", "благодар~", "признател~")),
    ("thanks", 1, (
        "resolved", "solved", "all good", "great (job|service)", "perfect", "excellent",
        "вс[её] (хорошо|решено|в порядке)", "отличн~", "замечател~",
    )),
    ("question", 2, (
        "how (do|can|long|much)", "when (will|do|can)", "where (is|can|do)", "what (is|are)",
        "could you (tell|explain)", "is it possible",
        "подскажите", "как (мне|можно|долго)", "когда (можно|будет|ждать)", "где (можно|найти)",
        "скажите, пожалуйста", "можно ли",
    )),
    ("suggestion", 3, (
        "suggest(ion)?", "it would be (nice|great|good)", "i propose", "please consider", "feature request",
        "предлага~", "предложени~", "было бы (хорошо|здорово|неплохо)", "пожелани~",
    )),
    ("spam", 4, (
        "casino", "viagra", "bitcoin investment", "seo (services|promotion)", "make money fast", "buy followers",
        "казино", "продвижени~ сайт~", "заработ~ в интернете", "инвестици~ в криптовалют~",
    )),
)  # fmt: skip
