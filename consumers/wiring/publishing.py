"""The process that publishes: settings -> publisher, the relay of dead letters beside it, and their drain."""

import threading
from contextlib import closing
from functools import partial
from uuid import UUID

from consumers.kafka.client import Broker
from consumers.outbox.feeds import Feed, events_feed, notices_feed
from consumers.outbox.publish import Pace, Publisher
from consumers.outbox.relay import relay_once
from consumers.outbox.sending import Producer
from consumers.wiring import clock
from consumers.wiring.broker import broker_of, topics_of
from consumers.wiring.build import Installation
from consumers.wiring.drain import in_time
from consumers.wiring.health import Health
from consumers.wiring.processes import alone
from consumers.wiring.settings import Settings
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL

_LETTERS = 100
"""Dead letters that are relayed at once."""


def feeds_of(settings: Settings) -> list[Feed]:
    """Return what is published, and where to."""
    names = topics_of(settings)
    events = events_feed(names.events, texts=settings.publish_texts, imports=settings.publish_imports)
    return [events, notices_feed(names.notices)]


def publisher(here: Installation, broker: Broker) -> Publisher:
    """Return a publisher of this installation; nothing is sent yet."""
    return Publisher(
        here.pool,
        here.store.read,
        broker,
        feeds_of(here.settings),
        seconds=clock.ticks,
        beside=partial(_relay, here, set()),
        pace=Pace(poll_seconds=here.settings.poll_seconds),
        meter=here.meter,
    )


def _relay(here: Installation, told: set[UUID], producer: Producer) -> int:
    done = relay_once(here.store, producer, _LETTERS, topic=here.settings.kafka_dead_letters, told=told)
    here.meter.count("plaint_dead_letters_relayed_total", done)
    return done


def publish(here: Installation, stop: threading.Event) -> None:
    """Publish until ``stop`` is set, as one thread among others; trouble of the cluster is survived.

    The batch under way is finished then; what takes longer than the grace ends the process.

    Raises:
        SettingsRefused: no cluster is named.
        BeyondLog, engine.store.mapper.UnknownEvent: a person must act; see ``Publisher.run``.
    """
    _publish(here, stop, Health())


def run(here: Installation, stop: threading.Event) -> None:
    """Publish, and nothing else, until ``stop`` is set; raises as ``publish`` and ``processes.alone``.

    While that is put off, this process is not ready.
    """
    alone(here, stop, lambda here, stop: _publish(here, stop, here.health))


def _publish(here: Installation, stop: threading.Event, health: Health) -> None:
    with in_time(stop), closing(broker_of(here.settings)) as broker, closing(Waiter(here.conninfo, CHANNEL)) as waiter:
        made = publisher(here, broker)
        health.hindered_by(made.hindered)
        made.run(stop, waiter)
