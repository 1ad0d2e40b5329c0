"""The real files, imported once for this folder, and which case each of their complaints became."""

from uuid import UUID

import pytest

from support.real_complaints import both
from support.real_import import Imported, imported
from support.real_told import Told

__all__ = ["imported"]


@pytest.fixture(scope="session")
def cases(imported: Imported) -> dict[UUID, Told]:
    """The complaints of the files by the ids that they were given, told by the line of their first event."""
    line = {(told.unit, told.line): told for told in both(imported.folder)}
    found = imported.rows(
        "SELECT case_id, event_business_unit, (source ->> 'line')::int FROM analytics.audit_entries_v1 "
        "WHERE name = 'complaint.received.v1'"
    )
    return {case: line[unit, number] for case, unit, number in found}
