"""The command line, run within the test's own process: what it printed, what it said, how it ended."""

import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from consumers.cli.main import run


@dataclass(frozen=True)
class Outcome:
    """How a command ended. ``out`` is data, ``err`` messages."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return the one JSON document that stdout holds."""
        return json.loads(self.out)


class CommandLine:
    """Runs commands with these settings, without a terminal."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings = dict(settings)

    def __call__(self, *arguments: str, stdin: bytes = b"", **settings: str) -> Outcome:
        """Run one command; ``settings`` are further ones for this call."""
        out, err = _stream(), _stream(errors="backslashreplace")
        with _environment({**self.settings, **settings}), _standing_in(out, err, _stream(stdin)):
            code = run(arguments)
        return Outcome(code, _text(out), _text(err))

    def ok(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        """Run one command that must succeed."""
        outcome = self(*arguments, stdin=stdin)
        assert outcome.code == 0, outcome
        return outcome


def _stream(octets: bytes = b"", errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(octets), encoding="utf-8", errors=errors, write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _standing_in(out: io.TextIOWrapper, err: io.TextIOWrapper, given: io.TextIOWrapper) -> Iterator[None]:
    before = sys.stdout, sys.stderr, sys.stdin
    sys.stdout, sys.stderr, sys.stdin = out, err, given
    try:
        yield
    finally:
        sys.stdout, sys.stderr, sys.stdin = before
        structlog.reset_defaults()
