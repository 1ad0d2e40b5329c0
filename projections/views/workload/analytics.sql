-- analytics.workload_v1: One row per complaint: who answers for it, and how long its first reply took.
SELECT
    x.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    c.business_unit,  -- The unit that answers for it now; rows are shown by it.
    c.origin,  -- live: lived here. import: brought from another system.
    x.team,  -- Code of the team, as last assigned.
    x.assignee,  -- Opaque id of the person, as last assigned.
    x.concluded,  -- Whether it was resolved, discontinued or closed at least once.
    x.received_at,  -- When it was received, in world time.
    x.replied_at,  -- First reply, interim or final; an acknowledgement is none.
    x.replied_by,  -- Opaque id of who gave it.
    x.reply_team,  -- The team that answered for the complaint then.
    x.reply_seconds,  -- From receipt to first reply, by the clock on the wall.
    x.reply_worked_seconds,  -- The same by the pinned calendar; null where none is.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {workload.complaints} AS x JOIN {cases.list} AS c ON c.stream = x.stream CROSS JOIN {freshness.workload} AS f
WHERE {visible c.business_unit};
