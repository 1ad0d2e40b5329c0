"""Media types are stored open: known ones, and nothing that a sender thought up."""

import pytest
from pydantic import TypeAdapter

from schemas.channels.media_types import KNOWN, OCTETS, media_type
from schemas.words import MediaType


@pytest.mark.parametrize(
    ("given", "bare"),
    [
        ("Image/PNG; name=x", "image/png"),
        (" text/plain ;charset=utf-8", "text/plain"),
        ("", OCTETS),
        (None, OCTETS),
        ("a b/c", OCTETS),
        ("text/anna.petrova", OCTETS),
    ],
)
def test_a_known_media_type_is_normalised_and_any_other_is_mere_octets(given: str | None, bare: str) -> None:
    assert media_type(given) == bare


def test_every_known_media_type_can_be_stored() -> None:
    adapter = TypeAdapter(MediaType)

    assert {adapter.validate_python(name) for name in KNOWN | {OCTETS}} == KNOWN | {OCTETS}
