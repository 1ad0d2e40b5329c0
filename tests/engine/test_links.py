from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.links import BadLink, Link, LinkOver, Purpose, read, signed, unsigned, written
from engine.store.vault.fingerprint import Fingerprint

KEYED = Fingerprint(bytes(32)).of
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LINK = Link("rate", UUID(int=7), 2, NOON)
LINKS = st.builds(
    Link,
    purpose=st.sampled_from(get_args(Purpose)),
    stream=st.uuids(),
    cycle=st.integers(1, 65_535),
    until=st.integers(1, 2**32 - 1).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)


@given(LINKS)
def test_a_link_reads_as_it_was_written_until_its_time_is_over(link: Link) -> None:
    token = written(link, KEYED)
    assert len(token) == 52
    assert read(token, KEYED, link.until - timedelta(seconds=1)) == link
    with pytest.raises(LinkOver):
        read(token, KEYED, link.until)


@given(LINKS, st.integers(0, 51), st.sampled_from("ABCDEFabcdef0123456789-_"))
def test_one_other_character_makes_it_none_of_ours(link: Link, place: int, other: str) -> None:
    token = written(link, KEYED)
    changed = token[:place] + other + token[place + 1 :]
    if changed != token:
        with pytest.raises(BadLink):
            read(changed, KEYED, link.until - timedelta(seconds=1))


@given(st.text(max_size=80))
def test_whatever_else_comes_is_no_link(text: str) -> None:
    with pytest.raises(BadLink):
        read(text, KEYED, NOON)


@given(LINKS)
def test_a_text_holds_links_that_lead_nowhere_until_it_leaves(link: Link) -> None:
    stored = f"See {unsigned('https://example.com/', link.purpose, link.cycle, link.until)}, please."
    leaves = signed(stored, link.stream, KEYED)
    token = leaves.removeprefix("See https://example.com/p/").removesuffix(", please.")
    assert read(token, KEYED, link.until - timedelta(seconds=1)) == link
    assert signed(leaves, link.stream, KEYED) == leaves
    with pytest.raises(BadLink):
        read(stored.partition("/p/")[2], KEYED, NOON)


@pytest.mark.parametrize(
    "text", ["/p/~rate~70000~5", "/p/~rate~1~5000000000", "/p/~erase~1~5", "/p/~rate~1", "p/~rate~1~5"]
)
def test_what_is_no_link_of_ours_is_left_as_it_is(text: str) -> None:
    assert signed(text, UUID(int=7), KEYED) == text


def test_another_installation_takes_none_of_ours() -> None:
    with pytest.raises(BadLink):
        read(written(LINK, KEYED), Fingerprint(b"other").of, NOON - timedelta(days=1))
