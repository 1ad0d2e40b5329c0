"""What a member says of how its partitions stand: for people, and so that whoever reads one next finds it so."""

from collections.abc import Collection, Iterable
from typing import Protocol

from consumers.kafka.place import FOR_GOOD, Place
from engine.store.standings import Standing


class Standings(Protocol):
    """What was last said of partitions."""

    def stopped(self, sources: Collection[str]) -> dict[str, str]: ...

    def say(self, partitions: Collection[Standing]) -> None: ...


class Words:
    """What one member has said, and what it has yet to say."""

    def __init__(self, standings: Standings, member: str) -> None:
        self._standings, self._member = standings, member
        self._unsaid: dict[str, Standing] = {}

    def stops(self, place: Place) -> None:
        """Have it said before the next poll that a partition stands still."""
        self._unsaid[place.source] = self._standing(place)

    def runs(self, place: Place) -> None:
        """Take back what is not said yet: it is read again."""
        self._unsaid.pop(place.source, None)

    def gone(self, place: Place) -> None:
        """Say nothing more of a partition that is another's now, unless a person must know it."""
        if place.why not in FOR_GOOD:
            self._unsaid.pop(place.source, None)

    def say_stops(self) -> None:
        """Have it kept what was stopped.

        Raises:
            DatabaseUnavailable: it is not kept; call it again.
        """
        if self._unsaid:
            self._standings.say(list(self._unsaid.values()))
            self._unsaid.clear()

    def say(self, places: Iterable[Place]) -> None:
        """Have it kept how these partitions stand.

        Raises:
            DatabaseUnavailable: it is not kept.
        """
        self.say_stops()
        self._standings.say([self._standing(place) for place in places])

    def _standing(self, place: Place) -> Standing:
        return Standing(
            source=place.source,
            topic=place.partition.topic,
            partition=place.partition.number,
            member=self._member,
            state=place.state,
            reason=place.why,
            since=place.since,
            end_offset=place.end,
            reached=place.reached,
            measured=place.measured,
            adopted=place.adopted,
        )
