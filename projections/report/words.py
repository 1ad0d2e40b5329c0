"""The report's own words in Russian and English."""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Complaints: digest for the weekly meeting", "to": "to", "as_of": "As of position",
        "nothing": "Nothing in this period.", "incomplete": "Incomplete: an error keeps cases out of the views:",
        "now": "this period", "before": "the one before", "change": "change", "summary": "What changed",
        "received": "received", "feedback": "messages that are no complaints", "resolved": "given an outcome",
        "exited": "left without an outcome", "reopened": "reopened", "open_at_end": "open at the end",
        "median_days": "median days to the outcome", "attainment": "promises of time kept, %",
        "satisfied_share": "satisfied of those who rated, %", "cost": "cost of remedies", "volumes": "Volumes",
        "came_in": "came in", "ended": "ended", "by_channel": "By channel", "by_type": "By type",
        "funnel": "How far the complaints of this period came", "passed": "passed", "there_now": "there now",
        "stage_exited": "exited", "sla": "Promises of time that fell due", "clock": "promise", "kept": "kept",
        "late_evidence": "late evidence", "missed": "missed", "share": "kept, %",
        "late_note": "Late evidence: kept in the world's time, but that became known after the due time. "
        "It counts neither as kept nor as missed.",
        "causes": "Causes", "complaints": "complaints", "running": "together", "satisfaction": "Satisfaction",
        "rated": "rated", "satisfied": "satisfied", "mean": "mean, % of the best mark", "remedies": "Remedies",
        "ground": "ground", "form": "form", "worst": "Worst cases", "case": "case", "opened": "opened", "type": "type",
        "stage": "stage", "missed_promises": "missed promises", "reopenings": "reopenings",
        "dissatisfied": "dissatisfied", "yes": "yes", "worst_note": "Cases in which something happened in this period, "
        "by missed promises (1 each), reopenings and dissatisfaction (2 each).",
        "broken": "Promises to complainants that were broken", "due": "due", "fulfilled": "fulfilled",
        "conclusions": "Conclusions", "conclusion_1": "What we learned:",
        "conclusion_2": "What we do, who, until when:",
        "conclusion_3": "What became of what we had decided last time:", "unknown": "not known",
        "dates": "Complaints are dated by the day of receipt in their own zone, all else by days of UTC.",
        "registration": "registration", "investigation": "investigation", "corrective_action": "corrective action",
        "satisfaction_check": "satisfaction check", "closed": "closed", "stage_left": "left by an exit",
    },
    "ru": {
        "title": "Жалобы: сводка к еженедельной встрече", "to": "по", "as_of": "По состоянию на позицию",
        "nothing": "За этот период ничего нет.", "incomplete": "Сводка неполна: из-за ошибки не учтены жалобы:",
        "now": "этот период", "before": "предыдущий", "change": "изменение", "summary": "Что изменилось",
        "received": "получено", "feedback": "сообщения, не жалобы", "resolved": "вынесено решений",
        "exited": "вышли без решения", "reopened": "возобновлено", "open_at_end": "открыто на конец",
        "median_days": "дней до решения, медиана", "attainment": "соблюдено сроков, %",
        "satisfied_share": "довольны из оценивших, %", "cost": "стоимость возмещений", "volumes": "Объёмы",
        "came_in": "поступило", "ended": "завершено", "by_channel": "По каналам", "by_type": "По видам",
        "funnel": "Как далеко прошли жалобы этого периода", "passed": "прошли", "there_now": "сейчас здесь",
        "stage_exited": "вышли", "sla": "Сроки, которые наступили", "clock": "срок", "kept": "соблюдён",
        "late_evidence": "узнали поздно", "missed": "сорван", "share": "соблюдено, %",
        "late_note": "«Узнали поздно»: срок соблюдён по времени события, но стало это известно после срока. "
        "Такие не входят ни в соблюдённые, ни в сорванные.",
        "causes": "Причины", "complaints": "жалобы", "running": "вместе", "satisfaction": "Удовлетворённость",
        "rated": "оценили", "satisfied": "довольны", "mean": "средняя, % лучшей оценки", "remedies": "Возмещения",
        "ground": "основание", "form": "форма", "worst": "Худшие случаи", "case": "жалоба", "opened": "получена",
        "type": "вид", "stage": "этап", "missed_promises": "сорвано сроков", "reopenings": "открыта снова",
        "dissatisfied": "недоволен", "yes": "да", "worst_note": "Жалобы, в которых за период что-то произошло: "
        "по сорванным срокам (по 1), возобновлениям и недовольству (по 2).",
        "broken": "Обещания заявителям, которые нарушены", "due": "срок", "fulfilled": "выполнено",
        "conclusions": "Выводы", "conclusion_1": "Что мы узнали:", "conclusion_2": "Что делаем, кто, до какого дня:",
        "conclusion_3": "Что стало с решениями прошлой встречи:", "unknown": "не известно",
        "dates": "Жалобы отнесены к дню получения по их собственной зоне, остальное к дням UTC.",
        "registration": "регистрация", "investigation": "рассмотрение", "corrective_action": "исправление",
        "satisfaction_check": "проверка удовлетворённости", "closed": "закрыта", "stage_left": "вышла без решения",
    },
}  # fmt: skip
