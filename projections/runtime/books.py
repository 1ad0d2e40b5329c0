"""The configuration in force at any position that a view has reached."""

from bisect import bisect_right
from collections.abc import Sequence
from threading import Lock

from engine.configuration.in_force import Book, activate
from engine.store.batch import Recorded
from projections.sql import Link
from schemas.configuration.activated import ConfigurationActivated


class Books:
    """Books by position, in memory; the activations stand in ``views.activations``."""

    def __init__(self) -> None:
        self._positions: list[int] = []
        self._books: list[Book] = [Book()]
        self._turn = Lock()

    @classmethod
    def load(cls, connection: Link) -> "Books":
        """Read all activations that any view has passed."""
        books = cls()
        books.refresh(connection)
        return books

    def refresh(self, connection: Link) -> None:
        """Read the activations behind the last known one. Threads may share one object."""
        last = self._positions[-1] if self._positions else 0
        query = "SELECT position, event FROM views.activations WHERE position > %s ORDER BY position"
        for position, text in connection.execute(query, (last,)).fetchall():
            self.learn(position, ConfigurationActivated.model_validate_json(text))

    def at(self, position: int) -> Book:
        """Return what was in force right after the event at ``position``."""
        return self._books[bisect_right(self._positions, position)]

    def learn(self, position: int, event: ConfigurationActivated) -> None:
        """Take in an activation; one that is known already changes nothing."""
        with self._turn:
            if not self._positions or position > self._positions[-1]:
                self._books.append(activate(self._books[-1], event))
                self._positions.append(position)

    def take_in(self, events: Sequence[Recorded]) -> None:
        """Learn the activations among ``events``."""
        for recorded in events:
            if isinstance(recorded.event, ConfigurationActivated):
                self.learn(recorded.position, recorded.event)


def keep(connection: Link, events: Sequence[Recorded]) -> None:
    """Store the activations among ``events``, in the transaction that moves the position past them."""
    found = [one for one in events if isinstance(one.event, ConfigurationActivated)]
    rows = [(one.position, one.event.model_dump_json()) for one in found]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO views.activations (position, event) VALUES (%s, %s) ON CONFLICT DO NOTHING", rows
            )
