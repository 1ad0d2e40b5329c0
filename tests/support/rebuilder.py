"""A process that rebuilds every view: `python -m support.rebuilder CONNINFO CONTENT TABLES`.

It is killed by SIGKILL, in the transaction of a batch, when it has written rows to so many tables; 0: it ends.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from projections import sql
from projections.runtime import rebuild
from projections.runtime.runner import Pace, Runner
from projections.sql import Link
from projections.views import all_views
from support.processes import say

BATCH = 16


def main(conninfo: str, content: str, tables: str) -> None:
    _die_at(int(tables))
    with (
        open_pool(conninfo, max_size=4, name="rebuilder") as pool,
        Store(pool, KeyFile({"m1": bytes(range(32))}), Path(content)) as store,
    ):
        begun = [rebuild.begin(pool, view, pause=time.sleep) for view in all_views()]
        say({"begun": sum(begun)})
        say({"fed": Runner(pool, store.read, all_views(), pace=Pace(BATCH, BATCH, BATCH)).catch_up()})


def _die_at(tables: int) -> None:
    written, copy_in = count(1), sql.copy_in

    def deadly(connection: Link, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        copy_in(connection, table, rows)
        if next(written) == tables:
            os.kill(os.getpid(), signal.SIGKILL)

    sql.copy_in = deadly


if __name__ == "__main__":
    main(*sys.argv[1:])
