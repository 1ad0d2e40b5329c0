"""What can go wrong between the program and its database, each with its way out.

No message carries a password, a row or a statement: only paths, versions and names.
"""


class DatabaseError(Exception):
    """The database cannot be used as asked; the text names the cause and the fix."""


class DatabaseUnavailable(DatabaseError):
    """The database does not answer now. The same call may succeed later or after the fix."""


class DataDirectoryRefused(DatabaseError):
    """The data directory cannot be used as it is. Trying again does not help, the fix does."""


class MigrationRefused(DatabaseError):
    """A migration file does not fit the database; nothing of it was applied."""
