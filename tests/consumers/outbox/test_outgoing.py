"""An event of the log as records: the same octets every time, each with its own id and its place in the log."""

from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from consumers.outbox.feeds import LARGEST, events_feed, notices_feed
from consumers.outbox.outgoing import Outgoing
from engine.complaint.number import case_number
from engine.store.batch import Recorded
from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.envelope import Envelope
from schemas.published.cloudevent import CloudEvent, from_kafka_headers, to_kafka_headers
from schemas.published.integration import OF_STORED
from schemas.published.notice import STORED
from schemas.streams.subject import SubjectErased
from support.examples import NOON, whole

INCARNATION = UUID(int=1)
STREAM = UUID("9d1f2c3b-4a5e-4f60-8123-456789abcdef")
EVENTS_TOPIC, NOTICES_TOPIC = events_feed("events"), notices_feed("notices")
LIVE = whole(Envelope).model_copy(update={"origin": "live"})


def recorded(event: Event, envelope: Envelope = LIVE, position: int = 17) -> Recorded:
    return Recorded(position, NOON + timedelta(hours=1), STREAM, 3, event.NAME, envelope, event)


def sent(event: Event, envelope: Envelope = LIVE) -> list[Outgoing]:
    return list(EVENTS_TOPIC.records([recorded(event, envelope)], INCARNATION))


def read(record: Outgoing) -> CloudEvent:
    return from_kafka_headers(record.headers, record.value)


def test_a_record_is_a_cloudevent_in_binary_mode_keyed_by_its_complaint() -> None:
    (record,) = sent(whole(EVENTS["complaint.closed.v1"]))
    event = read(record)

    assert record.key == str(STREAM).encode()
    assert event.attributes() == {
        "specversion": "1.0",
        "id": str(LIVE.event_id),
        "source": f"urn:plaint:log:{INCARNATION}",
        "type": "plaint.complaint.closed.v1",
        "subject": str(STREAM),
        "time": "2026-03-02T12:00:00.250000Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:plaint:schema:published:plaint.complaint.closed.v1",
        "partitionkey": str(STREAM),
        "traceparent": LIVE.traceparent,
        "authtype": "app_user",
        "authid": "person:k7",
        "correlationid": str(LIVE.correlation_id),
        "causationid": str(LIVE.causation_id),
        "sequence": "0000000000000000017",
        "recordedtime": "2026-03-02T13:00:00.250000Z",
    }
    assert orjson.loads(record.value)["number"] == case_number(STREAM)


@pytest.mark.parametrize(
    ("actor", "kind"),
    [("person:k7", "app_user"), ("service:gateway.crm", "service_account"), ("rule:timers", "system")],
)
def test_who_did_it_is_told_as_cloudevents_tell_it(actor: str, kind: str) -> None:
    (record,) = sent(whole(EVENTS["complaint.closed.v1"]), LIVE.model_copy(update={"actor": actor}))
    assert read(record).extensions == {"authtype": kind, "authid": actor}
    assert orjson.loads(record.value)["actor"] == actor


def test_the_trace_stands_in_a_header_of_its_own_where_there_is_one() -> None:
    untraced = LIVE.model_copy(update={"traceparent": None})
    closed = whole(EVENTS["complaint.closed.v1"])

    assert dict(sent(closed)[0].headers)["traceparent"] == str(LIVE.traceparent).encode()
    assert [name for name, _ in sent(closed, untraced)[0].headers if "trace" in name] == []


@pytest.mark.parametrize("name", OF_STORED)
def test_a_record_is_what_the_binary_mode_of_cloudevents_makes_of_its_event(name: str) -> None:
    for record in sent(whole(EVENTS[name])):
        made = to_kafka_headers(read(record))
        headers = {header: octets.replace(b"+00:00", b"Z") for header, octets in record.headers}

        assert {**dict(made.headers), "traceparent": headers["traceparent"]} == headers
        assert made.key == record.key
        assert made.value is not None
        assert orjson.loads(made.value) == orjson.loads(record.value)


@pytest.mark.parametrize("name", OF_STORED)
def test_the_same_event_is_the_same_octets_again(name: str) -> None:
    assert sent(whole(EVENTS[name])) == sent(whole(EVENTS[name]))


def test_the_records_of_an_erasure_are_told_apart_and_sort_behind_one_another() -> None:
    streams = tuple(UUID(int=number) for number in range(2, 14))
    records = sent(whole(SubjectErased).model_copy(update={"streams": streams}))
    events = [read(record) for record in records]

    assert [record.key.decode() for record in records] == [str(stream) for stream in streams]
    assert len({event.id for event in events}) == len(streams)
    sequences = [str(event.sequence) for event in events]
    assert sequences == sorted(sequences)
    assert "0000000000000000016" < sequences[0] <= sequences[-1] < "0000000000000000018"


@pytest.mark.parametrize("name", sorted(STORED))
def test_a_notice_has_an_id_of_its_own(name: str) -> None:
    event = whole(EVENTS[name])
    (notice,) = NOTICES_TOPIC.records([recorded(event)], INCARNATION)
    (fact,) = sent(event)

    assert read(notice).id != read(fact).id
    assert read(notice).sequence == read(fact).sequence


def test_imported_history_is_passed_over_unless_it_is_wanted() -> None:
    history = [recorded(whole(EVENTS["complaint.closed.v1"]), LIVE.model_copy(update={"origin": "import"}))]

    assert list(EVENTS_TOPIC.records(history, INCARNATION)) == []
    assert len(list(events_feed("events", imports=True).records(history, INCARNATION))) == 1
    assert list(notices_feed("notices").records(history, INCARNATION)) == []


def test_texts_are_marked_and_left_out_where_they_make_a_record_too_large() -> None:
    feed = events_feed("events", texts=True)
    received = whole(EVENTS["complaint.received.v1"])
    large = received.model_copy(update={"body": "x" * LARGEST})
    closed = whole(EVENTS["complaint.closed.v1"])

    told, short, without = feed.records([recorded(one) for one in (received, large, closed)], INCARNATION)

    who = {"authtype": "app_user", "authid": "person:k7"}
    assert read(told).extensions == {**who, "personaldata": "true"}
    assert orjson.loads(told.value)["body"] == received.model_dump()["body"]
    assert "body" not in orjson.loads(short.value)
    assert (read(short).extensions, read(without).extensions) == (who, who)
