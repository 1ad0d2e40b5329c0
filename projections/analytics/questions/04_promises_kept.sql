-- Do we keep our promises of time?
-- One row per kind of clock, over the clocks that have ended or run out. late_evidence was in time by what we learned
-- afterwards: neither kept nor missed. kept_percent is of the clocks without it.
SELECT
    kind,
    count(*) FILTER (WHERE state = 'fulfilled' AND NOT late_evidence) AS kept,
    count(*) FILTER (WHERE late_evidence) AS late_evidence,
    count(*) FILTER (WHERE (state = 'missed' OR overdue) AND NOT late_evidence) AS missed,
    round(100.0 * count(*) FILTER (WHERE state = 'fulfilled' AND NOT late_evidence) / nullif(count(*) FILTER (
        WHERE (state IN ('fulfilled', 'missed') OR overdue) AND NOT late_evidence), 0), 1) AS kept_percent
FROM analytics.sla_clocks_v1
WHERE state IN ('fulfilled', 'missed') OR overdue
GROUP BY kind
ORDER BY kept_percent, kind;
