-- analytics.causes_v1: One row per complaint for which a root cause, an outcome or both are known.
SELECT
    x.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    c.business_unit,  -- The unit that answers for it now; rows are shown by it.
    x.cause,  -- Root cause as last established: process, people, resources, product, systems, supplier and others.
    x.code AS cause_code,  -- The company's own code of it.
    x.responsibility,  -- company, complainant, third_party, nobody.
    x.departments,  -- Codes of the departments named with the cause, each once.
    x.outcome,  -- upheld, partly_upheld, not_upheld: of the running cycle.
    x.resolved_at,  -- When the outcome was settled, in world time.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {causes.complaints} AS x JOIN {cases.list} AS c ON c.stream = x.stream CROSS JOIN {freshness.causes} AS f
WHERE {visible c.business_unit};
