-- How far do complaints come, and where do they stay?
-- One row per stage; entered = passed + exited + there_now. A stage with a large there_now holds the others up.
SELECT
    stage,
    count(*) AS entered,
    count(*) FILTER (WHERE ended = 'passed') AS passed,
    count(*) FILTER (WHERE ended = 'exited') AS exited,
    count(*) FILTER (WHERE ended IS NULL) AS there_now
FROM analytics.funnel_passages_v1
GROUP BY stage
ORDER BY array_position(
    ARRAY['registration', 'investigation', 'corrective_action', 'satisfaction_check', 'closed'], stage
);
