import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from consumers.reactions import routing
from consumers.reactions.following import World
from engine.configuration.in_force import Book
from engine.store.database.pool import Pool
from projections.answers import Views
from projections.views.cases.rows import Cases
from schemas.complaint.assignment import Assign, Candidate, ComplaintAssigned
from schemas.complaint.classification import Classify, Prioritise
from schemas.complaint.clocks import ComplaintPromised
from schemas.complaint.correspondence import Reply
from schemas.complaint.lifecycle import Close, Reopen, Resolve
from schemas.complaint.records import ComplaintLinked
from schemas.configuration import load
from schemas.configuration.routing import RoutingRules
from schemas.words import RuleRef
from support.following import react
from support.installation import MONDAY, Desk

BROKEN = "The kettle that I ordered arrived broken, I want my money back."
STAFF = """
kind: rule_set
concern: routing
id: routing
version: 9
calendar: desk
rules:
  - {rule: kettles, when: {words: kettle}, then: {team: kitchen, person: least_loaded, tags: kettle}}
  - {rule: rest, then: {team: first-line}}
staff:
  - {person: "person:ann", teams: [kitchen]}
  - {person: "person:ben", teams: [kitchen]}
"""


def route(desk: Desk, pool: Pool) -> dict[str, int]:
    return dict(react(desk, pool, routing.REACTION, views=[Cases()]).acted)


def opened(desk: Desk, name: str = "1", text: str = BROKEN, **more: Any) -> UUID:
    author = {"name": "Ann", "contacts": [{"kind": "email", "value": "ann@example.org"}]}
    fields = {"channel": "web_form", "system": "shop", "id": name, "text": text, "author": author, **more}
    return desk.opened(**{**fields, "hints": {"sense": "complaint", **more.get("hints", {})}})


def staffed(desk: Desk) -> None:
    found = load(STAFF, "routing.yaml")
    assert isinstance(found, RoutingRules)
    desk.service.activate([found], desk.around(), desk.at)


def decided(desk: Desk, stream: UUID) -> list[tuple[str, str, str]]:
    """Return what rules brought about: event, actor and rule."""
    history = desk.history(stream, open=False)
    mine = [one for one in history if one.envelope.actor == "rule:routing"]
    return [(one.name, one.envelope.decided_by.rule, one.envelope.actor) for one in mine if one.envelope.decided_by]


