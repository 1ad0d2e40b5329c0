"""Is the server alive, start it, wait for it, stop it.

Every function here is called by a holder of `start.lock`, so two processes never start or stop
the same server at once.
"""

import os
import shutil
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import psycopg

from engine.store.database.deadline import Deadline
from engine.store.database.errors import DatabaseUnavailable, DataDirectoryRefused
from engine.store.database.server import tuning
from engine.store.database.server.account import Account
from engine.store.database.server.cluster import PORT, Home
from engine.store.database.server.programs import Programs

_POLL_SECONDS = 0.05
_STOP_PATIENCE_SECONDS = 60.0
_LARGEST_LOG_BYTES = 10_000_000
# A killed server's children hold its shared memory for a moment; a server that another process
# started just before it died may not have written its pid yet. Both pass.
_PASSING_FAILURES = ("shared memory block", "already exists")


@dataclass(frozen=True)
class Launch:
    """All that it takes to start one server and to ask whether it answers."""

    home: Home
    programs: Programs
    account: Account
    socket_directory: Path
    conninfo: str


def ensure_running(launch: Launch, *, patience_seconds: float) -> None:
    """Return once the server answers, found alive or started here; recovery is waited for.

    Raises:
        DatabaseUnavailable: it ended at once, or did not answer within `patience_seconds`
            (then it goes on recovering by itself).
        DataDirectoryRefused: it does not take the password of the data directory.
    """
    deadline = Deadline(patience_seconds)
    attempt: Attempt | None = None
    while not _answers(launch.conninfo, launch.home):
        if deadline.passed():
            raise DatabaseUnavailable(_still_silent(launch.home, patience_seconds))
        if server_pid(launch.home.cluster) is None and (attempt is None or attempt.ended()):
            attempt = Attempt(launch)
        time.sleep(_POLL_SECONDS)


def stop(home: Home) -> None:
    """Stop the server, if it runs: clients are cut off, a checkpoint is written, it is gone.

    Raises:
        DatabaseUnavailable: it is still there after two minutes.
    """
    # "fast", then "immediate": the latter leaves the rest to the recovery of the next start.
    for how in (signal.SIGINT, signal.SIGQUIT):
        pid = server_pid(home.cluster)
        if pid is None:
            return
        os.kill(pid, how)
        deadline = Deadline(_STOP_PATIENCE_SECONDS)
        while server_pid(home.cluster) is not None and not deadline.passed():
            time.sleep(_POLL_SECONDS)
    if server_pid(home.cluster) is not None:
        raise DatabaseUnavailable(f"the database does not stop (process {server_pid(home.cluster)}): see {home.log}")


def server_pid(cluster: Path) -> int | None:
    """The process id of the server that runs on `cluster`, or None if none does."""
    pid = _written_pid(cluster)
    return pid if pid is not None and _serves(pid, cluster) else None


class Attempt:
    """One try to start the server; it outlives this process."""

    def __init__(self, launch: Launch) -> None:
        self._log = launch.home.log
        self._log_start = _roll(self._log)
        self._process = _spawn(launch)
        # Reaps the server if it dies before us; a dead child left unreaped looks alive to others.
        threading.Thread(target=self._process.wait, daemon=True).start()

    def ended(self) -> bool:
        """Has the try failed in a way that passes, so that another one is worth it?

        Raises:
            DatabaseUnavailable: it failed in a way that stays.
        """
        if self._process.poll() is None:
            return False
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            said = log.read().decode("utf-8", "replace")
        if any(passing in said for passing in _PASSING_FAILURES):
            return True
        raise DatabaseUnavailable(
            f"the database ended at start (exit {self._process.returncode}): {said.strip()[-500:]} (see {self._log})"
        )


def _spawn(launch: Launch) -> "Popen[bytes]":
    log = os.open(launch.home.log, os.O_WRONLY | os.O_APPEND)
    given = {**_tuned(launch), **_settings(launch.socket_directory)}
    settings = [f"--{name}={value}" for name, value in given.items()]
    # Process ids are soon used again in containers. PostgreSQL takes this variable for the id of
    # a grandparent and so does not mistake a foreign process for the server that died.
    stale = _written_pid(launch.home.cluster)
    environment = {} if stale is None else {"PG_GRANDPARENT_PID": str(stale)}
    try:
        return launch.account.spawn(
            [str(launch.programs.postgres), "-D", str(launch.home.cluster), *settings],
            out=log,
            err=log,
            environment=environment,
        )
    finally:
        os.close(log)


def _tuned(launch: Launch) -> dict[str, str]:
    """What suits this machine now; every start looks anew."""
    cluster = launch.home.cluster
    free = shutil.disk_usage(cluster).free
    settings = tuning.tuned(tuning.memory_of_machine(), free, lz4=_has_lz4(launch))
    return tuning.unless_chosen(settings, cluster)


def _has_lz4(launch: Launch) -> bool:
    """Was this PostgreSQL built with lz4? It refuses the word where it was not."""
    question = ["-D", str(launch.home.cluster), "-C", "wal_compression", "--wal_compression=lz4"]
    return launch.account.run([str(launch.programs.postgres), *question]).returncode == 0


def _settings(socket_directory: Path) -> dict[str, str]:
    quoted = str(socket_directory).replace('"', '""')
    return {
        "listen_addresses": "",
        "port": PORT,
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "logging_collector": "off",
        "log_destination": "stderr",
        # Statements and details of errors may hold personal data.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }


def _answers(conninfo: str, home: Home) -> bool:
    try:
        psycopg.connect(conninfo, connect_timeout=2).close()
    except psycopg.OperationalError as error:
        if "password" in str(error):
            raise DataDirectoryRefused(
                f"the database in {home.cluster} does not take the password in {home.passfile}: "
                "put back the file that belongs to it"
            ) from error
        return False
    return True


def _still_silent(home: Home, patience_seconds: float) -> str:
    if server_pid(home.cluster) is None:
        return f"the database did not start within {patience_seconds:g} s: see {home.log}"
    return (
        f"the database runs but has not answered for {patience_seconds:g} s, as after a crash, "
        f"when it recovers: it goes on by itself, try again later; {home.log} tells how far it is"
    )


def _written_pid(cluster: Path) -> int | None:
    try:
        first = (cluster / "postmaster.pid").read_text("utf-8").partition("\n")[0]
        return int(first)
    except (FileNotFoundError, ValueError):
        return None


def _serves(pid: int, cluster: Path) -> bool:
    """Is `pid` alive and at work in `cluster`? A server's working directory is its data."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    process = Path("/proc", str(pid))
    if not process.parent.joinpath("self").exists():
        return True
    try:
        state = process.joinpath("stat").read_text("utf-8").rpartition(")")[2].split()[0]
        return state not in "ZX" and process.joinpath("cwd").readlink() == cluster
    except PermissionError:
        return True
    except OSError:
        return False


def _roll(log: Path) -> int:
    """Make room in the log for a new start; return where that start's lines begin."""
    if log.exists() and log.stat().st_size > _LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    log.touch(0o600)
    return log.stat().st_size
