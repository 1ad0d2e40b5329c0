"""How long to wait before the next try. Pure: the caller waits, and draws the chance."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from ``first`` to ``most`` seconds, each somewhere between its half and its whole.

    The spread keeps processes that failed together from trying together.
    """

    first: float = 0.25
    most: float = 15.0

    def seconds(self, failures: int, chance: float) -> float:
        """Return the wait after this many failures in a row; ``chance`` is drawn from 0 to 1."""
        if failures <= 0:
            return 0.0
        doubled = self.first * 2.0 ** min(failures - 1, 60)
        return min(self.most, doubled) * (0.5 + chance / 2)
