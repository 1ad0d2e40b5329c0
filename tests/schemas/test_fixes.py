import pytest
from pydantic import ValidationError

from schemas.catalogue import COMMANDS
from schemas.fixes import fixes

DATE = "write a date such as 2026-03-02, or an instant such as 2026-03-02T09:00:00Z"


@pytest.mark.parametrize(
    ("command", "fields", "told"),
    [
        ("complaint.request_information", '{"from": "complainant", "what": "A photo", "answer_by": "31.12.2026"}',
         [("answer_by", DATE)]),
        ("complaint.promise", '{"what": "call", "due": "2026-11-31"}', [("due", DATE)]),
        ("complaint.promise", "{}", [("due", "is missing; add it")]),
        ("complaint.assign", '{"team": "Kettles Team"}',
         [("team", "write a code: letters, digits and . _ : / + -, without blanks, such as first-line")]),
        ("complaint.assign", '{"teem": "kettles"}', [("teem", "is not known; check its spelling, or remove it")]),
        ("complaint.propose_remedy",
         '{"form": "refund", "ground": "fault", "amount": {"amount": "450o", "currency": "RUB"}}',
         [("amount.amount", "write a number such as 40.00")]),
        ("complaint.approve_remedy", '{"remedy_id": "1"}',
         [("remedy_id", "write an id such as 6188b4cd-f51f-5129-8380-aa1fa0968519")]),
        ("problem.record_lesson", '{"happened": "Ann wrote from ann@example.org", "changed": "The hinge"}',
         [("happened", "holds an @, as addresses do; name nobody here, and leave it out")]),
        ("complaint.prioritise", '{"priority": "very"}', [("priority", "write 'low', 'normal', 'high' or 'urgent'")]),
    ],
)  # fmt: skip
def test_a_field_that_does_not_fit_is_told_with_what_to_write(
    command: str, fields: str, told: list[tuple[str, str]]
) -> None:
    with pytest.raises(ValidationError) as error:
        COMMANDS[command].model_validate_json(fields)
    found = fixes(error.value.errors(include_input=False, include_url=False))
    assert [one for one in found if one in told] == told
    assert {place for place, _ in found} == {place for place, _ in told}
