"""A position that moves alone: by compare-and-set, or not at all."""

import pytest

from engine.store.batch import SourceMove
from engine.store.store import Store


def test_a_new_position_is_kept_once_and_then_moved_by_who_knows_it(store: Store) -> None:
    assert store.positions.move_alone(SourceMove("publish:a", None, 7))
    assert store.positions.move_alone(SourceMove("publish:a", 7, 9))

    assert store.positions.look_up(["publish:a", "publish:b"]) == {"publish:a": 9}


@pytest.mark.parametrize("expected", [None, 6, 8])
def test_a_position_that_is_elsewhere_stays(store: Store, expected: int | None) -> None:
    assert store.positions.move_alone(SourceMove("publish:a", None, 7))

    assert not store.positions.move_alone(SourceMove("publish:a", expected, 9))

    assert store.positions.look_up(["publish:a"]) == {"publish:a": 7}


def test_a_position_that_is_not_there_is_not_moved(store: Store) -> None:
    assert not store.positions.move_alone(SourceMove("publish:a", 7, 9))

    assert store.positions.look_up(["publish:a"]) == {}
