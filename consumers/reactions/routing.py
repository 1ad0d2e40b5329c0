"""A new complaint is classified, prioritised and handed to whom the routing rules in force say, within seconds.

Each thing is proposed once, with the rule that gave it, and only where nobody has settled it already: a person's
word stands. Whoever overrules a rule gives the usual command, with his reason. A complaint that somebody takes for
something else, or that is reopened, is asked about again: what rules gave then follows, and nothing is called off.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, get_args
from zoneinfo import ZoneInfo

from consumers.reactions.following import Reaction, World, proposed
from engine.complaint.case import Case
from engine.incoming import Asked
from engine.rules.routing import Route, route, window
from engine.rules.staffing import Choice, Load, choose
from engine.sla.calendar import compile_calendar, from_us, to_us
from engine.sla.target import add_own, duration
from engine.store.batch import Recorded
from projections.answers import Snapshot
from projections.replay.routing_facts import ROUTER, Known, gathered
from projections.runtime.progress import NotYet
from projections.views.cases import beside
from schemas.complaint.assignment import Assign, ComplaintAssigned
from schemas.complaint.base import Command, Event
from schemas.complaint.classification import Classify, ComplaintClassified, ComplaintPrioritised, Prioritise, SetField
from schemas.complaint.clocks import MakePromise
from schemas.complaint.lifecycle import ComplaintReopened
from schemas.complaint.records import LinkComplaint
from schemas.complaint.registration import ComplaintReceived
from schemas.configuration.routing import RoutingRules
from schemas.envelope import RuleSource
from schemas.words import Priority, RuleRef

NAME: Final = "routing"
TONE: Final = "tone"
"""As which rule the tone that the words themselves tell is recorded."""
ADVICE: Final = "advice:"
"""What a tag begins with that says how the case is best taken up."""
MOST_EARLIER: Final = 5
"""Earlier complaints that are linked at most, the latest ones."""
_LATELY: Final = timedelta(days=90)
_URGENCY: Final[tuple[Priority, ...]] = get_args(Priority)


@dataclass(frozen=True, slots=True)
class _Routing:
    """The rules in force, and what the staff has; who is given a complaint has one more for the next."""

    rules: RoutingRules
    loads: dict[str, Load]
    world: World


@dataclass(frozen=True, slots=True)
class _Again:
    """What stands since rules looked first: theirs follows, a person's stays."""

    priority: bool
    """Given by a rule, or by nobody."""
    team: bool
    tags: frozenset[str]
    """Ever given: one that was taken off is not given again."""
    reopened: bool
    """The priority only rises."""


def react(events: Sequence[Recorded], world: World) -> list[Asked]:
    """Return what the rules in force propose for complaints that were just received, or have become another matter."""
    book, store = world.book(), world.store
    rules = book.routing
    if rules is None:
        return []
    with _beside(events, world) as snapshot:
        # Read when the views have come: while they were waited for, persons may have settled something.
        histories = store.read.streams(list(dict.fromkeys(one.stream for one in events)), open=True)
        late = {one.stream: one for one in events if _looks_again(one, histories[one.stream])}
        staff = [one.person for one in rules.staff]
        loads = {name: Load(*one) for name, one in beside.held(snapshot, staff, world.now() - _LATELY).items()}
        streams_of, back = store.keys.streams_of, window(rules)
        known = gathered(histories.values(), snapshot, streams_of, back)
        now = gathered([histories[one] for one in late], snapshot, streams_of, back, before=list)
    here = _Routing(rules, loads, world)
    fresh = [one for one in events if one.stream in known and not _is_routed_elsewhere(one, histories[one.stream])]
    first = [asked for one in fresh for asked in _proposals(one, known[one.stream], here)]
    again = [
        asked
        for stream, one in late.items()
        if stream in now
        for asked in _proposed(one, now[stream], here, _standing(histories[stream], one))
    ]
    return [*first, *again]


REACTION: Final = Reaction(
    NAME, frozenset({ComplaintReceived.NAME, ComplaintClassified.NAME, ComplaintReopened.NAME}), react
)


