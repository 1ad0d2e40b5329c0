from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings

from engine.store.batch import Recorded
from engine.store.database.pool import Pool
from projections import sql
from projections.replay.sentence import LANGUAGES
from projections.replay.texts import Text, TextLog
from projections.views.audit_trail.ask import NAME, Trail, TrailFilter, question, trail
from projections.views.audit_trail.facts import impersonal
from projections.views.audit_trail.rows import ENTRIES, SUBJECTS, AuditTrail
from schemas.catalogue import EVENTS
from schemas.complaint.base import Event
from schemas.complaint.classification import ComplaintPrioritised
from schemas.complaint.correspondence import MessageRecorded, PartyAdded
from schemas.complaint.lifecycle import ComplaintResolved
from schemas.complaint.records import EntryCorrected, MessageMoved
from schemas.envelope import FileSource, KafkaSource, RequestSource, RuleSource, Source
from schemas.streams.subject import SubjectErased
from schemas.words import ERASED, Party, RuleRef
from support.drawing import SHARED
from support.examples import whole
from support.histories import APPLIED, PERSON, RECEIVED, SECRET, START, Writer, histories, registered, uid
from support.views import asking, build, drop

URGENT = ComplaintPrioritised(priority="urgent")


def ask(pool: Pool, *, log: TextLog | None = None, changed: bool = False, **wanted: Any) -> Trail:
    with asking(pool).snapshot([NAME]) as snapshot:
        asked = TrailFilter.model_validate(wanted)
        return trail(snapshot, asked, "en", log, texts=log is not None and not changed, changed=changed)


@settings(max_examples=25, deadline=None, suppress_health_check=SHARED)
@given(events=histories())
def test_every_event_of_the_log_is_in_the_trail_in_order(pool: Pool, events: list[Recorded]) -> None:
    drop(pool, [AuditTrail()])
    build(pool, Writer(events).log(), [AuditTrail()], batch=3)
    shown = [(one.position, one.case, one.version, one.name) for one in ask(pool, limit=5000).entries]
    assert shown == [(one.position, one.stream, one.version, one.name) for one in events]


@pytest.mark.parametrize("model", EVENTS.values(), ids=EVENTS)
def test_facts_hold_no_personal_text_of_any_event(model: type[Event]) -> None:
    assert "Личное" not in repr(impersonal(whole(model)))


def test_one_entry_in_full(pool: Pool) -> None:
    build(pool, Writer().add("case", RECEIVED).log(), [AuditTrail()])
    assert ask(pool).entries[0].model_dump(mode="json") == {
        "position": 1, "recorded_at": "2026-03-02T09:00:01Z", "occurred_at": "2026-03-02T09:00:00Z",
        "occurred_on": None, "zone": None, "received_at": "2026-03-02T09:00:00Z", "claimed_at": None,
        "claim_differs": False, "case": str(uid("case")), "version": 1, "name": "complaint.received.v1",
        "words": "A complaint arrived by e-mail", "event_id": str(uid("event 1")), "subject_id": str(PERSON),
        "actor": "person:k7", "on_behalf_of": None, "identity": "token", "decided_by": None,
        "source": {"kind": "request", "request": str(uid("request 1"))}, "command_id": str(uid("command 1")),
        "correlation_id": str(uid(uid("case"))), "causation_id": None, "traceparent": None, "origin": "live",
        "business_unit": "main", "has_why": True, "texts": None, "changes": None, "policy": None, "beside": [],
        "around": [f"by request {uid('request 1')}"],
        "facts": {
            "subject_id": str(PERSON), "channel": "email", "message": str(uid("opening")), "public": False,
            "attachments": [], "sense": "complaint",
            "parties": [{"role": "complainant", "subject_id": str(PERSON), "contacts": []}],
        },
    }  # fmt: skip


def test_texts_are_opened_from_the_log_only_when_it_is_handed_in(pool: Pool) -> None:
    writer = Writer().add("case", RECEIVED, ComplaintResolved(subject_id=PERSON, outcome="upheld", findings=ERASED))
    build(pool, writer.log(), [AuditTrail()])
    closed, opened = ask(pool), ask(pool, log=writer.log())
    assert [one.texts for one in closed.entries] == [None, None]
    assert [one.texts for one in opened.entries] == [
        (
            Text(field="/subject", value=SECRET),
            Text(field="/body", value=SECRET),
            Text(field="/parties/0/name", value=SECRET),
            Text(field="why", value=SECRET),
        ),
        (Text(field="/findings", withheld="erased"), Text(field="why", value=SECRET)),
    ]


class Growing:
    """A log that has grown since the view was written."""

    def __init__(self, writer: Writer) -> None:
        self._log = writer.log()

    def stream(self, stream: UUID, *, as_of_position: int | None = None, open: bool = False) -> Sequence[Recorded]:
        assert open
        assert as_of_position == 1
        return self._log.stream(stream, as_of_position=as_of_position)


