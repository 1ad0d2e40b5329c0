"""One trace from a record of Kafka through event and views to the record that is published; and its figures."""

import time

from consumers.outbox.feeds import events_feed
from consumers.outbox.publish import Publisher
from consumers.wiring.meters import Meters
from consumers.wiring.views import watched
from engine.store.database.pool import open_pool
from projections.runtime.runner import Runner
from projections.views import all_views
from support.broker import RunningBroker, unique
from support.consuming import Group, broker, chat, produce, running, step_until
from support.installation import Desk
from support.openmetrics import OPENMETRICS, samples
from support.spans import linked, recorded
from support.topics import read_topic

TRACE = "1a" * 16
GIVEN = f"00-{TRACE}-{'2b' * 8}-01"


def series(meters: Meters) -> dict[str, float]:
    """Return all figures but those of the process: name with labels -> value."""
    found = samples(meters.exposition(OPENMETRICS)[0].decode())
    return {f"{one.name}{dict(sorted(one.labels.items()))}": one.value for one in found}


def test_a_record_is_followed_from_the_topic_it_came_by_to_the_topic_it_leaves_by(
    kafka: RunningBroker, desk: Desk
) -> None:
    inbound, events, meters = kafka.new_topic(1), kafka.new_topic(1, name="events"), Meters()
    with recorded() as spans, broker(kafka.servers) as cluster, open_pool(desk.conninfo, max_size=4, name="t") as pool:
        member = Group(desk, cluster, {inbound: "messages"}, unique("group"), meter=meters).member()
        with running(member):
            produce(kafka.servers, inbound, [chat("a")], headers=[("traceparent", GIVEN.encode())])
            produce(kafka.servers, inbound, [b"{"])
            step_until([member], lambda: member.figures.records["done"] + member.figures.records["dead_letter"] == 2)
        Runner(pool, desk.store.read, all_views(), watch=lambda found: watched(meters, found)).catch_up()
        feeds = [events_feed(events)]
        publisher = Publisher(pool, desk.store.read, cluster, feeds, seconds=time.monotonic, meter=meters)
        assert publisher.catch_up()
    stored = desk.history(desk.opened_stream())
    assert {one.envelope.traceparent for one in stored} == {GIVEN}
    for name in (f"process {inbound}", "project", f"send {events}"):
        assert TRACE in {trace for span in spans.named(name) for trace in linked(span)}, name
    (span,) = [one for one in spans.named(f"process {inbound}") if TRACE in linked(one)]
    words = dict(span.attributes or {})
    assert (words["messaging.system"], words["messaging.destination.name"]) == ("kafka", inbound)
    published = [one for one in read_topic(kafka.inside, events) if one.key == str(stored[0].stream).encode()]
    assert {one.headers["traceparent"] for one in published} == {GIVEN.encode()}
    assert {one.headers["ce_traceparent"] for one in published} == {GIVEN.encode()}

    told, head = series(meters), desk.store.read.head().position
    assert told[f"plaint_consumer_records_total{{'outcome': 'done', 'topic': '{inbound}'}}"] == 1
    assert told[f"plaint_consumer_records_total{{'outcome': 'dead_letter', 'topic': '{inbound}'}}"] == 1
    assert told[f"plaint_dead_letters_total{{'class': 'syntax', 'topic': '{inbound}'}}"] == 1
    assert told[f"plaint_consumer_age_seconds_count{{'topic': '{inbound}'}}"] >= 1
    assert told["plaint_consumer_poll_seconds_count{}"] >= 1
    assert told["plaint_projection_events_total{}"] >= head
    assert told[f"plaint_publisher_records_total{{'topic': '{events}'}}"] == len(read_topic(kafka.inside, events))
    assert told["plaint_publisher_owner{}"] == 0
