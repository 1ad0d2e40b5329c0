-- Which causes should we mend first?
-- Causes by frequency with their running share: the first rows up to some 80 percent are the ones worth a project.
SELECT
    cause,
    count(*) AS complaints,
    count(*) FILTER (WHERE responsibility = 'company') AS ours,
    round(100.0 * sum(count(*)) OVER (ORDER BY count(*) DESC, cause) / sum(count(*)) OVER (), 1) AS running_percent
FROM analytics.causes_v1
WHERE cause IS NOT NULL
GROUP BY cause
ORDER BY complaints DESC, cause;
