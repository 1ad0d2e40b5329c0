"""Was a transaction committed whose commit got no answer? The server remembers, whatever it wrote."""

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow


class Forgotten(Exception):
    """The server does not know any more what became of the transaction: it is too long ago."""


def is_committed(connection: Connection[TupleRow], transaction: str) -> bool:
    """Return what became of a transaction, by its full id (``pg_current_xact_id``).

    The caller holds the lock that it held, so it is over. A server that crashed and came back
    counts one that it never heard of as not committed.

    Raises:
        Forgotten: it cannot be known.
    """
    try:
        row = connection.execute("SELECT pg_xact_status(%s::xid8)", (transaction,)).fetchone()
    except psycopg.errors.InvalidParameterValue:  # "in the future": the crash lost even its number
        return False
    status = row[0] if row else None
    if status is None:
        raise Forgotten(f"transaction {transaction}")
    return bool(status == "committed")
