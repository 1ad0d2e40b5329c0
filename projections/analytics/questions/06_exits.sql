-- Why do complaints leave without an outcome?
-- One row per reason and stage. Many late exits mean work that a better question at the beginning would have saved.
SELECT
    exit_reason,
    exit_stage,
    count(*) AS complaints,
    round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS percent
FROM analytics.cases_v1
WHERE exit_reason IS NOT NULL
GROUP BY exit_reason, exit_stage
ORDER BY complaints DESC, exit_reason, exit_stage;