def test_texts_of_events_behind_the_answers_position_are_not_opened(pool: Pool) -> None:
    writer = Writer().add("case", RECEIVED)
    build(pool, writer.log(), [AuditTrail()])
    writer.add("case", registered())
    assert len(ask(pool, log=Growing(writer)).entries) == 1


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"case": uid("one")}, [1, 2]),
        ({"actor": "person:other"}, [4]),
        ({"name": "complaint.registered"}, [2, 4]),
        ({"name": "complaint.reg"}, []),
        ({"subject": PERSON}, [1, 2, 3, 4]),
        ({"subject": uid("somebody else")}, []),
        ({"origin": "import"}, [3]),
        ({"from": START + timedelta(seconds=2), "to": START + timedelta(seconds=3)}, [2, 3]),
        ({"after": 3}, [4]),
    ],
)
def test_every_filter_narrows_the_trail(pool: Pool, wanted: dict[str, Any], expected: list[int]) -> None:
    writer = Writer().add("one", RECEIVED, registered()).add("two", RECEIVED, origin="import")
    writer.add("two", registered(), actor="person:other")
    build(pool, writer.log(), [AuditTrail()])
    assert [one.position for one in ask(pool, **wanted).entries] == expected


def test_pages_follow_each_other_by_position(pool: Pool) -> None:
    build(pool, Writer().add("one", *[registered()] * 5).log(), [AuditTrail()])
    first = ask(pool, limit=2)
    second = ask(pool, limit=2, after=first.next)
    last = ask(pool, limit=2, after=second.next)
    assert [[one.position for one in page.entries] for page in (first, second, last)] == [[1, 2], [3, 4], [5]]
    assert (first.next, second.next, last.next) == (2, 4, None)


def test_a_correction_and_what_it_corrects_name_each_other(pool: Pool) -> None:
    writer = Writer().add("case", RECEIVED, URGENT)
    writer.add("case", EntryCorrected(subject_id=PERSON, event_id=writer.events[1].envelope.event_id))
    build(pool, writer.log())
    found = ask(pool, case=uid("case"))
    assert [[(one.relation, one.version) for one in entry.beside] for entry in found.entries] == [
        [], [("corrected_by", 3)], [("corrects", 2)],
    ]  # fmt: skip
    assert [entry.around[0] for entry in found.entries[1:]] == [
        "marked as wrong by entry 3",
        "corrects entry 2: Priority set to urgent",
    ]


def test_a_move_and_the_message_that_it_moves_name_each_other(pool: Pool) -> None:
    writer = Writer().add("case", RECEIVED, MessageMoved(message=RECEIVED.message, other=uid("other")))
    build(pool, writer.add("third", RECEIVED).log())
    found = ask(pool)
    assert [[(one.relation, one.position) for one in entry.beside] for entry in found.entries] == [
        [("moved_by", 2)], [("moves", 1)], [],
    ]  # fmt: skip


def test_a_move_is_shown_in_the_case_that_the_message_was_moved_to(pool: Pool) -> None:
    copy = MessageRecorded(
        subject_id=PERSON, direction="inbound", counterparty="complainant", visibility="private", automated=False,
        purpose="other", message=RECEIVED.message, channel="email",
    )  # fmt: skip
    moved = MessageMoved(subject_id=PERSON, message=RECEIVED.message, other=uid("other"))
    writer = Writer().add("case", RECEIVED).add("other", RECEIVED.model_copy(update={"message": uid("its own")}))
    writer.add("case", moved).add("other", copy, URGENT).add("third", RECEIVED)
    build(pool, writer.log())
    found = ask(pool, case=uid("other"), log=writer.log())
    shown = [
        (one.position, one.case == uid("other"), [beside.relation for beside in one.beside]) for one in found.entries
    ]
    assert shown == [(2, True, []), (3, False, ["moves", "brings"]), (4, True, ["brought_by"]), (5, True, [])]
    assert [entry.around[0] for entry in found.entries[1:3]] == [
        f"entry 2 of complaint {uid('case')}, from which the message was moved here",
        f"moved here by entry 2 of complaint {uid('case')}",
    ]
    assert [entry.texts is None or len(entry.texts) for entry in found.entries] == [4, 0, 1, 0], (
        "no texts of the other case"
    )
    (_, move) = ask(pool, case=uid("case")).entries
    assert [(one.relation, one.case, one.version) for one in move.beside] == [
        ("moves", uid("case"), 1), ("brings", uid("other"), 2),
    ]  # fmt: skip


