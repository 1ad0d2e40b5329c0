from typing import get_args

from engine.rules.outcomes import counted
from schemas.words import Outcome


def test_partly_upheld_counts_as_upheld_and_not_upheld_as_itself() -> None:
    assert {one: counted(one) for one in get_args(Outcome)} == {
        "upheld": "upheld",
        "partly_upheld": "upheld",
        "not_upheld": "not_upheld",
    }
