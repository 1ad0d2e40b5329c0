"""Histories as OCEL 2.0, JSON: complaints, teams and actors are the objects, what happened to them the events."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final, LiteralString

import orjson

from projections.exports.histories import Step, steps
from projections.exports.tables import Span, instant
from projections.sql import Link

_OBJECTS: Final[LiteralString] = """
    WITH said AS MATERIALIZED (
        SELECT e.case_id, e.actor,
            CASE jsonb_typeof(e.facts -> 'team') WHEN 'string' THEN e.facts ->> 'team' END AS team
        FROM analytics.audit_entries_v1 AS e
        WHERE e.position BETWEEN %(since)s AND %(until)s AND e.name LIKE 'complaint.%%'
    )
    SELECT 'complaint', c.case_id::text, c.opened_at, jsonb_strip_nulls(jsonb_build_object(
        'number', c.number, 'channel', c.channel, 'type', c.type, 'product', c.product,
        'business_unit', c.business_unit))
    FROM (SELECT DISTINCT case_id FROM said) AS s JOIN analytics.cases_v1 AS c USING (case_id)
    UNION ALL
    SELECT DISTINCT 'actor', actor, NULL::timestamptz, '{}'::jsonb FROM said
    UNION ALL
    SELECT DISTINCT 'team', 'team:' || team, NULL::timestamptz, '{}'::jsonb FROM said WHERE team IS NOT NULL
    ORDER BY 1, 2
"""
_FIELD_SET: Final = "complaint.field_set"
_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "actor": (),
    "complaint": ("business_unit", "channel", "number", "product", "type"),
    "team": (),
}


def write(connection: Link, span: Span, out: BinaryIO) -> int:
    """Write the log as one JSON document; return how many events."""
    attributes: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    out.write(b'{"events":[')
    count = _each(out, _events(connection, span, attributes))
    out.write(b'],\n"objects":[')
    _each(out, _objects(connection, span))
    out.write(b'],\n"eventTypes":')
    out.write(orjson.dumps([_type(name, sorted(attributes[name])) for name in sorted(attributes)]))
    out.write(b',\n"objectTypes":')
    out.write(orjson.dumps([_type(name, [(one, "string") for one in known]) for name, known in _TYPES.items()]))
    out.write(b"}\n")
    return count


def _each(out: BinaryIO, documents: Iterable[Any]) -> int:
    count = 0
    for document in documents:
        out.write(b",\n" if count else b"\n")
        out.write(orjson.dumps(document))
        count += 1
    return count


def _type(name: str, attributes: Iterable[tuple[str, str]]) -> dict[str, Any]:
    return {"name": name, "attributes": [{"name": one, "type": kind} for one, kind in attributes]}


def _events(connection: Link, span: Span, known: dict[str, set[tuple[str, str]]]) -> Iterator[dict[str, Any]]:
    for step in steps(connection, span):
        facts = {"position": step.position, "origin": step.origin, "recorded": instant(step.recorded_at)}
        facts |= {_called(step, name, value): value for name, value in step.plain_facts().items()}
        known[step.activity] |= {(name, _kind(name, value)) for name, value in facts.items()}
        yield {
            "id": str(step.event_id),
            "type": step.activity,
            "time": instant(step.occurred_at),
            "attributes": [{"name": name, "value": value} for name, value in facts.items()],
            "relationships": [{"objectId": other, "qualifier": how} for other, how in _related(step)],
        }


def _called(step: Step, name: str, value: Any) -> str:
    """Return a fact's name. A custom field holds words in one case, a number in the next, an attribute one type."""
    kind = _kind(name, value)
    varies = step.activity == _FIELD_SET and name == "value" and kind != "string"
    return f"fact_{name}_{kind}" if varies else f"fact_{name}"


def _related(step: Step) -> Iterator[tuple[str, str]]:
    yield str(step.case_id), "complaint"
    yield step.actor, "by"
    team = step.facts.get("team")
    if isinstance(team, str):
        yield f"team:{team}", "to"


def _kind(name: str, value: Any) -> str:
    if name == "recorded":
        return "time"
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "float" if isinstance(value, float) else "string"


def _objects(connection: Link, span: Span) -> Iterator[dict[str, Any]]:
    with connection.cursor(name="objects") as cursor:
        cursor.itersize = 2000
        for kind, name, at, attributes in cursor.execute(_OBJECTS, {"since": span.since, "until": span.until}):
            timed = [{"name": one, "time": instant(at), "value": value} for one, value in sorted(attributes.items())]
            yield {"id": name, "type": kind, "attributes": timed, "relationships": []}