def test_a_move_to_a_case_that_holds_no_copy_is_shown_there_all_the_same(pool: Pool) -> None:
    moved = MessageMoved(message=RECEIVED.message, other=uid("other"))
    writer = Writer().add("case", RECEIVED).add("other", URGENT).add("case", moved)
    build(pool, writer.log())
    assert [one.words for one in ask(pool, case=uid("other")).entries] == [
        "Priority set to urgent", f"A message was moved to complaint {uid('other')}",
    ]  # fmt: skip
    assert [one.position for one in ask(pool, case=uid("third")).entries] == []


def test_an_entry_names_the_policy_that_its_case_had_then(pool: Pool) -> None:
    writer = Writer().add("case", RECEIVED, APPLIED, URGENT, APPLIED.model_copy(update={"policy_version": 2}))
    build(pool, writer.log())
    pinned = [entry.policy and entry.policy.version for entry in ask(pool, case=uid("case")).entries]
    assert pinned == [None, 1, 1, 2]


def test_the_circumstances_of_an_entry_are_told_in_both_languages(pool: Pool) -> None:
    first = Writer().add("case", RECEIVED, origin="import", at=START).events[0]
    around = first.envelope.model_copy(
        update={
            "on_behalf_of": "person:boss", "decided_by": RuleRef(rule_set="routing", version=3, rule="big"),
            "source": KafkaSource(cluster="c", topic="complaints.inbound", partition=2, offset=17),
            "claimed_at": START, "claim_differs": True,
        }
    )  # fmt: skip
    build(pool, Writer([first._replace(envelope=around)]).log())
    with asking(pool).snapshot([NAME]) as snapshot:
        told = [trail(snapshot, TrailFilter(), language).entries[0].around for language in LANGUAGES]
    assert told == [
        (
            "on behalf of person:boss",
            "by rule big of rule set routing, version 3",
            "from topic complaints.inbound, partition 2, offset 17",
            "the sender claims another time: 2026-03-02 09:00 UTC",
            "brought from another system",
        ),
        (
            "от имени person:boss",
            "по правилу big из набора routing, версия 3",
            "из темы complaints.inbound, раздел 2, смещение 17",
            "отправитель указывает другое время: 2026-03-02 09:00 UTC",
            "перенесено из другой системы",
        ),
    ]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (FileSource(file="a" * 64, line=12), f"from line 12 of the file {'a' * 64}"),
        (RequestSource(request=uid("r")), f"by request {uid('r')}"),
        (RuleSource(), "by itself"),
        (RuleSource(event_id=uid("e")), f"by itself, upon event {uid('e')}"),
    ],
)
def test_every_source_has_its_words(pool: Pool, source: Source, words: str) -> None:
    first = Writer().add("case", RECEIVED).events[0]
    build(pool, Writer([first._replace(envelope=first.envelope.model_copy(update={"source": source}))]).log())
    assert ask(pool).entries[0].around == (words,)


def test_a_person_is_found_by_his_words_and_where_he_is_named(pool: Pool) -> None:
    gone = SubjectErased(subject=PERSON, request_id=uid("wish"), reason="request")
    other = uid("other person")
    party = PartyAdded(subject_id=other, party=Party(role="customer", subject_id=PERSON))
    writer = Writer().add("case", RECEIVED, party, URGENT).add("subject", gone)
    build(pool, writer.log())
    assert [entry.position for entry in ask(pool, subject=PERSON).entries] == [1, 2, 4]
    assert [entry.position for entry in ask(pool, subject=other).entries] == [2]


def test_the_events_of_a_person_are_found_by_an_index_in_their_order(pool: Pool) -> None:
    writer = Writer()
    for number in range(400):
        writer.add(f"case {number}", RECEIVED.model_copy(update={"subject_id": uid(f"person {number % 40}")}), URGENT)
    build(pool, writer.log(), [AuditTrail()])
    asked = question(ENTRIES, SUBJECTS, TrailFilter(subject=uid("person 7"), limit=5))
    with pool.connection() as connection:
        for table in (ENTRIES, SUBJECTS):
            connection.execute(f"ANALYZE views.{table.name}".encode())
        plan = repr(sql.explained(connection, asked))
    assert "Seq Scan" not in plan
    assert "audit_trail_subjects_v2_pkey" in plan
    assert [one.position for one in ask(pool, subject=uid("person 7"), limit=3).entries] == [15, 95, 175]
    assert [one.position for one in ask(pool, subject=uid("person 7"), limit=2, after=175).entries] == [255, 335]


def test_what_each_event_changed_is_computed_where_it_is_asked(pool: Pool) -> None:
    log = Writer().add("case", RECEIVED, URGENT).log()
    build(pool, log)
    found = ask(pool, log=log, changed=True, case=uid("case"))
    assert [one.model_dump() for one in found.entries[1].changes or ()] == [
        {"op": "replace", "path": "/classification/priority", "value": "urgent", "was": None}
    ]
    assert {entry.texts for entry in found.entries} == {None}
    assert {entry.changes for entry in ask(pool, case=uid("case")).entries} == {None}
