-- The leaf of every event, from its row alone: what engine/store/leaf.py documents, in core functions.
-- Anybody who may read plaint.events can run it and compare with leaves that were published elsewhere.
SELECT position, encode(sha256(
    '\x00'::bytea || convert_to('plaint leaf 1', 'UTF8') || '\x00'::bytea
    || int8send(position) || int8send((extract(epoch FROM recorded_at) * 1000000)::bigint)
    || uuid_send(stream) || int4send(version)
    || int4send(octet_length(convert_to(name, 'UTF8'))) || convert_to(name, 'UTF8')
    || int4send(octet_length(state)) || state), 'hex') AS leaf
FROM plaint.events ORDER BY position;
