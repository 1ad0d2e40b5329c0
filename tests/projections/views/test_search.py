"""Words and codes are found in the cases where they were said, and nowhere once their person is erased."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store.batch import Recorded
from engine.store.database import roles
from engine.store.database.pool import Pool
from projections.runtime import versions
from projections.runtime.projection import Projection
from projections.runtime.runner import Runner
from projections.views.cases.ask import CaseFilter, CaseList, listing, names
from projections.views.cases.rows import Cases
from projections.views.search.rows import Search
from projections.views.search.spelling import code
from schemas.complaint.correspondence import MessageRecorded, NoteAdded
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from schemas.streams.subject import SubjectErased
from schemas.words import Contact, Party, Point, Reference
from support.drawing import SHARED
from support.histories import APPLIED, FEEDBACK, RECEIVED, SECRET, START, Writer, histories, registered, uid
from support.roles import login_role
from support.views import asking, build, empty, positions, rows

ADA, IVAN = uid("ada"), uid("ivan")
VIEWS: tuple[Projection, ...] = (Cases(), Search())
on_one_database = settings(max_examples=25, deadline=None, suppress_health_check=SHARED)


def received(body: str, *, subject: UUID = ADA, name: str | None = None, phone: str | None = None) -> ComplaintReceived:
    contacts = (Contact(kind="phone", value=phone),) if phone else ()
    party = Party(role="complainant", subject_id=subject, name=name, contacts=contacts)
    return ComplaintReceived(subject_id=subject, channel="email", message=uid(body), body=body, parties=(party,))


def numbered(number: str, **point: str) -> ComplaintRegistered:
    points = (Point(point=1, **point),)  # type: ignore[arg-type] # names of fields of text
    refs = (Reference(system="crm", number="CRM 77/12"),) if number.endswith("2") else ()
    return ComplaintRegistered(subject_id=ADA, number=number, points=points, external_refs=refs)


def erased(subject: UUID, *streams: UUID) -> SubjectErased:
    return SubjectErased(subject=subject, streams=streams, request_id=uid("wish"), reason="request")


@pytest.fixture(scope="session")
def database_template(bare_template: str) -> str:
    return bare_template


@pytest.fixture
def told() -> Writer:
    writer = Writer().configured()
    writer.add(
        "kettle", received("Чайник потёк через неделю. Верните деньги!", name="Ада Лавлейс", phone="+7 900 1-2-3")
    )
    writer.add("kettle", numbered("PL-00000-00001", serial="АВ-12 345", order_reference="Z/9-001"))
    writer.add("kettle", MessageRecorded(subject_id=IVAN, direction="inbound", message=uid("m"), channel="email",
                                         body="The courier never delivered the replacement kettles"))  # fmt: skip
    writer.add("iron", received("Утюг сломан, чайники ни при чём", subject=IVAN), numbered("PL-00000-00002"))
    return writer


def found(pool: Pool, **wanted: object) -> list[UUID]:
    asked = CaseFilter.model_validate(wanted)
    with asking(pool).snapshot(names(asked)) as snapshot:
        return sorted(one.id for one in listing(snapshot, asked).cases)


BOTH = sorted([uid("kettle"), uid("iron")])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("чайников", BOTH),
        ("ЧАЙНИК", BOTH),
        ("потек", [uid("kettle")]),
        ("деньги чайник", [uid("kettle")]),
        ("kettle", [uid("kettle")]),
        ("чайник и delivering", [uid("kettle")]),
        ("чайник утюга", [uid("iron")]),
        ('"верните деньги"', [uid("kettle")]),
        ('"деньги верните"', []),
        ("лавлейс", [uid("kettle")]),
        ("AB12345", [uid("kettle")]),
        ("ав 12-345", [uid("kettle")]),
        ("z9001", [uid("kettle")]),
        ("crm77/12", [uid("iron")]),
        ("79001 23", [uid("kettle")]),
        ("pl-00000-00002", [uid("iron")]),
        ("№ PL 00000 00002", [uid("iron")]),
        ("и", []),
        ("!?", []),
        ("samovar", []),
    ],
)
def test_a_search_finds_what_was_said(pool: Pool, told: Writer, wanted: str, expected: list[UUID]) -> None:
    build(pool, told.log(), VIEWS)
    assert found(pool, search=wanted) == expected


@pytest.mark.parametrize(
    "wanted",
    [
        "кофемолку", "«Кофемолка»", "лампы", "сломалась", "88123", "№88123", "заказ № 88123", "kettle lid", "kettle's",
        "O'Neil", "O’Neil", "wi-fi", "пылесос", "замок", '"лампа сломалась"', "50 €",
    ],
)  # fmt: skip
def test_typographic_signs_part_words_and_belong_to_none(pool: Pool, wanted: str) -> None:
    """The embedded database takes every sign outside ASCII for a letter."""
    body = (
        "«Кофемолка», „лампа“—сломалась…Заказ №88123: O’Neil’s kettle’s lid, wi\u2011fi, пыле\xadсос, за\u0301мок, 50€"
    )
    build(pool, Writer().add("case", received(body)).log(), VIEWS)
    assert found(pool, search=wanted) == [uid("case")]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("АВ-12345", [uid("kettle")]),
        ("чайник", []),
        ("PL-00000-00002", [uid("iron")]),
        ("plOOOOO0000Z", []),
        ("plOOOOO00002", [uid("iron")]),
    ],
)
def test_a_reference_is_found_as_a_whole_or_not(
    pool: Pool, told: Writer, reference: str, expected: list[UUID]
) -> None:  # fmt: skip
    build(pool, told.log(), VIEWS)
    assert found(pool, reference=reference) == expected


def test_a_search_is_narrowed_by_the_unit_of_the_case(pool: Pool, told: Writer) -> None:
    build(pool, told.log(), VIEWS)
    assert found(pool, search="чайник", business_unit="main") == BOTH
    assert found(pool, search="чайник", business_unit="west") == []


def test_an_erased_person_vanishes_from_the_cases_named_and_from_no_others(pool: Pool, told: Writer) -> None:
    log = told.add("subject", erased(IVAN, uid("kettle"))).log(until=len(told.events) - 1)
    build(pool, log, VIEWS)
    assert found(pool, search="courier") == [uid("kettle")]
    log.until = None
    build(pool, log, VIEWS)
    assert found(pool, search="courier") == []
    assert found(pool, search="утюг") == [uid("iron")]
    assert found(pool, search="лавлейс") == [uid("kettle")]


def test_nothing_of_an_erased_person_stands_in_any_row(pool: Pool, told: Writer) -> None:
    streams = tuple({one.stream for one in told.events})
    build(pool, told.add("subject", erased(ADA, *streams), erased(IVAN, *streams)).log(), VIEWS, batch=2)
    assert rows(pool, [Search()]) == {"search_texts_v1": []}


def _with_erasures(events: Sequence[Recorded], at: Sequence[int]) -> Writer:
    """The same history with erasures in between, after which nothing of that person is stored in that case."""
    writer, gone = Writer(), set[UUID]()
    for index, one in enumerate(events):
        if index in at:
            gone.add(one.stream)
            writer.add("subjects", erased(uid("person"), one.stream))
        elif one.stream not in gone or one.event.subject_id is None:
            writer.add(one.stream, one.event)
    return writer


@on_one_database
@given(
    events=histories(), at=st.sets(st.integers(2, 60), max_size=3), batch=st.integers(1, 9),
    stops=st.lists(st.integers(0, 60), max_size=3),
)  # fmt: skip
def test_a_rebuild_after_erasures_equals_the_view_that_lived_through_them(
    pool: Pool, events: list[Recorded], at: set[int], batch: int, stops: list[int]
) -> None:
    empty(pool)
    log = _with_erasures(events, sorted(at)).log()
    for stop in sorted(stops):
        log.until = min(stop, len(log.events))
        build(pool, log, batch=batch)
    log.until = None
    build(pool, log, batch=batch)
    lived = rows(pool)
    empty(pool)
    build(pool, log)
    assert rows(pool) == lived


def test_a_case_that_was_left_out_is_searched_once_it_is_resumed_but_not_by_what_was_erased(pool: Pool) -> None:
    log = Writer().add("case", RECEIVED, NoteAdded(subject_id=IVAN, note="утюг")).log()
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(Search, "begin", _failing)
        build(pool, log, VIEWS)
    log.events = Writer(list(log.events), {uid("case"): 2}).add("subjects", erased(uid("person"), uid("case"))).events
    build(pool, log, VIEWS)
    assert Runner(pool, log, VIEWS).resume("search") == 1
    assert (found(pool, search=SECRET), found(pool, search="утюги")) == ([], [uid("case")])


def _failing(*_: object) -> object:
    raise ValueError("on purpose")


def test_views_that_do_not_ask_are_given_no_opened_text(pool: Pool) -> None:
    log = Writer().add("case", RECEIVED).add("thanks", FEEDBACK).log()
    build(pool, log, [Cases()])
    assert log.opened == []
    build(pool, log, VIEWS)
    assert log.opened == [1, 2]


def test_a_view_whose_tables_a_dump_left_out_is_filled_again(pool: Pool, told: Writer) -> None:
    build(pool, told.log(), VIEWS)
    before = rows(pool, [Search()])
    with pool.connection() as connection:
        connection.execute("DROP SCHEMA views_personal CASCADE")
        versions.ensure(connection, VIEWS)
    assert positions(pool) == {"cases": len(told.events), "search": 0}
    build(pool, told.log(), VIEWS)
    assert rows(pool, [Search()]) == before


@pytest.mark.parametrize("text", ["\0 чайник \0", "й" * 300_000, "a" * 5_000, "😀 " * 60_000])
def test_any_text_can_be_kept(pool: Pool, text: str) -> None:
    build(pool, Writer().add("case", received(f"утюг {text}")).log(), VIEWS)
    assert found(pool, search="утюг") == [uid("case")]


def test_a_search_reads_the_index_of_words_and_a_page_reads_its_order_from_one(database: str, pool: Pool) -> None:
    build(pool, Writer().log())
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO views.cases_list_v1 (stream, kind, cycle, business_unit, origin, opened_at, opened_precision, "
            "last_event_at, event_count) SELECT md5(i::text)::uuid, 'complaint', 1, 'unit' || i % 50, 'live', "
            "now() - i * interval '1 minute', 'instant', now(), 3 FROM generate_series(1, 20000) i"
        )
        connection.execute(
            "INSERT INTO views_personal.search_texts_v1 SELECT i, md5(i::text)::uuid, md5(i::text)::uuid, "
            "to_tsvector('russian', CASE WHEN i % 500 = 17 THEN 'чайник x' || i ELSE 'утюг' END), "
            "ARRAY['s' || i] FROM generate_series(1, 20000) i"
        )
        connection.execute("VACUUM ANALYZE")
    said = _plan(pool, CaseFilter(search="чайник x17", business_unit="unit17"))
    assert "search_words_v1" in said
    assert "Seq Scan on search_texts_v1" not in said
    assert "search_codes_v1" in _plan(pool, CaseFilter(reference="S-17"))
    assert "cases_opened_v1" in _plan(pool, CaseFilter(limit=20))


def _plan(pool: Pool, wanted: CaseFilter) -> str:
    """What PostgreSQL did for the last query of a listing."""
    with asking(pool).snapshot(names(wanted)) as snapshot:
        snapshot.connection.execute("LOAD 'auto_explain'")
        snapshot.connection.execute("SET LOCAL auto_explain.log_min_duration = 0")
        said = list[str]()
        snapshot.connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        snapshot.connection.execute("SET LOCAL client_min_messages = log")
        listing(snapshot, wanted)
    return "\n".join(said)


def test_codes_are_spelled_alike_on_both_sides() -> None:
    spelled = [code(text) for text in ("АВ-12 / 3", "ab123", " AB_12.3 ", "--", "x" * 65)]
    assert spelled == ["ab123", "ab123", "ab123", "", ""]


def test_feedback_is_found_as_feedback(pool: Pool) -> None:
    build(pool, Writer().add("thanks", FEEDBACK).add("case", RECEIVED, registered()).log(), VIEWS)
    assert found(pool, search="petrovich", kind="feedback") == [uid("thanks")]


def test_doors_read_the_schema_of_plaintext_and_analysts_do_not(database: str, pool: Pool, told: Writer) -> None:
    build(pool, told.log())
    with login_role(database, "door") as door, login_role(database, "analyst") as analyst:
        with psycopg.connect(database, autocommit=True) as connection:
            roles.grant(connection, door.name, "door")
            roles.grant(connection, analyst.name, "analyst")
        counted = "SELECT count(*) > 0 FROM views_personal.search_texts_v1"
        with psycopg.connect(door.conninfo) as connection:
            assert connection.execute(counted).fetchone() == (True,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM views_personal.search_texts_v1")
        with psycopg.connect(analyst.conninfo) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(counted)


def test_cases_are_sorted_by_the_clock_that_is_due_first_and_paged(pool: Pool) -> None:
    writer = Writer().configured().add("quiet", RECEIVED)
    for number, hours in enumerate((5, 0, 3)):
        writer.add(f"case {number}", RECEIVED, APPLIED, at=START + timedelta(hours=hours))
    build(pool, writer.log())
    first = _page(pool, CaseFilter(sort="due", limit=2))
    assert [one.id for one in first.cases] == [uid("case 1"), uid("case 2")]
    assert [one.next_due and one.next_due.due_at for one in first.cases] == [
        START + timedelta(hours=1), START + timedelta(hours=4),
    ]  # fmt: skip
    second = _page(pool, CaseFilter(sort="due", limit=2, cursor=first.next))
    assert ([one.id for one in second.cases], second.next) == ([uid("case 0")], None)


def _page(pool: Pool, wanted: CaseFilter) -> CaseList:
    with asking(pool).snapshot(names(wanted)) as snapshot:
        return listing(snapshot, wanted)
