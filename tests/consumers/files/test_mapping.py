"""Rows become past facts as the mapping says: in order, with their own times, ids that are always the same."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest

from consumers.files.mapping import past_case
from consumers.files.record import Record, Row
from consumers.files.rejected import Rejection
from consumers.files.values import Refused, code
from engine.complaint.number import case_number
from engine.past import PastCase, PastFact
from schemas.complaint.correspondence import ComplaintReplied, MessageRecorded
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintReopened, ComplaintResolved
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from schemas.complaint.waiting import InformationProvided, InformationRequested
from schemas.configuration.mapping import Mapping, load_mapping
from schemas.words import Party, Point, Reference

ROOT = UUID(int=7)
HEAD = """\
mapping: log
version: 1
source: {kind: xes, key: log, id: "case:id", columns: ["case:id", what, at, who, customer, sum]}
times: {default: {column: at}}
people:
  complainant: {role: complainant, by: customer}
subject: complainant
events:
  - event: complaint.received
    when: {first: true}
    fields:
      channel: other
      message: {id: message}
      parties: [{object: {role: complainant, subject_id: {person: complainant}}}]
"""


def identify(name: str) -> UUID:
    return uuid5(ROOT, name)


def trace(*rows: tuple[str, str], **attributes: str) -> Record:
    values = [{"case:id": "1", "what": what, "at": at, **attributes} for what, at in rows]
    return Record(1, tuple(Row(number, row) for number, row in enumerate(values, 2)), b"<trace/>")


def mapping(rules: str = "") -> Mapping:
    return load_mapping(HEAD + rules, "log.yaml")


def facts(rules: str, *whats: str, **attributes: str) -> tuple[PastFact, ...]:
    rows = [(what, f"2012-01-{day:02}T10:00:00+00:00") for day, what in enumerate(whats, 1)]
    return past_case(mapping(rules), trace(*rows, **attributes), identify).facts


def names(facts: Iterable[PastFact]) -> list[str]:
    return [fact.event.NAME.removeprefix("complaint.").removesuffix(".v1") for fact in facts]


def refusal(rules: str, record: Record) -> Rejection:
    with pytest.raises(Refused) as told:
        past_case(mapping(rules), record, identify)
    return told.value.rejection


def test_a_case_is_known_by_its_key_and_its_ids_derive_from_it() -> None:
    one = past_case(mapping(), trace(("a", "2012-01-01T10:00:00+01:00"), customer="Ada"), identify)
    subject = identify("log:person:Ada")
    assert one == PastCase(
        key="log:1",
        facts=(
            PastFact(
                ComplaintReceived(
                    subject_id=subject,
                    channel="other",
                    message=uuid5(identify("log:1"), "message"),
                    parties=(Party(role="complainant", subject_id=subject),),
                ),
                datetime(2012, 1, 1, 9, tzinfo=UTC),
                line=2,
            ),
        ),
        line=1,
    )
    assert one == past_case(mapping(), trace(("a", "2012-01-01T10:00:00+01:00"), customer="Ada"), identify)


def test_without_a_customer_the_subject_belongs_to_the_one_case() -> None:
    (fact,) = facts("", "a")
    assert fact.event.subject_id == uuid5(identify("log:1"), "person/complainant")


WAITING = """\
  - event: complaint.information_provided
    when: {open: request, columns: {what: {not_in: [Wait]}}}
    why: inferred
    settles: request
  - event: complaint.information_requested
    when: {columns: {what: {equals: Wait}}}
    actor: {actor: who}
    fields: {request_id: {new: request}, from: complainant}
"""


def test_every_wait_asks_and_the_next_other_event_ends_them_all_once() -> None:
    found = facts(WAITING, "a", "Wait", "Wait", "b", "c", "Wait", who="Bo")
    assert names(found) == [
        "received", "information_requested", "information_requested", "information_provided", "information_requested",
    ]  # fmt: skip
    case = identify("log:1")
    asked = [fact.event.request_id for fact in found if isinstance(fact.event, InformationRequested)]
    assert asked == [uuid5(case, "request/1"), uuid5(case, "request/2"), uuid5(case, "request/3")]
    ended = found[3]
    assert isinstance(ended.event, InformationProvided)
    assert (ended.event.from_, ended.why, ended.actor) == ("complainant", "inferred", "service:import")
    assert {fact.actor for fact in found[1:3]} == {"person:" + identify("log:actor:Bo").hex}


CYCLES = """\
  - event: complaint.reopened
    when: {seen: [complaint.resolved], columns: {what: {equals: work}}}
    fields: {reason: decision, cycle: {case: cycle}}
  - event: complaint.message_recorded
    when: {unseen: [complaint.resolved], columns: {what: {equals: done}}}
    fields: {direction: outbound, message: {new: reply}, channel: other}
  - event: complaint.replied
    when: {unseen: [complaint.resolved], columns: {what: {equals: done}}}
    fields: {message: {latest: reply}, final: true}
  - event: complaint.resolved
    when: {unseen: [complaint.resolved], columns: {what: {equals: done}}}
    fields: {outcome: upheld}
  - event: complaint.closed
    when: {unseen: [complaint.closed], at_least: {event: complaint.resolved, days: 2}, columns: {what: {equals: end}}}
    fields: {reason: term_elapsed, cycle: {case: cycle}}
  - event: complaint.closed
    when: {unseen: [complaint.closed], columns: {what: {equals: end}}}
    fields: {reason: decision, cycle: {case: cycle}}
