"""What a delivery report says of a message of ours: it names the mail by its Message-ID, which begins with our id."""

from uuid import UUID

from engine.complaint.case import Case
from engine.streams.survey import Respondent
from engine.streams_of import StreamState
from schemas.channels.message import Message
from schemas.complaint.correspondence import ReportDelivery
from schemas.streams.survey import ReportSurveyDelivery


def report_of(message: Message, state: StreamState) -> ReportDelivery | None:
    """Return what became of a message that this case has sent; None where this is no report, or on none of its own.

    Only automatic mail is a report, and only who got our mail knows its id.
    """
    report = message.delivery_report if message.automated == "delivery_report" else None
    if report is None or not isinstance(state, Case):
        return None
    ours = _id_in(report.message_id)
    sent = state.correspondence.message(ours) if ours is not None else None
    if sent is None or sent.direction != "outbound":
        return None
    return ReportDelivery(message=sent.message, status=report.status)


def report_on_survey(message: Message, state: StreamState) -> ReportSurveyDelivery | None:
    """Return what became of a mail by which a campaign asked somebody; None where this is no report on one."""
    report = message.delivery_report if message.automated == "delivery_report" else None
    if report is None or not isinstance(state, Respondent):
        return None
    ours = _id_in(report.message_id)
    if ours is None or all(ours not in one.messages for one in state.invitations):
        return None
    return ReportSurveyDelivery(message=ours, status=report.status)


def _id_in(message_id: str | None) -> UUID | None:
    try:
        return UUID((message_id or "").lstrip("<").partition("@")[0])
    except ValueError:
        return None
