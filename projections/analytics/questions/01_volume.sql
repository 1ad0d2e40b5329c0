-- How many complaints come in, and do we keep up?
-- One row per week (from Monday). open_at_end grows where more comes in or back than is ended: a rising line is a
-- backlog. Ended: closed or left by an exit, each time; came_back: reopened after that.
WITH ends AS (
    SELECT case_id, cycle, CASE ended WHEN 'exited' THEN left_on ELSE entered_on END AS day
    FROM analytics.funnel_passages_v1
    WHERE ended = 'exited' OR (stage = 'closed' AND entries > 0)
),
flow (day, came_in, came_back, ended) AS (
    SELECT received_on, 1, 0, 0 FROM analytics.funnel_cases_v1
    UNION ALL
    SELECT p.entered_on, 0, 1, 0
    FROM analytics.funnel_passages_v1 AS p
    JOIN ends AS e ON e.case_id = p.case_id AND e.cycle = p.cycle - 1
    WHERE p.stage = 'investigation'
    UNION ALL
    SELECT day, 0, 0, 1 FROM ends
)
SELECT
    date_trunc('week', day)::date AS week,
    sum(came_in) AS came_in,
    sum(came_back) AS came_back,
    sum(ended) AS ended,
    sum(sum(came_in) + sum(came_back) - sum(ended)) OVER (ORDER BY date_trunc('week', day)) AS open_at_end
FROM flow
GROUP BY date_trunc('week', day)
ORDER BY week;
