"""What a benchmark answers; every later one keeps this shape.

``ratio`` is the value against its baseline, both from the same round of the same run. ``required``
is the figure asked for: of the ratio where the name says ``_vs_``, to be reached by a rate and not
to be exceeded by a time; else of the value, which must stay under it.
"""

from collections.abc import Mapping, Sequence
from statistics import median_low

from pydantic import BaseModel, ConfigDict

_FIGURES = 4
"""Significant figures that are printed: more would be noise."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(_Frozen):
    """One figure."""

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    required: float | None
    ok: bool | None
    """None where nothing is required."""


class Machine(_Frozen):
    """What it was measured on."""

    cpus: int
    """That this process may use."""
    memory_bytes: int
    platform: str


class Report(_Frozen):
    """All figures of one run, and what is needed to measure them again."""

    results: tuple[Result, ...]
    machine: Machine
    versions: Mapping[str, str]
    data_size: Mapping[str, int]
    seed: int

    @property
    def ok(self) -> bool:
        """Everything that is required was reached."""
        return all(result.ok is not False for result in self.results)


class Round(_Frozen):
    """The same work done by us and by the peer, one right after the other."""

    value: float
    baseline: float

    @property
    def ratio(self) -> float:
        return self.value / self.baseline


def compared(name: str, unit: str, rounds: Sequence[Round], *, at_least: float | None = None) -> Result:
    """Return the round of the median ratio; ``at_least`` is the ratio asked for."""
    chosen = _middle(rounds)
    ok = None if at_least is None else chosen.ratio >= at_least
    return _result(name, unit, chosen, at_least, ok=ok)


def within(name: str, unit: str, rounds: Sequence[Round], *, at_most: float) -> Result:
    """Return the round of the median ratio, for times; ``at_most`` is the ratio not to be exceeded."""
    chosen = _middle(rounds)
    return _result(name, unit, chosen, at_most, ok=chosen.ratio <= at_most)


def limited(name: str, unit: str, rounds: Sequence[Round], *, below: float | None = None) -> Result:
    """Return the round of the median value; ``below`` is the value that it must stay under."""
    chosen = sorted(rounds, key=lambda one: one.value)[(len(rounds) - 1) // 2]
    return _result(name, unit, chosen, below, ok=None if below is None else chosen.value < below)


def _middle(rounds: Sequence[Round]) -> Round:
    wanted = median_low(one.ratio for one in rounds)
    return next(one for one in rounds if one.ratio == wanted)


def _result(name: str, unit: str, chosen: Round, required: float | None, *, ok: bool | None) -> Result:
    return Result(
        name=name,
        value=_rounded(chosen.value),
        unit=unit,
        baseline=_rounded(chosen.baseline),
        ratio=_rounded(chosen.ratio),
        required=required,
        ok=ok,
    )


def _rounded(number: float) -> float:
    return float(f"{number:.{_FIGURES}g}")
