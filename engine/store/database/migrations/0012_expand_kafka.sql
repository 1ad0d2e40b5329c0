-- What the consumers of topics must know of each other: which topics are the ones they read, and how each partition stands.

CREATE TABLE plaint.topics (
    topic text NOT NULL,
    cluster text NOT NULL,
    topic_id uuid NOT NULL,
    adopted integer NOT NULL DEFAULT 0,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, cluster, topic_id)
);
COMMENT ON TABLE plaint.topics IS
    'The topics that may be read, by name. A name that is here under other ids only was made anew or is of another cluster: '
    'its partitions stand still until a person adopts it.';

COMMENT ON COLUMN plaint.topics.adopted IS 'How often a person has said that it is to be read on as it is.';

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
    'How each partition stood when its consumer said so last; one that was stopped stays so until it is adopted. Positions are in plaint.sources.';
COMMENT ON COLUMN plaint.standings.since IS 'When it came into this state.';
COMMENT ON COLUMN plaint.standings.reached IS 'Timestamp of the last record that has had its effect.';
