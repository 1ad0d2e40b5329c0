"""Which complaints say the same: copies of one text, texts about one matter, and groups of them.

How alike two texts are depends on how rare their words are among the texts at hand: those of the latest
days that are asked for, at most ``MOST`` of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from engine.text.similarity import COPY, ONE_MATTER, Corpus, Sketch, clusters, copied
from projections import sql
from projections.answers import Answer, Moment, OfView, Question, Snapshot
from projections.runtime import copies
from projections.views.funnel import ask as funnel
from projections.views.funnel.narrow import CASES
from projections.views.problems import ask as problems
from projections.views.similar import rows as written
from projections.views.similar.rows import VERSION, VIEW, Row

NAME = (VIEW, VERSION)
NAMES = (NAME, problems.NAME, funnel.NAME)
SKETCHES = copies.live(written.SKETCHES)
MOST: Final = 5_000
"""Complaints that are compared with one another: the latest of the days asked for."""

Days = Annotated[int, Field(ge=1, le=366)]
Likeness = Annotated[float, Field(gt=0, le=1)]


class SimilarFilter(Question):
    """What counts as similar, and how far around the complaint to look."""

    days: Days = 30
    """Received up to so many days before it or after it."""
    least: Likeness = ONE_MATTER
    limit: Annotated[int, Field(ge=1, le=200)] = 20


class ClusterFilter(Question):
    """Over which days to look for groups."""

    days: Days = 7
    """The days up to the latest complaint that the view knows."""
    least: Likeness = ONE_MATTER
    smallest: Annotated[int, Field(ge=2)] = 3


class Like(Answer):
    """A complaint that says much the same."""

    case: UUID
    number: str | None
    received_at: Moment
    type: str | None
    product: str | None
    closed: bool | None
    likeness: float
    """0 to 1: how much of what is rare both say."""
    copy_of: bool
    """It is the same text, but for a word here and there."""
    problems: tuple[UUID, ...]
    """Those that it belongs to."""


class SimilarCases(OfView):
    """The most alike first. None where the text of the complaint is not known, or was erased."""

    case: UUID
    compared: int
    """With how many complaints it was compared."""
    found: tuple[Like, ...]


class Cluster(Answer):
    """Complaints that belong together by what they say, the oldest first."""

    cases: tuple[UUID, ...]
    numbers: tuple[str | None, ...]
    first_received_at: Moment
    last_received_at: Moment
    likeness: float
    """The mean over all their pairs."""
    problems: tuple[UUID, ...]
    """Those, not closed yet, that any of them belongs to."""


class Clusters(OfView):
    """The largest first."""

    compared: int
    clusters: tuple[Cluster, ...]


def latest(snapshot: Snapshot, before: datetime, days: int, most: int = MOST) -> list[Row]:
    """Return the complaints received in the days up to ``before``, the latest first."""
    table = snapshot.on(NAME, written.SKETCHES)
    query = (
        select(table)
        .where(table.c.received_at > before - timedelta(days=days), table.c.received_at <= before)
        .order_by(table.c.received_at.desc(), table.c.stream.desc())
        .limit(most)
    )
    return [Row(**one) for one in sql.fetch(snapshot.connection, query)]


def similar(snapshot: Snapshot, case: UUID, wanted: SimilarFilter) -> SimilarCases:
    """Return the complaints that say much the same as this one."""
    own = sql.fetch(snapshot.connection, select(SKETCHES).where(SKETCHES.c.stream == case))
    if not own:
        return SimilarCases(**snapshot.stamp(), case=case, compared=0, found=())
    mine, at = Row(**own[0]).sketch, own[0]["received_at"]
    around = latest(snapshot, at + timedelta(days=wanted.days), 2 * wanted.days)
    others = {str(one.stream): one.sketch for one in around if one.stream != case}
    alike = Corpus(others).like(mine, least=wanted.least)[: wanted.limit]
    shown = _cases(snapshot, [UUID(one.key) for one in alike])
    received = {one.stream: one.received_at for one in around}
    return SimilarCases(
        **snapshot.stamp(),
        case=case,
        compared=len(others),
        found=tuple(
            Like(
                case=UUID(one.key), received_at=received[UUID(one.key)], likeness=round(one.likeness, 3),
                copy_of=copied(mine, others[one.key]) >= COPY,
                problems=problems.of_case(snapshot, UUID(one.key)), **shown.get(UUID(one.key), _UNKNOWN),
            )
            for one in alike
        ),
    )  # fmt: skip


def grouped(snapshot: Snapshot, wanted: ClusterFilter) -> Clusters:
    """Return the groups of complaints that say much the same, received in the latest days."""
    at = sql.fetch(snapshot.connection, select(SKETCHES.c.received_at).order_by(SKETCHES.c.received_at.desc()).limit(1))
    rows = latest(snapshot, at[0]["received_at"], wanted.days) if at else []
    corpus = Corpus({str(one.stream): one.sketch for one in rows})
    pairs = corpus.pairs(least=wanted.least)
    received = {one.stream: one.received_at for one in rows}
    groups = clusters([str(one.stream) for one in rows], pairs, least=wanted.least)
    found = [_cluster(snapshot, group, pairs, received) for group in groups if len(group) >= wanted.smallest]
    return Clusters(**snapshot.stamp(), compared=len(rows), clusters=tuple(found))


def around(case: UUID, sketches: Mapping[UUID, Sketch], *, least: float) -> tuple[UUID, ...]:
    """Return the group that a complaint belongs to among these, itself in it; alone where none is alike."""
    corpus = Corpus({str(key): one for key, one in sketches.items()})
    near = corpus.like(sketches[case], least=least, without=str(case))
    pairs = {(min(str(case), one.key), max(str(case), one.key)): one.likeness for one in near}
    keys = [one.key for one in near]
    for key in keys:
        close = corpus.like(sketches[UUID(key)], least=least, without=key)
        pairs |= {(min(key, one.key), max(key, one.key)): one.likeness for one in close if one.key in keys}
    for group in clusters([str(case), *keys], pairs, least=least):
        if str(case) in group:
            return tuple(UUID(one) for one in group)
    return (case,)


def oldest(snapshot: Snapshot, cases: Sequence[UUID]) -> UUID:
    """Return which of these complaints, all known here, was received first."""
    query = (
        select(SKETCHES.c.stream)
        .where(SKETCHES.c.stream.in_(cases))
        .order_by(SKETCHES.c.received_at, SKETCHES.c.stream)
        .limit(1)
    )
    found: UUID = sql.fetch(snapshot.connection, query)[0]["stream"]
    return found


_UNKNOWN: Final[Mapping[str, Any]] = {"number": None, "type": None, "product": None, "closed": None}


def _cases(snapshot: Snapshot, streams: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    columns = (CASES.c.stream, CASES.c.number, CASES.c.type, CASES.c.product, CASES.c.closed)
    found = sql.fetch(snapshot.connection, select(*columns).where(CASES.c.stream.in_(streams))) if streams else []
    return {row.pop("stream"): row for row in found}


def _cluster(
    snapshot: Snapshot, group: Sequence[str], pairs: Mapping[tuple[str, str], float], received: Mapping[UUID, datetime]
) -> Cluster:
    cases = sorted((UUID(one) for one in group), key=lambda one: (received[one], one))
    shown = _cases(snapshot, cases)
    count = len(group) * (len(group) - 1) / 2
    inside = [likeness for (one, other), likeness in pairs.items() if one in group and other in group]
    return Cluster(
        cases=tuple(cases),
        numbers=tuple(shown.get(one, _UNKNOWN)["number"] for one in cases),
        first_received_at=received[cases[0]],
        last_received_at=received[cases[-1]],
        likeness=round(sum(inside) / count, 3),
        problems=problems.open_among(snapshot, cases),
    )
