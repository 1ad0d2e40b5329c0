from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.complaint.fields import as_text
from engine.configuration.activation import Configuration, activation
from engine.configuration.in_force import Book, activate
from schemas.complaint.classification import (
    Classify,
    ComplaintClassified,
    ComplaintPrioritised,
    Day,
    FieldSet,
    FieldValue,
    Number,
    Prioritise,
    SetField,
)
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.code_list import CodeList
from schemas.configuration.fields import Fields
from schemas.refusals import RefusalCode
from schemas.words import Money, Point
from support.scenario import COMPLAINANT, opened, uid


def test_classifying_says_only_what_is_known_and_keeps_the_rest() -> None:
    first = opened().when(Classify(nature="objective", type="delivery", tags=("late",)), command_id=uid("c1"))
    after = first.then(ComplaintClassified(subject_id=COMPLAINANT, nature="objective", type="delivery", tags=("late",)))
    second = after.when(Classify(tone="angry"), command_id=uid("c2"))
    known = second.then(ComplaintClassified(subject_id=COMPLAINANT, tone="angry")).case.classification
    assert (known.nature, known.type, known.tone, known.tags) == ("objective", "delivery", "angry", ("late",))


def test_what_is_known_already_is_not_recorded_again() -> None:
    after = opened().when(Classify(type="price", points=(Point(point=2, type="price"),))).after()
    after.when(Classify(type="price"), command_id=uid("c2")).then_nothing()
    after.when(Classify(points=(Point(point=2, type="price"),)), command_id=uid("c2")).then_nothing()
    after.when(Classify(tags=()), command_id=uid("c2")).then_nothing()


def test_a_point_is_replaced_by_the_one_that_names_it() -> None:
    after = opened().when(Classify(points=(Point(point=2, type="price", product="sku-9"),))).after()
    assert [(point.point, point.type, point.product) for point in after.case.points] == [
        (1, None, None),
        (2, "price", "sku-9"),
    ]


def test_a_point_that_does_not_exist_is_refused() -> None:
    opened().when(Classify(points=(Point(point=3, type="price"),))).then_refused("unknown_point", point=3)


def test_priority_is_set_once_until_it_changes() -> None:
    after = (
        opened().when(Prioritise(priority="high")).then(ComplaintPrioritised(subject_id=COMPLAINANT, priority="high"))
    )
    after.when(Prioritise(priority="low"), command_id=uid("c2")).then(
        ComplaintPrioritised(subject_id=COMPLAINANT, priority="low")
    )


