"""Business time is compared on equal answers, and what cannot be compared is said plainly."""

import pytest

from consumers.bench import run, sla


def test_both_ways_of_business_time_give_the_same_answers() -> None:
    given = sla.spans(3, 4)

    assert sla.ours().go(given) == sla.theirs().go(given)


def test_the_same_seed_makes_the_same_spans_and_none_is_longer_than_a_year() -> None:
    assert sla.spans(1, 50) == sla.spans(1, 50)
    assert all(one.start < one.end and (one.end - one.start).days < 365 for one in sla.spans(1, 50))


def test_without_the_peer_it_is_said_which_figure_is_left_out_and_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run.missing(["store", "sla"]) is None
    monkeypatch.setattr(sla, "PEER", "no_such_peer")
    assert run.missing(["store"]) is None
    assert run.missing(["store", "sla"]) == (
        "business_time_vs_businesstimedelta is left out: no_such_peer is not installed; pip install no_such_peer"
    )
