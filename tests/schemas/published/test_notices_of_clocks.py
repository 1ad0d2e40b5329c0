from uuid import UUID

import pytest

from schemas.complaint.assignment import ComplaintEscalated
from schemas.envelope import Envelope
from schemas.published.integration import integration_of
from schemas.published.notice import DueSoon, Escalated, notice_of
from support.examples import whole

STREAM = UUID("0196f0a0-0000-7000-8000-00000000c0de")
LIVE = whole(Envelope)
EVENT = whole(ComplaintEscalated)


def test_a_warning_is_a_notice_of_its_own_and_stays_in_the_house() -> None:
    warning = EVENT.model_copy(update={"level": 0, "reason": "warning"})
    found = notice_of(STREAM, "PL-7K3M9-Q2X4B", LIVE, warning)
    assert isinstance(found, DueSoon)
    assert (found.clock, found.percent, found.due_at, found.notify_from) == (
        EVENT.clock, EVENT.percent, EVENT.due_at, EVENT.notify_from,
    )  # fmt: skip
    assert integration_of(STREAM, "PL-7K3M9-Q2X4B", LIVE, warning) == ()


def test_a_level_is_a_notice_and_an_event() -> None:
    assert isinstance(notice_of(STREAM, "PL-7K3M9-Q2X4B", LIVE, EVENT), Escalated)
    assert len(integration_of(STREAM, "PL-7K3M9-Q2X4B", LIVE, EVENT)) == 1


@pytest.mark.parametrize("level", [0, 1])
def test_nothing_is_noticed_of_imported_history(level: int) -> None:
    event = EVENT.model_copy(update={"level": level})
    assert notice_of(STREAM, "PL-7K3M9-Q2X4B", LIVE.model_copy(update={"origin": "import"}), event) is None