def _is_routed_elsewhere(receipt: Recorded, history: Sequence[Recorded]) -> bool:
    """Whether the rules' word was given by somebody else than this reaction: by a story that is played, with its own.

    What this reaction gave for this receipt is given again, which changes nothing: the same ids.
    """
    ours = RuleSource(event_id=receipt.envelope.event_id)
    return any(one.envelope.actor == ROUTER and one.envelope.source != ours for one in history)


def _looks_again(one: Recorded, history: Sequence[Recorded]) -> bool:
    """Whether rules that have looked already may see something else now: by somebody's word, not by a rule's."""
    event = one.event
    if isinstance(event, ComplaintClassified):
        other = bool(event.type or event.subtype or event.tone or event.regulation or event.points)
        other = other and not one.envelope.actor.startswith("rule:")
    else:
        other = isinstance(event, ComplaintReopened)
    return other and any(before.envelope.actor == ROUTER for before in history if before.position < one.position)


def _standing(history: Sequence[Recorded], to: Recorded) -> _Again:
    tags = (one.event.tags or () for one in history if isinstance(one.event, ComplaintClassified))
    return _Again(
        priority=_by_rule(history, ComplaintPrioritised),
        team=_by_rule(history, ComplaintAssigned),
        tags=frozenset(tag for some in tags for tag in some),
        reopened=isinstance(to.event, ComplaintReopened),
    )


def _by_rule(history: Sequence[Recorded], kind: type[Event]) -> bool:
    last = next((one for one in reversed(history) if isinstance(one.event, kind)), None)
    return last is None or last.envelope.actor == ROUTER


@contextmanager
def _beside(events: Sequence[Recorded], world: World) -> Iterator[Snapshot]:
    """Lend the views as they are now, so that what was just handed to somebody counts; else as they were then.

    Raises:
        NotYet, Missing: the views have not come as far as the events.
    """
    with ExitStack() as stack:
        try:
            now = world.store.read.head().position
            snapshot = stack.enter_context(world.views.snapshot([beside.NAME], now))
        except NotYet:
            snapshot = stack.enter_context(world.views.snapshot([beside.NAME], events[-1].position))
        yield snapshot


def _proposals(to: Recorded, known: Known, here: _Routing) -> Iterator[Asked]:
    if known.received.position == to.position:
        yield from _proposed(to, known, here)


def _proposed(to: Recorded, known: Known, here: _Routing, again: _Again | None = None) -> Iterator[Asked]:
    if not known.case.lifecycle.is_open:
        return
    found = route(here.rules, known.facts)
    for what, command, rule in (*_classified(found, known, here.rules, again), *_settled(found, known, here, again)):
        yield proposed(NAME, to, command, here.world, what=what, rule=rule)


_Proposal = tuple[str, Command, RuleRef]


def _classified(found: Route, known: Known, rules: RoutingRules, again: _Again | None) -> Iterator[_Proposal]:
    """Return what the complaint is taken for: first its tone, then what each rule says of it."""
    taken = known.case.classification
    if taken.tone is None and known.facts.tone is not None:
        rule = RuleRef(rule_set=found.rule_set, version=found.version, rule=TONE)
        yield TONE, Classify.model_validate({"tone": known.facts.tone}), rule
    tags, had = taken.tags, again.tags if again is not None else frozenset()
    by_name = {one.rule: one.then for one in rules.rules}
    for tried in found.tried:
        then = by_name[tried.rule]
        gives = [name for name in ("type", "subtype", "regulation") if name in tried.gave]
        fields: dict[str, object] = {name: getattr(then, name) for name in gives if getattr(taken, name) is None}
        more = [*(then.tags if "tags" in tried.gave else ())]
        more += [f"{ADVICE}{one}" for one in then.advice] if "advice" in tried.gave else []
        if new := tuple(one for one in dict.fromkeys(more) if one not in tags and one not in had):
            tags = (*tags, *new)
            fields["tags"] = tags
        if fields:
            rule = RuleRef(rule_set=found.rule_set, version=found.version, rule=tried.rule)
            yield f"classify/{tried.rule}", Classify.model_validate(fields), rule


