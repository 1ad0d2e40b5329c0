-- Are complainants content with how we handled it?
-- response_percent is of those invited and says how far to trust the rest: few answers come from the happiest and
-- the angriest. unasked rated without an invitation: they are among the rated, and no answers to one.
SELECT
    count(*) FILTER (WHERE invited) AS invited,
    count(rated_at) AS rated,
    count(rated_at) FILTER (WHERE NOT invited) AS unasked,
    round(100.0 * count(rated_at) FILTER (WHERE invited) / nullif(count(*) FILTER (WHERE invited), 0), 1)
        AS response_percent,
    count(*) FILTER (WHERE satisfied) AS satisfied,
    round(100.0 * avg(mean_share)::numeric, 1) AS mean_percent_of_best_mark
FROM analytics.satisfaction_v1;
