"""What to do about a finding, in a sentence for whoever writes the reply."""

from collections.abc import Mapping
from typing import Final

from engine.text.replies.finding import Check, Finding
from engine.text.words import SpokenLanguage

_ADVICE: Final[Mapping[SpokenLanguage, Mapping[Check, str]]] = {
    "en": {
        "greeting_missing": "Begin with a greeting and the name.",
        "apology_missing": "Say sorry, or that you understand; it admits no fault.",
        "cause_missing": "Say why it happened.",
        "help_missing": "Say what you do about it.",
        "alternative_missing": "Leave a choice: offer a second way beside the first.",
        "end_missing": "End well: thank, or say where to turn with questions.",
        "explanation_alone": "An explanation alone helps nobody: add what you do.",
        "question_unanswered": "Answer this question; where a time, a sum or a place is asked, name it.",
        "promise_without_date": "Say by when; a promise with a date becomes a clock.",
        "no_fault_unsaid": "Say that the company could not influence it.",
        "stock_phrase": "Put a fact beside this phrase, or leave it out.",
        "officialese": "Write it as you would say it",
        "long_sentence": "Make two sentences of it.",
        "noun_chain": "Say it with verbs: who does what.",
        "blame": "Leave the reproach out: say what happened, not who should have known.",
        "defence": "Do not defend the company: say what it does now.",
        "same_text": "Others got nearly this text: write what is this case's own.",
        "wrong_name": "This is not the complainant's name.",
        "wrong_number": "This number is not of this case",
        "personal_data_in_public": "Everybody can read this: take it out and continue in private.",
        "data_of_others": "This is somebody else's: take it out.",
    },
    "ru": {
        "greeting_missing": "Начните с приветствия и имени.",
        "apology_missing": "Извинитесь или скажите, что понимаете; вины это не признаёт.",
        "cause_missing": "Скажите, почему так вышло.",
        "help_missing": "Скажите, что вы сделаете.",
        "alternative_missing": "Оставьте выбор: предложите и второй путь.",
        "end_missing": "Закончите по-доброму: поблагодарите или скажите, куда обратиться.",
        "explanation_alone": "Одно объяснение никому не помогает: добавьте, что вы делаете.",
        "question_unanswered": "Ответьте на этот вопрос; спросили срок, сумму или место: назовите их.",
        "promise_without_date": "Скажите, к какому сроку; обещание со сроком станет часами.",
        "no_fault_unsaid": "Скажите, что компания не могла на это повлиять.",
        "stock_phrase": "Поставьте рядом с этой фразой факт или уберите её.",
        "officialese": "Напишите, как сказали бы вслух",
        "long_sentence": "Сделайте из него два предложения.",
        "noun_chain": "Скажите глаголами: кто что делает.",
        "blame": "Уберите упрёк: скажите, что случилось, а не кто должен был знать.",
        "defence": "Не защищайте компанию: скажите, что она делает теперь.",
        "same_text": "Почти такой текст получили другие: напишите о самом этом случае.",
        "wrong_name": "Заявителя зовут не так.",
        "wrong_number": "Это номер не этого случая",
        "personal_data_in_public": "Это увидят все: уберите и продолжите в личной переписке.",
        "data_of_others": "Это чужие данные: уберите.",
    },
}


def advice(found: Finding, language: SpokenLanguage) -> str:
    """Return what to do about a finding; what to write instead stands with it where that is known."""
    text = _ADVICE[language][found.check]
    if found.instead is None:
        return text if text.endswith(".") else f"{text}."
    return f"{text.removesuffix('.')}: {found.instead}"
