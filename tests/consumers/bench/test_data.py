"""What is measured with: the same for the same seed, of the size that was promised, half of the people new."""

from hashlib import sha256
from statistics import mean

import orjson

from consumers.bench.data import SOURCE, Supply, around, taken
from engine.store.batch import Batch, SourceMove


def keyed(kind: str, octets: bytes) -> bytes:
    return sha256(kind.encode() + octets).digest()


def batch(seed: int = 1, count: int = 400) -> Batch:
    return Supply(seed).batch(count, keyed, None)


def test_the_same_seed_makes_the_same_and_another_seed_something_else() -> None:
    assert batch(1, 20) == batch(1, 20)
    assert batch(1, 20) != batch(2, 20)
    assert Supply(3).forms(5) == Supply(3).forms(5)
    assert Supply(3).past(5) == Supply(3).past(5)


def test_every_complaint_is_another_one_of_about_600_octets_and_half_of_the_people_are_new() -> None:
    made = batch()

    assert len({append.stream for append in made.appends}) == 400
    assert [len(append.events) for append in made.appends] == [1] * 400
    size = mean(len(one.event.model_dump_json(exclude_none=True)) for append in made.appends for one in append.events)
    assert 550 <= size <= 700
    assert 160 <= len(made.contacts) <= 240
    assert len(made.messages) == 400
    assert len(made.conversations) == 400
    assert made.sources == (SourceMove(SOURCE, None, 400),)


def test_messages_pass_the_intake_and_name_their_place_in_the_source() -> None:
    (first,) = Supply(1).forms(1)
    item = taken(first, around(6, 1))

    assert item.message.channel == "web_form"
    assert item.message.text in orjson.loads(first)["text"]
    assert item.around.move == SourceMove(SOURCE, 6, 7)


def test_histories_have_as_many_facts_as_they_promise() -> None:
    supply = Supply(1)

    assert [len(case.facts) for case in supply.past(3)] == [10, 10, 10]
    assert len(supply.long_case(100).facts) == 99
