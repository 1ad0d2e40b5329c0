"""What is a step of the database's shape, and which files hold them?

A step is a plain SQL file `NNNN_expand_what.sql` (adds; old programs go on working) or
`NNNN_contract_what.sql` (takes away what older programs need). Once applied anywhere, a file is
never edited: the next number says what is different.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Literal

from engine.store.database.errors import MigrationRefused

Kind = Literal["expand", "contract"]

_NAME = re.compile(r"(?P<version>\d{4})_(?P<kind>expand|contract)_[a-z0-9_]+\.sql")


@dataclass(frozen=True)
class Step:
    """One file. `sha256` is of its statements with line feeds alone at the ends of lines."""

    version: int
    name: str
    kind: Kind
    statements: bytes
    sha256: str


@dataclass(frozen=True)
class Applied:
    """A step that was taken; `applied_at` is the server's time of its transaction, UTC."""

    version: int
    name: str
    sha256: str
    applied_at: datetime

    @property
    def kind(self) -> Kind:
        return "contract" if "_contract_" in self.name else "expand"


def steps_of(source: Traversable | None = None) -> list[Step]:
    """The steps that this program knows, in order; `source` is a folder of files, by default this package's own.

    Raises:
        MigrationRefused: a name does not fit, or a number is given twice.
    """
    folder = source or resources.files("engine.store.database").joinpath("migrations")
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    steps = [_step(file) for file in sorted(files, key=lambda file: file.name)]
    for earlier, later in pairwise(steps):
        if earlier.version == later.version:
            raise MigrationRefused(
                f"{earlier.name} and {later.name} have the same number: give the later one a new number"
            )
    return steps


def newest(steps: Sequence[Step]) -> int:
    """The version of the shape that a program with these steps was built for."""
    return max((step.version for step in steps), default=0)


def same(step: Step, applied: Applied) -> bool:
    """Is the file the one that was applied?"""
    return (step.name, step.sha256) == (applied.name, applied.sha256)


def pending(steps: Sequence[Step], past: Mapping[int, Applied]) -> list[Step]:
    """The steps that the database has not taken."""
    return [step for step in steps if step.version not in past]


def without_last_contracts(steps: Sequence[Step]) -> list[Step]:
    """`steps` without the contract steps at their end.

    This program runs with those pending. Where an expand step comes after a contract step it builds
    on it, so that both are needed.
    """
    kept = list(steps)
    while kept and kept[-1].kind == "contract":
        kept.pop()
    return kept


def must_fit(steps: Sequence[Step], past: Mapping[int, Applied]) -> None:
    """Refuse files that contradict what was applied.

    Raises:
        MigrationRefused: an applied file was changed or is gone, or a number came too late.
    """
    files = {step.version: step for step in steps}
    newest_past = max(past, default=0)
    for version, applied in past.items():
        step = files.get(version)
        if step is None and version < newest(steps):
            raise MigrationRefused(f"{applied.name} was applied to this database but its file is gone: put it back")
        if step is not None and not same(step, applied):
            raise MigrationRefused(
                f"{step.name} is not the file that was applied as {applied.name}: put the old "
                "one back and write what is different under a new number"
            )
    for step in pending(steps, past):
        if step.version < newest_past:
            raise MigrationRefused(
                f"{step.name} comes too late, {past[newest_past].name} has been applied: give it a new number"
            )


def _step(file: Traversable) -> Step:
    found = _NAME.fullmatch(file.name)
    if found is None:
        raise MigrationRefused(
            f"{file.name} is no name of a migration: NNNN_expand_what.sql or NNNN_contract_what.sql, in small letters"
        )
    # A checkout may have changed the ends of lines; the step is the same.
    statements = file.read_bytes().replace(b"\r\n", b"\n")
    kind: Kind = "expand" if found["kind"] == "expand" else "contract"
    digest = hashlib.sha256(statements).hexdigest()
    return Step(int(found["version"]), file.name, kind, statements, digest)
