"""Answers end: what a command was answered is forgotten after its retention, that it was given never is.

Command id and fingerprint stay for good, as do the fingerprints of channel messages; so the same
command has no second effect, and is then answered ``already_handled``.
"""

from datetime import datetime
from typing import Final

from engine.store.database.pool import Pool
from engine.store.session import reading

BATCH_ROWS: Final = 1_000
_FORGET: Final = """
    UPDATE plaint.answers SET result = NULL WHERE command_id IN (
        SELECT command_id FROM plaint.answers WHERE recorded_at < %s AND result IS NOT NULL
        ORDER BY recorded_at LIMIT %s FOR UPDATE SKIP LOCKED)
"""


def forget_answers(pool: Pool, before: datetime, *, at_once: int = BATCH_ROWS) -> int:
    """Forget what was answered before an instant; how many answers that were.

    Goes in transactions of ``at_once`` rows, which no writer waits for: an answer is written once, and
    readers find it whole or gone. Two processes at once share the work.

    Raises:
        DatabaseUnavailable: what was forgotten so far stays forgotten; the next run goes on.
    """
    total = 0
    while True:
        with reading(pool) as connection:
            count = connection.execute(_FORGET, (before, at_once)).rowcount
        total += count
        if count < at_once:
            return total
