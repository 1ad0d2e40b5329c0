import pytest

from schemas.complaint.base import Event
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintDiscontinued, ComplaintReopened, ComplaintResolved
from schemas.complaint.waiting import InformationProvided, InformationRequested, ProvideInformation, RequestInformation
from schemas.refusals import RefusalCode
from schemas.words import WaitFor
from support.scenario import COMPLAINANT, History, opened, uid


def asked(label: str, from_: WaitFor = "complainant") -> InformationRequested:
    return InformationRequested(subject_id=COMPLAINANT, request_id=uid(label), from_=from_)


RESOLVED = ComplaintResolved(subject_id=COMPLAINANT, outcome="upheld")
EXITED = ComplaintDiscontinued(subject_id=COMPLAINANT, stage="registration", reason="clarified")
CLOSED = ComplaintClosed(subject_id=COMPLAINANT, reason="decision", cycle=1)
REOPENED = ComplaintReopened(subject_id=COMPLAINANT, reason="decision", cycle=2)


def waits(history: History) -> list[str]:
    return [request.from_ for request in history.case.waiting.open]


def test_a_request_is_known_by_its_id() -> None:
    command = RequestInformation(request_id=uid("r1"), from_="third_party", what="the waybill")
    after = (
        opened()
        .when(command, command_id=uid("c1"))
        .then(
            InformationRequested(subject_id=COMPLAINANT, request_id=uid("r1"), from_="third_party", what="the waybill")
        )
    )
    after.when(command, command_id=uid("c2")).then_nothing()


def test_a_request_without_an_id_gets_one_of_its_command() -> None:
    after = opened().when(RequestInformation(), command_id=uid("c1")).after()
    assert waits(after.when(RequestInformation(), command_id=uid("c2")).after()) == ["complainant", "complainant"]


def test_a_provision_by_id_ends_one_request() -> None:
    history = opened(asked("r1"), asked("r2"))
    after = history.when(ProvideInformation(request_id=uid("r1"))).then(
        InformationProvided(subject_id=COMPLAINANT, request_id=uid("r1"))
    )
    assert [request.request_id for request in after.case.waiting.open] == [uid("r2")]


def test_a_provision_without_id_ends_all_of_its_sender() -> None:
    history = opened(asked("r1"), asked("r2"), asked("r3", "department"))
    after = history.when(ProvideInformation()).then(InformationProvided(subject_id=COMPLAINANT))
    assert waits(after) == ["department"]


def test_nothing_is_provided_where_nothing_is_awaited() -> None:
    opened().when(ProvideInformation()).then_nothing()
    opened(asked("r1", "department")).when(ProvideInformation()).then_nothing()
    opened().when(ProvideInformation(request_id=uid("r9"))).then_refused("unknown_request", request=str(uid("r9")))


@pytest.mark.parametrize("end", [RESOLVED, EXITED, CLOSED], ids=lambda event: event.NAME)
def test_an_end_ends_all_waiting_and_a_reopening_does_not_bring_it_back(end: Event) -> None:
    history = opened(asked("r1"), asked("r2", "third_party"), end)
    assert waits(history) == []
    assert waits(opened(asked("r1"), end, REOPENED)) == []
    history.when(ProvideInformation(request_id=uid("r1"))).then_nothing()


@pytest.mark.parametrize(
    ("end", "code"), [(RESOLVED, "already_resolved"), (EXITED, "exited"), (CLOSED, "already_closed")]
)
def test_nobody_is_asked_after_the_end(end: Event, code: RefusalCode) -> None:
    opened(end).when(RequestInformation()).then_refused(code)
