"""The views of this program; adding one is a folder and its name here."""

from projections.runtime.projection import Projection
from projections.views.audit_trail.rows import AuditTrail
from projections.views.campaigns.rows import Campaigns
from projections.views.case_fields.rows import CaseFields
from projections.views.cases.rows import Cases
from projections.views.causes.rows import Causes
from projections.views.details.rows import Details
from projections.views.funnel.rows import Funnel
from projections.views.problems.rows import Problems
from projections.views.remedies.rows import Remedies
from projections.views.replies.rows import Replies
from projections.views.satisfaction.rows import Satisfaction
from projections.views.search.rows import Search
from projections.views.similar.rows import Similar
from projections.views.sla_timers.rows import SlaTimers
from projections.views.workload.rows import Workload


def all_views() -> tuple[Projection, ...]:
    """Return every view, in the order in which they are written."""
    figures = (Satisfaction(), Causes(), Remedies(), Workload(), Details(), CaseFields(), Campaigns())
    words = (Problems(), Similar(), Replies())
    return Cases(), SlaTimers(), Funnel(), AuditTrail(), Search(), *figures, *words
