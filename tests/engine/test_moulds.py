"""What a mould gives is what the decider, the stamp and the mapper give, octet by octet, whatever the message."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import product
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers import intake
from consumers.wiring import presets
from engine import arrivals, planning, taking
from engine.complaint.state_bytes import to_bytes
from engine.configuration import in_force
from engine.configuration.activation import activation
from engine.configuration.in_force import Book
from engine.draft import Draft
from engine.incoming import Arrived, Circumstances, Sender
from engine.known import Known
from engine.moulds import Moulds
from engine.planning import Plan
from engine.store.batch import Batch, PreparedContent
from engine.store.mapper import Draft as RowDraft
from engine.store.mapper import Mapper, Prewritten, Sealed, keys_of
from engine.store.mould import Moulded
from engine.store.vault.content import Prepared
from engine.store.vault.fingerprint import Fingerprint
from engine.taking import People
from schemas.channels import message as channels
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.code_list import CodeList
from schemas.envelope import FileSource, KafkaSource, RequestSource, Source
from schemas.words import Attachment
from support.golden import keys_for, nonces

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KEYED = Fingerprint(b"a key for tests").of


@cache
def book() -> Book:
    activated = [activation(item) for item in presets.shipped()]
    activated.append(activation(UNITS))
    return in_force.fold(event for event in activated if isinstance(event, ConfigurationActivated))


def prepare(
    content_id: UUID,
    stream: UUID,
    subject: UUID,
    data: bytes,
    media_type: str,
    file_name: str | None = None,
    *,
    begins: bool = False,
) -> Prepared:
    digest = sha256(data).hexdigest()
    attachment = Attachment(content_id=content_id, media_type=media_type, size=len(data), sha256=digest)
    assert begins or file_name is None
    return Prepared(attachment, PreparedContent(content_id, stream, subject, sha256(data).digest(), data, len(data)))


def planned(items: Sequence[Arrived], known: Known, moulds: Moulds | None) -> Plan:
    return planning.plan(items, known, book(), KEYED, prepare, NOON, moulds)


def rows(batch: Batch, *, by_moulds: bool) -> list[Sealed]:
    """Return the rows as a commit seals them, by fixed keys and nonces."""
    drafts: list[RowDraft | Prewritten] = []
    for append in batch.appends:
        if isinstance(append.events, Moulded) and by_moulds:
            drafts.append(append.events)
        else:
            numbered = enumerate(append.events, start=append.expected + 1)
            drafts += [Mapper().draft(append.stream, number, new) for number, new in numbered]
    mapper, nonce = Mapper(), nonces()
    keys = keys_for(keys_of(drafts))
    return [
        row
        for draft in drafts
        for row in ([mapper.seal(draft, keys, nonce)] if isinstance(draft, RowDraft) else draft.sealed(keys, nonce))
    ]


def moulded(batch: Batch) -> int:
    return sum(isinstance(append.events, Moulded) for append in batch.appends)


# --- messages ---------------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=12) | st.sampled_from(["%(subject)b", "100 %", "Не работает", '"\\\n\x7f', "body", "name"])
LINES = TEXTS | st.sampled_from(["kettle-k20", "online", "riga-centre", "en", "A-1"])
CONTACTS = st.fixed_dictionaries({
    "kind": st.sampled_from(["email", "phone", "postal"]),
    "value": st.sampled_from(["ann@example.org", "+371 2000", "ANN@example.org", "Lielā iela 1"]),
})  # fmt: skip
TIMES = st.datetimes(timezones=st.just(UTC)) | st.integers(-400, 400).map(
    lambda minutes: NOON + timedelta(minutes=minutes)
)
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "subject": LINES,
    "language": st.sampled_from(["en", "ru-RU", "", "de_AT", "klingon"]),
    "addressed_to": st.lists(LINES, max_size=2),
    "public": st.booleans(),
    "rating": st.sampled_from([{"score": "1", "out_of": "5"}, {"score": "5", "out_of": "5"}]),
    "submitted_at": TIMES.map(datetime.isoformat),
    "thread": st.sampled_from(["t1", "t2"]),
    "channel": st.sampled_from(["web_form", "chat"]),
}
AUTHOR: dict[str, st.SearchStrategy[Any]] = {
    "name": LINES,
    "contacts": st.lists(CONTACTS, max_size=3),
    "role": st.sampled_from(["complainant", "representative", "authority"]),
}
HINTS: dict[str, st.SearchStrategy[Any]] = {
    "sense": st.sampled_from(["complaint", "thanks", "question", "unknown", None]),
    "product": LINES,
    "serial": LINES,
    "order_reference": LINES,
    "location": LINES,
    "customer_segment": LINES,
    "business_unit": LINES,
}
ODD: dict[str, st.SearchStrategy[Any]] = {
    "on_behalf_of": st.fixed_dictionaries({"name": LINES}),
    "automated": st.just("bulk"),
    "in_reply_to": st.integers(0, 3).map(str),
    "direction": st.just("outbound"),
    "sent_at": TIMES.map(lambda at: at.date().isoformat()),
}
ODD_HINTS: dict[str, st.SearchStrategy[Any]] = {
    "incident_on": st.just("2026-01-05"),
    "written_on": st.just("2026-01-05"),
    "claimed": st.just({"amount": "12.50", "currency": "EUR"}),
    "remedy_sought": st.just("refund"),
    "external_refs": st.just([{"system": "erp", "number": "7"}]),
}
SOURCES: st.SearchStrategy[Source] = st.one_of(
    st.integers(0, 10**9).map(lambda at: KafkaSource(cluster="c", topic="in", partition=3, offset=at)),
    st.integers(1, 99).map(lambda line: FileSource(file="ab" * 32, line=line)),
    st.uuids().map(lambda own: RequestSource(request=own)),
)
AROUND: dict[str, st.SearchStrategy[Any]] = {
    "sender": st.sampled_from([
        Sender("kafka/in", "service:kafka", "workload"),
        Sender("kafka/in", "service:kafka", "workload", on_behalf_of="service:b"),
        Sender("http", "person:ann", "token"),
    ]),
    "source": SOURCES,
    "received_at": TIMES,
    "trusts_claim": st.booleans(),
    "traceparent": st.none() | st.just("00-" + "1a" * 16 + "-" + "2b" * 8 + "-01"),
    "clock": st.none() | TIMES,
}  # fmt: skip
UNITS = CodeList(id="business_unit", version=1, values={"online": {}, "A-1": {}})  # type: ignore[dict-item] # as in YAML
Message = dict[str, Any]


def one_of(fields: dict[str, st.SearchStrategy[Any]], draw: st.DrawFn) -> Message:
    """Return one of these fields with a value."""
    name = draw(st.sampled_from(sorted(fields)))
    return {name: draw(fields[name])}


def changed_in_one(form: Message, draw: st.DrawFn) -> Message:
    """Return the message with another value for one of the things that it can say."""
    match draw(st.integers(0, 5)):
        case 0:
            return {**form, "author": {**form["author"], **one_of(AUTHOR, draw)}}
        case 1 | 2:
            return {**form, "hints": {**form["hints"], **one_of(HINTS, draw)}}
        case 3:
            return {**form, **one_of(PLAIN, draw)}
        case 4:
            return {**form, **one_of(ODD, draw)}
        case _:
            return {**form, "hints": {**form["hints"], **one_of(ODD_HINTS, draw)}}


@st.composite
def brought(draw: st.DrawFn) -> list[Arrived]:
    """Three messages of one kind, which has a mould then, and others that differ from them in one thing."""
    base: Message = {
        "channel": "web_form",
        "text": "It broke.",
        **draw(st.fixed_dictionaries({}, optional=PLAIN)),
        "system": draw(st.sampled_from(["", "shop"])),
        "author": draw(st.fixed_dictionaries({}, optional=AUTHOR)),
        "hints": draw(st.fixed_dictionaries({}, optional=HINTS)),
    }
    around = draw(st.builds(Circumstances, **AROUND))
    given_forms = [base] * 3 + [changed_in_one(base, draw) for _ in range(draw(st.integers(0, 3)))]
    found: list[Arrived] = []
    for number, form in enumerate(given_forms):
        if draw(st.booleans()):
            around = replace(around, **one_of(AROUND, draw))
        taken = intake.from_octets(orjson.dumps({**form, "id": str(number)}), around)
        if isinstance(taken, Arrived):
            found.append(taken)
    return found


def known_of(items: Sequence[Arrived], met: Sequence[bool]) -> Known:
    """Return what is known of a batch, where some contacts reach persons already."""
    keys = [key for item in items for key in taking.contact_keys(item.message.author, KEYED)]
    return Known(
        contacts={key: uuid5(UUID(int=1), key.hex()) for key, is_met in zip(keys, met, strict=False) if is_met}
    )


@settings(max_examples=100, deadline=None)
@given(brought(), st.lists(st.booleans(), max_size=12))
def test_a_mould_gives_the_same_results_events_rows_and_side_rows(items: list[Arrived], met: list[bool]) -> None:
    moulds = Moulds()
    for _ in range(2):
        quick = planned(items, known_of(items, met), moulds)
        slow = planned(items, known_of(items, met), None)
        assert quick.results == slow.results
        assert quick.batch == slow.batch
        assert rows(quick.batch, by_moulds=True) == rows(slow.batch, by_moulds=False)


def form(number: int, **more: Any) -> Arrived:
    fields = {
        "channel": "web_form", "system": "shop", "id": str(number), "text": f"It broke, number {number}.",
        "author": {"name": f"Ann {number}", "contacts": [{"kind": "email", "value": f"ann{number}@example.org"}]},
        "hints": {"sense": "complaint", "order_reference": f"A-{number}"}, **more,
    }  # fmt: skip
    source = KafkaSource(cluster="c", topic="t", partition=0, offset=number)
    taken = intake.from_octets(
        orjson.dumps(fields), Circumstances(Sender("kafka", "service:kafka", "workload"), source, NOON)
    )
    assert isinstance(taken, Arrived)
    return taken


def test_the_third_message_of_a_kind_and_all_after_it_are_moulded() -> None:
    moulds = Moulds()
    assert moulded(planned([form(number) for number in range(10)], Known(), moulds).batch) == 9
    assert moulded(planned([form(number) for number in range(10)], Known(), moulds).batch) == 10


def test_another_book_makes_other_moulds() -> None:
    moulds = Moulds()
    planned([form(number) for number in range(3)], Known(), moulds)
    other = replace(book(), desk=book().desk.model_copy(update={"registered_starts_investigation": True}))
    plan = planning.plan([form(7), form(8)], Known(), other, KEYED, prepare, NOON, moulds)
    slow = planning.plan([form(7), form(8)], Known(), other, KEYED, prepare, NOON)
    assert (moulded(plan.batch), plan.batch) == (1, slow.batch)


@pytest.mark.parametrize("more", [
    {"on_behalf_of": {"name": "Bob"}},
    {"automated": "bulk"},
    {"hints": {"sense": "complaint", "claimed": {"amount": "1", "currency": "EUR"}}},
    {"hints": {"sense": "complaint", "incident_on": "2026-01-05"}},
])  # fmt: skip
def test_what_is_out_of_the_ordinary_goes_the_long_way(more: dict[str, Any]) -> None:
    moulds = Moulds()
    assert moulded(planned([form(number, **more) for number in range(5)], Known(), moulds).batch) == 0


def test_a_follow_up_in_the_same_batch_finds_the_case_as_it_stands() -> None:
    moulds = Moulds()
    planned([form(number) for number in range(3)], Known(), moulds)
    items = [form(7), form(8, in_reply_to="7"), form(7)]
    quick, slow = (planned(items, Known(), each) for each in (moulds, None))
    assert (quick.results, quick.batch) == (slow.results, slow.batch)
    assert [len(append.events) for append in quick.batch.appends] == [5]


def test_the_state_of_a_moulded_case_is_that_of_its_events() -> None:
    moulds = Moulds()
    planned([form(number) for number in range(3)], Known(), moulds)
    drafts = [Draft(Known(), book(), KEYED, prepare, NOON, each) for each in (moulds, None)]
    plans = [arrivals.take(draft, form(7)) for draft in drafts]
    (stream,) = {result.stream for result in plans}  # type: ignore[union-attr] # each is Done
    states = [to_bytes(draft.loaded(stream).state) for draft in drafts]
    assert states[0] == states[1]


def test_kinds_that_a_sender_makes_up_are_not_kept_for_ever() -> None:
    moulds = Moulds()
    for first in "abcdefghijkl":
        for second in "abcdefghijklmnopqrstuvwxyz":
            for third in "abcd":
                planned([form(1, language=f"{first}{second}{third}")], Known(), moulds)
    assert len(moulds) <= 1025


PERSON = Sender("kafka", "person:ann", "token")
FULL_HINTS = {
    "sense": "complaint", "product": "kettle", "location": "online", "customer_segment": "A-1", "serial": "s",
    "order_reference": "A-1", "business_unit": "online",
}  # fmt: skip
FULL: dict[str, Any] = {
    "subject": "Kettle", "language": "en", "addressed_to": ["desk@example.org"], "submitted_at": "2026-03-02T11:59:00Z",
    "hints": FULL_HINTS,
    "author": {"name": "Ann", "role": "complainant", "contacts": [{"kind": "email", "value": "ann@example.org"}]},
}  # fmt: skip
AUTHORS: list[Message] = [
    {"name": ""},
    {"role": "representative"},
    {"role": "authority"},
    {"contacts": []},
    {"contacts": [{"kind": "phone", "value": "+371 2000"}]},
    {"contacts": [{"kind": "email", "value": "ann@example.org"}, {"kind": "phone", "value": "+371 2000"}]},
]
DIFFERENT: list[Message] = [
    {"public": True},
    {"channel": "chat", "sent_at": "2026-03-02T11:59:00Z"},
    {"subject": ""},
    {"language": "ru"},
    {"language": ""},
    {"addressed_to": []},
    {"text": "", "rating": {"score": "1", "out_of": "5"}},
    {"submitted_at": "2026-02-02T11:59:00Z"},
    {"submitted_at": None},
    {"rating": {"score": "5", "out_of": "5"}},
    *({"author": {**FULL["author"], **other}} for other in AUTHORS),
    *({"hints": {**FULL_HINTS, name: value}} for name, value in (
        ("sense", "thanks"), ("sense", "question"), ("sense", None), ("sense", "spam"),
        ("product", "phone"), ("product", "other"), ("product", None), ("product", ""),
        ("location", "shop"), ("location", None), ("location", "not published"),
        ("customer_segment", "online"), ("customer_segment", None),
        ("business_unit", "A-1"), ("business_unit", None), ("business_unit", "not published"),
        ("serial", None), ("serial", ""), ("order_reference", None),
    )),
    {"hints": {"sense": "complaint"}},
    {"hints": {"sense": "complaint", "product": ""}},
    {"hints": {"sense": "complaint", "product": "other"}},
]  # fmt: skip
SURROUNDED: list[Message] = [
    {"sender": PERSON},
    {"sender": replace(PERSON, on_behalf_of="service:b")},
    {"traceparent": "00-" + "1a" * 16 + "-" + "2b" * 8 + "-01"},
    {"trusts_claim": True},
    {"clock": NOON + timedelta(seconds=1)},
    {"received_at": NOON + timedelta(days=400)},
    {"received_at": NOON - timedelta(days=1), "trusts_claim": True},
    {"source": RequestSource(request=UUID(int=9))},
]
CODES = {"product": ("kettle", "phone"), "location": ("online", "shop"), "customer_segment": ("A-1", "online"),
         "business_unit": ("online", "A-1")}  # fmt: skip


@cache
def coded() -> Book:
    """Return the shipped configuration with two codes in each list."""
    lists = {name: CodeList.model_validate({"id": name, "version": 9, "values": {code: {} for code in codes}})
             for name, codes in CODES.items()}  # fmt: skip
    return replace(book(), code_lists={**book().code_lists, **lists})


def surrounded(item: Arrived, around: Message) -> Arrived:
    return replace(item, around=replace(item.around, **around))


@pytest.mark.parametrize("around", [{}, {"trusts_claim": True, "clock": NOON + timedelta(seconds=2)}])
@pytest.mark.parametrize("base", [FULL, {"hints": {"sense": "complaint"}}, {"hints": {"sense": "thanks"}}])
def test_what_differs_in_one_thing_is_not_filled_into_the_same_mould(base: Message, around: Message) -> None:
    moulds, forms = Moulds(), [base, *({**base, **one} for one in DIFFERENT)]
    for number, (form_of_one, further) in enumerate(product(forms, [{}, *SURROUNDED])):
        like = [surrounded(form(3 * number + each, **base), around) for each in range(2)]
        other = surrounded(form(3 * number + 2, **form_of_one), {**around, **further})
        quick, slow = (
            planning.plan([*like, other], Known(), coded(), KEYED, prepare, NOON, each) for each in (moulds, None)
        )
        assert quick == slow
        assert rows(quick.batch, by_moulds=True) == rows(slow.batch, by_moulds=False)


def test_whoever_is_only_taken_to_be_the_complainant_becomes_no_party_by_a_mould() -> None:
    moulds = Moulds()
    nameless: Message = {"author": {}}
    planned([form(number, **nameless) for number in range(3)], Known(), moulds)
    draft = Draft(Known(), book(), KEYED, prepare, NOON, moulds)
    own, stream, person = (uuid5(UUID(int=2), name) for name in ("own", "stream", "person"))
    for assumed, events in ((True, None), (False, 3)):
        people = People(person, None, {}, assumed=assumed)
        assert draft.begin(stream, "complaint", form(7, **nameless), own, people, "complaint") == events


ACCOUNTED: dict[type[Any], set[str]] = {
    channels.Message: {
        *("source_id", "author", "addressed_to", "subject", "text", "quoted", "claimed_at", "hints"),  # marked
        *("channel", "language", "public"),  # of the kind
        *("on_behalf_of", "direction", "automated", "attachments", "raw", "taken_by"),  # not plain
        *("revision", "conversation", "html_only", "automated_by", "delivery_report", "rating"),  # in no first event
    },
    channels.Hints: {
        *("product", "order_reference", "serial"),
        *("sense", "location", "customer_segment", "business_unit"),
        *("incident_on", "purchased_on", "written_on", "claimed", "remedy_sought", "answer_by", "external_refs"),
    },
    channels.Author: {"role", "name", "contacts"},
    channels.Contact: {"kind", "value"},
    Circumstances: {
        *("source", "received_at", "clock"),
        *("sender", "trusts_claim", "traceparent"),
        *("own", "move", "buried"),
        "decided_by",  # not plain
    },
    People: {"author", "behalf", "contacts", "assumed"},
}
"""What a message and its circumstances say. A new field must be marked, be part of the kind, or make it not plain."""


@pytest.mark.parametrize("kind", ACCOUNTED)
def test_moulds_know_every_field_that_a_message_can_have(kind: type[Any]) -> None:
    assert {each.name for each in fields(kind)} == ACCOUNTED[kind]
