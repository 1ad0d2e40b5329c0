import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.store.vault.fingerprint import Fingerprint, opaque_id

KEYED = Fingerprint(b"k" * 32)
KINDS = ["message", "content", "command", "conversation", "contact"]


def test_the_same_octets_have_the_same_hash_under_the_same_key_only() -> None:
    assert KEYED.of("message", b"<1@x>") == Fingerprint(b"k" * 32).of("message", b"<1@x>")
    assert KEYED.of("message", b"<1@x>") != Fingerprint(b"l" * 32).of("message", b"<1@x>")


@given(
    st.tuples(st.sampled_from(KINDS), st.binary(max_size=40)), st.tuples(st.sampled_from(KINDS), st.binary(max_size=40))
)
def test_another_kind_or_other_octets_have_another_hash(one: tuple[str, bytes], two: tuple[str, bytes]) -> None:
    assert (KEYED.of(*one) == KEYED.of(*two)) == (one == two)


@given(st.binary(min_size=1, max_size=100), st.sampled_from(KINDS), st.binary(max_size=200))
def test_it_is_the_hmac_of_the_framed_octets(key: bytes, kind: str, octets: bytes) -> None:
    framed = kind.encode() + b"\0" + len(octets).to_bytes(8, "big") + octets
    assert Fingerprint(key).of(kind, octets) == hmac.digest(key, framed, "sha256")


@given(st.binary(min_size=32, max_size=32))
def test_an_opaque_id_is_a_custom_uuid(fingerprint: bytes) -> None:
    made = opaque_id(fingerprint)
    assert made == opaque_id(fingerprint)
    assert (made.version, made.bytes[8] >> 6) == (8, 0b10)


@pytest.mark.parametrize("shown", [repr(KEYED), str(KEYED)])
def test_the_key_is_not_shown(shown: str) -> None:
    assert "k" * 8 not in shown
