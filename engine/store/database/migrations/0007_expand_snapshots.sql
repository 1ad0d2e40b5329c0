-- Folded states of long streams, so that not all of their events are read for the next decision.
-- Unlogged: a snapshot is only ever a shortcut, so it costs no write-ahead log, waits for no disk, is in
-- no base backup and on no standby, and after a crash the table is empty and fills itself again.

CREATE UNLOGGED TABLE plaint.snapshots (
    stream uuid PRIMARY KEY,
    version integer NOT NULL,
    fold bytea NOT NULL,
    anchor bytea NOT NULL,
    state bytea NOT NULL
);
ALTER TABLE plaint.snapshots ALTER COLUMN state SET STORAGE EXTERNAL;
COMMENT ON TABLE plaint.snapshots IS
    'Folded states of long streams, nothing personal in them. May be emptied or dropped at any moment: all of it follows from the events.';
COMMENT ON COLUMN plaint.snapshots.version IS 'Of the last event that is folded into it.';
COMMENT ON COLUMN plaint.snapshots.fold IS 'Digest of the code that folded it; a program with other code passes it over.';
COMMENT ON COLUMN plaint.snapshots.anchor IS
    'SHA-256 of position, recorded_at and state of that last event; where the log says otherwise, it is passed over.';
COMMENT ON COLUMN plaint.snapshots.state IS 'See engine/streams/folded.py.';
