"""Ids that derive from others are what the standard library makes of them."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from engine.ids import derived, derived_text


@given(st.uuids(), st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_a_derived_id_is_the_uuid_of_version_5_of_its_label(of: UUID, label: str) -> None:
    own, standard = derived(of, label), uuid5(of, label)
    assert own == standard
    assert derived_text(of, label) == str(standard)
    assert (hash(own), own.version, own.variant, own.is_safe) == (hash(standard), 5, standard.variant, standard.is_safe)