def _settled(found: Route, known: Known, here: _Routing, again: _Again | None) -> Iterator[_Proposal]:
    case = known.case
    if _is_prioritised(found.get("priority"), case.classification.priority, again):
        yield "priority", Prioritise(priority=found.get("priority")), found.ref("priority")
    fields = dict(case.classification.fields)
    for name in ("final_reply_by", "reply_channel"):
        if found.get(name) and name not in fields:
            yield f"field/{name}", SetField(field=name, value=found.get(name)), found.ref(name)
    if found.get("attach_earlier"):
        for other in known.earlier[:MOST_EARLIER]:
            yield f"earlier/{other}", LinkComplaint(other=other, kind="related"), found.ref("attach_earlier")
    if found.call_back is not None and again is None:
        yield "call-back", _call_back(found, known, here), found.ref("call_back")
    if found.get("business_unit") and case.assignment.business_unit is None:
        unit = Assign(business_unit=found.get("business_unit"), reason="rule")
        yield "unit", unit, found.ref("business_unit")
    if found.team is not None and (_unassigned(case) or _is_handed_on(found.team.team, case, again)):
        yield "team", _assigned(found, known, here), found.ref("team")


def _is_prioritised(given: Priority | None, held: Priority | None, again: _Again | None) -> bool:
    """Whether a priority that rules give takes the place of what stands."""
    if given is None or held is None or again is None:
        return given is not None and held is None
    higher = _URGENCY.index(given) > _URGENCY.index(held)
    return higher if again.reopened else again.priority and given != held


def _is_handed_on(team: str | None, case: Case, again: _Again | None) -> bool:
    return again is not None and again.team and team != case.assignment.team


def _unassigned(case: Case) -> bool:
    return case.assignment.team is None and case.assignment.assignee is None


def _assigned(found: Route, known: Known, here: _Routing) -> Assign:
    """Return the assignment; whoever gets it has one more for those that come after it."""
    if found.team is None:
        raise ValueError("no rule gave a team")
    chosen = _chosen(found, known, here)
    if chosen.person is not None:
        held = here.loads.get(chosen.person, Load())
        here.loads[chosen.person] = Load(held.open + 1, known.facts.received_at)
    return Assign(team=found.team.team, assignee=chosen.person, reason="rule", considered=chosen.candidates)


def _chosen(found: Route, known: Known, here: _Routing) -> Choice:
    if found.team is None:
        return Choice(None, ())
    today = here.world.now().astimezone(_zone(here)).date()
    return choose(here.rules.staff, found.team, here.loads, language=known.facts.language, on=today)


def _zone(here: _Routing) -> ZoneInfo:
    """Return the zone whose days count for who is away: that of the rules' calendar."""
    calendar = here.rules.calendar
    return ZoneInfo("UTC" if calendar is None else here.world.book().calendar(calendar).timezone)


def _call_back(found: Route, known: Known, here: _Routing) -> MakePromise:
    """Return the promise of a call: its slot ends when the target does."""
    wanted, calendar = found.call_back, here.world.book().calendar(here.rules.calendar or "")
    if wanted is None:
        raise ValueError("no rule promised a call")
    started = to_us(known.facts.received_at)
    due = from_us(add_own(compile_calendar(calendar), wanted.within.unit, started, duration(wanted.within)))
    return MakePromise(due=due, what=_slot(due, wanted.slot_minutes, calendar.timezone, known.facts.language))


def _slot(due: datetime, minutes: int, zone: str, language: str | None) -> str:
    end = due.astimezone(ZoneInfo(zone))
    begin = (due - timedelta(minutes=minutes)).astimezone(ZoneInfo(zone))
    if language is not None and language.startswith("ru"):
        return f"Перезвонить {begin:%d.%m.%Y} с {begin:%H:%M} до {end:%H:%M} ({zone})"
    return f"Call back on {begin:%Y-%m-%d} between {begin:%H:%M} and {end:%H:%M} ({zone})"
