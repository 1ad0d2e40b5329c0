-- What the consumers of topics must know of each other: which topics are the ones they read, and how each partition stands.

CREATE TABLE plaint.topics (
    topic text NOT NULL,
    cluster text NOT NULL,
    topic_id uuid NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, cluster, topic_id)
);
COMMENT ON TABLE plaint.topics IS
    'The topics that may be read, by name. A name that is here under other ids only was made anew or is of another cluster: '
    'its partitions stand still until a person adopts it.';

CREATE TABLE plaint.standings (
    source text PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    member text NOT NULL,
    state text NOT NULL,
    reason text,
    since timestamptz NOT NULL,
    end_offset bigint,
    reached timestamptz,
    seen timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
COMMENT ON TABLE plaint.standings IS
    'How each partition stood when its consumer said so last. For people: nothing is decided by it. Positions are in plaint.sources.';
COMMENT ON COLUMN plaint.standings.since IS 'When it came into this state.';
COMMENT ON COLUMN plaint.standings.reached IS 'Timestamp of the last record that has had its effect.';
