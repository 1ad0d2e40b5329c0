-- What is late now, and with whom?
-- One row per team: open clocks past their due time as of as_of_time, and the oldest of them.
SELECT
    coalesce(team, 'nobody') AS team,
    count(DISTINCT case_id) AS complaints,
    count(*) AS clocks,
    min(due_at) AS oldest_due
FROM analytics.sla_clocks_v1
WHERE overdue
GROUP BY team
ORDER BY clocks DESC, team;
