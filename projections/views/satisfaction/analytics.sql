-- analytics.satisfaction_v1: One row per cycle of a complaint in which the complainant was asked, or rated.
SELECT
    x.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    c.business_unit,  -- The unit that answers for it now; rows are shown by it.
    c.origin,  -- live: lived here. import: brought from another system.
    x.cycle,  -- The cycle of the complaint that was rated.
    x.invited,  -- Whether the complainant was asked.
    x.rated_at,  -- When he rated, in world time; null: he did not.
    x.survey,  -- Id of the survey.
    x.survey_version,  -- Version of that survey.
    x.mean_share,  -- Mean of the marks, each as a share of its best one: 0 to 1.
    x.satisfied,  -- Whether that mean is at least 4 of 5.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {satisfaction.cycles} AS x JOIN {cases.list} AS c ON c.stream = x.stream CROSS JOIN {freshness.satisfaction} AS f
WHERE {visible c.business_unit};

-- analytics.satisfaction_marks_v1: One row per mark: a parameter of a survey, rated for one cycle of a complaint.
SELECT
    x.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    c.business_unit,  -- The unit that answers for it now; rows are shown by it.
    x.cycle,  -- The cycle of the complaint that was rated.
    x.parameter,  -- What was rated.
    x.score,  -- The mark.
    x.out_of,  -- The best mark there is.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {satisfaction.marks} AS x JOIN {cases.list} AS c ON c.stream = x.stream CROSS JOIN {freshness.satisfaction} AS f
WHERE {visible c.business_unit};
