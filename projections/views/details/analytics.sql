-- analytics.case_details_v1: One row per complaint: finer words than the list has, tags, and the custom fields that were
-- set. No text of a person stands in them.
SELECT
    x.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    c.business_unit,  -- The unit that answers for it now; rows are shown by it.
    c.origin,  -- live: lived here. import: brought from another system.
    x.subtype,  -- Code within the type, as last classified, else of its first point.
    x.segment AS customer_segment,  -- Code of the customer's segment.
    x.tags,  -- Codes, as last classified.
    x.fields,  -- Custom fields by name, as last set; a field that holds a text has no value here.
    x.sent_at AS first_assigned_at,  -- When a team first answered for it, in world time.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {details.complaints} AS x JOIN {cases.list} AS c ON c.stream = x.stream CROSS JOIN {freshness.details} AS f
WHERE {visible c.business_unit};

-- analytics.cfpb_v1: One row per complaint under the field names of the Consumer Complaint Database of the US
-- Consumer Financial Protection Bureau, so that tools made for it read ours. A complaint imported from that database
-- has the Bureau's own words where its list of them is closed, and codes of them (small letters, dashes) elsewhere.
SELECT
    coalesce(c.number, c.stream::text) AS complaint_id,  -- The complaint's number, else its opaque id; the Bureau's own number is a reference of a person and does not leave.
    coalesce(d.received_on, (c.opened_at AT TIME ZONE coalesce(c.opened_zone, 'UTC'))::date) AS date_received,  -- Day of receipt in the zone of the case.
    c.product,  -- Code of the product of its first point.
    (SELECT substr(t.tag, 13) FROM unnest(x.tags) AS t (tag) WHERE t.tag LIKE 'sub-product:%' LIMIT 1) AS sub_product,  -- Code behind the tag sub-product:; null without one.
    coalesce(x.subtype, c.type) AS issue,  -- Code of the subtype, else our type.
    (SELECT substr(t.tag, 11) FROM unnest(x.tags) AS t (tag) WHERE t.tag LIKE 'sub-issue:%' LIMIT 1) AS sub_issue,  -- Code behind the tag sub-issue:; null without one.
    NULL::text AS complaint_what_happened,  -- Always null: no text of a person leaves this way.
    x.fields ->> 'public_response' AS company_public_response,  -- Code of the custom field public_response; null without one.
    CASE WHEN x.fields ? 'company_response' THEN c.team ELSE c.business_unit END AS company,  -- Code of the company that the Bureau names; of all other complaints the unit that answers, by which rows are shown.
    CASE WHEN d.location LIKE 'us-__' OR (d.location LIKE 'us-%' AND x.fields ? 'company_response')
        THEN upper(replace(substr(d.location, 4), '-', ' ')) END AS state,  -- Of a location such as us-tx: TX; of the Bureau's complaints also a name in full; null for all others.
    NULL::text AS zip_code,  -- Always null: a ZIP code is a text of a person.
    CASE x.segment WHEN 'servicemember' THEN 'Servicemember' WHEN 'older-american' THEN 'Older American'
        WHEN 'older-american-servicemember' THEN 'Older American, Servicemember' ELSE x.segment END AS tags,  -- The customer's segment in the Bureau's words where it has them.
    CASE x.fields ->> 'narrative_consent' WHEN 'consent-provided' THEN 'Consent provided'
        WHEN 'consent-not-provided' THEN 'Consent not provided' WHEN 'consent-withdrawn' THEN 'Consent withdrawn'
        WHEN 'other' THEN 'Other' WHEN 'n-a' THEN 'N/A' END AS consumer_consent_provided,  -- By the custom field narrative_consent; null without one.
    CASE c.channel WHEN 'email' THEN 'Email' WHEN 'call' THEN 'Phone' WHEN 'letter' THEN 'Postal mail'
        WHEN 'authority' THEN 'Referral' WHEN 'web_form' THEN 'Web' ELSE c.channel END AS submitted_via,  -- The Bureau's word for the channel where it has one, else ours.
    CASE WHEN c.received_at IS NOT NULL THEN (c.received_at AT TIME ZONE coalesce(d.zone, c.opened_zone, 'UTC'))::date
        ELSE coalesce(x.sent_day, (x.sent_at AT TIME ZONE coalesce(d.zone, c.opened_zone, 'UTC'))::date) END AS date_sent_to_company,  -- Day on which it reached a clock of ours; of imported history the day on which a team was first given it.
    CASE x.fields ->> 'company_response'
        WHEN 'in-progress' THEN 'In progress'
        WHEN 'closed' THEN 'Closed'
        WHEN 'closed-with-explanation' THEN 'Closed with explanation'
        WHEN 'closed-with-monetary-relief' THEN 'Closed with monetary relief'
        WHEN 'closed-with-non-monetary-relief' THEN 'Closed with non-monetary relief'
        WHEN 'closed-with-relief' THEN 'Closed with relief'
        WHEN 'closed-without-relief' THEN 'Closed without relief'
        WHEN 'untimely-response' THEN 'Untimely response'
        ELSE CASE WHEN c.stage NOT IN ('closed', 'exited') THEN 'In progress'
            WHEN c.outcome IN ('upheld', 'partly_upheld') THEN 'Closed with relief'
            WHEN c.outcome = 'not_upheld' THEN 'Closed with explanation' ELSE 'Closed' END END AS company_response,  -- By the custom field company_response; without one by stage and outcome, where upheld counts as relief.
    CASE WHEN jsonb_typeof(x.fields -> 'timely') = 'boolean'
            THEN CASE WHEN (x.fields -> 'timely')::boolean THEN 'Yes' ELSE 'No' END
        WHEN NOT EXISTS (SELECT FROM {sla_timers.clocks} AS s
            WHERE s.stream = c.stream AND s.kind IN ('resolution', 'statutory:us-cfpb-response')) THEN NULL
        WHEN EXISTS (SELECT FROM {sla_timers.clocks} AS s
            WHERE s.stream = c.stream AND s.kind IN ('resolution', 'statutory:us-cfpb-response')
                AND s.missed_at IS NOT NULL) THEN 'No'
        ELSE 'Yes' END AS timely,  -- By the custom field timely; without one Yes unless a clock of resolution or of the Bureau's response was missed; null without either.
    CASE WHEN jsonb_typeof(x.fields -> 'disputed') = 'boolean'
            THEN CASE WHEN (x.fields -> 'disputed')::boolean THEN 'Yes' ELSE 'No' END
        WHEN d.satisfied THEN 'No' WHEN NOT d.satisfied THEN 'Yes' ELSE 'N/A' END AS consumer_disputed,  -- By the custom field disputed; without one by the complainant's last word in the running cycle.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {cases.list} AS c CROSS JOIN {freshness.cases} AS f
LEFT JOIN {funnel.cases} AS d ON d.stream = c.stream
LEFT JOIN {details.complaints} AS x ON x.stream = c.stream
WHERE c.kind = 'complaint' AND {visible c.business_unit};
