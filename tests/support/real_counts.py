"""Counting what the complaints of the real files come to: groups, shares and percentiles, in plain Python."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from support.real_rows import worked
from support.real_told import STAGES, Stay, Told

Stages = dict[str, dict[str, Any]]


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the value below which a share of all lies, between two of them by their distance."""
    known = sorted(values)
    if not known:
        return None
    place = share * (len(known) - 1)
    low = int(place)
    high = min(low + 1, len(known) - 1)
    return known[low] + (known[high] - known[low]) * (place - low)


def rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def stages(told: Sequence[Told]) -> Stages:
    """Return entered, left, passed, skipped and there now of each stage."""
    stays = [(one, stay) for one in told for stay in one.stays]
    return {stage: _stage([(one, stay) for one, stay in stays if stay.stage == stage]) for stage in STAGES}


def _stage(stays: Sequence[tuple[Told, Stay]]) -> dict[str, Any]:
    passed = [(one, stay) for one, stay in stays if stay.left is not None]
    return {
        "entered": len(stays), "left": len(passed), "passed": len(passed),
        "skipped": sum(stay.skipped for _, stay in stays), "exited": 0, "there_now": len(stays) - len(passed),
    }  # fmt: skip


def people(told: Sequence[Told], stage: str) -> dict[str, int]:
    """Return of how many distinct complainants the same is."""
    stays = [(who(one), stay.left) for one in told for stay in one.stays if stay.stage == stage]
    passed, there = {name for name, left in stays if left}, {name for name, left in stays if not left}
    return {"entered": len(passed | there), "passed": len(passed), "exited": 0, "there_now": len(there)}


def who(told: Told) -> tuple[str, str]:
    """Return who complains: the name in the one file is not that in the other."""
    return told.unit, told.complainant


def times(told: Sequence[Told], stage: str) -> dict[str, float | None]:
    """Return how long a stage took those who were in it and left it."""
    spans = [
        (one, stay.entered, stay.left)
        for one in told for stay in one.stays if stay.stage == stage and stay.left and not stay.skipped
    ]  # fmt: skip
    wall = [(left - entered).total_seconds() for _, entered, left in spans]
    open_time = [worked(one, entered, left) for one, entered, left in spans]
    return {
        f"{word}_{name}": rounded(percentile(values, share))
        for word, share in (("median", 0.5), ("p90", 0.9))
        for name, values in (("seconds", wall), ("worked_seconds", open_time))
    }


def most_frequent(keys: Iterable[Hashable]) -> list[tuple[Any, int, float | None, float | None]]:
    """Return key, count, share and running share of the known ones; the unknown last."""
    counted = Counter(keys)
    unknown = counted.pop(None, 0)
    known, so_far, found = counted.total(), 0, []
    for key, number in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])):
        so_far += number
        found.append((key, number, round(number / known, 4), round(so_far / known, 4)))
    return [*found, *([(None, unknown, None, None)] if unknown else [])]
