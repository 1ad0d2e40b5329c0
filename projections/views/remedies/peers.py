"""Where unusual begins, from what is usual among peers: a robust rule that a few large values do not move.

Modified z-scores of Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (ASQC, 1993): a value is
unusual where 0.6745 * (value - median) / MAD is above 3.5, MAD being the median distance from the median.
Where more than half of the values are equal, the MAD is 0; the mean distance then takes its place, with
1.2533 for 1 / 0.6745 (the same authors). Nothing is unusual where all are equal.
"""

from typing import Final

FEWEST: Final = 10
"""Fewer peers than this say nothing about what is usual."""
SCORE: Final = 3.5
_OF_MEDIAN_DISTANCE: Final = 1 / 0.6745
_OF_MEAN_DISTANCE: Final = 1.253314


def bound(peers: int, median: float, mad: float, mean_distance: float) -> float | None:
    """Return the value above which a person is unusual; None where there are too few peers or all are equal."""
    if peers < FEWEST or mean_distance == 0:
        return None
    distance = mad * _OF_MEDIAN_DISTANCE if mad else mean_distance * _OF_MEAN_DISTANCE
    return median + SCORE * distance
