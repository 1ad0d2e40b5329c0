-- A batch without events leaves nothing that is surely its own: another may move the same source.
CREATE TABLE plaint.outcomes (
    token uuid PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT transaction_timestamp()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
CREATE INDEX outcomes_at_idx ON plaint.outcomes (at);
COMMENT ON TABLE plaint.outcomes IS
    'Batches without events that were committed, for an hour: whoever lost the connection in the COMMIT finds his token here or not.';
