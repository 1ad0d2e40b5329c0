"""``plaint bench http``: commands and reads of cases over HTTP, against bare commits, on a log of a million events.

The door is ``plaint serve``, a process of its own on the database of this run. Commands come at a steady rate,
over connections that stay open, and wait for nobody: each is due at its time and measured from then, so that one
that is late makes the next ones late, too. Bare commits of one row each come at the same rate, right after them,
through a pool of this process that is opened as the door opens its own. Reads fold cases from all over the log,
which holds the same histories many times, each under an id of its own.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from random import Random
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import Any, Final
from uuid import UUID

from consumers.bench import data
from consumers.bench.data import Supply
from consumers.bench.shape import Result, Round, limited, within
from consumers.bench.stand import Stand
from consumers.wiring import clock
from engine.incoming import Done

RATE: Final = 100
"""Requests a second."""
_CONNECTIONS: Final = 16
_PATIENCE_SECONDS: Final = 60.0
_PROGRAM: Final = (sys.executable, "-c", "from consumers.cli.main import main; main()", "serve")
_COPIES: Final = """
    INSERT INTO plaint.events (position, recorded_at, stream, version, name, state)
    SELECT %(head)s + row_number() OVER (ORDER BY copies.nth, e.position),
           %(at)s::timestamptz + row_number() OVER (ORDER BY copies.nth, e.position) * interval '1 microsecond',
           copies.stream, e.version, e.name, e.state
    FROM (SELECT old, nth, gen_random_uuid() AS stream
          FROM unnest(%(old)s::uuid[]) AS old, generate_series(1, %(times)s) AS nth) AS copies
    JOIN plaint.events AS e ON e.stream = copies.old
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; seconds are of one round."""

    rounds: int
    seconds: float
    events: int
    """Of the log."""
    cases: int
    """That commands are given for, and as many whole histories that are multiplied."""


FULL = Size(rounds=5, seconds=10, events=1_000_000, cases=200)
QUICK = Size(rounds=1, seconds=1, events=5_000, cases=20)


def measure(stand: Stand) -> list[Result]:
    """Return the figures of the HTTP door."""
    size = QUICK if stand.quick else FULL
    supply = Supply(stand.seed)
    _fill(stand, supply, size)
    open_cases, closed = _open_cases(stand, supply, size), _some_cases(stand, size)
    with _door(stand) as address:
        callers = [_Caller(address, Random(number)) for number in range(_CONNECTIONS)]  # noqa: S311 -- repeatable by seed
        rounds = [_round(stand, callers, open_cases, closed, size, number) for number in range(size.rounds + 1)][1:]
    stand.data_size["http_log_events"] = stand.head()
    stand.data_size["http_commands"] = int(size.rounds * size.seconds * RATE)
    return [
        within("command_p50_vs_commit", "ms", [each.middle for each in rounds], at_most=5),
        limited("command_p99_ms", "ms", [each.late for each in rounds], below=50),
        limited("case_read_p99_ms", "ms", [each.read for each in rounds], below=10),
    ]


@dataclass(frozen=True, slots=True)
class _Measured:
    """One round, in milliseconds, each beside its baseline."""

    middle: Round
    """The middle command against the middle commit."""
    late: Round
    """The slowest of a hundred commands against the slowest of a hundred commits."""
    read: Round
    """The slowest of a hundred reads against the slowest of a hundred answers of a probe that asks nobody."""


def _round(
    stand: Stand, callers: Sequence["_Caller"], cases: Sequence[UUID], closed: Sequence[UUID], size: Size, number: int
) -> _Measured:
    stand.tell(f"commands, round {number} of {size.rounds}")
    streams = cycle(cases)
    for one in callers:
        one.begin()
    commands = _steadily(size, [lambda one=one: one.command(next(streams)) for one in callers])  # type: ignore[misc] # bound at once
    commits = _steadily(size, [_committer(stand)] * _CONNECTIONS)
    stand.tell(f"reads, round {number} of {size.rounds}")
    for one in callers:
        one.begin()
    reads = _steadily(size, [lambda one=one: one.read(closed) for one in callers])  # type: ignore[misc] # bound at once
    probes = _steadily(size, [one.probe for one in callers])
    return _Measured(
        Round(value=median(commands), baseline=median(commits)),
        Round(value=_late(commands), baseline=_late(commits)),
        Round(value=_late(reads), baseline=_late(probes)),
    )


def _late(milliseconds: Sequence[float]) -> float:
    return quantiles(milliseconds, n=100)[98]


def _steadily(size: Size, workers: Sequence[Callable[[], None]]) -> list[float]:
    """Return how many milliseconds behind its time each call was done; workers take turns, ``RATE`` a second."""
    began = perf_counter() + 0.1
    dues = [began + number / RATE for number in range(int(size.seconds * RATE))]
    spent: list[float] = []
    troubles: list[BaseException] = []

    def work(worker: Callable[[], None], own: Sequence[float]) -> None:
        try:
            for due in own:
                sleep(max(0.0, due - perf_counter()))
                worker()
                spent.append((perf_counter() - due) * 1000)
        except BaseException as error:  # noqa: BLE001 -- raised again where the figures are wanted
            troubles.append(error)

    threads = [
        threading.Thread(target=work, args=(worker, dues[number :: len(workers)]), daemon=True)
        for number, worker in enumerate(workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for trouble in troubles:
        raise trouble
    return spent


class Unexpected(Exception):
    """The door answered with something else than success; names the status and the problem's code."""


