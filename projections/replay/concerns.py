"""The table of concerns: how each of them is explained, replayed and tested."""

from collections.abc import Mapping
from typing import Final

from projections.replay import notices_concern, remedies_concern, replies_concern, routing_concern
from projections.replay.concern import Concern

CONCERNS: Final[Mapping[str, Concern]] = {
    "routing": routing_concern.CONCERN,
    "remedies": remedies_concern.CONCERN,
    "replies": replies_concern.CONCERN,
    "notices": notices_concern.CONCERN,
}
"""By the word that a rule set says after ``concern:``."""
