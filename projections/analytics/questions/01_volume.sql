-- How many complaints come in, and do we keep up?
-- One row per week (from Monday). open_at_end grows where more comes in than is ended; a rising line is a backlog.
SELECT
    week,
    sum(came_in) AS came_in,
    sum(ended) AS ended,
    sum(sum(came_in) - sum(ended)) OVER (ORDER BY week) AS open_at_end
FROM (
    SELECT date_trunc('week', opened_on)::date AS week, 1 AS came_in, 0 AS ended FROM analytics.cases_v1
    UNION ALL
    SELECT date_trunc('week', coalesce(closed_at, last_event_at) AT TIME ZONE 'UTC')::date, 0, 1
    FROM analytics.cases_v1 WHERE ended
) AS flow
GROUP BY week
ORDER BY week;
