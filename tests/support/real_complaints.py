"""Every complaint of both real files, told once for a run."""

from functools import cache
from pathlib import Path

from support.real_files import rows, traces
from support.real_table import complaint
from support.real_tickets import ticket
from support.real_told import Told


@cache
def both(folder: Path) -> tuple[Told, ...]:
    """Return every complaint of both files, the help desk's first, as they were imported."""
    return (*(ticket(trace) for trace in traces(folder)), *(complaint(row) for row in rows(folder)))
