-- Keyed hashes become 16 octets, kept as uuid: half the index, nothing to detoast, and still 128
-- bits that nobody without the key can aim at. Every side row of an arriving message is written
-- with random keys, so the size of these indexes is what appending costs once they are large.

ALTER TABLE plaint.messages ALTER COLUMN fingerprint TYPE uuid
    USING encode(substring(fingerprint || '\x00000000000000000000000000000000'::bytea FROM 1 FOR 16), 'hex')::uuid;
COMMENT ON COLUMN plaint.messages.fingerprint IS 'The first 16 octets of the keyed hash of the message.';

ALTER TABLE plaint.conversations ALTER COLUMN key TYPE uuid
    USING encode(substring(key || '\x00000000000000000000000000000000'::bytea FROM 1 FOR 16), 'hex')::uuid;
COMMENT ON COLUMN plaint.conversations.key IS 'The first 16 octets of the keyed hash.';

ALTER TABLE plaint.contacts ALTER COLUMN key TYPE uuid
    USING encode(substring(key || '\x00000000000000000000000000000000'::bytea FROM 1 FOR 16), 'hex')::uuid;
COMMENT ON COLUMN plaint.contacts.key IS 'The first 16 octets of the keyed hash.';

-- A stream that goes on as another one is a row of its own instead of an index over all
-- conversations, which every message had to pay for.
DROP INDEX plaint.conversations_stream_idx;
CREATE TABLE plaint.continued (
    ended uuid PRIMARY KEY,
    stream uuid NOT NULL
);
CREATE INDEX continued_stream_idx ON plaint.continued (stream);
COMMENT ON TABLE plaint.continued IS
    'Streams that ended and the one where their conversations go on. One step only: what goes on again is written anew.';

-- One index serves both questions: the key of a pair, and all keys of a person.
ALTER TABLE plaint_keys.data_keys DROP CONSTRAINT data_keys_pkey;
ALTER TABLE plaint_keys.data_keys ADD CONSTRAINT data_keys_pkey PRIMARY KEY (subject, stream);
DROP INDEX plaint_keys.data_keys_subject_idx;

CREATE TABLE plaint_keys.erased_subjects (
    subject uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT transaction_timestamp()
);
COMMENT ON TABLE plaint_keys.erased_subjects IS
    'Persons who were erased: no key is ever made for them again. Looked at under the lock whenever a key is stored.';
