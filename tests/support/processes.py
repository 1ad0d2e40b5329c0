"""Real Python processes that run a module of `support`, one line of JSON each way at a time."""

import json
import os
import subprocess
import sys
from types import TracebackType
from typing import Any, Self


class PythonProcess:
    """``python -m support.MODULE ARGUMENTS``, on the same code and libraries as this process."""

    def __init__(self, module: str, *arguments: str, **settings: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"support.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **settings, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def tell(self, word: Any) -> None:
        """Say something to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(word) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        """Wait for what it says next."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the process ended with {self.process.wait()}; its error is above")
        return json.loads(line)

    def ask(self, word: Any) -> Any:
        """Say something and wait for the answer."""
        self.tell(word)
        return self.hear()

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()


def say(word: Any) -> None:
    """In such a process: answer."""
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


def heard() -> Any:
    """In such a process: what it was told next; None when nobody is there any more."""
    line = sys.stdin.readline()
    return json.loads(line) if line else None
