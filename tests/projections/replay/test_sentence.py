import re
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from engine.store.vault.plan import plan_of
from projections.replay.sentence import LANGUAGES, Language, phrases, sentence
from projections.views.audit_trail.facts import impersonal
from schemas.catalogue import EVENTS, unversioned
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.base import Event
from schemas.complaint.clocks import DeadlineMissed
from schemas.complaint.correspondence import ComplaintReplied
from schemas.complaint.lifecycle import ComplaintRated, Score
from schemas.complaint.remedies import ComplaintCompensated
from schemas.words import Money
from support.examples import whole
from support.histories import START, uid

FIELD = re.compile(r"\{([a-z_.]+)\}")
SPOKEN_BY_NAME = {"event", "clock"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_of_the_catalogue_has_a_phrase_and_no_other(language: Language) -> None:
    assert set(phrases(language).events) == {unversioned(name) for name in EVENTS}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EVENTS)
def test_a_phrase_names_only_impersonal_fields_of_its_event(name: str, language: Language) -> None:
    for path in FIELD.findall(phrases(language).events[unversioned(name)]):
        _must_be_impersonal(EVENTS[name], path)


def _must_be_impersonal(model: type[BaseModel], path: str) -> None:
    first, _, rest = path.partition(".")
    by_key = {info.alias or field: info for field, info in model.model_fields.items()}
    assert first in by_key
    assert first not in plan_of(model).personal
    if rest:
        inner = next(part for part in _parts(by_key[first].annotation) if isinstance(part, type))
        _must_be_impersonal(inner, rest)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EVENTS)
def test_every_word_of_a_closed_list_is_translated(name: str, language: Language) -> None:
    known = phrases(language)
    for path in FIELD.findall(known.events[unversioned(name)]):
        field, annotation = _field(EVENTS[name], path)
        for value in _literals(annotation):
            assert value in known.words[field], f"{field}: {value}"


def _field(model: type[BaseModel], path: str) -> tuple[str, Any]:
    first, _, rest = path.partition(".")
    annotation = {info.alias or field: info for field, info in model.model_fields.items()}[first].annotation
    if not rest:
        return first, annotation
    return _field(next(part for part in _parts(annotation) if isinstance(part, type)), rest)


def _parts(annotation: Any) -> list[Any]:
    return [part for part in (get_args(annotation) or (annotation,)) if part is not type(None)]


def _literals(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [value for part in get_args(annotation) for value in _literals(part)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("model", EVENTS.values(), ids=EVENTS)
def test_a_whole_event_leaves_no_gap(model: type[Event], language: Language) -> None:
    text = sentence(model.NAME, impersonal(whole(model)), language)
    assert not re.search(r"[{}?\[\]]|Личное", text)


@pytest.mark.parametrize(
    ("event", "english", "russian"),
    [
        (
            ComplaintAssigned(team="north", assignee="person:k7", reason="handover"),
            "Assigned to team north, person:k7 (handed over)",
            "Назначено: команда north, person:k7 (передача)",
        ),
        (
            ComplaintAssigned(assignee="person:k7", previous_team="south", reason="absent"),
            "Assigned, person:k7 (absent before); before: team south",
            "Назначено, person:k7 (прежний исполнитель отсутствует); прежняя команда south",
        ),
        (ComplaintReplied(message=uid("reply"), final=False), "Interim reply given", "Дан промежуточный ответ"),
        (
            ComplaintReplied(message=uid("reply"), final=True, apology=True),
            "Final reply given, with an apology",
            "Дан окончательный ответ, с извинениями",
        ),
        (
            ComplaintCompensated(remedy_id=uid("remedy"), amount=Money(amount=Decimal("12500.5"), currency="RUB")),
            "Remedy given: 12\u00a0500.50 RUB",
            "Возмещение предоставлено: 12\u00a0500.50 RUB",
        ),
        (
            ComplaintRated(survey="direct", cycle=1, scores=(Score(parameter="speed", score=4),)),
            "Cycle 1 rated: speed 4/5",
            "Оценка цикла 1: speed 4/5",
        ),
        (
            DeadlineMissed(clock="first_reply", cycle=1, instance=1, due_at=START, detected_at=START),
            "Deadline missed: first_reply (cycle 1, no. 1) was due 2026-03-02 09:00 UTC, found 2026-03-02 09:00 UTC",
            "Срок нарушен: first_reply (цикл 1, № 1), истёк 2026-03-02 09:00 UTC, обнаружено 2026-03-02 09:00 UTC",
        ),
    ],
)
def test_sentences(event: Event, english: str, russian: str) -> None:
    facts = impersonal(event)
    assert (sentence(event.NAME, facts, "en"), sentence(event.NAME, facts, "ru")) == (english, russian)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_event_that_has_no_phrase_is_called_by_its_name(language: Language) -> None:
    assert sentence("complaint.sung.v3", {}, language) == "complaint.sung"


@pytest.mark.parametrize(
    ("amount", "told"),
    [("0", "0.00"), ("12500.5", "12\u00a0500.50"), ("40.005", "40.005"), ("1234567.891", "1\u00a0234\u00a0567.891")],
)
def test_money_is_told_to_the_last_digit_that_was_recorded(amount: str, told: str) -> None:
    event = ComplaintCompensated(remedy_id=uid("remedy"), amount=Money(amount=Decimal(amount), currency="EUR"))
    assert f"{told} EUR" in sentence(event.NAME, impersonal(event), "en")
