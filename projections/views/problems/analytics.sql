-- analytics.problems_v1: One row per systemic cause, suspected or known.
SELECT
    x.stream AS problem_id,  -- Opaque id of the problem.
    x.business_unit,  -- The unit of whoever began it; rows are shown by it.
    x.suspected_at,  -- When a rule saw complaints alike; null: a person began.
    x.opened_at,  -- When a person named the cause; null: only suspected.
    x.cause,  -- process, people, resources, product, systems, supplier and others.
    x.code AS cause_code,  -- The company's own code of it.
    x.closed_at,  -- When it was closed; null: it is open.
    x.mended,  -- Whether it was mended; false: found to be none; null: it is open.
    (SELECT count(*) FROM {problems.links} AS l WHERE l.stream = x.stream AND l.inside) AS complaints,  -- Complaints that belong to it.
    (SELECT count(*) FROM {problems.actions} AS a WHERE a.stream = x.stream) AS actions,  -- Actions assigned.
    (SELECT min(a.completed_at) FROM {problems.actions} AS a WHERE a.stream = x.stream) AS first_completed_at,  -- When the first of them was completed.
    x.measured_on,  -- Day of the last measurement of its effect.
    x.before_per_day,  -- Complaints of this cause a day before the action.
    x.after_per_day,  -- The same after it.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {problems.problems} AS x CROSS JOIN {freshness.problems} AS f
WHERE {visible x.business_unit};