"""


def test_work_after_the_outcome_begins_the_next_cycle_and_a_repetition_does_not() -> None:
    found = facts(CYCLES, "work", "done", "done", "work", "work", "done", "end", "end", "work")
    assert names(found) == [
        "received", "message_recorded", "replied", "resolved",
        "reopened", "message_recorded", "replied", "resolved", "closed",
        "reopened",
    ]  # fmt: skip
    cycles = [fact.event.cycle for fact in found if isinstance(fact.event, ComplaintReopened | ComplaintClosed)]
    assert cycles == [2, 2, 3]
    sent = [fact.event.message for fact in found if isinstance(fact.event, MessageRecorded)]
    assert sent == [fact.event.message for fact in found if isinstance(fact.event, ComplaintReplied)]
    assert len(set(sent)) == 2


@pytest.mark.parametrize(
    ("whats", "reason"),
    [(("done", "x", "end"), "term_elapsed"), (("done", "end"), "decision")],
    ids=["at_the_gap", "before_it"],
)
def test_days_since_an_event_decide_between_two_rules(whats: tuple[str, ...], reason: str) -> None:
    last = facts(CYCLES, *whats)[-1].event
    assert isinstance(last, ComplaintClosed)
    assert last.reason == reason


def test_an_open_id_is_settled_oldest_first_and_without_one_the_rule_rests() -> None:
    rules = """\
  - event: complaint.action_assigned
    when: {columns: {what: {equals: assign}}}
    fields: {action_id: {new: action}}
  - event: complaint.action_completed
    when: {open: action, columns: {what: {equals: complete}}}
    fields: {action_id: {oldest: action}}
"""
    found = facts(rules, "assign", "assign", "complete", "complete", "complete")[1:]
    case = identify("log:1")
    one, two = uuid5(case, "action/1"), uuid5(case, "action/2")
    assert [fact.event.model_dump()["action_id"] for fact in found] == [one, two, one, two]


def test_a_rule_may_ask_that_nothing_is_open() -> None:
    rules = """\
  - event: complaint.field_set
    when: {none_open: action, columns: {what: {equals: complete}}}
    fields: {field: stray, value: true}
  - event: complaint.action_assigned
    when: {columns: {what: {equals: assign}}}
    fields: {action_id: {new: action}}
  - event: complaint.action_completed
    when: {open: action, columns: {what: {equals: complete}}}
    fields: {action_id: {oldest: action}}
"""
    found = names(facts(rules, "complete", "assign", "complete", "complete"))
    assert found == ["received", "field_set", "action_assigned", "action_completed", "field_set"]


def test_a_change_of_a_column_makes_an_event_and_so_does_its_first_value() -> None:
    rules = """\
  - event: complaint.field_set
    when: {changed: [what]}
    fields: {field: f, value: {column: what, as: code}}
"""
    assert [fact.event.model_dump()["value"] for fact in facts(rules, "a", "a", "b", "a")[1:]] == ["a", "b", "a"]


def test_rows_are_taken_in_the_order_of_their_times() -> None:
    rules = "  - {event: complaint.field_set, fields: {field: f, value: {column: what, as: code}}}\n"
    record = trace(("second", "2012-01-02T00:00:00Z"), ("first", "2012-01-01T23:00:00-00:30"))
    found = past_case(mapping(rules), record, identify).facts
    assert [fact.line for fact in found] == [3, 3, 2]


TABLE = """\
mapping: table
version: 1
source:
  kind: csv
  key: table
  id: Id
  columns: [Id, Day, Way, Text, Sum, Count, Flag, Since]
  known: {Way: [Web, Phone, ""]}
times:
  default: {column: Day, precision: day, zone: America/New_York, format: "%d.%m.%Y"}
tables: {channel: {Web: web_form}}
people: {complainant: {role: complainant}}
subject: complainant
external: [{prefix: "thread:table:", column: Id}]
events:
  - event: complaint.received
    fields:
      channel: {column: Way, table: channel, required: true}
      message: {id: message}
      body: {column: Text, as: text}
      vulnerable: {column: Flag, as: bool}
  - event: complaint.registered
    fields:
      number: {case: number}
      incident_on: {column: Since, as: date}
      external_refs: [{object: {system: table, number: {column: Id, as: text}}, unless_empty: Text}]
      points:
        - object: {point: {column: Count, as: integer}, claimed: {column: Sum, as: money, currency: USD}}
          unless_empty: Count
