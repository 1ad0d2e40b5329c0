"""The words of the pages in Russian and English, and how times are shown."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Literal

from projections.replay.sentence import Language, phrases

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Complaints", "funnel": "Funnel", "stage": "stage", "entered": "entered", "passed": "passed",
        "exited": "exited", "there_now": "there now", "due": "Due next", "missed": "Missed and still open",
        "case": "case", "clock": "clock", "due_at": "due", "left": "left", "over": "over", "latest": "Latest cases",
        "opened": "opened", "channel": "channel", "type": "type", "outcome": "outcome", "next_due": "next due",
        "received": "received", "reopened": "reopened", "feedback": "not complaints", "state": "state",
        "history": "History", "when": "when", "who": "who", "what": "what", "clocks": "Clocks", "back": "All cases",
        "other": "По-русски", "nothing": "Nothing.", "search": "Search",
        "search_help": "Words, a number, serial, order",
        "sort": "Sort", "sort_opened": "latest first", "sort_due": "due first", "show": "Show", "more": "More",
        "found": "Cases", "position": "As of position",
        "registration": "registration", "investigation": "investigation", "corrective_action": "corrective action",
        "satisfaction_check": "satisfaction check", "closed": "closed", "exit": "exit", "started": "started",
        "running": "running", "paused": "paused", "fulfilled": "kept", "cancelled": "cancelled",
        "missed_state": "missed", "files": "Files", "size": "octets", "whole_message": "message as it came",
        "save": "save",
    },
    "ru": {
        "title": "Жалобы", "funnel": "Воронка", "stage": "этап", "entered": "вошли", "passed": "прошли",
        "exited": "вышли", "there_now": "сейчас", "due": "Ближайшие сроки", "missed": "Сорванные и ещё открытые",
        "case": "жалоба", "clock": "срок", "due_at": "до", "left": "осталось", "over": "сверх",
        "latest": "Последние жалобы",
        "opened": "открыта", "channel": "канал", "type": "вид", "outcome": "итог", "next_due": "ближайший срок",
        "received": "получено", "reopened": "возобновлено", "feedback": "не жалобы", "state": "состояние",
        "history": "История", "when": "когда", "who": "кто", "what": "что", "clocks": "Сроки", "back": "Все жалобы",
        "other": "In English", "nothing": "Пусто.", "search": "Поиск",
        "search_help": "Слова, номер, серийный номер, заказ",
        "sort": "Порядок", "sort_opened": "сначала новые", "sort_due": "сначала срочные", "show": "Показать",
        "more": "Дальше", "found": "Дела", "position": "По состоянию на позицию",
        "registration": "регистрация", "investigation": "рассмотрение", "corrective_action": "исправление",
        "satisfaction_check": "проверка удовлетворённости", "closed": "закрыта", "exit": "выход", "started": "начало",
        "running": "идёт", "paused": "приостановлен", "fulfilled": "соблюдён", "cancelled": "отменён",
        "missed_state": "сорван", "files": "Файлы", "size": "байты", "whole_message": "сообщение, как пришло",
        "save": "сохранить",
    },
}  # fmt: skip


CLOCKS: Mapping[str, Mapping[str, str]] = {
    "en": {},
    "ru": {
        "registration": "регистрация", "acknowledgement": "подтверждение", "first_reply": "первый ответ",
        "next_reply": "следующий ответ", "update": "сообщение о ходе", "pausable_update": "сообщение о ходе",
        "requester_wait": "ожидание заявителя", "agent_work": "работа", "remedy": "возмещение", "promise": "обещание",
        "action": "мера", "public_closing": "публичный ответ", "resolution": "решение",
        "total_resolution": "решение всего",
    },
}  # fmt: skip


def clock(kind: str, language: str) -> str:
    """Return a kind of clock in words; a law's preset keeps its code."""
    head, _, tail = kind.partition(":")
    if head == "stage":
        return f"{WORDS[language]['stage']}: {WORDS[language].get(tail, tail)}"
    return CLOCKS[language].get(kind, kind.replace("_", " ").removeprefix("statutory:"))


def word(value: str | None, field: Literal["channel", "type", "outcome", "reason"], language: Language) -> str:
    """Return a value of a closed list in words."""
    return phrases(language).words.get(field, {}).get(value or "", value or "")


def stamp(at: datetime | date | None) -> str:
    """Return an instant to the minute in UTC, a date as it is, nothing for nothing."""
    if isinstance(at, datetime):
        return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return at.isoformat() if at else ""


def spoken(seconds: float | None) -> str:
    """Return seconds of a clock's own time as hours and minutes."""
    if seconds is None:
        return ""
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours}:{minutes:02d}"
