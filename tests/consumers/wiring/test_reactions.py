"""The processes that act by themselves: what is recorded is reacted to within seconds, without anybody asking."""

import threading
import time
from collections.abc import Callable

import pytest

from consumers import intake
from consumers.wiring import build, clock, reactions
from consumers.wiring.build import Installation
from consumers.wiring.processes import project
from consumers.wiring.settings import from_environment
from engine.complaint.decider import Case, fold
from engine.incoming import Arrived, Circumstances, Done, Sender
from schemas.envelope import RequestSource

MESSAGE = (
    b'{"channel": "web_form", "system": "shop", "id": "1", "text": "To the director: the kettle arrived broken.",'
    b' "hints": {"sense": "complaint"}}'
)


def heard(here: Installation) -> Case:
    """Have a complaint arrive now; returns its case as it stands when somebody answers for it."""
    around = Circumstances(
        Sender("test", "service:test", "workload"), RequestSource(request=clock.new_id()), clock.now()
    )
    arrived = intake.from_octets(MESSAGE, around)
    assert isinstance(arrived, Arrived)
    (done,) = here.service.submit([arrived], clock.now())
    assert isinstance(done, Done)

    def routed() -> bool:
        return any(one.name == "complaint.assigned.v1" for one in here.store.read.stream(done.stream))

    until(routed)
    case = fold(here.store.read.stream(done.stream))
    assert isinstance(case, Case)
    return case


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_every_reaction_has_a_name_and_a_position_of_its_own() -> None:
    names = [one.name for one in reactions.ALL]
    assert len(set(names)) == len(names)
    assert {one.source for one in reactions.ALL} == {f"reaction:{name}" for name in names}


@pytest.mark.parametrize("work", [reactions.react, reactions.run], ids=["a thread of run", "plaint timers"])
def test_a_new_complaint_is_routed_while_it_runs(settings: dict[str, str], work: Callable[..., None]) -> None:
    stop = threading.Event()
    with build.opened(from_environment(settings)) as here:
        threads = [threading.Thread(target=one, args=(here, stop)) for one in (project, work)]
        for thread in threads:
            thread.start()
        try:
            case = heard(here)
        finally:
            stop.set()
            for thread in threads:
                thread.join(20)
        assert (case.assignment.team, case.classification.priority) == ("management", "high")
        assert not any(thread.is_alive() for thread in threads)
