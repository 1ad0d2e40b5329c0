-- How many complaints come back after we thought they were done?
-- Imported history apart. More than a few percent: answers that do not answer.
SELECT
    c.origin,
    count(*) AS complaints,
    count(*) FILTER (WHERE d.reopenings > 0) AS reopened,
    round(100.0 * count(*) FILTER (WHERE d.reopenings > 0) / count(*), 1) AS percent
FROM analytics.cases_v1 AS c
JOIN analytics.funnel_cases_v1 AS d USING (case_id)
GROUP BY c.origin
ORDER BY c.origin;
