-- The log of events, and what is written in one transaction with them.
-- Grants come with a step of their own: no role of the doors needs more than INSERT and SELECT on
-- plaint.events, plaint.messages, plaint.access_log and plaint.log.

CREATE TABLE plaint.log (
    number integer PRIMARY KEY,
    incarnation uuid NOT NULL UNIQUE,
    after_position bigint NOT NULL,
    began_at timestamptz NOT NULL DEFAULT transaction_timestamp()
);
COMMENT ON TABLE plaint.log IS
    'Incarnations of the log; the one of the highest number is in force. A restore that lost events '
    'begins a new one, so that a position published before it is never taken for one after it.';
COMMENT ON COLUMN plaint.log.after_position IS 'The last position that this incarnation shares with the one before.';
INSERT INTO plaint.log (number, incarnation, after_position) VALUES (1, gen_random_uuid(), 0);

CREATE TABLE plaint.events (
    position bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    stream uuid NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    state bytea NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (position),
    CONSTRAINT events_stream_version_key UNIQUE (stream, version)
) WITH (
    fillfactor = 100,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05
);
CREATE INDEX events_recorded_at_idx ON plaint.events (recorded_at);
COMMENT ON TABLE plaint.events IS 'The log: every event ever stored, in one gapless order. Rows are never updated or deleted.';
COMMENT ON COLUMN plaint.events.position IS 'Counts from 1 without gaps; a reader that saw n has seen all before it.';
COMMENT ON COLUMN plaint.events.recorded_at IS 'When it was stored: one instant per transaction, never below its predecessor.';
COMMENT ON COLUMN plaint.events.stream IS 'The complaint, feedback, problem, subject, actor or configuration that it belongs to.';
COMMENT ON COLUMN plaint.events.version IS 'Place in its stream, counting from 1 without holes.';
COMMENT ON COLUMN plaint.events.name IS 'Stored name, such as complaint.received.v1; it never changes its meaning.';
COMMENT ON COLUMN plaint.events.state IS 'UTF-8 JSON {"meta", "data", "sealed"}; personal parts are encrypted. See engine/store/mapper.py.';

