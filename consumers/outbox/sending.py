"""Giving a batch of records to the broker: send all, then wait for all acknowledgements."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol, TypeVar
from uuid import UUID

from consumers.outbox import relay
from consumers.outbox.outgoing import Outgoing

T = TypeVar("T")


class Producer(relay.Producer, Protocol):
    """Sends records in the order given; waits for all replicas, and is idempotent."""

    def close(self, timeout_seconds: float) -> None:
        """Send nothing more; returns in time whatever happens."""


class Cluster(Protocol):
    """What a publisher asks of a cluster. Every call is bounded in time."""

    def cluster_id(self) -> str: ...

    def topic_ids(self, names: Collection[str]) -> Mapping[str, UUID]: ...

    def producer(self, *, client: str) -> Producer: ...


class PutOff(Exception):
    """Nothing can be published now, and trying again may help. ``cause`` is a stable word."""

    def __init__(self, cause: str, reason: str) -> None:
        self.cause = cause
        super().__init__(reason)


def asked(question: Callable[[], T]) -> T:
    """Return the broker's answer.

    Raises:
        PutOff: there is none, whatever the client raised for it.
    """
    try:
        return question()
    except Exception as error:
        raise PutOff("broker_unavailable", str(error)) from error


def deliver(producer: Producer, topic: str, records: Iterable[Outgoing], patience_seconds: float) -> int:
    """Send all records in order, wait until the broker has all of them, and return how many they were.

    Raises:
        PutOff: one was not acknowledged in time, or was refused. The producer must not be used on, so that
            nothing is sent behind a record that is missing.
    """
    try:
        sent = [producer.send(topic, key=key, value=value, headers=headers) for key, headers, value in records]
        for one in sent:
            one.get(timeout=patience_seconds)
    except Exception as error:
        raise PutOff("not_acknowledged", f"{topic}: {type(error).__name__}") from error
    return len(sent)
