"""Copies and texts of one matter, measured on texts grouped by hand; groups, and what was found alike."""

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.similarity import COPY, ONE_MATTER, Corpus, clusters, copied, in_common, sketch

LABELLED = Path(__file__).parent / "labelled"


def lines(name: str) -> list[list[str]]:
    text = (LABELLED / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def matters(part: str) -> tuple[dict[str, str], Corpus]:
    """The texts of a part, in both languages at once: the matter of each key, and the texts as a corpus."""
    mine = {f"{n:02}": row for n, row in enumerate(lines("matters.tsv")) if row[0] == part}
    return {key: row[1] + row[2] for key, row in mine.items()}, Corpus(
        {key: sketch(row[3]) for key, row in mine.items()}
    )


def counted(part: str) -> tuple[int, int, int]:
    """Pairs found, of these right, and pairs that there are."""
    matter, corpus = matters(part)
    found = corpus.pairs()
    right = sum(matter[one] == matter[other] for one, other in found)
    return len(found), right, sum(matter[one] == matter[other] for one, other in combinations(matter, 2))


def test_pairs_of_one_matter_are_found_where_the_limit_was_chosen() -> None:
    assert counted("known") == (33, 32, 36)


def test_and_among_texts_that_it_was_not_chosen_by() -> None:
    assert counted("held") == (32, 30, 36)


@pytest.mark.parametrize(("part", "whole"), [("known", 10), ("held", 8)])
def test_groups_hold_one_matter_each(part: str, whole: int) -> None:
    matter, corpus = matters(part)
    found = clusters(matter, corpus.pairs())
    assert [len({matter[key] for key in group}) for group in found] == [1] * 12
    assert sum(len(group) == 3 for group in found) == whole


def test_a_copy_is_told_from_a_text_of_its_own() -> None:
    told = [(row[0], copied(sketch(row[1]), sketch(row[2])) >= COPY) for row in lines("copies.tsv")]
    assert {pair: told.count(pair) for pair in set(told)} == {("copy", True): 8, ("own", False): 10}


def test_texts_of_two_languages_have_nothing_in_common() -> None:
    english, russian = sketch("The kettle leaks, there is water"), sketch("Чайник протекает, везде вода")
    assert copied(english, russian) == 0
    assert Corpus({"en": english}).like(russian) == []


def test_the_most_alike_come_first_and_a_text_is_not_like_itself() -> None:
    texts = {"a": "the kettle leaks", "b": "the kettle leaks badly", "c": "my kettle is blue", "d": "late courier"}
    corpus = Corpus({key: sketch(text) for key, text in texts.items()})
    assert [one.key for one in corpus.like(sketch(texts["a"]), without="a")] == ["b", "c"]
    first = corpus.like(sketch(texts["a"]))[0]
    assert first.key == "a"
    assert first.likeness == pytest.approx(1)


def test_a_chain_of_likenesses_is_no_group() -> None:
    chain = {("a", "b"): 0.5, ("b", "c"): 0.17, ("c", "d"): 0.5}
    assert clusters("abcde", chain) == [["a", "b"], ["c", "d"]]
    assert clusters("abc", {("a", "b"): 0.5, ("b", "c"): ONE_MATTER, ("a", "c"): ONE_MATTER}) == [["a", "b", "c"]]


def test_what_was_found_alike_are_the_stems_that_most_share() -> None:
    texts = ["Courier late again", "The courier was late", "Courier lost my parcel"]
    assert in_common(texts) == ("courier", "late")
    assert in_common(["nothing", "alike"]) == ()


@given(st.text(), st.text())
def test_likeness_is_the_same_both_ways_and_whole_with_oneself(one: str, other: str) -> None:
    first, second = sketch(one), sketch(other)
    assert copied(first, second) == copied(second, first)
    assert copied(first, first) == (1.0 if first.runs else 0.0)
