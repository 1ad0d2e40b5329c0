"""CloudEvents 1.0 go through structured, Kafka binary and HTTP binary mode unchanged."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.published.cloudevent import (
    CloudEvent,
    EnvelopeRefused,
    KafkaRecord,
    from_http_headers,
    from_kafka_headers,
    looks_like_cloudevent,
    read,
    to_kafka_headers,
)

FORM = CloudEvent(
    id="A234-1234",
    source="/forms/site",
    type="org.example.form.submitted",
    subject="жалоба",
    time=datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC),
    datacontenttype="application/json",
    partitionkey="chat-1",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    correlationid="c-1",
    causationid="c-0",
    sequence="00000042",
    recordedtime=datetime(2026, 3, 1, 9, 31, tzinfo=UTC),
    data={"channel": "web_form", "text": "Не работает"},
)
FORM_HEADERS = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"A234-1234"),
    ("ce_source", b"/forms/site"),
    ("ce_type", b"org.example.form.submitted"),
    ("ce_subject", "жалоба".encode()),
    ("ce_time", b"2026-03-01T09:30:00.123456Z"),
    ("ce_partitionkey", b"chat-1"),
    ("ce_traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("ce_correlationid", b"c-1"),
    ("ce_causationid", b"c-0"),
    ("ce_sequence", b"00000042"),
    ("ce_recordedtime", b"2026-03-01T09:31:00Z"),
    ("content-type", b"application/json"),
]
FORM_VALUE = '{"channel":"web_form","text":"Не работает"}'.encode()
BARE = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}


def test_binary_mode_of_kafka_puts_attributes_into_headers_and_data_into_the_value() -> None:
    assert to_kafka_headers(FORM) == KafkaRecord(b"chat-1", FORM_HEADERS, FORM_VALUE)


def test_a_kafka_record_in_binary_mode_reads_as_the_event_it_was() -> None:
    assert from_kafka_headers(FORM_HEADERS, FORM_VALUE) == FORM


def test_structured_mode_reads_as_the_event_it_was() -> None:
    assert read(FORM.model_dump_json().encode()) == FORM


def test_structured_mode_leaves_out_what_is_absent() -> None:
    assert CloudEvent(id="1", source="/s", type="t").model_dump_json() == (
        '{"specversion":"1.0","id":"1","source":"/s","type":"t"}'
    )


def test_a_kafka_record_in_structured_mode_is_recognised_by_its_content_type() -> None:
    headers = [("Content-Type", b"application/cloudevents+json; charset=UTF-8")]

    assert from_kafka_headers(headers, FORM.model_dump_json().encode()) == FORM


def test_headers_of_others_are_passed_over() -> None:
    assert from_kafka_headers([*FORM_HEADERS, ("traceparent", b"00-ff"), ("x", b"\xff")], FORM_VALUE) == FORM


def test_octets_that_are_no_json_stay_octets_in_every_mode() -> None:
    mail = CloudEvent(id="1", source="/mx", type="mail", datacontenttype="message/rfc822", data_base64=b"To: x\r\n\xff")
    key, headers, value = to_kafka_headers(mail)

    assert (key, value) == (None, b"To: x\r\n\xff")
    assert from_kafka_headers(headers, value) == mail
    assert read(mail.model_dump_json().encode()) == mail


def test_text_of_structured_mode_is_bare_text_in_binary_mode() -> None:
    event = read(BARE | {"datacontenttype": "text/plain", "data": "жалоба"})

    assert to_kafka_headers(event).value == "жалоба".encode()


def test_a_record_without_value_has_no_data() -> None:
    event = CloudEvent(id="1", source="/s", type="t")

    assert to_kafka_headers(event).value is None
    assert from_kafka_headers(to_kafka_headers(event).headers, None) == event


@pytest.mark.parametrize("data", [0, False, "", [], {}, {"a": None}, [None]])
def test_falsy_data_is_data(data: Any) -> None:
    event = CloudEvent(id="1", source="/s", type="t", datacontenttype="application/json", data=data)
    _, headers, value = to_kafka_headers(event)

    assert from_kafka_headers(headers, value) == event


def test_unknown_extension_attributes_are_kept() -> None:
    event = read(BARE | {"authtype": "app", "count": 3, "flag": True, "nothing": None})

    assert event.extensions == {"authtype": "app", "count": 3, "flag": True, "nothing": None}
    assert to_kafka_headers(event).headers[4:] == [("ce_authtype", b"app"), ("ce_count", b"3"), ("ce_flag", b"true")]


def test_times_of_nanoseconds_and_other_zones_are_read_as_utc() -> None:
    event = read(BARE | {"time": "2026-03-01T12:30:00.123456789+03:00"})

    assert event.time == datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)


def test_http_binary_mode_decodes_percent_signs() -> None:
    headers = {
        "CE-SpecVersion": "1.0",
        "ce-id": "1",
        "ce-source": "/s",
        "ce-type": "t",
        "ce-subject": "%D0%B6%20a",
        "Content-Type": "application/json",
        "Host": "x",
    }

    assert from_http_headers(headers, b'{"a":1}') == CloudEvent(
        id="1", source="/s", type="t", subject="ж a", datacontenttype="application/json", data={"a": 1}
    )


def test_an_http_request_in_structured_mode_is_recognised_by_its_content_type() -> None:
    headers = {"content-type": "application/cloudevents+json"}

    assert from_http_headers(headers, FORM.model_dump_json().encode()) == FORM


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (BARE, True),
        (BARE | {"specversion": "0.3"}, True),
        ({"channel": "email", "id": "1", "type": "x", "source": "y"}, False),
        ({"specversion": "1.0"}, False),
        ({}, False),
    ],
)
def test_a_cloudevent_is_told_from_a_bare_message(given: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 -- a table
    assert looks_like_cloudevent(given) is expected


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (BARE | {"specversion": "0.3"}, "specversion is none of the known values; send one of '1.0'"),
        ({**BARE, "id": ""}, "id is empty; send at least 1 characters, or leave it out"),
        ({"specversion": "1.0", "id": "1", "type": "t"}, "source is missing; send it"),
        (BARE | {"data": 1, "data_base64": "AA=="}, "message holds its data twice; send data or data_base64, not both"),
        (BARE | {"data_base64": "?"}, "data_base64 is not base64; send a base64 string (RFC 4648)"),
        (BARE | {"time": "2026-03-01T12:30:00"}, "time has no time zone; send an instant with Z or an offset"),
        (BARE | {"time": 1772357400}, "time is not a time; send ISO 8601, such as 2026-03-01T09:30:00Z"),
        (
            BARE | {"ext": {"secret": 1}},
            "message has an attribute that is no string, integer or boolean; move it into data",
        ),
        (BARE | {"Not-Good": "1"}, "message has an attribute whose name is none; use a-z and 0-9 only"),
    ],
)
def test_what_is_no_cloudevent_is_refused_with_place_reason_and_fix(given: dict[str, Any], refusal: str) -> None:
    with pytest.raises(EnvelopeRefused) as refused:
        read(given)

    assert str(refused.value) == refusal


@pytest.mark.parametrize(
    ("headers", "value", "refusal"),
    [
        ([], b"{}", "headers has no specversion; send ce_specversion: 1.0, or application/cloudevents+json"),
        ([*FORM_HEADERS, ("ce_id", b"2")], b"{}", "headers gives an attribute twice; send each ce_ header once"),
        (
            [("content-type", b"application/cloudevents-batch+json")],
            b"[]",
            "headers announces a batch; send one event in each message",
        ),
        ([("ce_id", b"\xff")], b"", "headers is not UTF-8; send every ce_ header in UTF-8"),
        (
            [*FORM_HEADERS, ("ce_data", b"x")],
            b"{}",
            "headers holds data in a header; send data as the value or body",
        ),
        (FORM_HEADERS, b"{", "data is not JSON; send JSON in UTF-8, or name the content type"),
    ],
)
def test_a_kafka_record_that_is_no_event_is_refused(
    headers: list[tuple[str, bytes]], value: bytes, refusal: str
) -> None:
    with pytest.raises(EnvelopeRefused) as refused:
        from_kafka_headers(headers, value)

    assert str(refused.value) == refusal


names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30).filter(
    lambda text: text == text.strip()
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
events = st.builds(
    CloudEvent,
    id=names,
    source=names,
    type=names,
    subject=st.none() | names,
    time=st.none() | st.datetimes(timezones=st.just(UTC)),
    datacontenttype=st.just("application/json"),
    partitionkey=st.none() | names,
    sequence=st.none() | names,
    data=json_values,
)


@given(events)
def test_every_event_survives_kafka_and_structured_mode(event: CloudEvent) -> None:
    _, headers, value = to_kafka_headers(event)

    assert from_kafka_headers(headers, value) == event
    assert read(event.model_dump_json().encode()) == event


header_names = st.sampled_from(["ce_id", "ce_specversion", "content-type", "ce_x"])


@given(st.lists(st.tuples(header_names, st.binary())), st.binary())
def test_any_kafka_record_is_read_or_refused(headers: list[tuple[str, bytes]], value: bytes) -> None:
    with suppress(EnvelopeRefused):
        from_kafka_headers(headers, value)


@given(json_values)
def test_any_json_is_read_or_refused(given_json: Any) -> None:
    with suppress(EnvelopeRefused):
        read(given_json)
