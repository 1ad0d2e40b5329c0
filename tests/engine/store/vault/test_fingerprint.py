import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.store.vault.fingerprint import Fingerprint

KEYED = Fingerprint(b"k" * 32)


def test_the_same_parts_have_the_same_hash_under_the_same_key_only() -> None:
    assert KEYED.message("email", "<1@x>") == Fingerprint(b"k" * 32).message("email", "<1@x>")
    assert KEYED.message("email", "<1@x>") != Fingerprint(b"l" * 32).message("email", "<1@x>")


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_parts_cut_in_another_place_have_another_hash(one: list[str], two: list[str]) -> None:
    assert (KEYED.message(*one) == KEYED.message(*two)) == (one == two)


def test_each_kind_has_a_domain_of_its_own() -> None:
    made = {KEYED.message("a", "b"), KEYED.command("a", "b"), KEYED.conversation("a", "b"), KEYED.contact("a", "b")}

    assert len(made) == 4


def test_a_command_id_is_the_senders_own_and_opaque() -> None:
    first = KEYED.command_id("crm", "42")

    assert first == KEYED.command_id("crm", "42")
    assert first != KEYED.command_id("shop", "42")
    assert (first.bytes[6] >> 4, first.bytes[8] >> 6) == (8, 0b10)


@pytest.mark.parametrize("shown", [repr(KEYED), str(KEYED)])
def test_the_key_is_not_shown(shown: str) -> None:
    assert "k" * 8 not in shown
