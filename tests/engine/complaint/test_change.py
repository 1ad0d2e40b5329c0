from dataclasses import replace

from engine.complaint.case import Case
from engine.complaint.change import changed
from engine.complaint.waiting import Waiting
from support.scenario import opened, uid


def test_a_change_is_what_the_standard_library_would_make() -> None:
    case = opened().case
    waiting = Waiting(over=frozenset({uid("q1")}))
    assert changed(case, waiting=waiting, handlers=("person:anna",)) == replace(
        case, waiting=waiting, handlers=("person:anna",)
    )
    assert changed(case) == case
    assert case.waiting == Waiting()


def test_a_changed_value_is_frozen_and_hashable_like_any_other() -> None:
    case = changed(opened().case, handlers=("person:anna",))
    assert isinstance(case, Case)
    assert hash(changed(Waiting(), over=frozenset({uid("q1")}))) == hash(Waiting(over=frozenset({uid("q1")})))
