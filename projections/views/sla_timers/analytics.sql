-- analytics.sla_clocks_v1: One row per clock of a complaint: a promise of time, when it began, when it is due, how it
-- ended. Judged at the case's latest event; a running clock whose due time has passed since is overdue.
SELECT
    c.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    c.number,  -- What people call the complaint by.
    c.business_unit,  -- The unit that answers for it now; rows are shown by it.
    c.team,  -- Code of the team that answers for it now.
    c.origin,  -- live: lived here. import: brought from another system.
    c.kind,  -- Which promise: acknowledgement, first_reply, resolution, stage:..., promise and others.
    c.cycle,  -- The cycle of the complaint that it belongs to.
    c.instance,  -- 1, 2, ... where a cycle has several of one kind.
    c.policy,  -- Id of the policy that set it.
    c.policy_version,  -- Version of that policy.
    c.calendar,  -- Id of the calendar that counts its time.
    c.calendar_version,  -- Version of that calendar.
    c.target,  -- The time that was promised, such as '3 working days'.
    c.started_at,  -- When it began, in world time.
    c.due_at,  -- When it is due; while it is paused, as if it went on at judged_at.
    c.state,  -- running, paused, fulfilled, missed, cancelled, as of judged_at.
    c.open,  -- Whether it is neither fulfilled nor cancelled.
    c.open AND c.state <> 'paused' AND c.due_at < f.as_of_time AS overdue,  -- Open and past its due time, as of as_of_time.
    c.fulfilled_at,  -- When the promise was fulfilled, in world time, kept or late.
    c.missed_at,  -- When it ran out; null: it did not, as of judged_at.
    c.late_evidence,  -- Fulfilled in time by world time, but that became known after the due time: counted apart.
    c.extended,  -- Whether the due time was moved with notice.
    c.provisional,  -- Whether the due time lies beyond what the calendar covers.
    c.judged_at,  -- World time of the case's latest event.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {sla_timers.clocks} AS c CROSS JOIN {freshness.sla_timers} AS f
WHERE {visible c.business_unit};
