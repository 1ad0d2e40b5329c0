from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.configuration.activation import activation
from engine.store.database.pool import Pool
from projections.analytics import install
from projections.runtime import rebuild
from projections.views import all_views
from projections.views.case_fields.rows import CaseFields
from schemas.complaint.base import Event
from schemas.complaint.classification import Day, FieldSet, FieldValue, Number
from schemas.configuration.fields import Fields
from schemas.words import Money
from support.drawing import SHARED
from support.histories import FEEDBACK, PERSON, RECEIVED, START, Writer, uid
from support.views import build, empty, rows

WHAT = (
    ("tier", "code"), ("weight", "number"), ("sold_on", "date"), ("order", "boolean"), ("story", "text"),
)  # fmt: skip
"""One of them is a word of SQL."""


def declared(version: int = 1, what: Sequence[tuple[str, str]] = WHAT) -> Event:
    fields = [
        {"name": name, "type": kind, "label": {"en": f"{name}!", "ru": "Поле '{x}' -- да"}} for name, kind in what
    ]
    return activation(Fields.model_validate({"id": "shop", "version": version, "fields": fields}))


def put(field: str, value: FieldValue | None = None) -> FieldSet:
    return FieldSet(subject_id=PERSON, field=field, value=value)


def asked(pool: Pool, question: str) -> list[tuple[Any, ...]]:
    with pool.connection() as connection:
        return connection.execute(question).fetchall()


def views(pool: Pool) -> list[str]:
    question = (
        "SELECT viewname FROM pg_views WHERE schemaname = 'analytics' AND viewname LIKE 'case_fields_shop%' ORDER BY 1"
    )
    return [row[0] for row in asked(pool, question)]


def told() -> Writer:
    writer = Writer().configured().add("declaration", declared()).add("one", RECEIVED, put("tier", "gold"))
    writer.add("one", put("weight", 7), put("tier", "silver"), put("weight", Number(number=Decimal("7.50"))))
    writer.add(
        "one", put("sold_on", Day(day=date(2026, 3, 2))), put("order", value=False), put("story"), put("own", "x")
    )
    return writer.add("two", RECEIVED, put("weight", "heavy")).add("thanks", FEEDBACK)


def test_each_set_has_a_view_with_a_column_for_each_of_its_fields(pool: Pool) -> None:
    build(pool, told().log())
    wide = asked(
        pool, 'SELECT case_id, tier, weight, sold_on, "order" FROM analytics.case_fields_shop_v1 ORDER BY tier'
    )
    assert wide == [
        (uid("one"), "silver", Decimal("7.50"), date(2026, 3, 2), False), (uid("two"), None, None, None, None),
    ]  # fmt: skip
    columns = asked(
        pool,
        "SELECT attname, format_type(atttypid, NULL), col_description(attrelid, attnum) FROM pg_attribute "
        "WHERE attrelid = 'analytics.case_fields_shop_v1'::regclass AND attnum > 2 ORDER BY attnum LIMIT 4",
    )
    assert columns == [
        ("tier", "text", "tier! / Поле '{x}' -- да"), ("weight", "numeric", "weight! / Поле '{x}' -- да"),
        ("sold_on", "date", "sold_on! / Поле '{x}' -- да"), ("order", "boolean", "order! / Поле '{x}' -- да"),
    ]  # fmt: skip


def test_every_field_of_a_case_has_its_row_a_text_without_its_words(pool: Pool) -> None:
    build(pool, told().add("two", put("fee", Money(amount=Decimal("3.50"), currency="EUR"))).log())
    question = (
        "SELECT field, kind, coalesce(code, number::text, day::text, flag::text), currency "
        "FROM analytics.case_fields_v1 ORDER BY case_id = '{}' DESC, field"
    )
    assert asked(pool, question.format(uid("one"))) == [
        ("order", "boolean", "false", None), ("own", "code", "x", None), ("sold_on", "date", "2026-03-02", None),
        ("story", "text", None, None), ("tier", "code", "silver", None), ("weight", "number", "7.50", None),
        ("fee", "money", "3.50", "EUR"), ("weight", "code", "heavy", None),
    ]  # fmt: skip


def test_a_view_stands_with_the_transaction_that_passes_its_declaration_and_belongs_to_the_contracts_owner(
    pool: Pool,
) -> None:
    writer = Writer().configured()
    build(pool, writer.log())
    assert views(pool) == []
    build(pool, writer.add("declaration", declared()).log())
    assert views(pool) == ["case_fields_shop_v1"]
    build(pool, writer.add("declaration", declared(2, [("tier", "number")])).log())
    assert views(pool) == ["case_fields_shop_v1", "case_fields_shop_v2"]
    owners = asked(pool, "SELECT DISTINCT viewowner FROM pg_views WHERE schemaname = 'analytics'")
    assert owners == [(install.OWNER,)]


def test_a_set_of_texts_alone_has_no_view(pool: Pool) -> None:
    build(pool, Writer().add("declaration", declared(what=[("story", "text")])).log())
    assert views(pool) == []


def test_a_view_that_could_not_be_made_is_made_at_the_next_start(pool: Pool) -> None:
    build(pool, told().log())
    with pool.connection() as connection:
        connection.execute("DROP VIEW analytics.case_fields_shop_v1")
        assert install.ensure(connection, all_views()) == []
    assert views(pool) == ["case_fields_shop_v1"]


def test_a_rebuild_beside_waits_for_no_reader_of_the_view_and_holds_the_same_rows(pool: Pool) -> None:
    writer = told()
    build(pool, writer.log())
    assert rebuild.begin(pool, CaseFields(), pause=lambda _: None)
    with pool.connection() as reader:
        reader.execute("SELECT FROM analytics.case_fields_shop_v1")
        build(pool, writer.log())
        reader.rollback()
    for table in ("values", "sets"):
        first = asked(pool, f"SELECT * FROM views.case_fields_{table}_v1 ORDER BY 1, 2")
        assert first == asked(pool, f"SELECT * FROM views.case_fields_{table}_v1_b ORDER BY 1, 2") != []


FIELDS = st.tuples(
    st.sampled_from(["one", "two"]),
    st.sampled_from(["tier", "weight", "story"]),
    st.sampled_from([None, "gold", 7, True, Number(number=Decimal("7.50")), Day(day=START.date())]),
)


@settings(max_examples=15, deadline=None, suppress_health_check=SHARED)
@given(said=st.lists(FIELDS, max_size=12), batch=st.sampled_from([1, 3]))
def test_rebuilt_rows_are_the_incremental_ones(
    pool: Pool, said: list[tuple[str, str, FieldValue | None]], batch: int
) -> None:
    writer = Writer().add("declaration", declared()).add("one", RECEIVED).add("two", RECEIVED)
    for case, field, value in said:
        writer.add(case, put(field, value))
    found = []
    for size in (batch, 512):
        empty(pool, [CaseFields()])
        build(pool, writer.log(), [CaseFields()], batch=size)
        found.append(rows(pool, [CaseFields()]))
    assert found[0] == found[1]
