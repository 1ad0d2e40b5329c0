from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from engine.complaint.decider import fold
from engine.complaint.state_bytes import to_bytes
from schemas.complaint.lifecycle import ComplaintResolved
from schemas.words import Money
from support.scenario import COMPLAINANT, MONDAY, Past, happened, opened


@dataclass(frozen=True, slots=True)
class Holder:
    value: Any


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=3))), '"2026-03-02T09:00:00.000000+00:00"'),
        (datetime(2026, 3, 2, 9, tzinfo=UTC), '"2026-03-02T09:00:00.000000+00:00"'),
        (date(2026, 3, 2), '"2026-03-02"'),
        (Decimal("10.500"), '"10.5"'),
        (Decimal("1E+2"), '"100"'),
        (Money(amount=Decimal("10.50"), currency="EUR"), '{"amount":"10.5","currency":"EUR"}'),
        (frozenset({"b", "a"}), '["a","b"]'),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
    ],
    ids=["zoned", "utc", "day", "decimal", "exponent", "money", "set", "mapping"],
)
def test_every_value_has_one_form(value: object, text: str) -> None:
    assert to_bytes(Holder(value)).decode() == f'{{"value":{text}}}'


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        to_bytes(Holder(object()))


def test_a_history_read_back_from_its_stored_form_gives_the_same_bytes() -> None:
    local = MONDAY.astimezone(timezone(timedelta(hours=3)))
    history = opened(happened(ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld"), at=local))
    again = [
        Past(
            type(past.event).model_validate_json(past.event.model_dump_json()),
            type(past.envelope).model_validate_json(past.envelope.model_dump_json()),
        )
        for past in history.past
    ]
    assert to_bytes(fold(again)) == to_bytes(history.state)


def test_two_stages_without_fields_of_their_own_are_told_apart() -> None:
    resolved = opened(ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld"))
    assert b'"stage":{"name":"satisfaction_check"}' in to_bytes(resolved.state)
    assert b'"stage":{"name":"registration"}' in to_bytes(opened().state)
