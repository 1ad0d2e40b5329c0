"""The circumstances of an entry in words: for whom, by which rule and policy, from where, and what corrects it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from projections.replay.sentence import Language, circumstance
from projections.views.audit_trail.beside import Beside, Pinned


def around(
    row: Mapping[str, Any],
    policy: Pinned | None,
    beside: Sequence[Beside],
    language: Language,
    asked: UUID | None = None,
) -> tuple[str, ...]:
    """Return one line for each circumstance that there is. ``row`` is one of the view's table.

    ``asked`` is the case whose trail it is: an entry of another one says so first.
    """
    elsewhere = asked is not None and row["stream"] != asked
    own = (circumstance("elsewhere", {"case": str(row["stream"]), "version": row["version"]}, language),)
    return (
        *(own if elsewhere else ()),
        *(circumstance(kind, facts, language) for kind, facts in _said(row, policy, beside)),
    )


def _said(
    row: Mapping[str, Any], policy: Pinned | None, beside: Sequence[Beside]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in beside:
        yield one.relation, one.model_dump(mode="json")
    if row["on_behalf_of"]:
        yield "on_behalf_of", {"on_behalf_of": row["on_behalf_of"]}
    if row["decided_by"]:
        yield "decided_by", row["decided_by"]
    if policy is not None:
        yield "policy", policy.model_dump(mode="json")
    yield row["source"]["kind"], row["source"]
    if row["claim_differs"] and row["claimed_at"]:
        yield "claim_differs", {"claimed_at": f"{row['claimed_at'].astimezone(UTC):%Y-%m-%d %H:%M} UTC"}
    if row["origin"] == "import":
        yield "import", {}
