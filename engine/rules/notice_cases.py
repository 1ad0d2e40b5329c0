"""Do the rules of a rule set of notices do what its cases say? Pure."""

from typing import Final, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from engine.rules.notices import Seen, telling
from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.configuration.notices import NoticeCase, Notices

_STREAM: Final = UUID(int=0)
_EVENTS: Final[dict[str, type[Event]]] = {name.rpartition(".v")[0]: event for name, event in EVENTS.items()}


class Outcome(NamedTuple):
    """How one case went: which rules were expected to tell and which did; or what is wrong with its event."""

    case: str
    expected: tuple[str, ...]
    came: tuple[str, ...] = ()
    wrong: str | None = None

    @property
    def passed(self) -> bool:
        return self.wrong is None and self.expected == self.came


def run(rules: Notices) -> tuple[Outcome, ...]:
    """Return how every case of the rule set went, in their order."""
    return tuple(_run(one, rules) for one in rules.cases)


def _run(one: NoticeCase, rules: Notices) -> Outcome:
    made = _EVENTS.get(one.event)
    if made is None:
        return Outcome(one.case, one.tells, wrong=f"event: there is no {one.event}")
    try:
        event = made.model_validate(one.fields)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        return Outcome(one.case, one.tells, wrong=f"fields: {one.event} needs other values at {places}")
    return Outcome(one.case, one.tells, tuple(rule.rule for rule in telling(event, one.by, _seen(one), rules)))


def _seen(one: NoticeCase) -> Seen:
    return Seen(
        stream=_STREAM,
        cycle=one.cycle,
        public=one.public,
        is_open=one.stage == "open",
        is_closed=one.stage == "closed",
        exit=one.exit,
        team=one.team,
        assignee=one.assignee,
        opted_out=one.opted_out,
        sent=one.sent,
    )
