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
    (c.opened_at AT TIME ZONE coalesce(c.opened_zone, 'UTC'))::date AS opened_on,  -- Day of receipt in its own zone.
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
FROM {cases.list} AS c CROSS JOIN {freshness.cases} AS f
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
    (c.opened_at AT TIME ZONE coalesce(c.opened_zone, 'UTC'))::date AS opened_on,  -- Day of receipt in its own zone.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {cases.list} AS c CROSS JOIN {freshness.cases} AS f
WHERE c.kind = 'feedback' AND {visible c.business_unit};

-- analytics.cfpb_v1: One row per complaint under the field names of the Consumer Complaint Database of the US
-- Consumer Financial Protection Bureau, so that tools made for it read ours. What has no meaning here is null.
SELECT
    coalesce(c.number, c.stream::text) AS complaint_id,  -- The complaint's number, else its opaque id.
    (c.opened_at AT TIME ZONE coalesce(c.opened_zone, 'UTC'))::date AS date_received,  -- Day of receipt in its own zone.
    c.product,  -- Code of the product of its first point.
    NULL::text AS sub_product,  -- Always null.
    c.type AS issue,  -- What it is about, by our type.
    NULL::text AS sub_issue,  -- Always null.
    NULL::text AS complaint_what_happened,  -- Always null: no text of a person leaves this way.
    NULL::text AS company_public_response,  -- Always null.
    c.business_unit AS company,  -- The unit that answers for it; rows are shown by it.
    NULL::text AS state,  -- Always null: no address leaves this way.
    NULL::text AS zip_code,  -- Always null: no address leaves this way.
    NULL::text AS tags,  -- Always null.
    NULL::text AS consumer_consent_provided,  -- Always null: there is no narrative to consent to.
    CASE c.channel WHEN 'email' THEN 'Email' WHEN 'call' THEN 'Phone' WHEN 'letter' THEN 'Postal mail'
        WHEN 'authority' THEN 'Referral' WHEN 'web_form' THEN 'Web' ELSE c.channel END AS submitted_via,  -- The Bureau's word for the channel where it has one, else ours.
    (c.received_at AT TIME ZONE coalesce(c.opened_zone, 'UTC'))::date AS date_sent_to_company,  -- Day on which it reached a clock of ours.
    CASE WHEN c.stage NOT IN ('closed', 'exited') THEN 'In progress'
        WHEN c.outcome IN ('upheld', 'partly_upheld') THEN 'Closed with relief'
        WHEN c.outcome = 'not_upheld' THEN 'Closed with explanation' ELSE 'Closed' END AS company_response,  -- By stage and outcome; upheld counts as relief.
    CASE WHEN NOT EXISTS (SELECT FROM {sla_timers.clocks} AS s WHERE s.stream = c.stream AND s.kind = 'resolution')
            THEN NULL
        WHEN EXISTS (SELECT FROM {sla_timers.clocks} AS s
            WHERE s.stream = c.stream AND s.kind = 'resolution' AND s.missed_at IS NOT NULL) THEN 'No'
        ELSE 'Yes' END AS timely,  -- Yes unless a clock of resolution was missed; null without such a clock.
    CASE d.satisfied WHEN true THEN 'No' WHEN false THEN 'Yes' ELSE 'N/A' END AS consumer_disputed,  -- By the complainant's last word in the running cycle.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {cases.list} AS c CROSS JOIN {freshness.cases} AS f
LEFT JOIN {funnel.cases} AS d ON d.stream = c.stream
WHERE c.kind = 'complaint' AND {visible c.business_unit};
