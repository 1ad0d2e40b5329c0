-- A log that is restored without the keys is noticed: the last event of the log is noted with the agreement.

ALTER TABLE plaint_keys.ledger
    ADD COLUMN position bigint,
    ADD COLUMN stream uuid,
    ADD COLUMN recorded_at timestamptz;
COMMENT ON COLUMN plaint_keys.ledger.position IS
    'Of the last event of the log by then, 0 if there was none. A log that does not hold that event any more '
    'was restored, and is compared again before doors open.';
