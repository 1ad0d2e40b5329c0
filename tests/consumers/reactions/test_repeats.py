from uuid import UUID

from consumers.reactions import repeats
from engine.store.database.pool import Pool
from engine.text.authenticity import TAG
from projections.runtime.projection import Projection
from projections.views.cases.rows import Cases
from projections.views.funnel.rows import Funnel
from projections.views.problems.rows import Problems
from projections.views.similar.rows import Similar
from schemas.complaint.assignment import ComplaintEscalated
from schemas.complaint.correspondence import NoteAdded, Reply
from schemas.complaint.lifecycle import Close, ComplaintReopened, Resolve
from schemas.complaint.records import ComplaintLinked
from support.following import react
from support.installation import Desk

SAME = "Worst shop in town, they sell fakes and cheat everybody. Never buy here, believe me{}"


def acted(desk: Desk, pool: Pool) -> dict[str, int]:
    views: list[Projection] = [Cases(), Funnel(), Problems(), Similar()]
    return dict(react(desk, pool, repeats.REACTION, views=views).acted)


def opened(desk: Desk, name: str, text: str, *, by: str) -> UUID:
    """A complaint by a web form."""
    author = {"name": by, "contacts": [{"kind": "username", "value": by}]}
    return desk.opened(
        channel="web_form", system="shop", id=name, text=text, author=author, hints={"sense": "complaint"}
    )


def reviewed(desk: Desk, name: str, text: str, *, by: str) -> UUID:
    """A complaint that everybody can read, a minute after the one before."""
    desk.later(minutes=1)
    return desk.opened(
        channel="review", site="stars", review_id=name, author_id=by, text=text, hints={"sense": "complaint"}
    )


def tagged(desk: Desk, stream: UUID) -> bool:
    return TAG in desk.case(stream).classification.tags


def notes(desk: Desk, stream: UUID) -> list[object]:
    return [one.event.note for one in desk.history(stream) if isinstance(one.event, NoteAdded)]


def alarms(desk: Desk, *streams: UUID) -> list[UUID]:
    return [
        one.stream
        for stream in streams
        for one in desk.history(stream, open=False)
        if isinstance(one.event, ComplaintEscalated) and one.event.reason == repeats.ALARM
    ]


def test_a_wave_of_copies_is_marked_with_its_signs_and_is_one_alarm(desk: Desk, pool: Pool) -> None:
    first = reviewed(desk, "1", SAME.format("."), by="a1")
    assert acted(desk, pool) == {}
    second = reviewed(desk, "2", SAME.format("!"), by="a2")
    third = reviewed(desk, "3", SAME.format("!!"), by="a3")
    real = reviewed(desk, "4", "The blender from order 4471 stopped after two uses.", by="a4")
    acted(desk, pool)
    assert [tagged(desk, stream) for stream in (first, second, third, real)] == [True, True, True, False]
    assert alarms(desk, first, second, third, real) == [first]
    signs = "nearly the same text from 2 others; the author was never heard of; nothing in it can be checked"
    assert notes(desk, third) == [
        f"Perhaps no real customer's, 5 points (suspected from 4): {signs}. A person decides."
    ]
    reviewed(desk, "5", SAME.format("?"), by="a5")
    acted(desk, pool)
    assert alarms(desk, first, second, third) == [first]
    assert acted(desk, pool) == {}


def test_what_nobody_can_read_is_not_suspected(desk: Desk, pool: Pool) -> None:
    streams = [opened(desk, name, SAME.format("."), by=f"b{name}") for name in "123"]
    acted(desk, pool)
    assert [tagged(desk, stream) for stream in streams] == [False] * 3


def ended(desk: Desk, stream: UUID) -> None:
    desk.give(stream, Reply(final=True, channel="email", body="We are sorry."))
    desk.give(stream, Resolve(outcome="upheld"))
    desk.give(stream, Close(), why="settled by phone")


LEAKS = "My kettle leaks at the handle, the floor is wet every morning."


def test_who_is_known_gets_his_last_complaint_back_once_with_what_was_done(desk: Desk, pool: Pool) -> None:
    first = opened(desk, "1", LEAKS, by="ann")
    ended(desk, first)
    acted(desk, pool)
    desk.later(days=3)
    second = opened(desk, "2", "The kettle leaks at the handle again, the floor is wet.", by="ann")
    acted(desk, pool)
    assert [type(one.event) for one in desk.history(first)][-2:] == [ComplaintReopened, NoteAdded]
    assert notes(desk, first) == [
        "Reopened: the same person complains of the same matter again. Before: upheld; remedies: none."
    ]
    [link] = [one.event for one in desk.history(second) if isinstance(one.event, ComplaintLinked)]
    assert (link.other, link.kind) == (first, "continues")
    ended(desk, first)
    desk.later(days=3)
    opened(desk, "3", "Again the kettle leaks at the handle and the floor is wet.", by="ann")
    acted(desk, pool)
    assert sum(isinstance(one.event, ComplaintReopened) for one in desk.history(first)) == 1


def test_another_matter_or_another_person_reopens_nothing(desk: Desk, pool: Pool) -> None:
    first = opened(desk, "1", LEAKS, by="ann")
    ended(desk, first)
    opened(desk, "2", "The courier shouted at my mother.", by="ann")
    opened(desk, "3", LEAKS, by="bob")
    assert acted(desk, pool) == {}
    assert not desk.case(first).lifecycle.is_open


def test_an_end_of_long_ago_stays_an_end(desk: Desk, pool: Pool) -> None:
    first = opened(desk, "1", LEAKS, by="ann")
    ended(desk, first)
    desk.service.activate(
        [desk.service.book().desk.model_copy(update={"version": 99, "reopen_window_days": 5})], desk.around(), desk.at
    )
    desk.later(days=6)
    opened(desk, "2", LEAKS, by="ann")
    acted(desk, pool)
    assert not desk.case(first).lifecycle.is_open
