"""One way in for every channel, and a refusal that repeats nothing."""

import json
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.channels import CHANNEL_MESSAGE, ChannelMessage, parse, to_message
from schemas.channels.message import MessageRefused, fingerprint_parts
from schemas.words import Channel

SECRET = "s3cr3t-Иванов"
WHOLE = {"channel": "chat", "id": "1", "text": "a"}


def test_every_channel_of_the_closed_list_has_exactly_one_model() -> None:
    union = get_args(get_args(ChannelMessage)[0])
    named = [name for model in union for name in get_args(model.model_fields["channel"].annotation)]

    assert sorted(named) == sorted(get_args(Channel))


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (b"{", "message is not JSON; send one JSON object in UTF-8"),
        (b'{"a": NaN}', "message is not JSON; send one JSON object in UTF-8"),
        (b"\xff", "message is not JSON; send one JSON object in UTF-8"),
        (b"[" * 100_000, "message is not JSON; send one JSON object in UTF-8"),
        (b"[]", "message is not an object; send one JSON object"),
        (b'"s3cr3t"', "message is not an object; send one JSON object"),
        ({}, "channel is missing; send it"),
        (
            {"channel": SECRET},
            (
                "channel is none of the known values; send one of 'email', 'web_form', 'messenger', 'call', 'review', "
                "'social', 'letter', 'authority', 'chat', 'visit', 'other'"
            ),
        ),
        (WHOLE | {"text": 5}, "chat.text is not a string; send a JSON string"),
        (WHOLE | {"text": SECRET * 20_000}, "chat.text is too long; send at most 200000 characters"),
        (WHOLE | {"text": " "}, "chat says nothing; send text, subject, rating or attachments"),
        ({"channel": "chat", "text": SECRET}, "chat has neither an id nor a time; send id, or the time it was sent"),
        (WHOLE | {"author": {"contacts": [{"kind": "email"}]}}, "chat.author.contacts.0.value is missing; send it"),
        (
            WHOLE | {"author": {"contacts": [{"kind": SECRET, "value": "a"}]}},
            (
                "chat.author.contacts.0.kind is none of the known values; send one of 'email', 'phone', 'username', "
                "'postal', 'customer_number' or 'other'"
            ),
        ),
        (
            WHOLE | {"sent_at": "2026-03-01T12:30:00"},
            "chat.sent_at has no time zone; send an instant with Z or an offset",
        ),
        (WHOLE | {"sent_at": 1772357400}, "chat.sent_at is not a time; send ISO 8601, such as 2026-03-01T09:30:00Z"),
        (
            WHOLE | {"attachments": [{"content": SECRET}]},
            "chat.attachments.0.content is not base64; send a base64 string (RFC 4648)",
        ),
        (WHOLE | {"attachments": [{}]}, "chat.attachments.0 holds no file; send content (base64) or reference"),
        (
            WHOLE | {"attachments": [{"reference": "r"}] * 101},
            "chat.attachments has too many entries; send at most 100",
        ),
        (WHOLE | {"rating": {"score": -1, "out_of": 5}}, "chat.rating.score is too small; send at least 0"),
        ({"channel": "email"}, "email.raw is missing; send it"),
    ],
)
def test_a_refusal_names_place_reason_and_fix(given: Any, refusal: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        parse(given)

    assert str(refused.value) == refusal


def planted(value: Any) -> list[Any]:
    """Return ``value`` with the secret in place of every leaf, one at a time, and as an extra key."""
    if isinstance(value, dict):
        inside = [{**value, name: other} for name, item in value.items() for other in planted(item)]
        return [*inside, {**value, SECRET: SECRET}]
    if isinstance(value, list):
        return [[other] for item in value for other in planted(item)] + [SECRET]
    return [SECRET, {SECRET: SECRET}, [SECRET]]


FULL = {
    "channel": "call", "id": "1", "started_at": "2026-03-01T09:30:00Z", "duration_seconds": 1, "direction": "inbound",
    "author": {"role": "customer", "contacts": [{"kind": "email", "value": "a"}]}, "public": True, "summary": "a",
    "rating": {"score": "1", "out_of": "5"}, "attachments": [{"content": "AA==", "inline": False}],
    "hints": {
        "incident_on": "2026-03-01", "claimed": {"amount": "1", "currency": "EUR"}, "remedy_sought": "refund",
        "answer_by": "2026-03-01", "external_refs": [{"system": "a", "number": "b", "dated": "2026-03-01"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("spoiled", planted(FULL), ids=range(len(planted(FULL))))
def test_no_refusal_repeats_what_was_sent(spoiled: Any) -> None:
    with suppress(MessageRefused):
        parse(spoiled)
        return
    with pytest.raises(MessageRefused) as refused:
        parse(spoiled)

    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    "given", [FULL, WHOLE, {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 1}}}]
)
def test_a_message_survives_its_json_form(given: dict[str, Any]) -> None:
    arrived = parse(given)
    again = parse(CHANNEL_MESSAGE.dump_json(arrived))

    assert again == arrived
    assert to_message(again) == to_message(arrived)


def test_the_union_has_a_json_schema() -> None:
    schema = CHANNEL_MESSAGE.json_schema()

    assert sorted(schema["discriminator"]["mapping"]) == sorted(get_args(Channel))
    assert json.loads(json.dumps(schema)) == schema


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
fields = st.sampled_from([
    "id", "text", "subject", "author", "hints", "attachments", "rating", "sent_at", "started_at", "submitted_at",
    "posted_at", "arrived_on", "forwarded_on", "authority", "reference", "site", "review_id", "network", "post_id",
    "update", "raw", "language", "number", "in_reply_to", "thread", "public", "automated",
])  # fmt: skip
plausible = st.text(max_size=10) | st.just("2026-03-01T09:30:00Z") | st.just("2026-03-01") | json_values


@given(st.sampled_from(get_args(Channel)), st.dictionaries(fields, plausible, max_size=12))
def test_any_object_is_read_or_refused(channel: str, given_fields: dict[str, Any]) -> None:
    with suppress(MessageRefused):
        assert fingerprint_parts(to_message(parse({**given_fields, "channel": channel})))


@given(json_values)
def test_any_json_is_read_or_refused(value: Any) -> None:
    with suppress(MessageRefused):
        parse(value)
    with suppress(MessageRefused):
        parse(json.dumps(value).encode())


@given(st.binary(max_size=100))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    with suppress(MessageRefused):
        parse(octets)
