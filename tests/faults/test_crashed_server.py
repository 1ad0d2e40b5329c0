"""``pg_ctl stop -m immediate`` in the middle of appends by eight processes, again and again."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from engine.store.batch import Recorded
from engine.store.database.pool import open_pool
from engine.store.store import Store
from schemas.complaint.correspondence import NoteAdded
from support.crew import EVENTS, MASTER, source_of, text_of
from support.processes import PythonProcess
from support.servers import Crashable, crashable_server
from support.soak import FACTOR

WRITERS = 8
ROUNDS = FACTOR
_SECONDS = 2.0
"""Of appends before each stop."""


@pytest.fixture
def server() -> Iterator[Crashable]:
    with crashable_server() as lent:
        yield lent


@pytest.mark.slow
def test_every_acknowledged_event_survives_a_server_that_is_stopped_at_once(server: Crashable, tmp_path: Path) -> None:
    streams = [str(uuid4()) for _ in range(12)]
    acknowledged: list[list[str]] = []
    in_doubt: list[list[str]] = []
    with ExitStack() as stack:
        crew = [
            stack.enter_context(PythonProcess("crew", server.conninfo, str(tmp_path), str(number)))
            for number in range(WRITERS)
        ]
        assert [writer.hear() for writer in crew] == ["ready"] * WRITERS
        for _ in range(ROUNDS):
            for report in _one_round(server, crew, streams):
                acknowledged += report["acknowledged"]
                in_doubt += report["in_doubt"]

    assert server.stops == ROUNDS
    assert len(acknowledged) > 10 * ROUNDS
    _check(server.conninfo, tmp_path, acknowledged, in_doubt)


def _one_round(server: Crashable, crew: list[PythonProcess], streams: list[str]) -> list[dict[str, Any]]:
    """Append, stop the server in the middle of it, start it, go on for a moment."""
    for writer in crew:
        writer.tell(streams)
    time.sleep(_SECONDS)  # as much work as fits
    server.stop_immediately()
    server.start()
    time.sleep(_SECONDS / 2)  # they find the server again
    for writer in crew:
        writer.tell("rest")
    return [writer.hear() for writer in crew]


def _check(conninfo: str, contents: Path, acknowledged: list[list[str]], in_doubt: list[list[str]]) -> None:
    with open_pool(conninfo, max_size=4, name="check") as pool, Store(pool, MASTER, contents) as store:
        log = store.read.log(0, 10_000_000, open=True)
        _check_log(log)
        written = _check_batches(log, acknowledged, in_doubt)
        moved = store.positions.look_up([source_of(number) for number in range(WRITERS)])
    assert sum(moved.values()) == len(written)
    _check_side_rows(conninfo, log, len(written))


def _check_log(log: list[Recorded]) -> None:
    assert [one.position for one in log] == list(range(1, len(log) + 1))
    assert [one.recorded_at for one in log] == sorted(one.recorded_at for one in log)
    versions: dict[UUID, list[int]] = {}
    for one in log:
        versions.setdefault(one.stream, []).append(one.version)
        assert isinstance(one.event, NoteAdded)
        assert one.event.note == text_of(one.envelope.event_id)
    assert [found for found in versions.values() if found != list(range(1, len(found) + 1))] == []


def _check_batches(
    log: list[Recorded], acknowledged: list[list[str]], in_doubt: list[list[str]]
) -> list[tuple[str, ...]]:
    """Every acknowledged batch stands once, one in doubt once or not at all, nothing else, each in one piece."""
    stored = [str(one.envelope.event_id) for one in log]
    assert set(Counter(stored).values()) == {1}
    written = list(zip(*(stored[start::EVENTS] for start in range(EVENTS)), strict=True))
    promised, doubtful = set(map(tuple, acknowledged)), set(map(tuple, in_doubt))
    assert promised <= set(written) <= promised | doubtful
    times = [{one.recorded_at for one in log[at : at + EVENTS]} for at in range(0, len(log), EVENTS)]
    assert {len(each) for each in times} == {1}
    return written


def _check_side_rows(conninfo: str, log: list[Recorded], batches: int) -> None:
    """One row of each kind for each batch that stands, of the streams that stand."""
    own = {one.stream for one in log if one.version == 2 and log[one.position - 2].stream == one.stream}
    tables = ("answers", "messages", "conversations")
    with psycopg.connect(conninfo) as connection:
        found = {
            table: {row[0] for row in connection.execute(f"SELECT stream FROM plaint.{table}")} for table in tables
        }
        contacts = connection.execute("SELECT count(*) FROM plaint.contacts").fetchone()
        keys = connection.execute("SELECT count(*) FROM plaint_keys.data_keys").fetchone()
    assert found == dict.fromkeys(tables, own)
    assert contacts == (batches,) == (len(own),)
    assert keys == (len({one.stream for one in log}),)
