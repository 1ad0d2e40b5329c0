"""Inauthentic negative messages, told by signs on messages labelled by hand."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from engine.text.authenticity import Usual, Written, has_details, judge
from engine.text.similarity import sketch

LABELLED = Path(__file__).parent / "labelled" / "authenticity.tsv"
MIDNIGHT = datetime(2026, 5, 4, tzinfo=UTC)
USUAL = Usual(per_day=1, new_share=0.5)


class Row(NamedTuple):
    part: str
    scenario: str
    label: str
    hour: str
    author: str
    customer: str
    text: str


def rows() -> list[Row]:
    lines = LABELLED.read_text(encoding="utf-8").splitlines()
    return [Row(*line.split("\t")) for line in lines if not line.startswith("#")]


def written(row: Row) -> Written:
    at = MIDNIGHT + timedelta(hours=int(row.hour))
    known, details = row.customer == "yes", has_details(row.text)
    return Written(row.author, row.author, at, sketch(row.text), known=known, details=details)


def told(part: str) -> Counter[tuple[str, bool]]:
    """How many of each label are suspected, each judged among those of its scenario."""
    mine = [row for row in rows() if row.part == part]
    found = Counter[tuple[str, bool]]()
    for row in mine:
        around = [written(other) for other in mine if other.scenario == row.scenario]
        found[row.label, judge(written(row), around, USUAL).suspected] += 1
    return found


def test_of_the_messages_that_the_limits_were_chosen_by_all_are_told_right() -> None:
    assert told("known") == {("fake", True): 13, ("real", False): 13}


def test_so_are_those_that_the_same_hand_wrote_afterwards() -> None:
    assert told("held") == {("fake", True): 12, ("real", False): 11}


def message(
    key: str, text: str, hour: float = 0, *, author: str | None = None, known: bool = False, details: bool = False
) -> Written:
    at = MIDNIGHT + timedelta(hours=hour)
    return Written(key, author or key, at, sketch(text), known=known, details=details)


SAME = "Never buy anything from these people, they are crooks."


def test_the_signs_come_with_their_figures_and_the_messages_meant() -> None:
    around = [message(f"m{number}", SAME, number) for number in range(5)]
    assert judge(around[0], around, USUAL).reasons == (
        ("same_text", 4, 4, ("m1", "m2", "m3", "m4")),
        ("burst", 1, 5, ("m1", "m2", "m3", "m4")),
        ("new_authors", 1, 100, ("m1", "m2", "m3", "m4")),
        ("unknown_author", 1, 1, ()),
        ("no_details", 1, 1, ()),
    )


def test_one_author_who_repeats_himself_copies_nobody() -> None:
    twice = [message(key, SAME, author="p", known=True, details=True) for key in ("m1", "m2")]
    assert judge(twice[0], twice, USUAL).reasons == ()


def test_a_copy_of_long_ago_is_none() -> None:
    around = [message("m1", SAME), message("m2", SAME, 31 * 24)]
    assert "same_text" not in {reason.sign for reason in judge(around[0], around, USUAL).reasons}


def test_where_much_comes_every_day_five_are_no_burst() -> None:
    around = [message(f"m{number}", f"text {number}", known=True, details=True) for number in range(5)]
    assert judge(around[0], around, Usual(per_day=2, new_share=0.5)).reasons == ()
    assert [reason.sign for reason in judge(around[0], around, Usual(1, 0.5)).reasons] == ["burst"]


def test_a_number_or_an_order_of_the_case_is_a_detail() -> None:
    assert [has_details("at 5 pm"), has_details("awful"), has_details("awful", ["A-1"])] == [True, False, True]
