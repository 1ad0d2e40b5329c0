"""Octets become the text their writer meant, whatever the mail calls them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.channels.mail.charsets import decode

COMPLAINT = "Здравствуйте, я недоволен обслуживанием в вашем магазине"


@pytest.mark.parametrize(
    ("codec", "declared"),
    [
        ("utf-8", "utf-8"),
        ("koi8-r", "KOI8-R"),
        ("cp1251", "windows-1251"),
        ("cp1251", '"cp-1251"'),
        ("cp866", "ibm866"),
        ("utf-8", None),
        ("utf-8", "us-ascii"),
        ("utf-8", "x-unknown"),
        ("cp1251", None),
        ("cp1251", "utf-8"),
        ("cp1251", "us-ascii"),
        ("koi8-r", None),
        ("koi8-r", "utf-8"),
        ("cp866", "x-user-defined"),
    ],
)
def test_russian_text_is_read_in_the_declared_or_else_the_likeliest_character_set(
    codec: str, declared: str | None
) -> None:
    assert decode(COMPLAINT.encode(codec), declared) == COMPLAINT


def test_a_few_accents_among_latin_letters_are_western() -> None:
    assert decode("Die Ware kam beschädigt an, schöne Grüße".encode("cp1252"), "utf-8") == (
        "Die Ware kam beschädigt an, schöne Grüße"
    )


def test_utf_8_with_one_broken_octet_stays_utf_8() -> None:
    assert decode(COMPLAINT.encode() + b"\xd0", "utf-8") == COMPLAINT + "\ufffd"


@pytest.mark.parametrize("codec", ["hex", "zip", "unicode_escape", "idna", "punycode", "undefined", "rot13", "a\x00b"])
def test_a_codec_that_is_no_character_set_is_not_used(codec: str) -> None:
    assert decode(b"\\u0041-6162", codec) == "\\u0041-6162"


def test_nul_is_dropped() -> None:
    assert decode(b"a\x00b") == "ab"


@given(st.binary(), st.none() | st.text(max_size=12))
def test_any_octets_become_text_that_can_be_stored(octets: bytes, declared: str | None) -> None:
    text = decode(octets, declared)

    assert "\x00" not in text
    assert text.encode().decode() == text
