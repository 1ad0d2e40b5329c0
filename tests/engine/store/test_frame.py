"""The octets of a stored state, taken apart and put together."""

import json
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.store.frame import Frame, FrameBroken, FrameUnknown, Part, packed, unpacked

ANNA = UUID("0a0a0a0a-0000-4000-8000-000000000001")
KEY_ID = bytes(range(32))
PARTS = st.builds(
    Part,
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=80),
    st.binary(max_size=300),
)


def test_a_state_is_its_two_texts_and_its_parts_each_with_its_length() -> None:
    part = Part(ANNA.bytes, KEY_ID, b"/data/body", b"box")

    assert packed(b'{"m":1}', b'{"d":2}', [part]) == b"".join((
        b"\x02", b"\x00\x00\x00\x07", b'{"m":1}', b"\x00\x00\x00\x07", b'{"d":2}',
        ANNA.bytes, KEY_ID, b"\x00\x0a", b"/data/body", b"\x00\x00\x00\x03", b"box",
    ))  # fmt: skip


@given(st.binary(max_size=300), st.binary(max_size=300), st.lists(PARTS, max_size=3))
def test_what_was_put_together_is_taken_apart_again(meta: bytes, data: bytes, parts: list[Part]) -> None:
    assert unpacked(packed(meta, data, parts)) == Frame(meta, data, tuple(parts))


@given(st.lists(PARTS, max_size=2), st.data())
def test_a_state_that_ends_too_early_is_refused_or_lacks_a_whole_part(parts: list[Part], data: st.DataObject) -> None:
    whole = packed(b'{"a":1}', b'{"b":2}', parts)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]

    try:
        found = unpacked(cut)
    except FrameBroken:
        return
    assert packed(*found) == cut
    assert found.parts == tuple(parts[: len(found.parts)])


def test_a_state_of_a_format_to_come_is_unknown_and_not_broken() -> None:
    with pytest.raises(FrameUnknown, match="of format 3") as caught:
        unpacked(b"\x03whatever")

    assert caught.value.number == 3


BROKEN = (b"{", b"{}", b'{"meta":{}}', b'{"meta":{},"data":{},"sealed":[{}]}', b'{"meta":{},"data":{},"sealed":3}')


@pytest.mark.parametrize("state", BROKEN)
def test_a_first_format_that_is_none_is_refused_without_a_word_of_it(state: bytes) -> None:
    with pytest.raises(FrameBroken, match="no JSON object of format 1"):
        unpacked(state)


def test_the_first_format_gives_the_same_frame() -> None:
    part = {"subject": str(ANNA), "key": "AAECAw==", "fields": ["/meta/why", "/data/body"], "box": "Ym94"}
    state = orjson.dumps({"meta": {"m": 1}, "data": {"d": 2}, "sealed": [part]})

    frame = unpacked(state)

    assert (json.loads(frame.meta), json.loads(frame.data)) == ({"m": 1}, {"d": 2})
    assert frame.parts == (Part(ANNA.bytes, bytes(range(4)), b"/meta/why\0/data/body", b"box"),)