CREATE TABLE plaint.sources (
    source text PRIMARY KEY,
    position bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE plaint.sources IS 'How far each source (partition, file) has had its effect; moved only by compare-and-set.';

CREATE TABLE plaint.tracking (
    application_name text PRIMARY KEY,
    notification_id bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE plaint.tracking IS
    'Positions of the eventsourcing library''s own process recorder interface; the doors use plaint.sources.';

CREATE TABLE plaint.answers (
    command_id uuid PRIMARY KEY,
    fingerprint bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    position bigint NOT NULL,
    stream uuid,
    version integer,
    result json
);
COMMENT ON TABLE plaint.answers IS 'Commands that have had their effect, and what was answered. Id and fingerprint are kept for good.';
COMMENT ON COLUMN plaint.answers.fingerprint IS 'Keyed hash of the content: the same id with other content is refused.';
COMMENT ON COLUMN plaint.answers.result IS 'NULL after its retention: then only "already handled" is known.';

CREATE TABLE plaint.messages (
    fingerprint bytea PRIMARY KEY,
    stream uuid NOT NULL,
    message uuid NOT NULL
);
COMMENT ON TABLE plaint.messages IS 'Channel messages that have had their effect, by keyed hash; kept for good.';

CREATE TABLE plaint.conversations (
    key bytea PRIMARY KEY,
    stream uuid NOT NULL
);
CREATE INDEX conversations_stream_idx ON plaint.conversations (stream);
COMMENT ON TABLE plaint.conversations IS 'Keyed hash of a thread, chat or case number -> the stream where it goes on.';

CREATE TABLE plaint.contacts (
    key bytea PRIMARY KEY,
    subject uuid NOT NULL
);
CREATE INDEX contacts_subject_idx ON plaint.contacts (subject);
COMMENT ON TABLE plaint.contacts IS 'Keyed hash of an address -> the data subject it reaches. An erasure deletes the subject''s rows.';

CREATE TABLE plaint.contents (
    content_id uuid PRIMARY KEY,
    stream uuid NOT NULL,
    subject uuid NOT NULL,
    key_id bytea NOT NULL,
    size bigint NOT NULL,
    ciphertext bytea
);
ALTER TABLE plaint.contents ALTER COLUMN ciphertext SET STORAGE EXTERNAL;
CREATE INDEX contents_stream_subject_idx ON plaint.contents (stream, subject);
COMMENT ON TABLE plaint.contents IS 'Attachments and raw e-mails, encrypted under the data key of their stream and subject.';
COMMENT ON COLUMN plaint.contents.size IS 'Octets of the ciphertext.';
COMMENT ON COLUMN plaint.contents.ciphertext IS 'NULL: too large for a row, it is in the content store under its id.';

CREATE TABLE plaint.set_aside (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('dead_letter', 'parked')),
    fingerprint bytea NOT NULL,
    reason text NOT NULL,
    source text NOT NULL,
    keys bytea[] NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    key_id bytea NOT NULL,
    box bytea NOT NULL,
    UNIQUE (kind, fingerprint)
);
ALTER TABLE plaint.set_aside ALTER COLUMN box SET STORAGE EXTERNAL;
CREATE INDEX set_aside_keys_idx ON plaint.set_aside USING gin (keys) WITH (fastupdate = off);
CREATE INDEX set_aside_until_idx ON plaint.set_aside (until);
COMMENT ON TABLE plaint.set_aside IS
    'Messages kept whole outside of any case: dead letters, and parked ones that wait for their opener.';
COMMENT ON COLUMN plaint.set_aside.keys IS 'Keyed hashes of the conversations that a parked message waits for.';
COMMENT ON COLUMN plaint.set_aside.until IS 'When it must be gone; the key of that week is destroyed after it.';
COMMENT ON COLUMN plaint.set_aside.box IS 'The message, encrypted under the key of the week in which ''until'' lies.';

CREATE TABLE plaint.access_log (
    position bigint PRIMARY KEY,
    recorded_at timestamptz NOT NULL,
    stream uuid,
    actor text NOT NULL,
    entry bytea NOT NULL
);
CREATE INDEX access_log_stream_idx ON plaint.access_log (stream, position);
CREATE INDEX access_log_actor_idx ON plaint.access_log (actor, position);
COMMENT ON TABLE plaint.access_log IS
    'Who read personal data, refused reads too. An order of its own, apart from the events. Rows are never updated or deleted.';
COMMENT ON COLUMN plaint.access_log.entry IS 'UTF-8 JSON: what was asked for, by whom, why (a code), allowed or not.';

CREATE TABLE plaint_keys.data_keys (
    stream uuid NOT NULL,
    subject uuid NOT NULL,
    key_id bytea NOT NULL,
    master_id text,
    wrapped bytea,
    PRIMARY KEY (stream, subject),
    CHECK ((wrapped IS NULL) = (master_id IS NULL))
) WITH (fillfactor = 90);
CREATE INDEX data_keys_subject_idx ON plaint_keys.data_keys (subject);
COMMENT ON TABLE plaint_keys.data_keys IS
    'One data key per stream and data subject, wrapped by a master key. A destroyed key leaves its row '
    'with wrapped = NULL, so that it is never made anew.';
COMMENT ON COLUMN plaint_keys.data_keys.key_id IS 'SHA-256 of the data key.';

CREATE TABLE plaint_keys.service_keys (
    purpose text NOT NULL,
    period date NOT NULL,
    key_id bytea NOT NULL UNIQUE,
    master_id text NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (purpose, period)
);
COMMENT ON TABLE plaint_keys.service_keys IS
    'Keys that belong to no person: of fingerprints (for good), of messages set aside (one a week, its row deleted after it).';
COMMENT ON COLUMN plaint_keys.service_keys.period IS 'Monday of the week whose messages it seals; 0001-01-01 for a key kept for good.';

CREATE TABLE plaint_keys.destructions (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    count bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE plaint_keys.destructions IS
    'How often data keys were destroyed. Readers look at it with every batch and drop the keys they remember when it moved.';
INSERT INTO plaint_keys.destructions (count) VALUES (0);
