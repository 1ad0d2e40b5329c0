from consumers.wiring import presets
from engine.rules.notice_cases import Outcome, run
from schemas.configuration.notices import NoticeCase, Notices

(SHIPPED,) = [one for one in presets.shipped() if isinstance(one, Notices)]


def cases(*given: dict[str, object]) -> tuple[Outcome, ...]:
    made = tuple(NoticeCase.model_validate({"case": "c", **one}) for one in given)
    return run(SHIPPED.model_copy(update={"cases": made}))


def test_the_shipped_rules_do_what_their_cases_say() -> None:
    assert len(SHIPPED.cases) > 10
    assert [one for one in run(SHIPPED) if not one.passed] == []


def test_a_case_that_expects_otherwise_fails_with_what_came() -> None:
    (found,) = cases({"event": "complaint.investigation_started", "tells": ["closed"]})
    assert found == Outcome("c", ("closed",), ("investigating",))
    assert not found.passed


def test_a_case_whose_event_cannot_be_says_so() -> None:
    found = cases(
        {"event": "complaint.vanished", "tells": []},
        {"event": "complaint.registered", "tells": []},
    )
    assert [one.wrong for one in found] == [
        "event: there is no complaint.vanished",
        "fields: complaint.registered needs other values at number",
    ]