"""


def row(**changed: str) -> Record:
    values = {"Id": "9", "Day": "18.07.2023", "Way": "Web", "Text": "", "Sum": "", "Count": "", "Flag": "", "Since": ""}
    return Record(5, (Row(5, {**values, **changed}),), b"")


def table_case(**changed: str) -> PastCase:
    return past_case(load_mapping(TABLE, "table.yaml"), row(**changed), identify)


def test_a_cell_is_read_in_its_form() -> None:
    case = table_case(Text=" as typed\n", Sum="12.50", Count="2", Flag="No", Since="2023-07-01")
    received, registered = (fact.event for fact in case.facts)
    assert isinstance(received, ComplaintReceived)
    assert isinstance(registered, ComplaintRegistered)
    assert (received.channel, received.body, received.vulnerable) == ("web_form", " as typed\n", False)
    assert registered.model_dump(mode="json", exclude_defaults=True, exclude={"subject_id"}) == {
        "number": case_number(identify("table:9")),
        "points": [{"point": 2, "claimed": {"amount": "12.50", "currency": "USD"}}],
        "incident_on": "2023-07-01",
        "external_refs": [{"system": "table", "number": "9"}],
    }
    assert (case.key, case.external, case.line) == ("table:9", ("thread:table:9",), 5)


def test_an_empty_cell_leaves_its_field_and_its_object_out() -> None:
    received, registered = (fact.event for fact in table_case().facts)
    assert isinstance(received, ComplaintReceived)
    assert isinstance(registered, ComplaintRegistered)
    empty: tuple[tuple[Reference, ...], tuple[Point, ...]] = ((), ())
    assert (received.body, received.vulnerable, registered.external_refs, registered.points) == (None, None, *empty)


def test_a_day_is_its_midnight_in_its_zone() -> None:
    fact = table_case().facts[0]
    midnight = datetime(2023, 7, 18, tzinfo=ZoneInfo("America/New_York"))
    assert (fact.occurred_at, fact.precision, fact.zone) == (midnight, "day", "America/New_York")


@pytest.mark.parametrize(
    ("changed", "rejection"),
    [
        ({"Id": " "}, Rejection(5, "Id", "is empty; it identifies the complaint")),
        ({"Day": ""}, Rejection(5, "Day", "is empty; a time is needed")),
        ({"Day": "2023-07-18"}, Rejection(5, "Day", "is no time of the form %d.%m.%Y")),
        ({"Day": "18.07.0023"}, Rejection(5, "Day", "is before 1900")),
        ({"Way": "Pigeon"}, Rejection(5, "Way", "has a value that the mapping does not know; add it to source.known")),
        ({"Way": "Phone"}, Rejection(5, "Way", "has a value that the table 'channel' lacks; add it there")),
        ({"Way": ""}, Rejection(5, "Way", "is empty; the mapping requires it")),
        ({"Flag": "perhaps"}, Rejection(5, "Flag", "is no bool")),
        ({"Since": "1.7."}, Rejection(5, "Since", "is no date")),
        ({"Count": "one"}, Rejection(5, "Count", "is no integer")),
        (
            {"Count": "0"},
            Rejection(5, "complaint.registered points.0.point", "Input should be greater than or equal to 1"),
        ),
        ({"Count": "1", "Sum": "much"}, Rejection(5, "Sum", "is no money")),
        ({"Count": "1", "Sum": "-1"}, Rejection(5, "Sum", "is no money")),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_a_cell_that_does_not_fit_is_refused_by_line_column_and_reason(
    changed: dict[str, str], rejection: Rejection
) -> None:
    with pytest.raises(Refused) as told:
        table_case(**changed)
    assert told.value.rejection == rejection
    assert "Pigeon" not in str(told.value)


def test_a_time_without_an_offset_needs_a_zone() -> None:
    assert refusal("", trace(("a", "2012-01-01T10:00:00"))) == Rejection(
        2, "at", "names no offset; give the mapping's time a 'zone'"
    )


def test_the_promises_and_the_unit_that_the_mapping_names_go_with_every_case() -> None:
    judged = load_mapping(HEAD + "policy: us-cfpb\nbusiness_unit: north\n", "log.yaml")
    case = past_case(judged, trace(("a", "2012-01-01T10:00:00Z")), identify)
    assert (case.policy, case.business_unit) == ("us-cfpb", "north")


def test_a_flaw_found_by_the_reader_is_the_reason() -> None:
    flaw = Rejection(3, None, "a trace without events")
    assert refusal("", Record(3, (), b"<trace/>", flaw)) == flaw


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Credit reporting, credit repair", "credit-reporting-credit-repair"),
        ("  M&T BANK (US)  ", "m-t-bank-us"),
        ("X" * 130, "x" * 111 + "-" + "90802f90"),
        ("Кредит", "99c22c9c"),
        ("Кредит 5", "5-833d15d3"),
        ("???", "a03b221c"),
    ],
)
def test_a_code_is_plain_and_different_texts_stay_apart(text: str, expected: str) -> None:
    assert code(text) == expected


def test_lost_letters_keep_two_codes_apart() -> None:
    assert code("Кредит") != code("Ипотека")
    assert code("a" * 200) != code("a" * 199 + "b")


def test_resolved_is_made_once_a_cycle() -> None:
    assert sum(isinstance(fact.event, ComplaintResolved) for fact in facts(CYCLES, "done", "done", "done")) == 1
