"""What the rules of notices look at in a case."""

from uuid import UUID

from engine.complaint.case import Case
from engine.complaint.stage import Closed, Exited
from engine.rules.notices import OPT_OUT, Seen
from engine.text.authenticity import TAG


def seen(case: Case, stream: UUID) -> Seen:
    """Return what a case shows to the rules that say who is told."""
    stage = case.stage.after_exit if isinstance(case.stage, Closed) else case.stage
    return Seen(
        stream=stream,
        cycle=case.cycle,
        public=case.registration.public,
        is_open=case.lifecycle.is_open,
        is_closed=isinstance(case.stage, Closed),
        exit=stage.reason if isinstance(stage, Exited) else None,
        team=case.assignment.team,
        assignee=case.assignment.assignee,
        suspected=TAG in case.classification.tags,
        opted_out=OPT_OUT in case.classification.fields,
        sent=sum(
            message.automated and message.to_complainant and message.cycle == case.cycle
            for message in case.correspondence.messages
        ),
    )
