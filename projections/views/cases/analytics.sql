-- analytics.cases_v1: One row per complaint, as it stands now: outcome, ends and exit are those of its running cycle.
-- Feedback that is no complaint stands in feedback_v1.
SELECT
    c.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    c.number,  -- What people call the complaint by; null until it is registered.
    c.business_unit,  -- The unit that answers for it now; rows are shown by it.
    c.origin,  -- live: lived here. import: brought from another system.
    c.channel,  -- Where the first message arrived.
    c.type,  -- What it is about, as last classified: service, product, price, information, delivery, staff, other.
    c.product,  -- Code of the product of its first point.
    c.priority,  -- low, normal, high, urgent; null: never set.
    c.team,  -- Code of the team that answers for it now.
    c.assignee,  -- Opaque id of the person who answers for it now.
    c.stage,  -- registration, investigation, corrective_action, satisfaction_check, closed; exited after an exit.
    c.stage IN ('closed', 'exited') AS ended,  -- Whether nothing is left to do in the running cycle.
    c.cycle,  -- 1, and one more with each reopening.
    c.stage_before_exit AS exit_stage,  -- The stage in which an exit happened.
    c.exit_reason,  -- Why it left without an outcome; null: it did not.
    c.outcome,  -- upheld, partly_upheld, not_upheld; null: none yet.
    c.opened_at,  -- When it was received, in world time.
    coalesce(d.received_on, (c.opened_at AT TIME ZONE coalesce(c.opened_zone, 'UTC'))::date) AS opened_on,  -- Day of receipt in the zone of the case, as the funnel has it.
    c.opened_precision,  -- instant; or day: only the day of receipt is known, opened_at is its beginning.
    c.received_at,  -- When it reached a clock that is trusted.
    c.resolved_at,  -- When the outcome was settled.
    c.closed_at,  -- When the running cycle ended.
    c.last_event_at,  -- Latest world time of what happened to it.
    (extract(epoch FROM c.resolved_at - c.opened_at) / 86400)::double precision AS days_to_outcome,  -- Calendar days of 24 hours from receipt to outcome.
    c.event_count AS events,  -- How many events its history has.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {cases.list} AS c LEFT JOIN {funnel.cases} AS d ON d.stream = c.stream CROSS JOIN {freshness.cases} AS f
WHERE c.kind = 'complaint' AND {visible c.business_unit};

-- analytics.feedback_v1: One row per message that is no complaint: thanks, questions, suggestions, spam.
SELECT
    c.stream AS feedback_id,  -- Opaque id of the feedback.
    c.business_unit,  -- The unit that it concerns; rows are shown by it.
    c.origin,  -- live: lived here. import: brought from another system.
    c.channel,  -- Where it arrived.
    c.sense,  -- thanks, question, suggestion, neutral, spam, unknown: as last classified.
    c.became AS became_case_id,  -- The complaint that it turned into; null: none.
    c.opened_at,  -- When it was received, in world time.
    coalesce(d.received_on, (c.opened_at AT TIME ZONE coalesce(c.opened_zone, 'UTC'))::date) AS opened_on,  -- Day of receipt in the zone of the case, as the funnel has it.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {cases.list} AS c LEFT JOIN {funnel.cases} AS d ON d.stream = c.stream CROSS JOIN {freshness.cases} AS f
WHERE c.kind = 'feedback' AND {visible c.business_unit};
