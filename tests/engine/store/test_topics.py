"""A name comes to mean another topic only when a person says so."""

from uuid import UUID

from support.installation import Desk

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


def test_a_name_never_seen_is_admitted_and_stays_so(desk: Desk) -> None:
    topics = desk.store.topics
    assert topics.known(["in"]) == frozenset()
    assert topics.admitted("c", {"in": ONE, "commands": TWO}) == {"in": 0, "commands": 0}
    assert topics.admitted("c", {"in": ONE, "commands": TWO}) == {"in": 0, "commands": 0}
    assert topics.known(["in", "other"]) == {"in"}


def test_a_known_name_under_another_id_or_in_another_cluster_waits_to_be_adopted(desk: Desk) -> None:
    topics = desk.store.topics
    topics.admitted("c", {"in": ONE})
    assert topics.admitted("c", {"in": TWO}) == {}
    assert topics.admitted("d", {"in": ONE}) == {}

    assert topics.adopt("in", "c", TWO)
    assert not topics.adopt("in", "c", TWO)
    assert topics.admitted("c", {"in": TWO, "new": THREE}) == {"in": 2, "new": 0}
    assert topics.admitted("d", {"in": ONE}) == {}
