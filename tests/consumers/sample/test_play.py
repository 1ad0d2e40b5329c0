"""A sample played on a real database: nothing is refused, and playing it again changes nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from consumers.sample.play import Player, play
from consumers.sample.script import Did, Said, Step
from consumers.sample.story import PLOTS, Period, Story, steps, story
from engine.incoming import Asked, Done, Incoming, Parked, Refused, Result
from schemas.complaint.correspondence import AddNote
from support.installation import Desk

START = datetime(2026, 1, 5, tzinfo=UTC)
END = START + timedelta(weeks=12)
NOTE = AddNote(note="called back")


def told(desk: Desk, cases: int = 60, seed: int = 4) -> dict[str, object]:
    return asdict(play(desk.service.submit, cases, seed, "mix", START, END))


def test_nothing_is_refused_and_the_second_time_adds_no_event(desk: Desk) -> None:
    first = told(desk)
    position = desk.store.read.head().position
    second = told(desk)
    assert first["refused"] == []
    assert second["refused"] == []
    assert desk.store.read.head().position == position
    assert (second["events"], second["complaints"], second["feedback"], second["parked"]) == (0, 0, 0, 0)
    assert second["already"] == second["messages"] + second["commands"]  # type: ignore[operator] # both count


def one_of(plot: str) -> Story:
    """Return the first story of a plot that ends well before the period does."""
    for index in range(2_000):
        found = story(11, index, "mix", Period(START, END + timedelta(weeks=12)))
        if found.plot == plot and found.steps and found.steps[0].at < END - timedelta(weeks=6):
            return found
    raise AssertionError(plot)


@pytest.fixture
def player(desk: Desk) -> Player:
    return Player(desk.service.submit, window=20)


def events_of(desk: Desk) -> Counter[str]:
    return Counter(one.name.rpartition(".")[0] for one in desk.store.read.log(0, 10_000))


def test_every_plot_plays_to_its_end_without_a_refusal(desk: Desk, player: Player) -> None:
    for plot in PLOTS:
        for step in one_of(plot).steps:
            player.take(step)
        player.flush()
        assert [(refusal.code, refusal.reason, plot) for refusal in player.report.refused] == []


def happening(desk: Desk, player: Player, plot: str) -> Counter[str]:
    for step in one_of(plot).steps:
        player.take(step)
    player.flush()
    return events_of(desk)


def test_a_reply_that_overtakes_its_opener_is_parked_and_joins_it(desk: Desk, player: Player) -> None:
    events = happening(desk, player, "swapped")
    assert player.report.parked == 1
    assert events["complaint.received"] == 1
    assert events["complaint.message_recorded"] > 0


def test_a_message_delivered_twice_counts_once(desk: Desk, player: Player) -> None:
    events = happening(desk, player, "twice")
    assert player.report.already == 2
    assert events["complaint.received"] == 1
    assert events["complaint.reopened"] == 0


def test_thanks_after_the_end_reopen_nothing(desk: Desk, player: Player) -> None:
    events = happening(desk, player, "thanked_after")
    assert (events["complaint.closed"], events["complaint.reopened"]) == (1, 0)


def test_an_answer_by_machine_changes_nothing_but_the_history(desk: Desk, player: Player) -> None:
    events = happening(desk, player, "absent")
    assert (events["complaint.received"], events["feedback.received"], events["complaint.reopened"]) == (1, 0, 0)


def test_a_question_without_an_answer_turns_into_a_complaint(desk: Desk, player: Player) -> None:
    events = happening(desk, player, "turned")
    assert (events["feedback.received"], events["feedback.became_complaint"], events["complaint.received"]) == (1, 1, 1)


def test_what_comes_back_after_the_window_is_a_new_complaint_linked_to_the_old(desk: Desk, player: Player) -> None:
    events = happening(desk, player, "continued")
    assert (events["complaint.received"], events["complaint.linked"], events["complaint.reopened"]) == (2, 1, 0)


def test_what_happens_again_within_the_window_reopens(desk: Desk, player: Player) -> None:
    events = happening(desk, player, "reopened")
    assert (events["complaint.received"], events["complaint.reopened"], events["complaint.closed"]) == (1, 1, 2)


def test_a_large_remedy_is_approved_by_a_second_person(desk: Desk, player: Player) -> None:
    happening(desk, player, "reversed_payment")
    log = list(desk.store.read.log(0, 10_000))
    proposer, approver, taker = (
        next(one.envelope.actor for one in log if one.name == f"complaint.remedy_{act}.v1")
        for act in ("proposed", "approved", "reversed")
    )
    assert proposer != approver
    assert approver.startswith("person:")
    assert taker.startswith("person:")


def test_a_duplicate_ends_and_names_the_case_that_goes_on(desk: Desk, player: Player) -> None:
    happening(desk, player, "duplicated")
    log = list(desk.store.read.log(0, 10_000))
    first, second = (one.stream for one in log if one.name == "complaint.received.v1")
    (ended,) = (one for one in log if one.name == "complaint.discontinued.v1")
    assert (ended.stream, ended.event.model_dump()["of"]) == (second, first)


# --- without a database ---------------------------------------------------------------------------------------------


class Answering:
    """A service that opens a stream for every first message and remembers how it was asked."""

    def __init__(self, *refusing: type[Incoming]) -> None:
        self.batches: list[list[Incoming]] = []
        self.refusing = refusing

    def __call__(self, items: Sequence[Incoming], now: datetime) -> tuple[Result, ...]:
        self.batches.append(list(items))
        return tuple(self.answer(item) for item in items)

    def answer(self, item: Incoming) -> Result:
        if isinstance(item, self.refusing):
            return Refused("nothing_to_do", "not today") if isinstance(item, Asked) else Parked(UUID(int=1), END)
        return Done(UUID(int=9), 1, 1, 1, opened=not isinstance(item, Asked))


def opener(case: str = "0") -> Step:
    payload = {"channel": "chat", "id": case, "text": "It is broken."}
    return Step(START, case, Said(payload, "complaint", opens=True), UUID(int=1))


def noted(case: str = "0") -> Step:
    return Step(START, case, Did(NOTE, "person:anna"), UUID(int=2))


def test_commands_wait_for_the_streams_that_messages_open_and_then_go_together() -> None:
    service = Answering()
    player = Player(service)
    for step in (opener(), opener("1"), noted(), noted("1")):
        player.take(step)
    player.flush()
    assert [len(batch) for batch in service.batches] == [2, 2]
    assert [item.stream for item in service.batches[1] if isinstance(item, Asked)] == [UUID(int=9), UUID(int=9)]


def test_what_comes_after_a_waiting_command_of_its_case_waits_with_it() -> None:
    service = Answering()
    player = Player(service)
    more = Step(START, "0", Said({"channel": "chat", "id": "0b", "text": "Any news?"}, "question"), UUID(int=3))
    for step in (opener(), noted(), more, opener("1")):
        player.take(step)
    player.flush()
    kinds = [[isinstance(item, Asked) for item in batch] for batch in service.batches]
    assert kinds == [[False, False], [True, False]]


def test_a_full_window_is_submitted() -> None:
    service = Answering()
    player = Player(service, window=2)
    for case in ("0", "1", "2"):
        player.take(opener(case))
    assert [len(batch) for batch in service.batches] == [2]


def test_a_refusal_is_reported_with_its_step_and_code() -> None:
    player = Player(Answering(Asked))
    for step in (opener(), noted()):
        player.take(step)
    player.flush()
    assert [(refusal.step, refusal.code) for refusal in player.report.refused] == [(noted(), "nothing_to_do")]


def test_a_command_for_a_case_that_never_came_is_reported_and_not_submitted() -> None:
    service = Answering()
    player = Player(service)
    player.take(noted("8"))
    player.flush()
    assert [refusal.code for refusal in player.report.refused] == ["unknown_complaint"]
    assert service.batches == []


def test_a_payload_that_the_intake_rejects_is_reported() -> None:
    player = Player(Answering())
    player.take(Step(START, "0", Said({"channel": "chat"}, "complaint"), UUID(int=1)))
    player.flush()
    assert [refusal.code for refusal in player.report.refused] == ["invalid"]


def test_time_and_ids_of_a_step_stand_in_what_is_submitted() -> None:
    service = Answering()
    player = Player(service)
    for step in (opener(), noted()):
        player.take(step)
    player.flush()
    (asked,) = service.batches[1]
    assert isinstance(asked, Asked)
    assert (asked.id, asked.around.clock, asked.around.received_at) == (str(UUID(int=2)), START, START)
    assert (asked.around.sender.actor, asked.around.sender.identity) == ("person:anna", "local")


def test_progress_counts_the_cases_that_have_begun() -> None:
    heard: list[int] = []
    report = play(Answering(), 30, 2, "en", START, END, heard.append)
    assert heard == sorted(set(heard))
    assert heard[-1] == report.cases == 30
    assert report.messages + report.commands == len(list(steps(30, 2, "en", Period(START, END))))
