-- analytics.campaigns_v1: One row per invitation of a survey campaign; ratings of complaints stand in satisfaction_v1.
SELECT
    x.stream AS respondent_id,  -- Opaque id of the person who was asked, the same for all his invitations.
    r.business_unit,  -- The unit whose customer he is; rows are shown by it.
    x.number,  -- Counts the invitations of one person.
    x.survey,  -- Id of the survey.
    x.survey_version,  -- Version of that survey.
    x.wave,  -- Day of the schedule; null: asked as soon as he was enrolled.
    x.invited_at,  -- When he was asked.
    x.until,  -- How long his answer is taken.
    x.reminders,  -- How many reminders he got.
    x.answered_at,  -- When he answered; null: he did not.
    x.channel,  -- web_form: by himself; any other: somebody took it down.
    x.mean_share,  -- Mean of the marks, each as a share of its best one: 0 to 1.
    x.satisfied,  -- Whether that mean is at least 4 of 5.
    x.complaint AS case_id,  -- The complaint that was opened of a bad mark.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {campaigns.invitations} AS x JOIN {campaigns.respondents} AS r ON r.stream = x.stream
CROSS JOIN {freshness.campaigns} AS f
WHERE {visible r.business_unit};

-- analytics.campaign_marks_v1: One row per mark: a parameter of a survey, given in answer to one invitation.
SELECT
    x.stream AS respondent_id,  -- Opaque id of the person who was asked, the same for all his invitations.
    r.business_unit,  -- The unit whose customer he is; rows are shown by it.
    x.number,  -- Counts the invitations of one person.
    x.parameter,  -- What was rated.
    x.score,  -- The mark.
    x.out_of,  -- The best mark there is.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {campaigns.marks} AS x JOIN {campaigns.respondents} AS r ON r.stream = x.stream
CROSS JOIN {freshness.campaigns} AS f
WHERE {visible r.business_unit};
