"""What analysts learn of a complaint beyond the list, and how the public field names are filled."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from psycopg.rows import dict_row

from engine.store.database.pool import Pool
from schemas.complaint.assignment import ComplaintAssigned
from schemas.complaint.classification import ComplaintClassified, Day, FieldSet, FieldValue, Number
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintResolved, OutcomeDisputed
from schemas.words import Money
from support.histories import APPLIED, FEEDBACK, PERSON, RECEIVED, SECRET, START, Writer, registered, uid
from support.views import build, empty, rows


def given(field: str, value: FieldValue | None = None, text: str | None = None) -> FieldSet:
    return FieldSet(subject_id=PERSON, field=field, value=value, text=text)


def sent(team: str) -> ComplaintAssigned:
    return ComplaintAssigned(subject_id=PERSON, team=team, reason="rule")


def of_view(pool: Pool, view: str) -> list[dict[str, Any]]:
    with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"SELECT * FROM analytics.{view} ORDER BY 1".encode()).fetchall()


def test_finer_words_tags_and_custom_fields_stand_as_last_set(pool: Pool) -> None:
    money = Money(amount=Decimal("12.50"), currency="EUR")
    story = Writer().add("case", RECEIVED.model_copy(update={"customer_segment": "vip"}), registered())
    story.add("case", ComplaintClassified(subject_id=PERSON, subtype="late", tags=("one", "two")))
    story.add("case", ComplaintClassified(subject_id=PERSON, type="delivery"), sent("north"))
    story.add("case", sent("south"), at=datetime(2026, 5, 1, tzinfo=UTC))
    story.add(
        "case", given("colour", "red"), given("colour", "blue"), given("paid", money), given("urgent", value=True)
    )
    story.add("case", given("since", Day(day=date(2026, 1, 2))), given("weight", Number(number=Decimal("1.5"))))
    story.add("case", given("note", "short"), given("note", text=SECRET)).add("thanks", FEEDBACK)
    build(pool, story.log())
    (found,) = of_view(pool, "case_details_v1")
    assert {name: value for name, value in found.items() if not name.startswith(("as_of", "lag"))} == {
        "case_id": uid("case"), "business_unit": "main", "origin": "live", "subtype": "late",
        "customer_segment": "vip", "tags": ["one", "two"], "first_assigned_at": START,
        "fields": {
            "colour": "blue", "paid": {"amount": "12.50", "currency": "EUR"}, "urgent": True,
            "since": {"day": "2026-01-02"}, "weight": {"number": "1.5"},
        },
    }  # fmt: skip


def test_a_replay_in_other_batches_gives_the_same_rows(pool: Pool) -> None:
    story = Writer().configured().add("case", RECEIVED, registered(), sent("north"), given("colour", "red"))
    story.add("other", given("colour", "red"), RECEIVED).add("case", given("colour", "blue"), given("size", 3))
    build(pool, story.log())
    before = {name: found for name, found in rows(pool).items() if name.startswith("details")}
    empty(pool)
    build(pool, story.log(), batch=1)
    assert {name: found for name, found in rows(pool).items() if name.startswith("details")} == before
    assert len(before["details_complaints_v1"]) == 2


def test_a_complaint_of_ours_has_what_its_course_says_under_the_public_names(pool: Pool) -> None:
    story = Writer().configured().add("case", RECEIVED, APPLIED, registered("PL-00000-00001"))
    story.add("case", ComplaintResolved(subject_id=PERSON, outcome="partly_upheld"))
    story.add(
        "case", OutcomeDisputed(subject_id=PERSON), ComplaintClosed(subject_id=PERSON, reason="decision", cycle=1)
    )
    build(pool, story.log())
    (found,) = of_view(pool, "cfpb_v1")
    names = ("complaint_id", "product", "sub_product", "issue", "company", "state", "tags", "company_response")
    assert [found[name] for name in names] == [
        "PL-00000-00001", "kettle", None, "delivery", "main", None, None, "Closed with relief",
    ]  # fmt: skip
    assert (found["timely"], found["consumer_disputed"], found["date_sent_to_company"]) == ("Yes", "Yes", START.date())


def test_what_the_bureau_said_of_an_imported_complaint_stands_over_what_we_would_say(pool: Pool) -> None:
    story = Writer().add(
        "case", RECEIVED.model_copy(update={"location": "us-tx", "customer_segment": "older-american-servicemember"}),
        registered(), ComplaintClassified(subject_id=PERSON, subtype="fees", tags=("sub-issue:late-fee",)),
        sent("acme-bank"), given("company_response", "untimely-response"), given("timely", value=False),
        given("disputed", value=False), given("narrative_consent", "n-a"),
    )  # fmt: skip
    build(pool, story.log())
    (found,) = of_view(pool, "cfpb_v1")
    names = ("issue", "sub_issue", "company", "state", "tags", "company_response", "timely", "consumer_disputed")
    assert [found[name] for name in names] == [
        "fees", "late-fee", "acme-bank", "TX", "Older American, Servicemember", "Untimely response", "No", "No",
    ]  # fmt: skip
    assert found["consumer_consent_provided"] == "N/A"


def test_every_view_has_a_complaint_received_on_one_day(pool: Pool) -> None:
    """Half past eleven in the evening in Greenwich is the next day where the desk's calendar is."""
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    story = Writer().configured().add("case", RECEIVED, APPLIED, registered(), at=late).add("free", RECEIVED, at=late)
    build(pool, story.log())
    days = {row["case_id"]: row["received_on"] for row in of_view(pool, "funnel_cases_v1")}
    assert days == {uid("case"): date(2026, 3, 3), uid("free"): date(2026, 3, 2)}
    assert {row["case_id"]: row["opened_on"] for row in of_view(pool, "cases_v1")} == days
    assert sorted(row["date_received"] for row in of_view(pool, "cfpb_v1")) == sorted(days.values())


def test_a_state_is_two_letters_or_what_the_bureau_wrote_out(pool: Pool) -> None:
    islands, shop = (RECEIVED.model_copy(update={"location": place}) for place in ("us-minor-islands", "us-shop-7"))
    story = Writer().add("islands", islands, registered("PL-00000-00001"), given("company_response", "closed"))
    story.add("shop", shop, registered("PL-00000-00002"))
    build(pool, story.log())
    assert [row["state"] for row in of_view(pool, "cfpb_v1")] == ["MINOR ISLANDS", None]
