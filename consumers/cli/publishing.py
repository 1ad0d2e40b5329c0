"""``plaint publish``: events and notices to their topics, and dead letters to theirs."""

import signal
import threading
from contextlib import closing
from typing import Annotated

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import in_words, lasting, read_settings, session
from consumers.kafka.client import Broker
from consumers.outbox.publish import BeyondLog
from consumers.outbox.sending import PutOff
from consumers.wiring import publishing
from consumers.wiring.broker import broker_of
from consumers.wiring.build import Installation


def publish(
    *,
    once: Annotated[bool, Parameter(negative="", help="Publish what there is and exit.")] = False,
    status: Annotated[bool, Parameter(negative="", help="Only show how far each topic is.")] = False,
    json: Annotated[bool, Parameter(negative="", help="Print JSON, with --once or --status.")] = False,
) -> int:
    """Publish events, notices and dead letters to Kafka until Ctrl-C; of several replicas one works.

    Delivery is at least once, in the order of the log for each complaint, with ids and sequence numbers
    by which a consumer can be exact. On SIGTERM or SIGINT it finishes the batch under way and exits
    with 0; another replica takes over. ``--once`` exits with 75 where the cluster cannot be reached or
    another replica works. ``--status`` tells the position in the log that each topic was brought up
    to, and how many events it lacks.
    """
    settings = read_settings()
    with in_words(), closing(broker_of(settings)) as broker:
        broker.probe()
        with session(settings) if once or status else lasting(settings, "publish") as here:
            try:
                if status:
                    return _standing(here, broker, json=json)
                return _once(here, broker, json=json) if once else _until_told(here)
            except PutOff as error:
                output.stop(output.TEMPORARY, str(error))
            except BeyondLog as error:
                output.stop(output.CONFIGURATION, str(error))


def _until_told(here: Installation) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    output.say(
        f"publishing to {', '.join(feed.topic for feed in publishing.feeds_of(here.settings))} (Ctrl-C stops it)"
    )
    publishing.run(here, stop)
    output.say("stopped")
    return output.OK


def _once(here: Installation, broker: Broker, *, json: bool) -> int:
    made = publishing.publisher(here, broker)
    if not made.catch_up():
        output.stop(output.TEMPORARY, "another replica publishes at the moment")
    sent = made.tally.records
    return _told([(topic, sent.get(topic, 0), at) for topic, at in made.standing().items()], "records", json=json)


def _standing(here: Installation, broker: Broker, *, json: bool) -> int:
    head = here.store.read.head().position
    found = publishing.publisher(here, broker).standing()
    return _told([(topic, max(0, head - at), at) for topic, at in found.items()], "lag", json=json)


def _told(rows: list[tuple[str, int, int]], figure: str, *, json: bool) -> int:
    columns = ("topic", figure, "position")
    if json:
        output.emit_json({"topics": [dict(zip(columns, row, strict=True)) for row in rows]})
    else:
        output.table(columns, rows)
    return output.OK
