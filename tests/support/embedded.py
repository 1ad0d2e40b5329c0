"""Other processes that use an embedded database, and the places where tests put one."""

import atexit
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.server import supervision
from engine.store.database.server.cluster import Home

# The user is changed after the imports: the interpreter may lie where only root comes.
BECOME = """
import os, sys
from pathlib import Path
from engine.store.database.embedded import EmbeddedPostgres
from engine.store.database.server.account import Account
if sys.argv[2]:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
"""
_USE = """
server = EmbeddedPostgres.start(Path(sys.argv[1]))
print(server.conninfo, server.server_pid(), sep="\\n", flush=True)
sys.stdin.readline()
print(server.leave(), flush=True)
"""


class OtherProcess:
    """A process that joins the database of `data_dir` and stays until told to leave."""

    def __init__(self, data_dir: Path, *, uid: int | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", BECOME + _USE, str(data_dir), "" if uid is None else str(uid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )

    @property
    def conninfo(self) -> str:
        return self._joined[0]

    @property
    def server_pid(self) -> int:
        return int(self._joined[1])

    @cached_property
    def _joined(self) -> tuple[str, str]:
        """Wait until the process has joined."""
        return self._line(), self._line()

    def leave(self) -> bool:
        """Let it leave; was it the last?"""
        _ = self._joined
        if self._process.stdin is None:
            raise AssertionError("the process was started without a way to speak to it")
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._line() == "True"

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._process.kill()
        self._process.wait()

    def _line(self) -> str:
        if self._process.stdout is None:
            raise AssertionError("the process was started without a way to hear it")
        line = self._process.stdout.readline().strip()
        if not line:
            raise AssertionError(f"the process ended with {self._process.wait()}; its error is above")
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def temporary_data_dir(name: str | None = None) -> Iterator[Path]:
    """A place for a data directory that the database's user can reach even when root runs the test.

    pytest's `tmp_path` lies below a directory that is root's alone. Whatever server a failed test
    leaves in it is stopped at the end.
    """
    with tempfile.TemporaryDirectory(prefix="plaint-", ignore_cleanup_errors=True) as place:
        data_dir = Path(place)
        if name is not None:
            data_dir.chmod(0o711)
            data_dir = data_dir / name
        yield data_dir
        supervision.stop(Home(data_dir / "postgresql"))


@contextmanager
def made_data_dir(pg_bin: Path | None = None) -> Iterator[Path]:
    """A temporary data directory in which a server has been before: a copy.

    A start in it takes a twentieth of a first one, which makes the files and waits until they are on the disk.
    """
    with temporary_data_dir() as data_dir:
        home = Home(data_dir / "postgresql")
        home.path.mkdir(0o700)
        made = _made(pg_bin)
        subprocess.run(["cp", "-a", made.cluster, made.passfile, home.path], check=True)
        yield data_dir


@cache
def _made(pg_bin: Path | None) -> Home:
    """Where a server has been, once for this process and these programs."""
    stack = ExitStack()
    atexit.register(stack.close)
    data_dir = stack.enter_context(temporary_data_dir())
    EmbeddedPostgres.start(data_dir, pg_bin).leave()
    return Home(data_dir / "postgresql")
