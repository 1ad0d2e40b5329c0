-- analytics.funnel_passages_v1: One row per stage of each cycle of a complaint. A stage that was skipped has a row
-- too. For every stage: entered (rows) = passed + exited + there now. Rows follow the unit of the case as it is now.
SELECT
    p.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    p.cycle,  -- 1, and one more with each reopening.
    p.stage,  -- registration, investigation, corrective_action, satisfaction_check, closed.
    p.entered_at,  -- When the stage was first entered in this cycle, in world time.
    p.left_at,  -- When it was last left; null while the complaint stands there.
    p.entries,  -- How often it was entered in this cycle; 0: skipped on the way to a later one.
    p.ended,  -- passed, exited; null while the complaint stands there.
    p.exit_reason,  -- Why it left without an outcome, where ended says exited.
    p.seconds AS wall_seconds,  -- Time in the stage until it was last left, by the clock on the wall.
    p.worked_seconds,  -- The same by the pinned calendar; null where none is.
    p.entered_on,  -- Day on which it was first entered, in the zone of the case.
    p.left_on,  -- Day on which it was last left.
    c.channel,  -- Where the first message arrived.
    c.type,  -- What the complaint is about, as last classified.
    c.product,  -- Code of the product of its first point.
    c.location,  -- Code of the place named by the first message.
    c.team,  -- Code of the team, as last assigned.
    c.origin,  -- live: lived here. import: brought from another system.
    coalesce(k.business_unit, c.business_unit) AS business_unit,  -- The unit that answers for the complaint now; rows are shown by it.
    c.received_on,  -- Day of receipt in the zone of the case.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {funnel.passages} AS p JOIN {funnel.cases} AS c ON c.stream = p.stream
LEFT JOIN {cases.list} AS k ON k.stream = p.stream CROSS JOIN {freshness.funnel} AS f
WHERE {visible coalesce(k.business_unit, c.business_unit)};

-- analytics.funnel_cases_v1: One row per complaint: what the funnel counts of it beside its stages.
SELECT
    c.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    c.complainant,  -- Opaque id of who complains; null until the receipt is stored.
    coalesce(k.business_unit, c.business_unit) AS business_unit,  -- The unit that answers for it now; rows are shown by it.
    c.origin,  -- live: lived here. import: brought from another system.
    c.received_on,  -- Day of receipt in the zone of the case.
    c.registered,  -- Whether it was entered in the register.
    c.reopenings,  -- How often it was reopened.
    c.waits,  -- How often information was requested from the complainant.
    c.satisfied,  -- The complainant's last word in the running cycle: outcome accepted, or marks of 4 of 5 and more; null: none.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {funnel.cases} AS c LEFT JOIN {cases.list} AS k ON k.stream = c.stream CROSS JOIN {freshness.funnel} AS f
WHERE c.kind = 'complaint' AND {visible coalesce(k.business_unit, c.business_unit)};
