import pytest

from consumers.http import idempotency


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, None),
        ("k-1", "k-1"),
        ('"k-1"', "k-1"),
        (' "k-1" ', "k-1"),
        (r'"a\"b\\"', 'a"b\\'),
        ('"open', '"open'),
        ('a"b', 'a"b'),
        ('""', None),
    ],
)
def test_a_key_is_the_same_bare_and_as_a_string_of_a_structured_field(header: str | None, key: str | None) -> None:
    assert idempotency.plain(header) == key


@pytest.mark.parametrize(
    ("header", "version"),
    [(None, None), ('"7"', 7), ('W/"7"', 7), ("7", 7), ("*", None), ('"x"', None), ('"1", "2"', None), ("١", None)],
)
def test_an_entity_tag_is_a_version_or_none_of_ours(header: str | None, version: int | None) -> None:
    assert idempotency.version(header) == version
