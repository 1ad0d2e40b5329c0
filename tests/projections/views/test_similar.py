from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.store.database.pool import Pool
from projections.views.funnel.rows import Funnel
from projections.views.problems.rows import Problems
from projections.views.similar import ask
from projections.views.similar.ask import ClusterFilter, Clusters, SimilarCases, SimilarFilter
from projections.views.similar.rows import Similar
from schemas.complaint.registration import ComplaintReceived
from schemas.streams.problem import ProblemSuspected
from schemas.streams.subject import SubjectErased
from schemas.words import Party
from support.histories import START, Writer, registered, uid
from support.views import asking, build, drop, rows

VIEWS = (Funnel(), Problems(), Similar())
KETTLE = "The kettle leaks at the handle and the kitchen floor is wet every morning."
KETTLES = (
    KETTLE,
    "My new kettle leaks: water runs from the handle onto the floor.",
    "Water leaks out of the kettle near its handle, the floor gets wet.",
)
COURIER = "The courier shouted at my mother and threw the parcel over the fence."
REFUND = "I was charged twice for one order and nobody answers about the refund."


def said(text: str, who: str) -> ComplaintReceived:
    person = uid(who)
    return ComplaintReceived(
        subject_id=person, channel="email", message=uid(text), body=text,
        parties=(Party(role="complainant", subject_id=person),),
    )  # fmt: skip


def told(texts: Sequence[str]) -> Writer:
    writer = Writer()
    for number, text in enumerate(texts):
        at = START + timedelta(days=number)
        writer.add(f"case {number}", said(text, f"person {number}"), registered(f"PL-00000-0000{number}"), at=at)
    return writer


def like(pool: Pool, case: str, **wanted: Any) -> SimilarCases:
    with asking(pool).snapshot(ask.NAMES) as seen:
        return ask.similar(seen, uid(case), SimilarFilter.model_validate(wanted))


def groups(pool: Pool, **wanted: Any) -> Clusters:
    with asking(pool).snapshot(ask.NAMES) as seen:
        return ask.grouped(seen, ClusterFilter.model_validate(wanted))


@pytest.fixture
def kettles(pool: Pool) -> Pool:
    build(pool, told([*KETTLES, COURIER, REFUND]).log(), VIEWS)
    return pool


def test_complaints_about_one_matter_are_found_and_others_are_not(kettles: Pool) -> None:
    found = like(kettles, "case 0")
    assert {one.number for one in found.found} == {"PL-00000-00001", "PL-00000-00002"}
    assert [one.copy_of for one in found.found] == [False, False]
    assert found.compared == 4
    assert like(kettles, "case 3").found == ()


def test_one_text_sent_twice_is_told_as_a_copy(pool: Pool) -> None:
    build(pool, told([KETTLE, KETTLE.replace("every morning", "each morning"), COURIER]).log(), VIEWS)
    (one,) = like(pool, "case 0").found
    assert (one.case, one.copy_of, one.likeness > 0.7) == (uid("case 1"), True, True)


def test_what_was_received_longer_ago_is_not_compared(pool: Pool) -> None:
    writer = told(KETTLES[:2]).add("late", said(KETTLES[2], "late"), at=START + timedelta(days=30, hours=1))
    build(pool, writer.log(), VIEWS)
    assert {one.case for one in like(pool, "late", days=30).found} == {uid("case 1")}
    assert like(pool, "late", days=7).found == ()


def test_groups_name_their_complaints_from_the_oldest_on_and_the_problem_they_belong_to(pool: Pool) -> None:
    writer = told([*KETTLES, COURIER, REFUND])
    writer.add("problem", ProblemSuspected(complaints=(uid("case 0"),), within_days=7, least=0.2))
    build(pool, writer.log(), VIEWS)
    (group,) = groups(pool).clusters
    assert group.cases == (uid("case 0"), uid("case 1"), uid("case 2"))
    assert group.numbers == ("PL-00000-00000", "PL-00000-00001", "PL-00000-00002")
    assert group.problems == (uid("problem"),)
    assert groups(pool, smallest=4).clusters == ()


def test_the_group_around_a_complaint_is_what_the_groups_of_all_say(kettles: Pool) -> None:
    with asking(kettles).snapshot(ask.NAMES) as seen:
        sketches = {row.stream: row.sketch for row in ask.latest(seen, START + timedelta(days=9), 30)}
        (group,) = ask.grouped(seen, ClusterFilter(days=30)).clusters
    assert set(ask.around(uid("case 1"), sketches, least=0.16)) == set(group.cases)
    assert ask.around(uid("case 3"), sketches, least=0.16) == (uid("case 3"),)


def test_an_erased_person_has_no_sketch_and_a_rebuild_says_the_same(pool: Pool) -> None:
    writer = told(KETTLES)
    gone = SubjectErased(
        subject=uid("person 1"), streams=(uid("case 1"),), request_id=uid("request"), reason="request"
    )  # fmt: skip
    writer.add("person 1", gone)
    build(pool, writer.log(), VIEWS)
    before = rows(pool, [Similar()])
    assert {one.case for one in like(pool, "case 0").found} == {uid("case 2")}
    assert like(pool, "case 1") == SimilarCases.model_validate({**_stamp(pool), "case": uid("case 1")})
    drop(pool, [Similar()])
    build(pool, writer.log(), [Similar()])
    assert rows(pool, [Similar()]) == before


def _stamp(pool: Pool) -> dict[str, Any]:
    with asking(pool).snapshot(ask.NAMES) as seen:
        return {**seen.stamp(), "compared": 0, "found": ()}


def test_no_word_stands_in_the_rows(kettles: Pool) -> None:
    shown = repr(rows(kettles, [Similar()])).lower()
    assert [
        word for text in (*KETTLES, COURIER) for word in text.lower().split() if word in shown and len(word) > 4
    ] == []


def test_a_complaint_that_is_not_known_is_like_nothing(kettles: Pool) -> None:
    assert like(kettles, str(UUID(int=1))).found == ()
