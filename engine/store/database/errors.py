"""What can go wrong between the program and its database, each with its way out.

No message carries a password, a row or a statement: only paths, versions and names.
"""

from collections.abc import Mapping, Sequence


class DatabaseError(Exception):
    """The database cannot be used as asked; the text names the cause and the fix."""


class DatabaseUnavailable(DatabaseError):
    """The database does not answer now. The same call may succeed later or after the fix."""


class DataDirectoryRefused(DatabaseError):
    """The data directory cannot be used as it is. Trying again does not help, the fix does."""


class MigrationRefused(DatabaseError):
    """A migration file does not fit the database; nothing of it was applied."""


class MayNotMigrate(MigrationRefused):
    """Steps are pending, and this role may not take them."""

    def __init__(self, role: str, names: Sequence[str]) -> None:
        self.role, self.names = role, tuple(names)
        super().__init__(
            f"the role {role!r} may not change the tables, and the database lacks {', '.join(names)}: "
            "run `plaint store migrate` with the role of migrations in PLAINT_DATABASE"
        )


class OlderProgramsRun(DatabaseUnavailable):
    """A contract step takes away what running programs need; nothing of it was applied."""

    def __init__(self, name: str, running: Mapping[int, int]) -> None:
        self.name, self.running = name, dict(running)
        count = sum(running.values())
        programs = "1 older program runs" if count == 1 else f"{count} older programs run"
        versions = ", ".join(str(version) for version in sorted(running))
        super().__init__(
            f"{name} takes away what older programs need, and {programs} (built for version {versions}): "
            "end them, then try again"
        )


class ProgramTooOld(DatabaseError):
    """The database no longer has what this program needs. Trying again does not help, a newer program does."""

    def __init__(self, version: int, name: str) -> None:
        self.version, self.name = version, name
        super().__init__(
            f"this program was built for version {version} of the database, which has taken {name} since and lacks "
            "what this program needs: run a newer Plaint"
        )


class RoleRefused(DatabaseError):
    """A login role cannot be given these rights; nothing was changed."""
