"""What an event means to the second judge: which words are a reply, an update, a question, a remedy given."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from support.oracle_case import CASE_WIDE, ENDS, PAUSED_BY_WAITING, STAGES, Case, Fields, Rule, Seen


def _with_complainant(event: Seen) -> bool:
    return event.get("counterparty") in (None, "complainant", "representative")


def _outbound(event: Seen, case: Case) -> bool:
    return (
        event.type == "message_recorded"
        and event.get("direction") == "outbound"
        and not event.get("automated")
        and event.get("delivery") != "failed"
        and event.get("message") not in (case.failed | case.moved) - {None}
    )


def is_reply(event: Seen, case: Case) -> bool:
    if event.type == "replied":
        return event.get("message") not in (case.failed | case.moved) - {None}
    return (
        _outbound(event, case)
        and _with_complainant(event)
        and event.get("purpose") not in ("acknowledgement", "notice", "survey")
    )


def is_update(event: Seen, case: Case) -> bool:
    return _outbound(event, case) and _with_complainant(event) and event.get("purpose") != "survey"


def is_question(event: Seen, case: Case) -> bool:
    opener = next((e.get("message") for e in case.events if e.type == "received"), None)
    return (
        event.type == "message_recorded"
        and event.get("direction") == "inbound"
        and not event.get("automated")
        and _with_complainant(event)
        and (opener is None or event.get("message") != opener)
        and event.get("message") not in case.moved - {None}
    )


def _final(event: Seen, case: Case) -> bool:
    word = event.get("final") if event.type == "replied" else event.get("purpose") == "final"
    return bool(word) and is_reply(event, case)


def _remedied(event: Seen, case: Case) -> bool:
    """Whether nothing approved is owed any more after the event; with nothing approved, the final reply stands."""
    if event.type not in _BOOKED and not _final(event, case):
        return False
    before = [e for e in case.events if e.key <= event.key]
    turns = [e.key for e in before if e.told == "reopened"]
    earlier = [e for e in before if turns and e.key < turns[-1]]
    owed = _owed(before)
    if owed:
        return all(_given(remedy, amount, before) for remedy, amount in owed.items())
    return any(_final(e, case) for e in before if e not in earlier)


_BOOKED = (
    "remedy_approved", "remedy_rejected", "remedy_offered", "remedy_accepted", "remedy_refused", "compensated",
    "remedy_reversed",
)  # fmt: skip


def _owed(events: Sequence[Seen]) -> dict[Any, Any]:
    """Return what is approved, without what a cycle before has settled and what the complainant did not choose."""
    owed: dict[Any, Any] = {}
    for number, event in enumerate(events):
        gone: set[Any] = set()
        if event.type == "remedy_approved":
            owed[event.get("remedy_id")] = event.get("amount")
        elif event.type == "remedy_rejected":
            gone = {event.get("remedy_id")}
        elif event.type == "remedy_refused":
            gone = set(event.get("remedy_ids"))
        elif event.type == "remedy_accepted":
            chosen = set(event.get("remedy_ids"))
            offers = [set(e.get("remedy_ids")) for e in events[:number] if e.type == "remedy_offered"]
            gone = {one for offer in offers if offer & chosen for one in offer - chosen}
        elif event.told == "reopened":
            gone = {remedy for remedy, amount in owed.items() if _given(remedy, amount, events[:number])}
        owed = {remedy: amount for remedy, amount in owed.items() if remedy not in gone}
    return owed


def _given(remedy: Any, amount: Any, before: Sequence[Seen]) -> bool:
    parts = [e for e in before if e.type == "compensated" and e.get("remedy_id") == remedy]
    taken = [e for e in before if e.type == "remedy_reversed" and e.get("remedy_id") == remedy]
    if amount is None:
        return len(parts) > len(taken)
    return _sum(parts) - _sum(taken) >= Fraction(amount["amount"])


def _sum(events: Sequence[Seen]) -> Fraction:
    return sum((Fraction(e.get("amount")["amount"]) for e in events), Fraction())


def _public_closing(event: Seen, case: Case) -> bool:
    return _outbound(event, case) and event.get("visibility") == "public" and event.get("purpose") == "public_closing"


def _is(*types: str) -> Callable[[Seen, Case], bool]:
    return lambda event, _: event.type in types


def stage_after(event: Seen, stage: str | None) -> str | None:
    """Return the stage after an event; a reopening is asked twice: it ends one cycle and begins the next."""
    entered, over = {
        "received": ("registration", (None,)),
        "reopened": ("investigation", (None,)),
        "investigation_started": ("investigation", ("registration", "corrective_action")),
        "remedy_approved": ("corrective_action", STAGES[:2]),
        "action_assigned": ("corrective_action", STAGES[:2]),
        "cause_established": ("corrective_action", STAGES[:2]),
        "resolved": ("satisfaction_check", STAGES[:3]),
        "closed": ("closed", STAGES[:4]),
        "discontinued": ("exit", STAGES),
    }.get(event.told, (stage, (stage,)))
    if event.told == "reopened" and stage in ("satisfaction_check", "closed"):
        return None
    if event.told == "registered" and event.get("starts_investigation"):
        entered, over = "investigation", ("registration",)
    return entered if stage in over else stage


def _stages_around(event: Seen, case: Case) -> tuple[set[str | None], str | None]:
    """Return the stage before an event, with those that only mistakes left since, and the stage after it."""
    before: str | None = None
    away: set[str | None] = set()
    for one in case.events:
        after = stage_after(one, None if one.told == "reopened" else before)
        if one.key == event.key:
            return (away | {before} if after != before else set()), after
        if after != before:
            away = set() if one.type else away | {before}
        before = after
    return set(), None


def _enters(stage: str) -> Callable[[Seen, Case], bool]:
    def entered(event: Seen, case: Case) -> bool:
        before, now = _stages_around(event, case)
        return bool(event.type and before and now == stage)

    return entered


def _leaves(stage: str) -> Callable[[Seen, Case], bool]:
    def left(event: Seen, case: Case) -> bool:
        before, now = _stages_around(event, case)
        return bool(event.type and stage in before and now != stage)

    return left


STARTS: dict[str, Callable[[Seen, Case], bool]] = {
    family: _is("received") for family in CASE_WIDE if family not in ("remedy", "public_closing")
} | {
    "next_reply": is_question,
    "public_closing": lambda e, case: e.type == "resolved" and any(x.get("public") for x in case.events),
    **{f"stage:{stage}": _enters(stage) for stage in STAGES},
}
FULFILS: dict[str, Callable[[Seen, Case], bool]] = {
    "registration": _is("registered", "discontinued"),
    "acknowledgement": lambda e, case: e.type == "acknowledged" or is_reply(e, case),
    "first_reply": is_reply,
    "next_reply": is_reply,
    "update": is_update,
    "pausable_update": is_update,
    "agent_work": _is(*ENDS),
    "resolution": _is(*ENDS),
    "total_resolution": _is(*ENDS),
    "statutory": _is(*ENDS),
    "remedy": _remedied,
    "public_closing": _public_closing,
    **{f"stage:{stage}": _leaves(stage) for stage in STAGES},
}


PAUSES: dict[str, Callable[[Seen, Case], bool]] = {
    family: lambda e, _: e.type == "information_requested" and e.get("from") in (None, "complainant")
    for family in PAUSED_BY_WAITING
}
SILENT: dict[str, Fields] = {
    "message_recorded": {
        "counterparty": "complainant",
        "automated": False,
        "purpose": "other",
        "visibility": "private",
    },
    "information_requested": {"from": "complainant"},
    "information_provided": {"from": "complainant"},
}
"""What an absent field says."""


def meets(
    event: Seen, case: Case, conditions: Iterable[Any], named: Mapping[str, Callable[[Seen, Case], bool]]
) -> bool:
    for condition in [conditions] if isinstance(conditions, str | Mapping) else conditions:
        name = condition if isinstance(condition, str) else condition["event"]
        if "." not in name:
            if named.get(name, named.get(name.partition(":")[0], _never))(event, case):
                return True
            continue
        where = {} if isinstance(condition, str) else condition.get("where", {})
        if event.type == name.removeprefix("complaint.").partition(".")[0] and _says(event, where, case):
            return True
    return False


def _never(event: Seen, case: Case) -> bool:
    return False


def _says(event: Seen, where: Fields, case: Case) -> bool:
    if event.type in ("message_recorded", "replied") and not _arrived(event, case):
        return False
    silent = SILENT.get(event.type, {})
    if event.type == "message_recorded":
        where = {"automated": False, **where}
    return all(_is_one_of(event.get(key, silent.get(key)), wanted) for key, wanted in where.items())


def _is_one_of(told: Any, wanted: Any) -> bool:
    """Whether a field has a wanted value; of a field that holds several one is enough."""
    wishes = wanted if isinstance(wanted, list) else [wanted]
    return any(one in wishes for one in (told if isinstance(told, list) else [told]))


def _arrived(event: Seen, case: Case) -> bool:
    if event.get("message") in case.moved - {None}:
        return False
    if event.get("direction") == "inbound":
        return True
    return event.get("delivery") != "failed" and event.get("message") not in case.failed - {None}


def starts(rule: Rule, event: Seen, case: Case) -> bool:
    if rule.start is not None:
        return meets(event, case, rule.start, STARTS)
    return STARTS[rule.family](event, case)


def fulfils(rule: Rule, event: Seen, case: Case) -> bool:
    if event.type == "message_recorded" and event.get("automated"):
        return False
    if rule.fulfil is not None:
        return meets(event, case, rule.fulfil, FULFILS)
    return FULFILS[rule.family](event, case)


def cancels(rule: Rule, event: Seen, case: Case) -> bool:
    return meets(event, case, rule.cancel, FULFILS)
