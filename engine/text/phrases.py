"""The phrases by which a first verdict is made: sense, weight, and stems in English and Russian.

A phrase is a regular expression in lower case that begins at a word's beginning; ``~`` stands for any ending.
What goes wrong with things and services counts as dissatisfaction, since many who complain only say what happened.
"""

from typing import Final

from schemas.words import Sense

PHRASES: Final[tuple[tuple[Sense, int, tuple[str, ...]], ...]] = (
    ("complaint", 3, (
        "complain(t|ts|s|ing|ed)?", "refund", "compensat~", "unacceptable", "outrag~", "terrible", "horrible", "awful",
        "disgust~", "disgrace~", "appalling", "money back", "thank(s| you) for nothing", "(i|we) (demand|insist)",
        "scam~", "fraud~", "electric shock", "caught fire",
        "жалоб~", "претензи~", "верн(ите|уть) (мне |нам |все |всю )?(деньги|сумму|стоимость)",
        "возврат~ (денег|средств)", "возмутит~", "возмущ~", "безобрази~", "ужас~", "отвратит~", "кошмар~", "позор~",
        "требу(ю|ем)", "мошен~", "загорел(ся|ась|ось|ись)", "ударил~ током", "никому не (советую|рекомендую)",
    )),
    ("complaint", 2, (
        "broken", "broke", "breaks? down", "damag~", "defect~", "faulty", "wrong", "late", "delay(ed|s)?", "rude~",
        "impolite~", "insult~", "(shouted|yelled|swore) at", "ignor(ed|es|ing)", "lied", "mis(led|lead~)", "cheat~",
        "leak(s|ed|ing|y)?", "crack(s|ed)?", "tore", "torn", "ripped", "scratch(es|ed)?", "stain(s|ed)?", "dirty",
        "mou?ld(y)?", "rotten", "spoil(ed|t)", "expired", "(was|were|arrived|came) (cold|empty|burnt|raw)",
        "on fire", "smok(es|ed|ing)", "explod~", "injur~", "stop(s|ped) working", "(came|come|fell|fallen) (apart|off)",
        "do(es)?(n['’`]?t| not) (work~|start|switch|turn|charge|cool|heat|close|hold|arrive|answer|help)",
        "did(n['’`]?t| not) (work|arrive|come|get|receive|help|answer|reply|call)",
        "ha(s|ve)(n['’`]?t| not) (arrived|come|been|received|got|heard)",
        "not (work~|satisfied|acceptable|what i ordered)",
        "never (arriv~|came|called|answer~|repl~|got|received|deliver~|again)", "lost (my|our|the)", "missing",
        "(nobody|no one|no-one) ~", "no (reply|answer|response|apology)", "disappoint~", "dissatisf~", "unhappy",
        "overcharg~", "charged (me |us )?(twice|too much)", "still (no|not|waiting|leak~|broken)",
        "(been|am|are) waiting", "(second|third|fourth|fifth) (time|week)", "(poor|bad) (quality|service|experience)",
        "worst", "useless", "fed up", "furious",
        "сломан~", "сломал~", "брак~", "дефект~", "поврежд~", "опозда~", "задерж~", "нахам~", "хам(ит|ил|ят|ств)~",
        "груб~", "накрича~", "оскорб~", "обман~", "обсчита~", "издева~", "разочаров~", "испорти~", "испорчен~",
        "протека~", "подтека~", "теч(е|ё)т", "потек(ла|ло|ли)?", "порва(л|н)~", "треснул~", "трещин~", "царапин~",
        "поцарапа~", "грязн(ый|ая|ое|ые)", "просроч~", "прокис~", "тухл~", "гнил~", "плесен~", "развали~", "отвали~",
        "отклеи~", "оторва~", "разби(т|л)~", "задымил~", "взорва~", "ожог~", "отрави~", "потеря(л|н)~",
        "пропал(а|о|и)?", "неисправ~", "перестал(а|о|и)? работать", "приш(е|ё)л пуст~",
        "не т(от|а|у) (размер|цвет|модель|товар|заказ)~", "не (работа(ет|ют|л)|включ(ает|ил)|закрыва)~",
        "не (грее|морозит|охлажда|соответств|устраива|доволен|довольна)~", "не (привез|прив(е|ё)з|приш(е|ё)л|пришл)~",
        "не (достав(ил|лен)|получил|отвеча|ответил|перезвон|вернул|предупредил|помогл|приехал)~",
        "не (вс(е|ё)|всю сумму) (верн|привез|полож|достав)~", "никто не", "без ответа", "(до сих|с тех) пор",
        "(жд(у|ём|ем)|ждал(а|и)?) уже", "уже жд(у|ём|ем)", "сколько можно", "треть(ю|ий|ей) (раз|день|недел|месяц)~",
        "(дважды|два раза) списал~", "лишн~ списал~", "списал~ (деньги )?(дважды|два раза|лишн~)", "недовол~", "худш~",
        "надоел~", "спасибо, что испорт~",
    )),
    ("complaint", 1, (
        "problem", "issue", "wait(ed|ing)", "(?<!come )(?<!back )(?<!buy )(?<!order )(?<!you )(?<!shop )again",
        "unfortunately", "not happy", "promised",
        "проблем~", "жду", "ждал~", "опять", "снова", "к сожалению", "плохо~", "обещал~",
    )),
    ("thanks", 2, (
        "thank(s| you)", "grateful", "appreciate", "(great|excellent|wonderful) (job|service|work|support)",
        "(refund|money) (has )?(arrived|came|received)",
        "спасибо", "благодар~", "признател~", "деньги (уже )?(вернули|пришли|поступили|получил~)",
    )),
    ("thanks", 1, (
        "resolved", "solved", "all good", "perfect", "excellent",
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
        "предлага~", "предложени~", "было бы (хорошо|здорово|неплохо)", "хорошо бы", "пожелани~",
    )),
    ("spam", 4, (
        "casino", "viagra", "bitcoin investment", "seo (services|promotion)", "make money fast", "buy followers",
        "казино", "продвижени~ сайт~", "заработ~ в интернете", "инвестици~ в криптовалют~",
    )),
)  # fmt: skip
