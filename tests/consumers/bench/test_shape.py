"""The shape of what a benchmark answers, and what counts as reached."""

import pytest

from consumers.bench.shape import Machine, Report, Result, Round, compared, limited, within

ROUNDS = [Round(value=value, baseline=100.0) for value in (90.0, 10.0, 40.0)]


def test_a_result_and_a_report_have_exactly_these_fields() -> None:
    machine = Machine(cpus=2, memory_bytes=8, platform="Linux")
    report = Report(
        results=(compared("a_vs_b", "events/s", ROUNDS, at_least=0.35),),
        machine=machine,
        versions={"plaint": "1"},
        data_size={"events": 3},
        seed=7,
    )

    assert report.model_dump(mode="json") == {
        "results": [
            {
                "name": "a_vs_b",
                "value": 40.0,
                "unit": "events/s",
                "baseline": 100.0,
                "ratio": 0.4,
                "required": 0.35,
                "ok": True,
            }
        ],
        "machine": {"cpus": 2, "memory_bytes": 8, "platform": "Linux"},
        "versions": {"plaint": "1"},
        "data_size": {"events": 3},
        "seed": 7,
    }


def test_the_round_of_the_median_ratio_is_told_so_that_ratio_is_value_against_baseline() -> None:
    rounds = [Round(value=50, baseline=100), Round(value=90, baseline=100), Round(value=10, baseline=100)]

    assert compared("x", "events/s", rounds) == Result(
        name="x", value=50.0, unit="events/s", baseline=100.0, ratio=0.5, required=None, ok=None
    )


@pytest.mark.parametrize(("at_least", "ok"), [(0.4, True), (0.41, False), (None, None)])
def test_a_ratio_is_reached_from_the_figure_asked_for_on(*, at_least: float | None, ok: bool | None) -> None:
    assert compared("x", "events/s", ROUNDS, at_least=at_least).ok is ok


@pytest.mark.parametrize(("below", "ok"), [(40.1, True), (40.0, False), (None, None)])
def test_a_time_is_reached_below_the_figure_asked_for(*, below: float | None, ok: bool | None) -> None:
    result = limited("x_ms", "ms", ROUNDS, below=below)

    assert (result.value, result.required, result.ok) == (40.0, below, ok)


@pytest.mark.parametrize(("oks", "reached"), [([None, True], True), ([None], True), ([True, False], False)])
def test_a_report_is_ok_unless_something_required_was_not_reached(*, oks: list[bool | None], reached: bool) -> None:
    machine = Machine(cpus=1, memory_bytes=1, platform="")
    results = tuple(Result(name="x", value=1, unit="ms", baseline=1, ratio=1, required=None, ok=ok) for ok in oks)

    assert Report(results=results, machine=machine, versions={}, data_size={}, seed=1).ok is reached


@pytest.mark.parametrize(("slowest", "ok"), [(500.0, True), (501.0, False)], ids=["just_within", "just_beyond"])
def test_a_time_within_its_limit_may_reach_that_many_times_its_baseline(slowest: float, *, ok: bool) -> None:
    result = within("a_vs_b", "ms", [Round(value=slowest, baseline=100.0)], at_most=5)

    assert (result.value, result.ratio, result.required, result.ok) == (slowest, slowest / 100, 5, ok)
