from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.rules.staffing import Load, choose
from schemas.complaint.assignment import Candidate
from schemas.configuration.routing import Member, Then

TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANN, BEN, CLEO = "person:ann", "person:ben", "person:cleo"


def member(person: str, **more: Any) -> Member:
    return Member.model_validate({"person": person, "teams": ["first-line"], **more})


def wanted(person: str = "least_loaded", **more: Any) -> Then:
    return Then.model_validate({"team": "first-line", "person": person, **more})


LOADS = {ANN: Load(3, NOON - timedelta(hours=3)), BEN: Load(1, NOON), CLEO: Load(1, NOON - timedelta(hours=1))}
STAFF = (member(ANN), member(BEN), member(CLEO))


@pytest.mark.parametrize(
    ("staff", "then", "expected"),
    [
        (STAFF, wanted(), CLEO),
        (STAFF, wanted("round_robin"), ANN),
        ((*STAFF, member("person:dan")), wanted(), "person:dan"),
        (STAFF, wanted(BEN), BEN),
        ((member(ANN, skills=["angry"]), member(BEN), member(CLEO)), wanted(skills="angry"), ANN),
        (STAFF, wanted(skills="angry"), None),
        ((member(ANN, languages=["ru"]), member(BEN, languages=["en"]), member(CLEO)), wanted(speaks=True), ANN),
        ((member(BEN, most=1), member(ANN)), wanted(), ANN),
        ((member(CLEO, away=[{"from": "2026-03-02", "to": "2026-03-02"}]), member(BEN)), wanted(), BEN),
        ((member(CLEO, away=[{"from": "2026-03-03", "to": "2026-03-09"}]), member(BEN)), wanted(), CLEO),
        ((member(BEN, away=[{"from": "2026-03-01", "to": "2026-03-09"}]),), wanted(BEN), None),
        ((member(ANN, teams=["other"]),), wanted(), None),
        ((), wanted(), None),
        (STAFF, Then(team="first-line"), None),
    ],
    ids=["fewest, then who waited longest", "whose turn it is", "who has none", "who is named", "by skill",
         "nobody has it", "by language", "who is full is left out", "who is away is left out",
         "who will be away is not", "named but away", "of another team", "no list", "no person wanted"],
)  # fmt: skip
def test_who_gets_it(staff: tuple[Member, ...], then: Then, expected: str | None) -> None:
    assert choose(staff, then, LOADS, language="ru-RU", on=TODAY).person == expected


def test_what_was_seen_of_everybody_goes_along_with_the_choice() -> None:
    staff = (member(ANN, most=3), member(BEN))
    assert choose(staff, wanted(), LOADS, language=None, on=TODAY).candidates == (
        Candidate(person=ANN, open=3, last=NOON - timedelta(hours=3), left_out="full"),
        Candidate(person=BEN, open=1, last=NOON),
    )


def test_whoever_is_given_one_after_the_other_by_turn_makes_the_round() -> None:
    loads: dict[str, Load] = {}
    given = []
    for number in range(7):
        person = choose(STAFF, wanted("round_robin"), loads, language=None, on=TODAY).person
        assert person is not None
        loads[person] = Load(0, NOON + timedelta(minutes=number))
        given.append(person)
    assert given == [ANN, BEN, CLEO, ANN, BEN, CLEO, ANN]
