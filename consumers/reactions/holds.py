"""What a legal hold had kept of an erased person is erased when the hold is released."""

from datetime import datetime

from engine.erasing import Contended
from engine.incoming import Circumstances, Sender
from engine.service import Service
from schemas.envelope import RuleSource

_UPKEEP = Sender(workload="upkeep", actor="rule:holds", identity="workload")


def take_up(service: Service, now: datetime) -> int:
    """Erase what no hold keeps any more of persons who were erased; returns of how many.

    One whose cases are being worked on too fast is left for the next time.
    """
    try:
        return len(service.erasing.erase_released(Circumstances(_UPKEEP, RuleSource(), now), now))
    except Contended:
        return 0
