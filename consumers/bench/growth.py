"""Does appending stay as quick when the log has grown? And does the program's memory stay as it is?

The log, the table that COPY goes into and the side tables are filled up on the server, with random
ids as real rows have, so that every index has its full size and its keys lie scattered. States are
short: an append touches the indexes of old rows, never the rows.
"""

import resource
import sys
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from consumers.bench.shape import Result, Round, compared, limited
from consumers.bench.stand import Stand

_STEP: Final = 250_000
"""Events that one statement fills in."""
_EVENTS: Final = """
    INSERT INTO {} (position, recorded_at, stream, version, name, state)
    SELECT %(head)s + n, %(at)s::timestamptz + n * interval '1 microsecond', gen_random_uuid(), 1,
           'complaint.note_added.v1', '\\x02'::bytea || decode(md5(n::text), 'hex')
    FROM generate_series(1, %(count)s) AS n
"""
_SIDE: Final = (
    """INSERT INTO plaint.messages (fingerprint, stream, message)
       SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid() FROM generate_series(1, %s)""",
    """INSERT INTO plaint.conversations (key, stream)
       SELECT gen_random_uuid(), gen_random_uuid() FROM generate_series(1, %s)""",
    """INSERT INTO plaint.contacts (key, subject)
       SELECT gen_random_uuid(), gen_random_uuid() FROM generate_series(1, %s / 2)""",
    """INSERT INTO plaint_keys.data_keys (stream, subject, key_id, master_id, wrapped)
       SELECT gen_random_uuid(), gen_random_uuid(), decode(md5(n::text) || md5(n::text), 'hex'), 'filled',
              decode(repeat(md5(n::text), 4), 'hex')
       FROM generate_series(1, %s) AS n""",
)
_TABLES: Final = (
    "plaint.events", "bench.copied", "plaint.messages", "plaint.conversations", "plaint.contacts",
    "plaint_keys.data_keys",
)  # fmt: skip


NAME: Final = "append_at_5m_vs_at_10k"
FULL: Final = 5_000_000
"""Up to how many events the log is filled."""
QUICK: Final = 20_000


def measure(stand: Stand, young: Sequence[Round], again: Callable[[], Sequence[Round]]) -> Result:
    """Return the append's ratio to COPY in a log of millions, against ``young``, that of the young log.

    ``again`` measures it once more.
    """
    fill(stand, QUICK if stand.quick else FULL)
    stand.data_size["store_events_grown"] = stand.head()
    figures = Round(value=median(one.ratio for one in again()), baseline=median(one.ratio for one in young))
    return compared(NAME, "of COPY", [figures], at_least=0.7)


def fill(stand: Stand, events: int) -> None:
    """Fill log, copy and side tables until the log holds so many events."""
    while (head := stand.here.store.read.head()).position < events:
        count = min(_STEP, events - head.position)
        stand.tell(f"fill the log, {head.position:,} of {events:,}")
        with stand.here.pool.connection() as connection:
            for table in ("plaint.events", "bench.copied"):
                begin = connection.execute(f"SELECT coalesce(max(position), 0) FROM {table}").fetchone()  # noqa: S608 # our own words
                given = {"head": begin[0] if begin else 0, "at": head.recorded_at, "count": count}
                connection.execute(_EVENTS.format(table).encode(), given)
            for statement in _SIDE:
                connection.execute(statement.encode(), (count,))
    stand.tell("settle the tables")
    with stand.here.pool.connection() as connection:
        connection.autocommit = True
        for table in _TABLES:
            connection.execute(f"VACUUM (ANALYZE) {table}".encode())
        connection.execute("CHECKPOINT")
        connection.autocommit = False


class Memory:
    """How much more memory than ever before this process takes from now on.

    Made after everything has been done once, and looked at when as much again has been appended to a log of millions.
    """

    def __init__(self) -> None:
        self._before = _peak()

    def grown(self, name: str = "memory_growth_mib") -> Result:
        """Return by how much the most grew, in MiB."""
        grown = Round(value=(_peak() - self._before) / 2**20, baseline=self._before / 2**20)
        return limited(name, "MiB", [grown], below=32)


def _peak() -> float:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most if sys.platform == "darwin" else most * 1024)
