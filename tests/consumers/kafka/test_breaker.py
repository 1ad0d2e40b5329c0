"""A partition rests where too much of it is spoiled, and is tried again."""

from consumers.kafka.breaker import Breaker, Rule

RULE = Rule(window=10, least=4, share=0.5, rest_seconds=60, longest_rest_seconds=200)


def _seen(breaker: Breaker, marks: str, at: float = 0.0) -> Breaker:
    for mark in marks:
        breaker.saw(at, spoiled=mark == "x")
    return breaker


def test_a_few_spoiled_records_are_no_reason_to_rest() -> None:
    assert _seen(Breaker(RULE), "xxx").state == "closed"
    assert _seen(Breaker(RULE), "x...x...").state == "closed"


def test_from_the_share_on_it_rests() -> None:
    assert _seen(Breaker(RULE), ".x.").state == "closed"
    assert _seen(Breaker(RULE), ".x.x").state == "open"


def test_only_the_last_records_count() -> None:
    breaker = _seen(Breaker(RULE), "." * 1_000)
    assert _seen(breaker, "xxxx").state == "closed"
    assert _seen(breaker, "x").state == "open"


def test_it_rests_for_its_time_and_is_tried_again() -> None:
    breaker = _seen(Breaker(RULE), "xxxx", at=100)
    assert not breaker.rested(159.9)
    assert breaker.rested(160)
    breaker.give_another_try()
    assert breaker.state == "trying"
    assert _seen(breaker, "...x").state == "closed"


def test_each_try_that_fails_doubles_the_rest_up_to_the_longest() -> None:
    breaker, at, rests = Breaker(RULE), 0.0, []
    for _ in range(4):
        _seen(breaker, "xxxx", at)
        rests.append(next(rest for rest in range(1, 1_000) if breaker.rested(at + rest)))
        at += 1_000
        breaker.give_another_try()
    assert rests == [60, 120, 200, 200]


def test_a_good_try_makes_the_next_rest_short_again() -> None:
    breaker = _seen(Breaker(RULE), "xxxx")
    breaker.give_another_try()
    _seen(breaker, "xxxx")
    breaker.give_another_try()
    _seen(breaker, "....")
    _seen(breaker, "xxxxxx", at=1_000)
    assert (breaker.state, breaker.rested(1_059), breaker.rested(1_060)) == ("open", False, True)


def test_a_copy_counts_for_itself() -> None:
    breaker = _seen(Breaker(RULE), "xxx")
    assert _seen(breaker.copied(), "x").state == "open"
    assert (breaker.state, breaker.share) == ("closed", 1.0)
    assert _seen(breaker, "x").state == "open"