def test_a_new_complaint_is_taken_for_something_and_given_to_a_team_each_with_its_rule(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    assert route(desk, pool) == {"routing": 3}
    assert route(desk, pool) == {}
    assert decided(desk, stream) == [
        ("complaint.classified.v1", "tone", "rule:routing"),
        ("complaint.classified.v1", "about-product", "rule:routing"),
        ("complaint.assigned.v1", "first-line", "rule:routing"),
    ]
    case = desk.case(stream)
    assert (case.classification.tone, case.classification.type, case.assignment.team) == (
        "calm", "product", "first-line",
    )  # fmt: skip
    (assigned,) = [one for one in desk.history(stream) if isinstance(one.event, ComplaintAssigned)]
    assert assigned.envelope.decided_by == RuleRef(rule_set="routing", version=1, rule="first-line")


def test_what_a_person_has_settled_stands(desk: Desk, pool: Pool) -> None:
    stream = opened(desk, hints={"customer_segment": "vip"})
    desk.give(stream, Prioritise(priority="low"))
    desk.give(stream, Assign(team="own-team", assignee="person:k7"))
    route(desk, pool)
    case = desk.case(stream)
    assert (case.classification.priority, case.assignment.team, case.assignment.assignee) == (
        "low", "own-team", "person:k7",
    )  # fmt: skip
    assert case.classification.tags == ("valuable",)


def test_where_a_story_has_played_the_rules_what_persons_did_after_it_stands(desk: Desk, pool: Pool) -> None:
    stream = opened(desk)
    desk.give(stream, Assign(team="delivery", reason="rule"), by="rule:routing")
    desk.give(stream, Assign(team="delivery", assignee="person:tom", reason="load"))
    assert route(desk, pool) == {}
    assert desk.case(stream).assignment.assignee == "person:tom"


def test_a_letter_to_the_director_goes_to_management_with_what_was_written_before(desk: Desk, pool: Pool) -> None:
    first = opened(desk, "1")
    other = opened(desk, "2", author={"name": "Bob", "contacts": [{"kind": "email", "value": "bob@example.org"}]})
    desk.later(days=1)
    stream = opened(desk, "3", text="To the managing director: nobody has answered me.")
    route(desk, pool)
    case = desk.case(stream)
    assert (case.assignment.team, case.classification.priority) == ("management", "high")
    assert dict(case.classification.fields) == {"final_reply_by": "management"}
    assert case.classification.tags == ("to-management", "repeated")
    links = [one for one in desk.history(stream) if isinstance(one.event, ComplaintLinked)]
    assert [
        (one.event.other, one.event.kind, one.event.confirmed)
        for one in links
        if isinstance(one.event, ComplaintLinked)
    ] == [(first, "related", False)]
    assert desk.case(other).records.links == ()


def test_several_complaints_about_one_product_in_a_week_rank_high(desk: Desk, pool: Pool) -> None:
    codes = {"kind": "code_list", "id": "product", "version": 90, "values": {"kettle-2": {}}}
    desk.service.activate([load(json.dumps(codes), "product.yaml")], desk.around(), desk.at)
    streams = []
    for number in range(4):
        author = {"name": f"N{number}", "contacts": [{"kind": "email", "value": f"n{number}@example.org"}]}
        streams.append(opened(desk, str(number), author=author, hints={"product": "kettle-2"}))
        desk.later(hours=20)
    route(desk, pool)
    assert [desk.case(one).classification.priority for one in streams] == [None, None, None, "high"]
    assert desk.case(streams[-1]).classification.tags == ("product-problem",)


def test_who_has_the_least_open_complaints_gets_the_next_within_a_batch_and_between_batches(
    desk: Desk, pool: Pool
) -> None:
    staffed(desk)
    given = []
    for number in range(5):
        stream = opened(desk, str(number))
        desk.later(minutes=1)
        if number in (1, 4):
            route(desk, pool)
        given.append(stream)
    assert [desk.case(one).assignment.assignee for one in given] == [
        "person:ann", "person:ben", "person:ann", "person:ben", "person:ann",
    ]  # fmt: skip
    (last,) = [one.event for one in desk.history(given[4]) if isinstance(one.event, ComplaintAssigned)]
    assert last.considered == (
        Candidate(person="person:ann", open=2, last=MONDAY + timedelta(minutes=2)),
        Candidate(person="person:ben", open=2, last=MONDAY + timedelta(minutes=3)),
    )
    assert (last.team, last.reason) == ("kitchen", "rule")


TYPED = """
kind: rule_set
concern: routing
id: routing
version: 9
rules:
  - {rule: came-back, when: {reopened: true}, then: {priority: urgent, tags: came-back}}
  - {rule: of-staff, when: {type: staff}, then: {team: people, priority: high, tags: conduct}}
  - {rule: of-broken, when: {words: broken}, then: {type: product, priority: normal, tags: broken}}
  - {rule: rest, then: {team: first-line}}
"""


def typed(desk: Desk) -> None:
    found = load(TYPED, "routing.yaml")
    assert isinstance(found, RoutingRules)
    desk.service.activate([found], desk.around(), desk.at)


def stands(desk: Desk, stream: UUID) -> tuple[str | None, str | None, tuple[str, ...]]:
    case = desk.case(stream)
    return case.assignment.team, case.classification.priority, case.classification.tags


def test_what_is_taken_for_something_else_is_asked_about_again_and_what_rules_gave_follows(
    desk: Desk, pool: Pool
) -> None:
    typed(desk)
    stream = opened(desk)
    route(desk, pool)
    assert stands(desk, stream) == ("first-line", "normal", ("broken",))
    desk.give(stream, Classify(tags=()))
    desk.give(stream, Classify(type="staff"))
    assert route(desk, pool) == {"routing": 3}
    assert route(desk, pool) == {}
    assert stands(desk, stream) == ("people", "high", ("conduct",))
    assert decided(desk, stream)[-3:] == [
        ("complaint.classified.v1", "of-staff", "rule:routing"),
        ("complaint.prioritised.v1", "of-staff", "rule:routing"),
        ("complaint.assigned.v1", "of-staff", "rule:routing"),
    ]


def test_what_a_person_gave_stands_when_it_is_taken_for_something_else(desk: Desk, pool: Pool) -> None:
    typed(desk)
    stream = opened(desk)
    route(desk, pool)
    desk.give(stream, Prioritise(priority="low"))
    desk.give(stream, Assign(team="own-team"))
    desk.give(stream, Classify(type="staff"))
    assert route(desk, pool) == {"routing": 1}
    assert stands(desk, stream) == ("own-team", "low", ("broken", "conduct"))


def test_what_is_reopened_ranks_higher_whoever_ranked_it_and_never_lower(desk: Desk, pool: Pool) -> None:
    typed(desk)
    stream = opened(desk)
    route(desk, pool)
    desk.give(stream, Prioritise(priority="high"))
    desk.give(stream, Reply(final=True, channel="email", body="We are sorry."))
    desk.give(stream, Resolve(outcome="upheld"))
    desk.give(stream, Close(), why="settled by phone")
    assert route(desk, pool) == {}
    desk.give(stream, Reopen(reason="disputed"))
    assert route(desk, pool) == {"routing": 2}
    assert stands(desk, stream) == ("first-line", "urgent", ("broken", "came-back"))


def test_what_comes_from_a_place_belongs_to_its_unit_and_has_its_team(desk: Desk, pool: Pool) -> None:
    rules = STAFF.replace("then: {team: kitchen, person: least_loaded, tags: kettle}", "then: {business_unit: north}")
    desk.service.activate([load(rules, "routing.yaml")], desk.around(), desk.at)
    stream = opened(desk)
    route(desk, pool)
    held = desk.case(stream).assignment
    assert (held.business_unit, held.team, held.assignee) == ("north", "first-line", None)
    rules_of = [rule for name, rule, _ in decided(desk, stream) if name == "complaint.assigned.v1"]
    assert rules_of == ["kettles", "rest"]


def test_a_call_that_was_asked_for_is_promised_with_its_slot(desk: Desk, pool: Pool) -> None:
    phone = {"name": "Ann", "contacts": [{"kind": "phone", "value": "+44 20 7946 0000"}]}
    stream = opened(desk, text="The lamp flickers. Please call me back.", author=phone)
    route(desk, pool)
    (promise,) = [one for one in desk.history(stream) if isinstance(one.event, ComplaintPromised)]
    assert isinstance(promise.event, ComplaintPromised)
    zone = desk.service.book().calendar("desk").timezone
    assert promise.event.due > MONDAY + timedelta(hours=3)
    assert str(promise.event.what).startswith("Call back on 2026-03-02 between ")
    assert str(promise.event.what).endswith(f"({zone})")
    assert dict(desk.case(stream).classification.fields) == {"reply_channel": "call"}


def test_without_routing_rules_in_force_nothing_is_asked(desk: Desk, pool: Pool) -> None:
    opened(desk)
    bare = World(desk.store, Views(pool, pause=lambda _: None), Book, lambda: desk.at)
    assert routing.react(desk.store.read.log(0, 1000), bare) == []
