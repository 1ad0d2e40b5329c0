"""The views of this program; adding one is a folder and its name here."""

from projections.runtime.projection import Projection
from projections.views.audit_trail.rows import AuditTrail
from projections.views.cases.rows import Cases
from projections.views.funnel.rows import Funnel
from projections.views.search.rows import Search
from projections.views.sla_timers.rows import SlaTimers


def all_views() -> tuple[Projection, ...]:
    """Return every view, in the order in which they are written."""
    return Cases(), SlaTimers(), Funnel(), AuditTrail(), Search()
