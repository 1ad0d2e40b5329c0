"""How an outcome counts where complaints are reported as upheld or not (DISP 1.10 of the FCA handbook counts so).

Upheld in part counts as upheld. What was not upheld stays so whatever was given as a gesture: a gesture is no
admission, and a count that money moves would be a reason to give none.
"""

from typing import Literal

from schemas.words import Outcome


def counted(outcome: Outcome) -> Literal["upheld", "not_upheld"]:
    """Return as what an outcome counts."""
    return "not_upheld" if outcome == "not_upheld" else "upheld"
