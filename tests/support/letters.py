"""Dead letters for tests."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from engine.incoming import Spoiled
from engine.store.batch import SourceMove
from schemas.envelope import KafkaSource
from schemas.published.dead_letter import DeadLetter
from support.installation import Desk

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def letter(offset: int = 4, **changes: object) -> DeadLetter:
    """Return the letter of a record that is not JSON, but for what is said otherwise."""
    fields = {
        "cluster": "c1",
        "topic": "complaints.inbound",
        "topic_id": UUID(int=3),
        "partition": 0,
        "offset": offset,
        "key": b"\xff",
        "value": b"{not json",
        "error_class": "syntax",
        "code": "not_json",
        "path": "(column 2)",
        "first_failed_at": AT,
        "last_failed_at": AT,
        "consumer_group": "plaint",
        "engine_version": "1",
    }
    return DeadLetter.model_validate({**fields, **changes})


def spoiled(desk: Desk, what: DeadLetter, move: SourceMove | None = None, buried: UUID | None = None) -> Spoiled:
    """Return what a consumer makes of a record that it cannot take."""
    source = KafkaSource(cluster=what.cluster, topic=what.topic, partition=what.partition, offset=what.offset)
    around = replace(desk.around(), source=source, move=move, buried=buried)
    return Spoiled(what.id, what.fingerprint, what.reason, what.to_octets(), around)


def bury(desk: Desk, *letters: DeadLetter) -> None:
    """Keep these letters."""
    desk.service.submit([spoiled(desk, what) for what in letters], desk.at)
