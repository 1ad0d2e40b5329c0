"""Which topics are the ones that are read: a name may come to mean another topic, and must not in silence."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from engine.store.database.pool import Pool
from engine.store.session import reading

_FIRST = """
    INSERT INTO plaint.topics (topic, cluster, topic_id)
    SELECT w.topic, %(cluster)s, w.topic_id FROM unnest(%(topics)b::text[], %(ids)b::uuid[]) AS w (topic, topic_id)
    WHERE NOT EXISTS (SELECT FROM plaint.topics t WHERE t.topic = w.topic)
    ON CONFLICT DO NOTHING
"""
_KNOWN = """
    SELECT w.topic, t.adopted FROM unnest(%(topics)b::text[], %(ids)b::uuid[]) AS w (topic, topic_id)
    JOIN plaint.topics t USING (topic, topic_id) WHERE t.cluster = %(cluster)s
"""
_ADOPT = """
    INSERT INTO plaint.topics AS t (topic, cluster, topic_id, adopted) VALUES (%s, %s, %s, 1)
    ON CONFLICT (topic, cluster, topic_id) DO UPDATE SET adopted = t.adopted + 1 RETURNING xmax = 0
"""


class Topics:
    """Topics by name, cluster and id. Safe to share between threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def admitted(self, cluster: str, topics: Mapping[str, UUID]) -> dict[str, int]:
        """Return the names that may be read under these ids, and how often each was adopted.

        A name never seen before is admitted for good now.
        """
        given = {"cluster": cluster, "topics": list(topics), "ids": list(topics.values())}
        with reading(self._pool) as connection:
            connection.execute(_FIRST, given)
            return dict(connection.execute(_KNOWN, given).fetchall())

    def known(self, names: Collection[str]) -> frozenset[str]:
        """Return those of the names that were read before, under whatever id."""
        with reading(self._pool) as connection:
            query = "SELECT DISTINCT topic FROM plaint.topics WHERE topic = ANY(%s)"
            return frozenset(row[0] for row in connection.execute(query, (list(names),)).fetchall())

    def made_anew(self, cluster: str, topic: str) -> datetime | None:
        """Return when the topic that has this name now was admitted; None where no other ever had it."""
        with reading(self._pool) as connection:
            query = "SELECT max(since) FROM plaint.topics WHERE cluster = %s AND topic = %s HAVING count(*) > 1"
            row = connection.execute(query, (cluster, topic)).fetchone()
        return None if row is None else row[0]

    def adopt(self, topic: str, cluster: str, topic_id: UUID) -> bool:
        """Have a name be read under this id from now on, and what stands still of it go on; whether the id is new.

        All that was said of its partitions is dropped with it: a stop ends by this and by nothing else.
        """
        with reading(self._pool) as connection, connection.transaction():
            row = connection.execute(_ADOPT, (topic, cluster, topic_id)).fetchone()
            connection.execute("DELETE FROM plaint.standings WHERE topic = %s", (topic,))
        return row is not None and bool(row[0])