class _Caller:
    """One connection to the door, used by one thread at a time."""

    def __init__(self, address: str, chance: Random) -> None:
        self._connection = HTTPConnection(address.removeprefix("http://"), timeout=_PATIENCE_SECONDS)
        self._chance = chance
        self._given = 0

    def begin(self) -> None:
        """Connect anew, since the door closes what has been still for seconds."""
        self._connection.close()
        self.probe()

    def command(self, stream: UUID) -> None:
        """Add a note, or hand the case over."""
        self._given += 1
        if self._given % 2:
            self._post(stream, "add-note", {"note": f"Called back, attempt {self._given}; nobody was at home."})
        else:
            self._post(stream, "assign", {"team": f"team-{self._chance.randrange(10**6)}"})

    def read(self, cases: Sequence[UUID]) -> None:
        """Read one of these cases."""
        self._ask("GET", f"/v1/cases/{self._chance.choice(cases)}")

    def probe(self) -> None:
        """Ask what asks nobody."""
        self._ask("GET", "/livez")

    def _post(self, stream: UUID, word: str, fields: dict[str, Any]) -> None:
        body = json.dumps({"fields": fields})
        self._ask("POST", f"/v1/complaints/{stream}/{word}", body, {"Plaint-Person": "anna", **_JSON})

    def _ask(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> None:
        self._connection.request(method, path, body, headers or {})
        answer = self._connection.getresponse()
        told = answer.read()
        if answer.status != _OK:
            raise Unexpected(f"{method} {path}: {answer.status} {json.loads(told).get('code')}")


_JSON: Final = {"Content-Type": "application/json"}
_OK: Final = 200


def _committer(stand: Stand) -> Callable[[], None]:
    """Return what inserts one row and commits it; the size of the row is that of an event."""
    state = bytes(600)
    pool = stand.here.pool
    with pool.connection() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench.committed (id bigserial PRIMARY KEY, state bytea)")

    def commit() -> None:
        with pool.connection() as connection:
            connection.execute("INSERT INTO bench.committed (state) VALUES (%s)", (state,))

    return commit


# ---------------------------------------------------------------------------------------------- the log, the door


def _fill(stand: Stand, supply: Supply, size: Size) -> None:
    """Record whole histories, and multiply them on the server until the log holds so many events."""
    stand.tell("fill the log")
    service = stand.here.service
    cases = supply.past(size.cases)
    service.record(cases, data.around())
    old = [service.identify(case.key) for case in cases]
    head = stand.here.store.read.head()
    times = (size.events - head.position) // (len(old) * len(stand.here.store.read.stream(old[0])))
    with stand.here.pool.connection() as connection:
        connection.execute(_COPIES, {"head": head.position, "at": head.recorded_at, "old": old, "times": times})
    with stand.here.pool.connection() as connection:
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE) plaint.events")
        connection.execute("CHECKPOINT")
        connection.autocommit = False


def _open_cases(stand: Stand, supply: Supply, size: Size) -> list[UUID]:
    """Return complaints that have just come in."""
    around = data.around()
    items = [data.taken(octets, around) for octets in supply.forms(size.cases)]
    results = stand.here.service.submit(items, clock.now())
    return [result.stream for result in results if isinstance(result, Done)]


def _some_cases(stand: Stand, size: Size) -> list[UUID]:
    """Return cases from all over the log."""
    query = """
        SELECT e.stream FROM unnest(%s::bigint[]) AS w (position) JOIN plaint.events AS e USING (position)
        WHERE e.name LIKE 'complaint.%%'
    """
    chance = Random(stand.seed)  # noqa: S311 -- repeatable by seed
    places = sorted(chance.sample(range(1, stand.head()), min(5_000, size.events // 5)))
    with stand.here.pool.connection() as connection:
        return [row[0] for row in connection.execute(query, (places,)).fetchall()]


@contextmanager
def _door(stand: Stand) -> Iterator[str]:
    """Lend the address of a door that answers; it is ended afterwards."""
    here = stand.here
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PLAINT_")},
        "PLAINT_DATABASE": here.conninfo,
        "PLAINT_DATA_DIR": str(here.settings.data_dir),
        "PLAINT_MASTER_KEY_FILE": str(here.settings.master_key),
        "PLAINT_HTTP_PORT": "0",
    }
    said = here.settings.data_dir / "door.log"
    with said.open("w") as log, subprocess.Popen(_PROGRAM, env=environment, stderr=log) as process:
        try:
            yield _address(process, said)
        finally:
            process.terminate()
            process.wait(_PATIENCE_SECONDS)


def _address(process: "subprocess.Popen[bytes]", said: Path) -> str:
    deadline = perf_counter() + _PATIENCE_SECONDS
    while process.poll() is None and perf_counter() < deadline:
        if found := re.search(r"answers at (http://\S+)", said.read_text(encoding="utf-8")):
            return found.group(1)
        sleep(0.05)
    raise Unexpected(f"the door does not open: {said.read_text(encoding='utf-8')[-500:]}")
