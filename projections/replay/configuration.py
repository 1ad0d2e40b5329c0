"""What is in force, and what ever was: every configuration stands in the log with its full content."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from engine.store.batch import Recorded
from engine.streams_of import CONFIGURATION
from projections.answers import Answer, Moment
from projections.api.desk import Desk, NoSuchConfiguration
from projections.api.route import RIGHT, router_of
from schemas.configuration.activated import ConfigurationActivated, ConfigurationKind


class InForce(Answer):
    """One file in the version that is in force, since when and by whose hand."""

    kind: ConfigurationKind
    id: str
    version: int
    digest: str
    position: int
    since: Moment
    actor: str


class Configurations(Answer):
    """What is in force, by kind and id."""

    incarnation: UUID
    position: int
    configurations: tuple[InForce, ...]


class Content(InForce):
    """The same, with what it says."""

    content: dict[str, Any]


class Version(BaseModel):
    """Which version; absent: the one in force."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    version: Annotated[int, Field(ge=1, le=2_147_483_647)] | None = None


def routes(desk: Desk) -> APIRouter:
    """Return the routes of configuration."""
    router = router_of("configuration")

    @router.get("/configuration", openapi_extra={RIGHT: "operate"})
    def configuration() -> Configurations:
        """List what is in force: policies, calendars, rules, templates, surveys, roles and the rest."""
        head = desk.log.head()
        latest = {(event.kind, event.id): (one, event) for one, event in _activated(desk)}
        found = tuple(InForce(**_facts(*latest[key])) for key in sorted(latest))
        return Configurations(incarnation=head.incarnation, position=head.position, configurations=found)

    @router.get("/configuration/{kind}/{id}", openapi_extra={RIGHT: "operate"})
    def content(kind: ConfigurationKind, id: str, wanted: Annotated[Version, Query()]) -> Content:
        """Show what a configuration says, in the version in force or in an older one."""
        same = [(one, event) for one, event in _activated(desk) if (event.kind, event.id) == (kind, id)]
        found = [pair for pair in same if wanted.version in (None, pair[1].version)]
        if not found:
            raise NoSuchConfiguration
        recorded, event = found[-1]
        return Content(**_facts(recorded, event), content=event.content)

    return router


def _activated(desk: Desk) -> Iterator[tuple[Recorded, ConfigurationActivated]]:
    for one in desk.log.stream(CONFIGURATION):
        if isinstance(one.event, ConfigurationActivated):
            yield one, one.event


def _facts(one: Recorded, event: ConfigurationActivated) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "id": event.id,
        "version": event.version,
        "digest": event.digest,
        "position": one.position,
        "since": one.recorded_at,
        "actor": one.envelope.actor,
    }
