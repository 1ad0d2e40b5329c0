"""``plaint consume`` and ``plaint consumers``: what is read from Kafka, and how far."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import structlog
from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import shown
from consumers.cli.session import lasting, read_settings, session
from consumers.kafka import status as standing
from consumers.kafka.access import BrokerUnavailable
from consumers.kafka.client import Broker
from consumers.wiring import clock
from consumers.wiring import consumption as wiring
from consumers.wiring.broker import broker_of
from consumers.wiring.build import Installation
from consumers.wiring.settings import SettingsRefused

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]

_log = structlog.get_logger()


def consume() -> int:
    """Take messages and commands from Kafka until Ctrl-C; any number of replicas share the partitions.

    Every record has its effect exactly once, whatever breaks: positions are kept with the events, in
    one transaction. What can never be taken becomes a dead letter. On SIGTERM or SIGINT it finishes
    the batch under way, leaves the group and exits with 0.
    """
    with _in_words(), lasting(read_settings(), "consume") as here:
        wiring.consume(here, on_ready=lambda topics: output.say(f"reading {topics} (Ctrl-C stops it)"))
    output.say("stopped")
    return output.OK


def status(*, json: Json = False) -> int:
    """Show every partition: who reads it, how far, how much is left, and why one stands still.

    Exits with 1 where a partition stands still until a person acts.
    """
    with _asked() as (here, broker):
        topics = list(wiring.purposes(here.settings))
        found = standing.status(broker, here.store, topics, clock.now)
    stopped = [each for each in found if each.state == "stopped"]
    missing = sorted(set(topics) - {each.topic for each in found})
    if json:
        members = sorted({each.member for each in found if each.member})
        output.emit_json({"members": members, "missing": missing, "partitions": [asdict(each) for each in found]})
    else:
        _show(found)
        for topic in missing:
            output.say(f"there is no topic {topic}; `plaint topics create` makes it")
    return output.SOME_REJECTED if stopped or missing else output.OK


def adopt(
    topic: Annotated[str, Parameter(help="A topic that is read here.")],
    /,
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Say what would be done; change nothing.")] = False,
    json: Json = False,
) -> int:
    """Read a topic on that stands still since it was made anew, or since a part of it is gone.

    A topic made anew is read from its beginning; a message that had its effect before has it no more.
    Where unread records were deleted, or the log is shorter than what was read of it, reading goes on
    at the nearest record that is there. Running consumers notice within seconds.
    """
    with _asked() as (here, broker):
        if topic not in wiring.purposes(here.settings):
            output.stop(output.USAGE, f"{topic} is not read here; see PLAINT_KAFKA_INBOUND and PLAINT_KAFKA_COMMANDS")
        try:
            cluster, topic_id, planned = standing.adoption(broker, here.store, topic)
        except LookupError:
            output.stop(output.NOT_FOUND, f"there is no topic {topic}")
        if not dry_run:
            here.service.pass_over([move for _, move in planned if move is not None])
            here.store.topics.adopt(topic, cluster, topic_id)
            _log.warning("topic_adopted", topic=topic, topic_id=str(topic_id), cluster=cluster)
    moved = [asdict(each) for each, _ in planned]
    if json:
        output.emit_json({"topic": topic, "topic_id": topic_id, "cluster": cluster, "done": not dry_run,
                          "partitions": moved})  # fmt: skip
    else:
        output.table(("partition", "position before", "read from"),
                     [(each["partition"], each["before"], each["after"] if each["after"] is not None else "beginning")
                      for each in moved])  # fmt: skip
    return output.OK


def _show(found: list[standing.PartitionStatus]) -> None:
    columns = ("topic", "partition", "state", "since", "member", "position", "end", "lag", "behind")
    rows: list[tuple[Any, ...]] = [
        (each.topic, each.partition, f"{each.state}: {each.reason}" if each.reason else each.state,
         shown(each.since), each.member, each.position, each.end, each.lag,
         "" if each.lag_seconds is None else f"{each.lag_seconds:.0f} s")
        for each in found
    ]  # fmt: skip
    output.table(columns, rows)


@contextmanager
def _asked() -> Iterator[tuple[Installation, Broker]]:
    with _in_words():
        broker = broker_of(read_settings())
        with closing(broker), session() as here:
            broker.probe()
            yield here, broker


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except SettingsRefused as refused:
        output.stop(output.CONFIGURATION, str(refused))
    except BrokerUnavailable as error:
        output.stop(output.CONFIGURATION if error.lasting else output.TEMPORARY, f"Kafka: {error}")
