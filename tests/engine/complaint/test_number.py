import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from engine.complaint.number import case_number, ids_of, meant
from schemas.words import CaseNumber


def test_the_number_is_the_bits_around_the_version_in_crockfords_digits() -> None:
    assert case_number(UUID(int=0)) == "PL-00000-00000"
    assert case_number(UUID(int=(1 << 128) - 1)) == "PL-ZZZZZ-ZZZZZ"
    assert case_number(UUID("00000000-0001-4000-8000-000000000000")) == "PL-00000-00004"
    assert case_number(UUID("08000000-0000-4c00-8000-000000000000")) == "PL-10000-00003"


@given(st.uuids())
def test_every_number_is_a_case_number_without_letters_that_are_misheard(stream: UUID) -> None:
    number = TypeAdapter(CaseNumber).validate_python(case_number(stream))
    assert re.fullmatch(r"PL-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", number)


@given(st.uuids())
def test_a_number_leads_back_to_where_its_complaint_stands_among_all_ids(stream: UUID) -> None:
    low, high = ids_of(case_number(stream))

    assert low <= stream <= high
    assert high.int - low.int == (1 << 80) - 1


@pytest.mark.parametrize("number", ["", "PL-", "PL-00000-0000", "PL-00000-00000-0", "PL-ILOU0-00000", "case 7"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="a case number is PL-"):
        ids_of(number)


@pytest.mark.parametrize(
    "written", ["PL-7GWFC-2W301", "pl7gwfc2w301", " PL 7GWFC 2W301", "№ pl-7gwfc-2w3oi", "PL–7GWFC–2W3Ol"]
)
def test_a_number_is_known_however_it_is_spaced_and_misheard(written: str) -> None:
    assert meant(written) == "PL-7GWFC-2W301"


@pytest.mark.parametrize("text", ["", "PL", "7GWFC2W301", "PL-7GWFC-2W3", "PL-7GWFC-2W30U", "ЧАЙНИК"])
def test_what_is_no_number_means_itself(text: str) -> None:
    assert meant(text) == text
