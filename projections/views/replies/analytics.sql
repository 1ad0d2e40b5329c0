-- analytics.replies_v1: One row per reply: who gave it, how good it was by the check and by colleagues.
SELECT
    x.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    x.message AS message_id,  -- Opaque id of the message that carries the reply.
    c.business_unit,  -- The unit that answers for the complaint now; rows are shown by it.
    c.origin,  -- live: lived here. import: brought from another system.
    x.replied_at,  -- When it was given, in world time.
    x.week,  -- Monday of its week.
    x.author,  -- Opaque id of who signed or gave it.
    x.team,  -- The team that answered for the complaint then.
    x.final,  -- Whether it was the final reply of a cycle.
    x.score,  -- Of the reply check, of 100; null: it was not judged.
    x.passed,  -- False: it went out with a written reason, though the check kept it back.
    (SELECT count(*) FROM {replies.findings} AS n WHERE n.stream = x.stream AND n.message = x.message) AS findings,  -- Kinds of things to mend that the check found.
    (SELECT avg(r.mean) FROM {replies.reviews} AS r WHERE r.stream = x.stream AND r.message = x.message) AS review,  -- Mean score of colleagues, of 100; null: nobody scored it.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {replies.replies} AS x JOIN {cases.list} AS c ON c.stream = x.stream CROSS JOIN {freshness.replies} AS f
WHERE {visible c.business_unit};
