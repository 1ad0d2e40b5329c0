"""One record becomes a message, a command or a dead letter; limits come before anything is parsed."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.kafka.protocol import LOG_APPEND_TIME, Damaged, PlainRecord
from consumers.kafka.records import Limits, Origin, Reader, code_word, is_code
from consumers.tokens import KeysUnavailable, TokenRefused
from engine.incoming import Arrived, Asked, Refused, Sender, Spoiled
from engine.store.batch import SourceMove
from schemas.envelope import KafkaSource
from schemas.published import cloudevent
from schemas.published.cloudevent import CloudEvent
from schemas.published.dead_letter import DeadLetter, kafka_headers

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SENDER = Sender("crm", "service:crm", "workload")
MESSAGES = Origin("c-1", "in", UUID(int=3), "messages", SENDER, "plaint", "1.0")
COMMANDS = replace(MESSAGES, topic="commands", purpose="commands")
MOVE = SourceMove("kafka:c-1/00000000-0000-0000-0000-000000000003/2", 6, 8)
CHAT: dict[str, Any] = {"channel": "chat", "system": "s", "id": "m1", "text": "It is broken", "author": {"name": "Ann"}}
MAIL = b"From: Ann <ann@example.com>\r\nSubject: Kettle\r\nMessage-ID: <m1@example.com>\r\n\r\nIt is broken.\r\n"
ASSIGN: dict[str, Any] = {
    "stream": str(UUID(int=5)),
    "name": "complaint.assign",
    "command": {"team": "kettles"},
    "id": "a-1",
}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STAMP = int(NOW.timestamp() * 1000) - 5_000
CANARY = "Пётр-Secret-4711"


def reader(origin: Origin = MESSAGES, limits: Limits | None = None) -> Reader:
    return Reader(origin, limits or Limits(), lambda: NOW)


def record(
    value: bytes | None,
    *headers: tuple[str, bytes | None],
    key: bytes | None = b"k",
    stamp: int = STAMP,
    kind: int = LOG_APPEND_TIME,
) -> PlainRecord:
    return PlainRecord("in", 2, 7, stamp, kind, key, value, headers)


def message(given_record: PlainRecord, origin: Origin = MESSAGES) -> Arrived:
    found = reader(origin).read(given_record, MOVE)
    assert isinstance(found, Arrived), found
    return found


def letter(found: object) -> DeadLetter:
    assert isinstance(found, Spoiled), found
    read = DeadLetter.from_octets(found.payload)
    assert (found.id, found.fingerprint, found.reason) == (read.id, read.fingerprint, read.reason)
    assert found.around.move == MOVE
    return read


def spoiled(given_record: PlainRecord, origin: Origin = MESSAGES, limits: Limits | None = None) -> DeadLetter:
    return letter(reader(origin, limits).read(given_record, MOVE))


def test_a_bare_message_bears_where_it_stood_and_who_sent_it() -> None:
    around = message(record(json.dumps(CHAT).encode(), ("traceparent", TRACE.encode()))).around
    assert around.sender == SENDER
    assert around.source == KafkaSource(cluster="c-1", topic="in", partition=2, offset=7)
    assert around.received_at == NOW - timedelta(seconds=5)
    assert (around.move, around.traceparent) == (MOVE, TRACE)


def test_the_brokers_time_counts_and_the_senders_does_not() -> None:
    value = json.dumps(CHAT).encode()
    assert message(record(value, kind=0)).around.received_at == NOW
    assert message(record(value, stamp=-1)).around.received_at == NOW
    assert message(record(value, stamp=STAMP + 60_000)).around.received_at == NOW, "a broker's clock that is ahead"


@pytest.mark.parametrize(
    "mode", ["bare", "structured", "structured without content type", "binary", "mail", "bare mail"]
)
def test_the_same_message_comes_in_every_mode(mode: str) -> None:
    event = CloudEvent(id="e", source="crm", type="message", datacontenttype="application/json", data=CHAT)
    mail = CloudEvent(id="e", source="crm", type="mail", datacontenttype="message/rfc822", data_base64=MAIL)
    _, headers, value = cloudevent.to_kafka_headers(mail if mode == "mail" else event)
    given_record = {
        "bare": record(json.dumps(CHAT).encode()),
        "structured": record(event.model_dump_json().encode(), ("content-type", b"application/cloudevents+json")),
        "structured without content type": record(event.model_dump_json().encode()),
        "binary": record(value, *headers),
        "mail": record(value, *headers),
        "bare mail": record(MAIL, ("Content-Type", b"message/rfc822")),
    }[mode]
    assert message(given_record).message.text.strip().startswith("It is broken")


def test_a_tombstone_asks_for_nothing() -> None:
    assert reader().read(record(None), MOVE) is None
    assert reader(COMMANDS).read(record(None), MOVE) is None


def test_a_command_is_its_topics_senders() -> None:
    found = reader(COMMANDS).read(record(json.dumps(ASSIGN).encode()), MOVE)
    assert isinstance(found, Asked)
    assert (found.stream, found.command.NAME, found.id) == (UUID(int=5), "complaint.assign", "a-1")
    assert (found.around.sender, found.around.move) == (SENDER, MOVE)


def test_a_command_in_binary_mode_has_the_id_of_its_event() -> None:
    fields: dict[str, Any] = {name: value for name, value in ASSIGN.items() if name != "id"}
    event = CloudEvent(id="e-7", source="crm", type="command", datacontenttype="application/json", data=fields)
    _, headers, value = cloudevent.to_kafka_headers(event)
    found = reader(COMMANDS).read(record(value, *headers), MOVE)
    assert isinstance(found, Asked)
    assert found.id == "crm e-7"


def test_a_command_that_is_refused_becomes_a_dead_letter_with_the_refusals_code() -> None:
    found = reader(COMMANDS).read(record(json.dumps(ASSIGN).encode()), MOVE)
    assert isinstance(found, Asked)
    assert found.otherwise is not None
    kept = letter(found.otherwise(Refused("right_missing", CANARY)))
    assert (kept.reason, kept.value) == ("semantic right_missing", json.dumps(ASSIGN).encode())


def test_a_dead_letter_is_the_record_octet_for_octet() -> None:
    headers = (("a", b"\xff\x00"), ("\udcffb", None), ("a", b""))
    kept = spoiled(record(b"\xfe{", *headers, key=b"\x80", kind=0))
    assert (kept.key, kept.value) == (b"\x80", b"\xfe{")
    assert kept.raw_headers == [(b"a", b"\xff\x00"), (b"\xffb", None), (b"a", b"")]
    assert (kept.cluster, kept.topic, kept.topic_id, kept.partition, kept.offset) == ("c-1", "in", UUID(int=3), 2, 7)
    assert (kept.timestamp, kept.timestamp_type) == (NOW - timedelta(seconds=5), "create")
    assert (kept.consumer_group, kept.engine_version, kept.first_failed_at) == ("plaint", "1.0", NOW)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "syntax not_json (column 1)"),
        (b"{", "syntax not_json (column 2)"),
        (b'{"a": "\xff"}', "encoding not_utf_8 (octet 8)"),
        (b"[1]", "schema not_an_object (message)"),
        (b'{"channel": "pigeon"}', "schema is_none_of_the_known_values channel"),
        (json.dumps({**CHAT, "text": 7}).encode(), "schema is_not_a_string chat.text"),
        (
            json.dumps({"specversion": "1.0", "id": "e", "source": "s", "type": "t"}).encode(),
            "schema not_an_object data",
        ),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "depth too_deep"),
        (b"[" * 100_000, "depth too_deep"),
        (b"1" * 100_000, "schema not_an_object (message)"),
        (b"NaN", "syntax not_json (column 1)"),
        (b'{"a": "\\ud800"}', "syntax not_json (column 14)"),
    ],
)
def test_a_reason_says_class_code_and_place(value: bytes, reason: str) -> None:
    assert spoiled(record(value)).reason.startswith(reason.rpartition(" (column")[0])
    assert spoiled(record(value)).value == value


@pytest.mark.parametrize(
    ("given_record", "reason"),
    [
        (record(b"12345678901", key=None), "size too_large"),
        (record(b"1234567890", key=b"k"), "size too_large"),
        (record(b"1", *[("h", b"")] * 4), "headers too_many"),
        (record(b"1", ("h", b"1234567890")), "headers too_large"),
        (record(b"1", ("\udcff", b"")), "encoding header_name"),
    ],
)
def test_limits_come_first(given_record: PlainRecord, reason: str) -> None:
    limits = Limits(octets=10, headers=3, header_octets=10)
    assert spoiled(given_record, limits=limits).reason == reason


def test_a_value_beyond_the_limit_is_kept_as_its_size_and_digest() -> None:
    kept = spoiled(record(b"12345678901"), limits=Limits(octets=10))
    assert kept.value is None
    assert kept.left_out is not None
    assert (kept.left_out.size, len(kept.left_out.sha256)) == (11, 64)


def test_brackets_in_strings_are_not_deep_and_are_looked_into_in_no_time() -> None:
    value = json.dumps({**CHAT, "text": '[{"\\' * 30_000}).encode()
    begun = time.perf_counter()
    assert message(record(value)).message.text.startswith('[{"')
    assert time.perf_counter() - begun < 1


def test_damage_is_a_dead_letter_with_the_octets_that_are_there() -> None:
    batch = Damaged(record(b"raw batch", key=None), 12, "codec", "checksum")
    kept = letter(reader().damaged(batch, MOVE))
    assert (kept.reason, kept.value) == ("codec checksum", b"raw batch")


def test_names_of_clusters_are_made_codes() -> None:
    assert code_word("4L6g3nShT-eMCtK--X86sw") == "4L6g3nShT-eMCtK--X86sw"
    assert code_word("_L6g3nShT-eMCtK--X86sw") == "id:_L6g3nShT-eMCtK--X86sw"
    assert (is_code("complaints.inbound"), is_code("_in"), is_code("x" * 121)) == (True, False, False)


@given(
    st.binary(max_size=200),
    st.lists(
        st.tuples(st.sampled_from(["ce_specversion", "ce_id", "content-type", "x"]), st.none() | st.binary(max_size=20))
    ),
    st.sampled_from([MESSAGES, COMMANDS]),
)
def test_whatever_comes_is_taken_or_set_aside(
    value: bytes, headers: list[tuple[str, bytes | None]], origin: Origin
) -> None:
    assert isinstance(reader(origin).read(record(value, *headers), MOVE), Arrived | Asked | Spoiled)


@pytest.mark.parametrize("origin", [MESSAGES, COMMANDS])
@pytest.mark.parametrize(
    "data",
    [
        {"channel": CANARY}, {**CHAT, "text": [CANARY]}, {**CHAT, "author": CANARY}, {CANARY: 1}, {**ASSIGN, CANARY: 1},
        {**ASSIGN, "name": CANARY}, {**ASSIGN, "command": {CANARY: CANARY}}, {**ASSIGN, "stream": CANARY},
    ],
)  # fmt: skip
def test_a_reason_repeats_nothing_of_the_record(data: dict[str, Any], origin: Origin) -> None:
    assert CANARY not in spoiled(record(json.dumps(data).encode()), origin).reason


# --- who gives a command --------------------------------------------------------------------


ANN = Sender("kafka/commands", "person:ann", "token", groups=frozenset({"lead"}))


def by_token(why: str | None = None) -> tuple[Origin, list[tuple[str, datetime]]]:
    """A topic of commands where tokens are looked at, and what they were looked at with."""
    seen: list[tuple[str, datetime]] = []

    def people(token: str, at: datetime) -> Sender:
        seen.append((token, at))
        if why is not None:
            raise TokenRefused("expired") if why == "expired" else KeysUnavailable
        return ANN

    return replace(COMMANDS, people=people), seen


def command(origin: Origin, *headers: tuple[str, bytes | None]) -> Asked | Spoiled:
    found = reader(origin).read(record(json.dumps(ASSIGN).encode(), *headers), MOVE)
    assert isinstance(found, Asked | Spoiled)
    return found


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
def test_a_command_with_a_token_is_its_persons_as_valid_when_the_record_came(name: str) -> None:
    origin, seen = by_token()
    assert command(origin, (name, b"Bearer a.b.c")).around.sender == ANN
    assert seen == [("a.b.c", NOW - timedelta(seconds=5))]


def test_a_command_without_a_token_is_the_topics() -> None:
    origin, seen = by_token()
    assert command(origin, ("plaint-person", b"Ann")).around.sender == SENDER
    assert seen == []


def test_a_token_counts_nowhere_but_where_tokens_are_looked_at() -> None:
    assert command(COMMANDS, ("authorization", b"Bearer a.b.c")).around.sender == SENDER
    messages = replace(by_token("expired")[0], topic="in", purpose="messages")
    found = reader(messages).read(record(json.dumps(CHAT).encode(), ("authorization", b"Bearer x")), MOVE)
    assert isinstance(found, Arrived)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ((("authorization", b"Bearer a.b.c"),), "the_token_is_not_accepted_expired"),
        ((("authorization", None),), "the_token_is_not_accepted_expired"),
        ((("authorization", b"a"), ("Authorization", b"b")), "stands_twice"),
    ],
)
def test_a_command_with_a_bad_token_is_a_dead_letter_and_not_the_topics(
    headers: tuple[tuple[str, bytes | None], ...], code: str
) -> None:
    found = command(by_token("expired")[0], *headers)
    assert isinstance(found, Spoiled)
    assert found.reason == f"headers {code} headers.authorization"


def test_a_token_is_kept_with_its_dead_letter_and_never_relayed() -> None:
    found = command(by_token("expired")[0], ("authorization", b"Bearer a.b.c"), ("other", b"x"))
    assert isinstance(found, Spoiled)
    letter = DeadLetter.from_octets(found.payload)
    relayed = dict(kafka_headers(letter))
    assert (b"authorization", b"Bearer a.b.c") in letter.raw_headers
    assert ("authorization" in relayed, relayed["other"], relayed["plaint-dl-unsent-headers"]) == (False, b"x", b"1")


def test_a_record_waits_while_nobody_knows_whether_its_token_is_good() -> None:
    with pytest.raises(KeysUnavailable):
        command(by_token("silent")[0], ("authorization", b"Bearer a.b.c"))
