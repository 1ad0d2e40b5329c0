-- What do remedies cost us, and for what?
-- Money given less money taken back, by ground: fault is compensation, no_fault goodwill, exception a favour.
SELECT
    p.currency,
    coalesce(r.ground, 'unknown') AS ground,
    count(DISTINCT p.case_id) AS complaints,
    sum(CASE p.kind WHEN 'given' THEN p.amount ELSE -p.amount END) AS cost
FROM analytics.remedy_payments_v1 AS p
LEFT JOIN analytics.remedies_v1 AS r USING (case_id, remedy_id)
WHERE p.amount IS NOT NULL
GROUP BY p.currency, r.ground
ORDER BY p.currency, cost DESC;
