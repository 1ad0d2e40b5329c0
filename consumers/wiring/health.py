"""What the probes of this process say: whether it has started, whether it takes work, and why not."""

from collections.abc import Callable
from threading import Event
from typing import Final

from engine.store.store import Store

OPENING: Final = "the database and what is in force are being opened"
LEAVING: Final = "it is shutting down"


class Health:
    """How this process is. For any number of threads."""

    def __init__(self) -> None:
        self._store: Store | None = None
        self._begun = False
        self._leaving: list[Event] = [Event()]
        self._hindrances: list[Callable[[], str | None]] = []

    def opened(self, store: Store) -> None:
        """The installation is open; from now on being ready means that its database answers."""
        self._store = store

    def begun(self) -> None:
        """The work of this process goes on: it has started."""
        self._begun = True

    def leave(self) -> None:
        """No new work is wanted from now on."""
        self._leaving[0].set()

    def leaves_with(self, stop: Event) -> None:
        """Count as leaving as soon as ``stop`` is set."""
        self._leaving.append(stop)

    def hindered_by(self, why: Callable[[], str | None]) -> None:
        """Be not ready for as long as ``why`` gives a reason; it is asked at every probe and answers at once."""
        self._hindrances.append(why)

    @property
    def leaving(self) -> bool:
        """Whether it is shutting down."""
        return any(one.is_set() for one in self._leaving)

    def starting(self) -> str | None:
        """Return why it has not started yet."""
        return None if self._begun else OPENING

    def hindered(self) -> str | None:
        """Return what keeps it from taking work, as far as that is known without asking anybody."""
        if self.leaving:
            return LEAVING
        if self._store is None or not self._begun:
            return OPENING
        return "; ".join(reason for why in self._hindrances if (reason := why())) or None

    def ask(self) -> None:
        """Ask the database.

        Raises:
            DatabaseUnavailable: it does not answer; the pool's patience is longer than a probe's.
        """
        if self._store is not None:
            self._store.read.head()

    def ready(self, seconds: float) -> bool:
        """Whether it takes work; the database is asked for so long."""
        return self.hindered() is None and self._store is not None and self._store.reachable(seconds)
