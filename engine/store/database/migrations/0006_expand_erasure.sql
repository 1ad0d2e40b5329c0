-- What erasures look for: destroyed keys, files set aside since an instant, and how far the ledger was compared.

CREATE INDEX IF NOT EXISTS data_keys_destroyed_idx ON plaint_keys.data_keys (subject) WHERE wrapped IS NULL;
CREATE INDEX IF NOT EXISTS set_aside_since_idx ON plaint.set_aside (since, id);

CREATE TABLE plaint_keys.ledger (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    octets bigint NOT NULL,
    destructions bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE plaint_keys.ledger IS
    'How long the ledger of erasures was when this database was last found to agree with it. '
    'A restored backup has an older row than the file, and is compared again before doors open.';
COMMENT ON COLUMN plaint_keys.ledger.destructions IS 'How often keys had been destroyed by then.';
