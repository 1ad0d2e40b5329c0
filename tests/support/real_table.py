"""What every row of the regulator's table must come to, told by the rules of its mapping; see ``real_told``."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from support.real_files import Line
from support.real_told import Cycle, Happened, Told, code

WASHINGTON = ZoneInfo("America/New_York")
CHANNELS = {"Web": "web_form", "Phone": "call", "Referral": "authority", "Postal mail": "letter"}
_ANSWER = "Company response to consumer"


def midnight(day: str) -> datetime:
    """Return 00:00 of a day in Washington."""
    return datetime.combine(date.fromisoformat(day), time(), WASHINGTON).astimezone(UTC)


def ended(row: Line) -> bool:
    """Return whether the company has given its final response."""
    return row[_ANSWER] != "In progress"


def complaint(row: Line) -> Told:
    """Tell one row."""
    received, sent = midnight(row["Date received"]), midnight(row["Date sent to company"])
    answered = sent if ended(row) else None
    outcome = None if not answered else "upheld" if "monetary" in row[_ANSWER] else "not_upheld"
    cycle = Cycle(received, investigated=sent, resolved=answered, closed=answered)
    tags = [code(row[name], prefix) for name, prefix in _TAGS.items() if row[name]]
    made = Told(
        name=row["Complaint ID"], line=row.number, by_day=True, zone=WASHINGTON, unit="main",
        channel=CHANNELS[row["Submitted via"]], complainant=row["Complaint ID"], cycles=[cycle], history=[],
        type=type_of(row["Issue"]), product=code(row["Product"]), subtype=code(row["Issue"]),
        location=code(row["State"], "us-") if row["State"] else None, segment=code(row["Tags"]) or None,
        vulnerable="Older" in row["Tags"], team=code(row["Company"]), outcome=outcome,
        disputed=row["Consumer disputed?"] == "Yes",
        first_reply=(sent, "service:import", code(row["Company"])) if answered else None,
        tags=tuple(tags), fields=_fields(row),
    )  # fmt: skip
    made.history.extend(_of_row(made, row, received, sent))
    return made


_TAGS = {"Sub-issue": "sub-issue:", "Product": "product:", "Sub-product": "sub-product:"}


def _fields(row: Line) -> dict[str, Any]:
    """Return the impersonal fields, in the order in which they are set."""
    found: dict[str, Any] = {}
    if row["Consumer consent provided?"]:
        found["narrative_consent"] = code(row["Consumer consent provided?"])
    found["company_response"] = code(row[_ANSWER])
    if row["Company public response"]:
        found["public_response"] = code(row["Company public response"])
    if row["Timely response?"]:
        found["timely"] = row["Timely response?"] == "Yes"
    if row["Consumer disputed?"] in ("Yes", "No"):
        found["disputed"] = row["Consumer disputed?"] == "Yes"
    if ended(row):
        found["response_date"] = "not-before-sent"
    return found


def _of_row(told: Told, row: Line, received: datetime, sent: datetime) -> Iterator[Happened]:
    def at(moment: datetime, name: str, **facts: Any) -> Happened:
        return Happened(name, moment, row.number, facts=facts)

    yield at(received, "received", channel=told.channel, location=told.location)
    yield at(received, "registered", product=told.product, subtype=told.subtype, type=told.type)
    yield at(received, "sla_applied", policy="us-cfpb")
    yield at(received, "classified", type=told.type, subtype=told.subtype, tags=list(told.tags))
    if row["ZIP code"]:
        yield at(received, "field_set", field="zip_code")
    if "narrative_consent" in told.fields:
        yield at(received, "field_set", field="narrative_consent", value=told.fields["narrative_consent"])
    yield at(sent, "assigned", team=told.team)
    yield at(sent, "investigation_started")
    for name, value in told.fields.items():
        if name != "narrative_consent":
            yield at(sent, "field_set", field=name, value=value)
    if ended(row):
        yield at(sent, "message_recorded", purpose="final", direction="outbound")
        yield at(sent, "replied", final=True)
        yield at(sent, "resolved", outcome=told.outcome)
        if told.disputed:
            yield at(sent, "outcome_disputed")
        yield at(sent, "closed", reason="decision", cycle=1)


def public(row: Line) -> dict[str, Any]:
    """Return a row under the names of the public database, as far as it may come back.

    Words of the Bureau's closed lists are its own; product, issue, company and their like are codes of them.
    """
    codes = {
        "product": "Product", "sub_product": "Sub-product", "issue": "Issue", "sub_issue": "Sub-issue",
        "company_public_response": "Company public response", "company": "Company",
    }  # fmt: skip
    words = {
        "state": "State", "tags": "Tags", "consumer_consent_provided": "Consumer consent provided?",
        "submitted_via": "Submitted via", "company_response": _ANSWER, "timely": "Timely response?",
        "consumer_disputed": "Consumer disputed?",
    }  # fmt: skip
    days = {"date_received": "Date received", "date_sent_to_company": "Date sent to company"}
    return {
        "complaint_what_happened": None, "zip_code": None,
        **{name: code(row[column]) or None for name, column in codes.items()},
        **{name: row[column] or None for name, column in words.items()},
        **{name: date.fromisoformat(row[column]) for name, column in days.items()},
    }  # fmt: skip


_TYPES = {
    "information": (
        "Advertising and marketing, including promotional offers", "Advertising and marketing", "Billing statement",
        "Confusing or misleading advertising or marketing", "Confusing or missing disclosures",
        "Disclosure verification of debt", "False statements or representation",
        "Incorrect information on credit report", "Incorrect information on your report",
        "Written notification about debt", "Unable to get your credit report or credit score",
    ),
    "staff": ("Communication tactics",),
    "price": (
        "Charged fees or interest you didn't expect", "Fees or interest", "Other fee", "Settlement process and costs",
        "Unexpected or other fees", "Wrong amount charged or received",
        "Problem with a lender or other company charging your account",
    ),
    "service": (
        "Account opening, closing, or management", "Applying for a mortgage or refinancing an existing mortgage",
        "Can't contact lender or servicer", "Closing an account", "Closing on a mortgage", "Closing your account",
        "Dealing with your lender or servicer", "Didn't provide services promised", "Getting a credit card",
        "Getting a loan or lease", "Getting the loan", "Improper use of your report",
        "Loan servicing, payments, escrow account", "Managing an account", "Managing the loan or lease",
        "Opening an account", "Problem with a company's investigation into an existing issue",
        "Problem with a company's investigation into an existing problem",
        "Problem with a credit reporting company's investigation into an existing problem",
        "Problem with customer service", "Trouble during payment process",
    ),
}  # fmt: skip


def type_of(issue: str) -> str:
    """Return what an issue is about by our types; one whose words do not say it is ``other``."""
    return next((kind for kind, issues in _TYPES.items() if issue in issues), "other")
