-- How long until a complainant has an outcome?
-- Calendar days from receipt, by type. Half wait less than the median, one in ten longer than p90.
-- Complaints without an outcome are not in it: read it beside question 5.
SELECT
    coalesce(type, 'not classified') AS type,
    count(*) AS complaints,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY days_to_outcome)::numeric, 1) AS median_days,
    round(percentile_cont(0.9) WITHIN GROUP (ORDER BY days_to_outcome)::numeric, 1) AS p90_days
FROM analytics.cases_v1
WHERE days_to_outcome IS NOT NULL
GROUP BY type
ORDER BY complaints DESC, type;
