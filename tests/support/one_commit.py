"""A process that makes one commit of two events and a source, and says so: ``CONNINFO CONTENTS STREAM SOURCE``."""

import sys
from pathlib import Path
from uuid import UUID

from engine.store.batch import Batch, SourceMove
from engine.store.database.pool import open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from support.examples import append, note
from support.processes import say


def main(conninfo: str, contents: str, stream: str, source: str) -> None:
    """Commit, then say the position."""
    to = UUID(stream)
    with (
        open_pool(conninfo, max_size=2, name="one commit") as pool,
        Store(pool, KeyFile({"m1": bytes(range(32))}), Path(contents)) as store,
    ):
        batch = Batch(appends=(append(to, 0, note(to), note(to)),), sources=(SourceMove(source, None, 1),))
        say(store.commit(batch).position)


if __name__ == "__main__":
    main(*sys.argv[1:])
