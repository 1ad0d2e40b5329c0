"""How a group's leader deals partitions out: whoever joins gets his share of every topic."""

from typing import Any

from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor


class ByNumber(CooperativeStickyAssignor):  # type: ignore[misc] # kafka-python has no types
    """The library's, under its name, so that members of both kinds share a group.

    Its own takes what moves from the end of a list by topics: a second member would get all of one topic and
    nothing of the other, and would read all messages while the first has only commands.
    """

    @classmethod
    def parse_member_metadata(cls, metadata: Any) -> Any:
        """Return what a member says of itself, its partitions by number and then by topic."""
        said = super().parse_member_metadata(metadata)
        return said._replace(partitions=sorted(said.partitions, key=lambda each: (each.partition, each.topic)))
