from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.links import BadLink, Link, LinkOver, Purpose, read, written
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


def test_another_installation_takes_none_of_ours() -> None:
    with pytest.raises(BadLink):
        read(written(LINK, KEYED), Fingerprint(b"other").of, NOON - timedelta(days=1))