@pytest.mark.parametrize(
    "value",
    [
        "code-7",
        7,
        True,
        Number(number=Decimal("7.5")),
        Day(day=date(2026, 3, 2)),
        Money(amount=Decimal(7), currency="EUR"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_field_that_nobody_declared_holds_a_personal_text(*, value: FieldValue) -> None:
    opened().when(SetField(field="loyalty", value=value)).then(
        FieldSet(subject_id=COMPLAINANT, field="loyalty", text=as_text(value))
    )


def _activated(item: Configuration) -> ConfigurationActivated:
    event = activation(item)
    assert isinstance(event, ConfigurationActivated)
    return event


DECLARED = activate(
    activate(
        Book(),
        _activated(CodeList.model_validate({"id": "tiers", "version": 1, "values": {
            "gold": {"spellings": ["VIP"]}, "silver": {},
        }})),
    ),
    _activated(Fields.model_validate({"id": "shop", "version": 1, "fields": [
        {"name": name, "type": kind, "label": {"en": name, "ru": name}, **more}
        for name, kind, more in (
            ("tier", "code", {"code_list": "tiers"}), ("bay", "code", {}), ("weight", "number", {}),
            ("sold_on", "date", {}), ("gift", "boolean", {}), ("story", "text", {}),
        )
    ]})),
)  # fmt: skip


@pytest.mark.parametrize(
    ("field", "given", "stored"),
    [
        ("tier", {"value": "gold"}, {"value": "gold"}),
        ("tier", {"text": "vip"}, {"value": "gold"}),
        ("bay", {"value": "B-7"}, {"value": "B-7"}),
        ("weight", {"value": 7}, {"value": 7}),
        ("weight", {"value": Number(number=Decimal("7.5"))}, {"value": Number(number=Decimal("7.5"))}),
        ("weight", {"text": "7.50"}, {"value": Number(number=Decimal("7.50"))}),
        ("sold_on", {"value": Day(day=date(2026, 3, 2))}, {"value": Day(day=date(2026, 3, 2))}),
        ("sold_on", {"text": "2026-03-02"}, {"value": Day(day=date(2026, 3, 2))}),
        ("gift", {"value": True}, {"value": True}),
        ("gift", {"text": "false"}, {"value": False}),
        ("story", {"text": "Ann's dog"}, {"text": "Ann's dog"}),
        ("story", {"value": "dog"}, {"text": "dog"}),
    ],
)
def test_a_declared_field_keeps_a_value_of_its_type_open(
    field: str, given: dict[str, Any], stored: dict[str, Any]
) -> None:
    after = opened().under(DECLARED).when(SetField(field=field, **given), command_id=uid("c1"))
    again = after.then(FieldSet(subject_id=COMPLAINANT, field=field, **stored))
    if "value" in stored:
        again.when(SetField(field=field, **given), command_id=uid("c2")).then_nothing()


@pytest.mark.parametrize(
    ("field", "given", "refused", "facts"),
    [
        ("tier", "bronze", "unlisted_code", {"field": "tier", "list": "tiers"}),
        ("bay", "near the door", "invalid", {"field": "bay", "type": "code"}),
        ("weight", "heavy", "invalid", {"field": "weight", "type": "number"}),
        ("weight", "NaN", "invalid", {"field": "weight", "type": "number"}),
        ("sold_on", "yesterday", "invalid", {"field": "sold_on", "type": "date"}),
        ("gift", "perhaps", "invalid", {"field": "gift", "type": "boolean"}),
    ],
)
def test_what_does_not_fit_its_declaration_is_refused(
    field: str, given: str, refused: RefusalCode, facts: dict[str, str]
) -> None:
    opened().under(DECLARED).when(SetField(field=field, text=given)).then_refused(refused, **facts)


@pytest.mark.parametrize("value", ["3.50", 3, True, False, Number(number=Decimal("3.50")), Day(day=date(2026, 3, 2))])
def test_a_field_value_is_read_as_it_was_written(value: FieldValue) -> None:
    event = FieldSet(subject_id=COMPLAINANT, field="loyalty", value=value)
    read = FieldSet.model_validate_json(event.model_dump_json())
    assert read == event
    assert type(read.value) is type(value)


def test_an_amount_is_stored_as_digits() -> None:
    assert Money(amount=Decimal("1E+3"), currency="EUR").model_dump(mode="json")["amount"] == "1000"


def test_true_is_another_value_than_one() -> None:
    before = opened(FieldSet(subject_id=COMPLAINANT, field="gift", value=1)).under(DECLARED)
    before.when(SetField(field="gift", value=True)).then(FieldSet(subject_id=COMPLAINANT, field="gift", value=True))


def test_text_in_a_field_never_enters_the_state() -> None:
    after = (
        opened()
        .when(SetField(field="remark", text="Ann's dog"), command_id=uid("c1"))
        .then(FieldSet(subject_id=COMPLAINANT, field="remark", text="Ann's dog"))
    )
    assert after.case.classification.fields == (("remark", None),)
    after.when(SetField(field="remark", text="Ann's cat"), command_id=uid("c2")).then(
        FieldSet(subject_id=COMPLAINANT, field="remark", text="Ann's cat")
    )


def test_a_field_without_a_value_says_nothing() -> None:
    opened().when(SetField(field="remark")).then_refused("nothing_to_do", field="remark")
