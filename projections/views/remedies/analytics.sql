-- analytics.remedies_v1: One row per remedy of a complaint: what was proposed, approved, given.
SELECT
    x.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    c.business_unit,  -- The unit that answers for it now; rows are shown by it.
    c.origin,  -- live: lived here. import: brought from another system.
    x.remedy_id,  -- Opaque id of the remedy.
    x.status,  -- What was said of it last: proposed, approved, rejected, offered, accepted, refused, given, reversed.
    x.form,  -- replacement, repair, refund, discount and others; null where its proposal is not in the log.
    x.ground,  -- fault: compensation. no_fault: goodwill. exception: made for this person.
    x.head,  -- Of money: price, expenses, distress, penalty.
    x.proposed,  -- Amount of money that was proposed.
    x.approved,  -- Amount of money that was approved.
    x.currency,  -- Of both, ISO 4217.
    x.proposed_at,  -- When it was proposed, in world time.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {remedies.ledger} AS x JOIN {cases.list} AS c ON c.stream = x.stream CROSS JOIN {freshness.remedies} AS f
WHERE {visible c.business_unit};

-- analytics.remedy_payments_v1: One row per remedy given or taken back. Cost = given less reversed, per currency.
SELECT
    x.stream AS case_id,  -- Opaque id of the complaint, the same in all views.
    c.business_unit,  -- The unit that answers for it now; rows are shown by it.
    x.version AS case_version,  -- Place of the event in the history of the complaint.
    x.remedy_id,  -- The remedy that it belongs to.
    x.kind,  -- given or reversed.
    x.amount,  -- Money; null: the remedy is no money.
    x.currency,  -- ISO 4217.
    x.at,  -- When, in world time.
    f.as_of_position,  -- Position of the log that this row speaks of.
    f.as_of_time,  -- When the event at that position was recorded.
    f.lag_seconds  -- Seconds between that event and the last one of the log; 0: nothing is missing.
FROM {remedies.payments} AS x JOIN {cases.list} AS c ON c.stream = x.stream CROSS JOIN {freshness.remedies} AS f
WHERE {visible c.business_unit};
