-- What upkeep asks for, each by an index of its own that holds nothing else.
CREATE INDEX IF NOT EXISTS answers_kept_idx ON plaint.answers (recorded_at) WHERE result IS NOT NULL;
COMMENT ON INDEX plaint.answers_kept_idx IS 'Answers whose retention is still to come; an answer leaves it with its result.';

CREATE INDEX IF NOT EXISTS set_aside_parked_until_idx ON plaint.set_aside (until, id) WHERE kind = 'parked';

CREATE INDEX IF NOT EXISTS contents_in_directory_idx ON plaint.contents (content_id) WHERE ciphertext IS NULL;
COMMENT ON INDEX plaint.contents_in_directory_idx IS 'Contents whose file must be in the content store.';

COMMENT ON TABLE plaint_keys.service_keys IS
    'Keys that belong to no person: of fingerprints (for good), one a month under which data keys are wrapped (for good), '
    'and of messages set aside (one a week, its row deleted after it). Each is wrapped by a master key.';
COMMENT ON COLUMN plaint_keys.service_keys.period IS
    'Monday of the week whose messages it seals; first of the month for whose new data keys it wraps; 0001-01-01 for the key of fingerprints.';
COMMENT ON COLUMN plaint_keys.data_keys.master_id IS
    'What wrapped it: w and the first 4 octets of a wrapping key''s key id, or a master key where the row is older than those.';
