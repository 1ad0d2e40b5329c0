-- Which dead letters stand in their topic. Those that do not yet are found by an index that holds nothing else.
ALTER TABLE plaint.set_aside ADD COLUMN relayed_at timestamptz;
COMMENT ON COLUMN plaint.set_aside.relayed_at IS
    'When the broker had acknowledged its copy in the topic of dead letters. NULL: not yet, or it is no dead letter.';
CREATE INDEX set_aside_unrelayed_idx ON plaint.set_aside (since, id) WHERE kind = 'dead_letter' AND relayed_at IS NULL;
