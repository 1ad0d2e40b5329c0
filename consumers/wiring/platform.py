"""What the HTTP door can tell whoever runs it: settings -> readers of topics, and how partitions stand."""

from collections.abc import Sequence
from contextlib import closing
from uuid import UUID

from consumers.http.platform import Platform
from consumers.kafka import status
from consumers.kafka.records import Reader
from consumers.kafka.status import PartitionStatus
from consumers.wiring import clock
from consumers.wiring.broker import broker_of
from consumers.wiring.build import Installation
from consumers.wiring.consumption import purposes, reader_of


def platform(here: Installation) -> Platform:
    """Return it for an installation; no cluster is asked yet."""
    read = purposes(here.settings)

    def reader(cluster: str, topic: str, topic_id: UUID) -> Reader | None:
        return reader_of(here, cluster)(topic, topic_id) if topic in read else None

    def partitions() -> Sequence[PartitionStatus]:
        with closing(broker_of(here.settings)) as broker:
            broker.probe()
            return status.status(broker, here.store, list(read), clock.now)

    asks = None if here.settings.kafka_servers is None else partitions
    return Platform(here.pool, reader, asks, here.settings.backup_retention_days)
