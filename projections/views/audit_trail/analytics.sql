-- analytics.audit_entries_v1: One row per event of the log: who did what, when, why, by which rule. Rows are only ever
-- added, and never change; no text of a person stands in them. Rows follow the unit of the case as it is now.
SELECT
    e.position,  -- Place in the log: one gapless order of all events.
    e.recorded_at,  -- When it was stored.
    e.occurred_at,  -- When it happened in the world.
    e.occurred_precision,  -- instant; or day: only the day is known, occurred_at is its beginning.
    e.received_at,  -- When it reached a clock that is trusted.
    e.stream AS case_id,  -- The complaint or other stream that it belongs to.
    e.version AS case_version,  -- Its place in that stream's history, from 1.
    e.name,  -- What happened: the stored name with its version.
    e.event_id,  -- Opaque id of the event.
    e.actor,  -- Who did it: person:, service: or rule: with an opaque id.
    e.on_behalf_of,  -- For whom; null: for himself.
    e.identity,  -- How we know who it was: token, link, workload, local, claimed.
    e.has_why,  -- Whether a written reason stands in the log.
    e.decided_by,  -- The rule that decided: set, version, rule; null: a person or a plain step.
    e.source,  -- Where it came from: topic, partition, offset; file, line; request.
    e.command_id,  -- The command that caused it.
    e.correlation_id,  -- What all events of one cause have in common.
    e.causation_id,  -- The event that caused it.
    e.origin,  -- live: lived here. import: brought from another system.
    e.business_unit AS event_business_unit,  -- The unit at the time of the event.
    e.facts,  -- The event's own fields, without any text of a person.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {audit_trail.entries} AS e LEFT JOIN {cases.list} AS c ON c.stream = e.stream
CROSS JOIN {freshness.audit_trail} AS f
WHERE {visible coalesce(c.business_unit, e.business_unit)};
