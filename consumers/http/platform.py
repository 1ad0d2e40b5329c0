"""For whoever runs it: how views and partitions stand, beside what could not be taken (``letters``)."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from consumers.http import letters, readings, subjects
from consumers.http.door import Door
from consumers.http.letters import ReaderOf
from consumers.http.problems import problem
from consumers.kafka.access import BrokerUnavailable
from consumers.kafka.status import PartitionStatus
from engine.store.database.pool import Pool
from projections import units
from projections.answers import Answer, Moment
from projections.api.route import RIGHT, router_of
from projections.runtime import progress, stuck
from projections.views import all_views

_OPERATE: Final = {RIGHT: "operate"}


@dataclass(frozen=True, slots=True)
class Platform:
    """What only this installation knows. ``reader_of`` makes the reader of a topic, if that is read here.

    ``partitions`` asks the cluster how far every partition is; None where no cluster is named. ``backup_days`` is how
    long the last backup of a day is kept; None: nobody has said.
    """

    pool: Pool
    reader_of: ReaderOf = lambda _cluster, _topic, _id: None
    partitions: Callable[[], Sequence[PartitionStatus]] | None = None
    backup_days: int | None = None


class ViewStanding(Answer):
    """One copy of a view beside the log. ``read``: questions read this copy."""

    view: str
    version: int
    copy_: Annotated[int, Field(alias="copy")]
    read: bool
    position: int
    recorded_at: Moment | None
    lag_events: int
    lag_seconds: float
    left_out: int


class LeftOut(Answer):
    """A case that an error keeps out of a view from a position on; ``reason`` is a kind and a place, never a value."""

    view: str
    version: int
    copy_: Annotated[int, Field(alias="copy")]
    stream: UUID
    position: int
    events: int
    reason: str


class Standing(Answer):
    """How every view stands. ``left_out`` names the cases to who may see all business units, and to nobody else."""

    head: int
    incarnation: UUID
    views: tuple[ViewStanding, ...]
    left_out: tuple[LeftOut, ...]


class Partition(Answer):
    """One partition: who reads it, how far, how much is left, and why one stands still."""

    topic: str
    partition: int
    state: str
    reason: str | None
    since: Moment | None
    member: str | None
    position: int | None
    first: int | None
    end: int | None
    lag: int | None
    lag_seconds: float | None


class Partitions(Answer):
    """Every partition of the topics that are read."""

    partitions: tuple[Partition, ...]


def router(door: Door, platform: Platform) -> APIRouter:
    """Return the routes for who runs it, for who erases, and for who looks after readings."""
    routes = router_of("platform")
    letters.add(routes, door, platform.reader_of)
    _standings(routes, door, platform)
    subjects.add(routes, door, platform.pool, platform.backup_days)
    routes.include_router(readings.router(door.store.access_log))
    return routes


def _standings(routes: APIRouter, door: Door, platform: Platform) -> None:
    @routes.get("/v1/projections", openapi_extra=_OPERATE)
    def projections() -> Standing:
        """Show how every view stands: position, lag, cases left out, and a rebuild beside it."""
        head, views = door.store.read.head(), all_views()
        with platform.pool.connection() as connection:
            found = progress.status(connection, views, head)
            copies = [view.of(copy) for view in views for copy in (1, 2)]
            parked = stuck.parked(connection, copies) if units.everywhere() else ()
        stand = tuple(_stands(one) for one in found)
        left_out = tuple(LeftOut(**asdict(one)) for one in parked)
        return Standing(head=head.position, incarnation=head.incarnation, views=stand, left_out=left_out)

    @routes.get("/v1/consumers", response_model=Partitions, openapi_extra=_OPERATE)
    def consumers() -> Partitions | Response:
        """Show every partition that is read: by whom, how far, how much is left, why one stands still."""
        if platform.partitions is None:
            detail = "this process knows no cluster (PLAINT_KAFKA_SERVERS); ask one that does: plaint consumers status"
            return problem(404, "no_broker", detail)
        try:
            found = platform.partitions()
        except BrokerUnavailable as error:
            return problem(503, "broker_unavailable", str(error), headers={"Retry-After": "5"})
        return Partitions(partitions=tuple(Partition(**asdict(one)) for one in found))


def _stands(one: progress.Status) -> ViewStanding:
    reached = one.reached
    told: dict[str, Any] = {"view": reached.view, "version": reached.version, "copy": reached.copy}
    stands: dict[str, Any] = {
        "position": reached.position,
        "recorded_at": reached.recorded_at,
        "left_out": reached.left_out,
    }
    lag: dict[str, Any] = {"lag_events": one.lag_events, "lag_seconds": one.lag_seconds}
    return ViewStanding(**told, read=reached.live, **stands, **lag)
