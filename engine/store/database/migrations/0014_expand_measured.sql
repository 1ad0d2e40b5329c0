-- Up to which instant nothing of a partition can be unread, so that no clock runs out over a backlog.
ALTER TABLE plaint.standings ADD COLUMN measured timestamptz;
COMMENT ON COLUMN plaint.standings.measured IS
    'When the end was last asked of the broker. Whoever has read up to end_offset has everything from before.';
