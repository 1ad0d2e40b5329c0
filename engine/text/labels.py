"""Codes in the words of a letter, English and Russian: as they stand in the middle of a sentence."""

from collections.abc import Mapping
from typing import Final

from schemas.configuration.template import WordingLanguage

MONTHS: Final[Mapping[WordingLanguage, tuple[str, ...]]] = {
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
    "ru": (
        "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
        "декабря",
    ),
}  # fmt: skip

LABELS: Final[Mapping[WordingLanguage, Mapping[str, Mapping[str, str]]]] = {
    "en": {
        "topic": {
            "service": "service", "product": "a product", "price": "price", "information": "information that we gave",
            "delivery": "delivery", "staff": "the conduct of our staff", "other": "another matter",
        },
        "clock": {
            "registration": "registration", "acknowledgement": "acknowledgement", "first_reply": "first answer",
            "next_reply": "next answer", "update": "update to the complainant", "pausable_update":
            "update to the complainant", "requester_wait": "waiting time of the complainant", "agent_work":
            "working time", "remedy": "remedy", "promise": "promise", "action": "action", "public_closing":
            "public closing reply", "resolution": "resolution", "total_resolution": "resolution with all reopenings",
            "investigation": "investigation", "corrective_action": "corrective action", "satisfaction_check":
            "satisfaction check", "closed": "closing",
        },
        "outcome": {"upheld": "upheld", "partly_upheld": "partly upheld", "not_upheld": "not upheld"},
        "remedy": {
            "replacement": "replacement", "repair": "repair", "reperformance": "the service once more", "refund":
            "refund", "price_reduction": "price reduction", "reimbursement": "reimbursement of your expenses",
            "payment": "payment", "discount": "discount", "extra_service": "an extra service",
        },
        "channel": {
            "email": "e-mail", "web_form": "web form", "messenger": "messenger", "chat": "chat", "call": "call",
            "visit": "visit", "review": "review site", "social": "social network", "letter": "letter", "authority":
            "authority", "other": "other channel",
        },
        "priority": {"low": "low", "normal": "normal", "high": "high", "urgent": "urgent"},
        "reason": {
            "deadline_missed": "a missed deadline", "warning": "a deadline that is near", "bad-rating": "a bad mark",
            "inauthentic-wave": "a wave of complaints that are nearly the same",
        },
    },
    "ru": {
        "topic": {
            "service": "обслуживание", "product": "товар", "price": "цена", "information": "информация от нас",
            "delivery": "доставка", "staff": "поведение сотрудника", "other": "другой вопрос",
        },
        "clock": {
            "registration": "регистрация", "acknowledgement": "подтверждение", "first_reply": "первый ответ",
            "next_reply": "следующий ответ", "update": "сообщение о ходе дела", "pausable_update":
            "сообщение о ходе дела", "requester_wait": "ожидание заявителя", "agent_work": "время работы",
            "remedy": "возмещение", "promise": "обещание", "action": "мера", "public_closing":
            "публичный завершающий ответ", "resolution": "решение", "total_resolution":
            "решение со всеми возобновлениями", "investigation": "рассмотрение", "corrective_action": "исправление",
            "satisfaction_check": "проверка удовлетворённости", "closed": "закрытие",
        },
        "outcome": {
            "upheld": "жалоба обоснована", "partly_upheld": "жалоба обоснована частично",
            "not_upheld": "жалоба не обоснована",
        },
        "remedy": {
            "replacement": "замена", "repair": "ремонт", "reperformance": "услуга ещё раз", "refund":
            "возврат денег", "price_reduction": "снижение цены", "reimbursement": "возмещение ваших расходов",
            "payment": "выплата", "discount": "скидка", "extra_service": "дополнительная услуга",
        },
        "channel": {
            "email": "электронная почта", "web_form": "форма на сайте", "messenger": "мессенджер", "chat": "чат",
            "call": "звонок", "visit": "визит", "review": "сайт отзывов", "social": "социальная сеть",
            "letter": "письмо", "authority": "орган власти", "other": "другой канал",
        },
        "priority": {"low": "низкий", "normal": "обычный", "high": "высокий", "urgent": "срочный"},
        "reason": {
            "deadline_missed": "срок пропущен", "warning": "срок подходит", "bad-rating": "плохая оценка",
            "inauthentic-wave": "волна почти одинаковых жалоб",
        },
    },
}  # fmt: skip
