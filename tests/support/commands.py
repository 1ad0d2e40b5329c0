"""Any command that a complaint understands, over few ids, so that generated scripts meet themselves again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from engine.complaint.decider import ComplaintCommand
from schemas.catalogue import COMMANDS
from schemas.words import Money
from support.scenario import ANNA, BORIS, CLERK, COMPLAINANT, INTAKE, MONDAY, OPENING, STREAM, TIMER, uid

PEOPLE: Final = (ANNA, BORIS, CLERK)
LIMIT: Final = 100
"""Of money that the rule approves itself, in EUR."""


def _ids(kind: str) -> SearchStrategy[Any]:
    return st.sampled_from([uid(f"{kind}{n}") for n in range(3)])


def _maybe(values: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | values


_MESSAGES = st.sampled_from([OPENING, *(uid(f"m{n}") for n in range(6))])
_CHANNELS = st.sampled_from(["email", "review", "letter"])
_MONEY = st.builds(
    lambda amount, currency: Money(amount=amount, currency=currency),
    st.sampled_from([60, 100, 250, 40, 101, 0]),
    st.sampled_from(["EUR", "EUR", "EUR", "USD"]),
)
_MOSTLY_MONEY = st.one_of(_MONEY, _MONEY, _MONEY, st.none())
_OTHERS = st.sampled_from([STREAM, uid("case1"), uid("case2")])
_TEXT = _maybe(st.sampled_from(["one", "two"]))
_CODES = st.sampled_from(["a", "b"])
_TIMES = st.integers(0, 60).map(lambda days: MONDAY + timedelta(days=days))
_POINTS = st.sampled_from([(), ({"point": 1},), ({"point": 2, "type": "price"},), ({"point": 1, "serial": "SN"},)])
_CONTENT = st.fixed_dictionaries(
    {
        "message": _MESSAGES,
        "channel": _CHANNELS,
        "subject_id": st.sampled_from([COMPLAINANT, uid("other person")]),
        "role": st.sampled_from(["complainant", "representative", "authority"]),
        "direction": st.sampled_from(["inbound", "inbound", "inbound", "outbound"]),
        "automated": st.sampled_from([None, None, None, "auto_reply"]),
        "sense": st.sampled_from(["complaint", "thanks", "question", "unknown"]),
        "public": st.booleans(),
        "body": _TEXT,
    }
)
_FILE = {"media_type": "image/png", "size": 1, "sha256": "0" * 64}
_REMEDIES = st.lists(_ids("r"), max_size=2).map(tuple)
_WAIT = st.sampled_from(["complainant", "third_party"])
_CLOCK = {"clock": st.sampled_from(["resolution", "first_reply", "stage:investigation", "update"])}

_UNUSUAL = {"measure": "number", "against": "limit", "value": "7", "bound": "6", "cases": 5, "days": 365}
FIELDS: Final[Mapping[str, Mapping[str, SearchStrategy[Any]]]] = {
    "complaint.receive": {"content": _CONTENT, "points": _POINTS},
    "complaint.register": {"points": _POINTS},
    "complaint.acknowledge": {"channel": _CHANNELS},
    "complaint.classify": {"type": _maybe(st.sampled_from(["price", "product"])), "points": _POINTS},
    "complaint.prioritise": {"priority": st.sampled_from(["low", "urgent"])},
    "complaint.set_field": {"field": _CODES, "value": _maybe(st.sampled_from([1, True, "a"])), "text": _TEXT},
    "complaint.assign": {"team": _maybe(_CODES), "assignee": _maybe(st.sampled_from(PEOPLE))},
    "complaint.escalate": {"level": st.integers(1, 3), "reason": _CODES},
    "complaint.record_message": {
        "message": _MESSAGES,
        "channel": _CHANNELS,
        "direction": st.sampled_from(["outbound", "internal", "inbound"]),
        "purpose": _maybe(st.sampled_from(["notice", "final", "public_closing"])),
        "visibility": st.sampled_from(["public", "private"]),
    },
    "complaint.report_delivery": {"message": _MESSAGES, "status": st.sampled_from(["delivered", "failed"])},
    "complaint.reply": {
        "message": _maybe(_MESSAGES),
        "final": st.booleans(),
        "channel": _CHANNELS,
        "body": st.just("Dear Sir"),
        "counterparty": st.sampled_from([None, "representative", "authority"]),
    },
    "complaint.review_reply": {"message": _MESSAGES, "scores": st.just(({"criterion": "tone", "score": 5},))},
    "complaint.add_note": {"note": st.just("Noted")},
    "complaint.add_attachment": {"attachment": _ids("f").map(lambda content: {**_FILE, "content_id": content})},
    "complaint.add_party": {"party": _ids("p").map(lambda subject: {"role": "respondent", "subject_id": subject})},
    "complaint.request_information": {"request_id": _ids("q"), "from": _WAIT},
    "complaint.provide_information": {"request_id": _maybe(_ids("q")), "from": _WAIT},
    "complaint.start_investigation": {"investigator": _maybe(st.sampled_from(PEOPLE))},
    "complaint.establish_cause": {
        "cause": st.sampled_from(["people", "process"]),
        "responsibility": st.just("company"),
        "findings": _TEXT,
    },
    "complaint.assign_action": {"action_id": _ids("a")},
    "complaint.complete_action": {"action_id": _ids("a")},
    "complaint.report_cause_mended": {"problem": _ids("p")},
    "complaint.propose_remedy": {
        "remedy_id": _ids("r"),
        "form": st.sampled_from(["refund", "refund", "repair"]),
        "ground": st.just("fault"),
        "amount": _MOSTLY_MONEY,
    },
    "complaint.approve_remedy": {"remedy_id": _ids("r"), "amount": _MOSTLY_MONEY},
    "complaint.reject_remedy": {"remedy_id": _ids("r")},
    "complaint.offer_remedies": {"remedy_ids": _REMEDIES},
    "complaint.accept_remedies": {"remedy_ids": _REMEDIES},
    "complaint.refuse_remedies": {"remedy_ids": _REMEDIES},
    "complaint.compensate": {"remedy_id": _ids("r"), "amount": _MOSTLY_MONEY},
    "complaint.reverse_remedy": {"remedy_id": _ids("r"), "amount": _MOSTLY_MONEY},
    "complaint.question_remedies": {"unusual": st.just((_UNUSUAL,))},
    "complaint.report_miss": {**_CLOCK, "cycle": st.integers(1, 2), "instance": st.just(1), "due_at": _TIMES},
    "complaint.reapply_sla": {},
    "complaint.escalate_by_clock": {
        **_CLOCK,
        "cycle": st.integers(1, 2),
        "instance": st.just(1),
        "due_at": _TIMES,
        "level": st.integers(0, 2),
    },
    "complaint.extend_deadline": {**_CLOCK, "due_at": _TIMES},
    "complaint.promise": {"promise_id": _ids("w"), "due": _TIMES},
    "complaint.keep_promise": {"promise_id": _ids("w")},
    "complaint.resolve": {"outcome": st.sampled_from(["upheld", "not_upheld"])},
    "complaint.accept_outcome": {},
    "complaint.dispute_outcome": {},
    "complaint.discontinue": {"reason": st.sampled_from(["duplicate", "clarified", "customer_unresponsive"])},
    "complaint.close": {
        "reason": st.sampled_from(["decision", "decision", "outcome_accepted", "rated", "term_elapsed"])
    },
    "complaint.reopen": {},
    "complaint.invite_survey": {"survey": _CODES},
    "complaint.rate": {
        "scores": st.integers(1, 2).map(lambda score: ({"parameter": "overall", "score": score},)),
        "cycle": _maybe(st.integers(1, 3)),
    },
    "complaint.link": {"other": _OTHERS, "kind": st.sampled_from(["similar", "merged"]), "confirmed": st.booleans()},
    "complaint.move_message": {"message": _MESSAGES, "other": _OTHERS},
    "complaint.correct": {"event_id": st.integers(0, 30).map(lambda n: uid(f"event {n}")), "note": _TEXT},
    "complaint.place_legal_hold": {"hold_id": _ids("h"), "holder": _CODES, "reason": _CODES},
    "complaint.release_legal_hold": {"hold_id": _ids("h"), "reason": _CODES},
}
"""By command, how its fields are drawn; a test holds it against the catalogue."""


def _command(name: str) -> SearchStrategy[ComplaintCommand]:
    return st.fixed_dictionaries(dict(FIELDS[name])).map(COMMANDS[name].model_validate)  # type: ignore[arg-type]  # the catalogue types all commands alike; FIELDS names those of a complaint


@dataclass(frozen=True, slots=True)
class Ask:
    """One line of a script."""

    command: ComplaintCommand
    by: str
    claimed: bool
    why: bool
    days: int
    """Since the line before."""


def scripts(*names: str, min_size: int = 10, max_size: int = 40) -> SearchStrategy[list[Ask]]:
    """Return scripts of these commands (of all, where none is named), long enough to get somewhere.

    A name that stands twice is drawn twice as often.
    """
    commands: SearchStrategy[ComplaintCommand] = st.sampled_from(sorted(names or FIELDS)).flatmap(_command)
    asks = st.builds(
        Ask,
        command=commands,
        by=st.sampled_from([*PEOPLE, INTAKE, TIMER]),
        claimed=st.sampled_from([False, False, False, True]),
        why=st.sampled_from([False, False, True]),
        days=st.sampled_from([0, 0, 1, 20]),
    )
    return st.lists(asks, min_size=min_size, max_size=max_size)
