import re
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from engine.complaint.number import case_number
from schemas.words import CaseNumber


def test_the_number_is_the_last_fifty_bits_in_crockfords_digits() -> None:
    assert case_number(UUID(int=0)) == "PL-00000-00000"
    assert case_number(UUID(int=(1 << 128) - 1)) == "PL-ZZZZZ-ZZZZZ"
    assert case_number(UUID(int=32**5 + 31)) == "PL-00001-0000Z"


@given(st.uuids())
def test_every_number_is_a_case_number_without_letters_that_are_misheard(stream: UUID) -> None:
    number = TypeAdapter(CaseNumber).validate_python(case_number(stream))
    assert re.fullmatch(r"PL-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", number)
