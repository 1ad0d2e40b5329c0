"""The process that reads Kafka: settings -> consumption, its watchdog and its drain."""

import gc
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from functools import partial
from importlib.metadata import version
from uuid import UUID

import structlog

from consumers.http.identity import Identity
from consumers.kafka.access import BrokerUnavailable
from consumers.kafka.backoff import Backoff
from consumers.kafka.client import Broker
from consumers.kafka.effect import World
from consumers.kafka.loop import Consumption, Options
from consumers.kafka.records import Origin, Purpose, Reader, is_code
from consumers.kafka.watchdog import Dog, NoDog, Watched
from consumers.tokens import Tokens
from consumers.wiring import clock
from consumers.wiring.broker import broker_of, limits_of
from consumers.wiring.build import Installation
from consumers.wiring.drain import in_time, watchdog
from consumers.wiring.processes import GRACE_SECONDS, Background, identity_of, keep_database, keep_presence
from consumers.wiring.settings import Settings, SettingsRefused
from engine.incoming import Sender

_log = structlog.get_logger()


def purposes(settings: Settings) -> dict[str, Purpose]:
    """Return the topics that are read, and what for.

    Raises:
        SettingsRefused: a name cannot stand in the events that come of it, or stands for both.
    """
    wanted: dict[str, Purpose] = {settings.kafka_inbound: "messages", settings.kafka_commands: "commands"}
    if len(wanted) < 2:
        raise SettingsRefused("PLAINT_KAFKA_INBOUND and PLAINT_KAFKA_COMMANDS name one topic; give each its own")
    for name in wanted:
        if not is_code(name):
            raise SettingsRefused(
                f"topic {name}: read topics must begin with a letter or digit and have 120 characters at most"
            )
    return wanted


def reader_of(here: Installation, cluster_id: str) -> Callable[[str, UUID], Reader]:
    """Return what makes the reader of a topic. What a topic holds was sent by the workload of its name."""
    settings, wanted, limits = here.settings, purposes(here.settings), limits_of(here.settings)
    known = identity_of(here)

    def made(topic: str, topic_id: UUID) -> Reader:
        asked = known is not None and wanted[topic] == "commands"
        sender = Sender(f"kafka/{topic}", "service:kafka", "workload", groups=frozenset() if asked else None)
        origin = Origin(
            cluster_id,
            topic,
            topic_id,
            wanted[topic],
            sender,
            settings.kafka_group,
            version("plaint"),
            own=settings.own_mail,
            people=None if known is None or known.tokens is None else partial(_person, known, known.tokens, topic),
        )
        return Reader(origin, limits, clock.now)

    return made


def _person(known: Identity, tokens: Tokens, topic: str, token: str, at: datetime) -> Sender:
    """Return who gives a command with this token, by way of a topic."""
    verified = tokens.verified(token, at)
    sender = known.named(verified, f"kafka/{topic}")
    if known.comes_first(sender, verified):
        known.record(sender, verified)
    return sender


def member() -> str:
    """Return how this process is called in what people see of the group."""
    return f"{socket.gethostname()}-{os.getpid()}"


def consumption(here: Installation, broker: Broker, stop: threading.Event, dog: Dog | None = None) -> Consumption:
    """Return a member of the group that the settings name; nothing is read yet.

    Raises:
        BrokerUnavailable: the cluster does not answer.
        SettingsRefused: as ``purposes``.
    """
    settings = here.settings
    options = Options(settings.kafka_group, member(), batch=settings.kafka_poll_records)
    world = World(clock.now, clock.ticks, stop.wait, clock.chance, here.meter)
    broker.probe()
    asked = Watched(broker, dog or NoDog())

    def readers(topic: str, topic_id: UUID) -> Reader:
        """Return a reader of the cluster as it is when the topic is taken up: another may stand at its address."""
        return reader_of(here, asked.cluster_id())(topic, topic_id)

    return Consumption(broker, here.service, here.store, list(purposes(settings)), readers, options, world, dog)


def consume(here: Installation, on_ready: Callable[[str], None] = lambda _: None) -> None:
    """Read Kafka until a signal comes; then finish the batch under way, leave the group, and return.

    Raises:
        BrokerUnavailable: the cluster did not let us in at the start.
        Fenced: another process has this member's place.
        BaseException: what ended a background thread.
    """
    broker = broker_of(here.settings)
    stop = threading.Event()
    background = Background(failed=stop.set)
    with closing(broker), watchdog() as dog:
        broker.probe()
        work = consumption(here, broker, stop, dog)
        background.start("database", lambda: keep_database(here, background.stop))
        background.start("presence", lambda: keep_presence(here, background.stop))

        def drain(*_: object) -> None:
            stop.set()
            dog.end_within(GRACE_SECONDS)

        before = {number: signal.signal(number, drain) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            here.health.leaves_with(stop)
            here.health.hindered_by(work.hindered)
            here.health.begun()
            on_ready(", ".join(purposes(here.settings)))
            collect_seldom()
            work.run(stop)
        finally:
            background.end()
            for number, handler in before.items():
                signal.signal(number, handler)
    if background.error is not None:
        raise background.error


def read(here: Installation, stop: threading.Event) -> None:
    """Read Kafka until ``stop`` is set, as one thread among others; a cluster that does not answer yet is waited for.

    The batch under way is finished then, and the group is left; what takes longer than the grace ends the process.

    Raises:
        Fenced: another process has this member's place.
        SettingsRefused: no cluster is named, and as ``purposes``.
        engine.store.mapper.UnknownEvent, UnknownMasterKey: this program cannot read the log.
    """
    purposes(here.settings)
    with closing(broker_of(here.settings)) as broker, in_time(stop) as dog:
        work = _once_there(here, broker, stop, dog)
        if work is not None:
            work.run(stop)


def _once_there(here: Installation, broker: Broker, stop: threading.Event, dog: Dog) -> Consumption | None:
    """Return the member when the cluster answers; None where ``stop`` comes first."""
    failures, backoff = 0, Backoff()
    while not stop.is_set():
        try:
            return consumption(here, broker, stop, dog)
        except BrokerUnavailable as error:
            failures += 1
            seconds = backoff.seconds(failures, clock.chance())
            _log.warning(
                "consumption_put_off",
                what="broker",
                kind=type(error).__name__,
                reason=str(error),
                seconds=round(seconds, 2),
                failures=failures,
            )
            stop.wait(seconds)
    return None


def collect_seldom() -> None:
    """Have the collector look for rings less often: a batch makes a hundred thousand objects and drops them all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
