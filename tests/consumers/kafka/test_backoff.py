"""Waits double, are spread and have an end."""

import pytest

from consumers.kafka.backoff import Backoff


def test_nothing_is_waited_for_before_a_failure() -> None:
    assert Backoff().seconds(0, 1.0) == 0.0


def test_waits_double_up_to_the_longest() -> None:
    waits = [Backoff(first=1, most=10).seconds(failures, 1.0) for failures in range(1, 7)]
    assert waits == [1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 2.0), (0.5, 3.0), (1.0, 4.0)])
def test_a_wait_is_between_its_half_and_its_whole(chance: float, expected: float) -> None:
    assert Backoff(first=1, most=10).seconds(3, chance) == expected


def test_failures_without_end_are_no_trouble() -> None:
    assert Backoff().seconds(10**9, 1.0) == Backoff().most
