"""How long is left to wait? The one place of this folder that reads a clock, a monotonic one."""

import time


class Deadline:
    """The end of a wait that began when this was made."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the end, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        return self.left() <= 0.0
