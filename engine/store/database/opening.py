"""May this program work on this database, and who brings the database into shape?

Asked once at every start, in this order: the program lets itself be seen (`running`), learns
whether it is too old, then takes the missing steps or refuses to go on without them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Literal

import psycopg
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege
from psycopg.rows import TupleRow

from engine.store.database import migrate, roles, running
from engine.store.database.errors import DatabaseError, DatabaseUnavailable, MigrationRefused
from engine.store.database.running import Presence
from engine.store.database.steps import Applied, must_fit, newest, pending, steps_of, without_last_contracts

Policy = Literal["never", "auto", "all"]
"""What a start does about missing steps: nothing, it refuses; it takes those that it needs; it takes all that it may,
for a database that is this installation's alone."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A program that may work. `presence` is to be closed when it ends; `left` are contract steps still to be taken."""

    presence: Presence
    taken: tuple[Applied, ...]
    left: tuple[str, ...]


def open_database(conninfo: str, policy: Policy, source: Traversable | None = None) -> Opened:
    """Let this program in.

    Raises:
        ProgramTooOld: the database lacks what it needs.
        OlderProgramsRun: it needs a contract step, and older programs run.
        MayNotMigrate: steps are missing, and this role may not take them.
        MigrationRefused: steps are missing and `policy` is "never", or files contradict the database.
        DatabaseUnavailable: it does not answer, or others hold locks.
        DatabaseError: it answers, but may not be used as we need.
    """
    presence = Presence(conninfo, newest(steps_of(source)))
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            running.must_not_be_too_old(connection, presence.version)
            taken = _bring_into_shape(connection, policy, source)
            left = tuple(step.name for step in pending(steps_of(source), migrate.applied(connection)))
            return Opened(presence, tuple(taken), left)
    except BaseException as error:
        presence.close()
        raise _in_words(error) from error


def _bring_into_shape(
    connection: Connection[TupleRow], policy: Policy, source: Traversable | None
) -> Iterable[Applied]:
    if policy == "never":
        _must_be_complete(connection, source)
        return ()
    return take_steps(connection, source, contracts="if_alone" if policy == "all" else "leave")


def take_steps(
    connection: Connection[TupleRow],
    source: Traversable | None = None,
    *,
    contracts: migrate.Contracts,
    patience_seconds: float = migrate.PATIENCE_SECONDS,
    report: migrate.Report = lambda *_: None,
) -> list[Applied]:
    """Take the missing steps as ``migrate`` does, then give recorded roles their rights on what those made.

    Rights are given for steps that were taken before one was refused, too; where none was taken, rights are let be.

    Raises:
        DatabaseError: as ``migrate``.
    """
    names: list[str] = []

    def heard(name: str, what: migrate.What) -> None:
        report(name, what)
        if what == "taken":
            names.append(name)

    try:
        return migrate.migrate(connection, source, contracts=contracts, patience_seconds=patience_seconds, report=heard)
    finally:
        if names and not connection.closed:
            roles.renew(connection)


def _must_be_complete(connection: Connection[TupleRow], source: Traversable | None) -> None:
    steps, past = steps_of(source), migrate.applied(connection)
    must_fit(steps, past)
    missing = without_last_contracts(pending(steps, past))
    if missing:
        names = ", ".join(step.name for step in missing)
        raise MigrationRefused(f"the database lacks {names}: run `plaint store migrate`, or set PLAINT_MIGRATE=auto")


def _in_words(error: BaseException) -> BaseException:
    if isinstance(error, psycopg.OperationalError):
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        return DatabaseUnavailable(f"the database of PLAINT_DATABASE does not answer: {reason}")
    if isinstance(error, InsufficientPrivilege):
        return DatabaseError(
            f"this database role may not use the tables ({error.diag.message_primary}): "
            "let their owner run `plaint store grant ROLE --as door`"
        )
    if isinstance(error, psycopg.Error):
        reason = error.diag.message_primary or type(error).__name__
        return DatabaseError(f"the database cannot be brought into shape: {reason}")
    return error
