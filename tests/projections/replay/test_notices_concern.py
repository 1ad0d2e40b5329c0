"""Which rule tells whom of each event of a complaint, and why the others do not."""

from typing import cast
from uuid import UUID

import pytest

from consumers.wiring import presets
from projections.replay.concern import Asking
from projections.replay.notices_concern import CONCERN
from schemas.complaint.investigation import StartInvestigation
from schemas.configuration.notices import NoticeCase, Notices
from schemas.configuration.routing import RoutingRules
from support.installation import Desk

(SHIPPED,) = [one for one in presets.shipped() if isinstance(one, Notices)]
NOTHING = cast(Asking, None)
MAIL = "From: Ann <ann@example.org>\nMessage-ID: <1@example.org>\nSubject: Kettle\n\nI complain: it is broken!"


def complaint(desk: Desk) -> UUID:
    stream = desk.opened(channel="email", raw=MAIL)
    desk.give(stream, StartInvestigation())
    return stream


def test_every_rule_that_listens_says_what_it_does(desk: Desk) -> None:
    history = desk.history(complaint(desk))
    found = CONCERN.explain(SHIPPED, history, NOTHING)
    assert found is not None
    registered, started = (one.position for one in history if one.name in (
        "complaint.registered.v1", "complaint.investigation_started.v1"))  # fmt: skip
    assert found.words == (
        f"{registered} complaint.registered: acknowledgement tells the complainant",
        f"{registered} complaint.registered: public-first-answer tells nobody: public_differs",
        f"{started} complaint.investigation_started: investigating tells the complainant",
    )
    assert found.given == {
        "told": [{"position": registered, "rule": "acknowledgement"}, {"position": started, "rule": "investigating"}]
    }
    assert [one["because"] for one in found.rules] == [None, "public_differs", None]


def test_another_rule_set_would_tell_others(desk: Desk) -> None:
    stream = complaint(desk)
    draft = SHIPPED.model_copy(update={"rules": SHIPPED.rules[:1]})
    history = [desk.history(stream)]
    assert CONCERN.outcomes(SHIPPED, history, NOTHING) == {stream: {"acknowledgement": "1", "investigating": "1"}}
    assert CONCERN.outcomes(draft, history, NOTHING) == {stream: {"acknowledgement": "1"}}
    assert CONCERN.explain(draft.model_copy(update={"rules": ()}), history[0], NOTHING) is None


def test_its_own_cases_are_run() -> None:
    assert CONCERN.test is not None
    assert all(one.passed for one in CONCERN.test(SHIPPED))
    wrong = NoticeCase(case="c", event="complaint.closed", fields={"reason": "rated", "cycle": 1}, tells=("closed",))
    (found,) = CONCERN.test(SHIPPED.model_copy(update={"cases": (wrong,)}))
    assert found.differs == ("tells: expected closed, came nobody",)


def test_rules_of_another_concern_are_none_of_its() -> None:
    (routing,) = [one for one in presets.shipped() if isinstance(one, RoutingRules)]
    with pytest.raises(TypeError):
        CONCERN.explain(routing, [], NOTHING)
