from datetime import timedelta
from uuid import UUID

from consumers.files.live import go_live
from consumers.outbox.outgoing import notices_of
from consumers.reactions.loop import live
from engine.past import PastCase, PastFact
from engine.store.database.pool import Pool
from projections.views.sla_timers.queue import Live
from projections.views.sla_timers.rows import SlaTimers
from schemas.complaint.registration import ComplaintReceived, ComplaintRegistered
from support.histories import INCARNATION
from support.installation import MONDAY, Desk, derived
from support.timing import look
from support.views import drop

DAY = timedelta(days=1)


def imported(desk: Desk, key: str, days_ago: int) -> UUID:
    """A case of another system that is open there still, judged by the default policy."""
    at, person = desk.at - days_ago * DAY, derived(f"person of {key}")
    received = ComplaintReceived(subject_id=person, channel="email", message=derived(key), parties=())
    facts = (PastFact(received, at), PastFact(ComplaintRegistered(subject_id=person, number="PL-00000-00000"), at))
    desk.service.record([PastCase(key, facts, line=1, policy="default")], desk.around())
    return desk.service.identify(key)


def told(desk: Desk, stream: UUID) -> list[str]:
    """What other systems are told to act upon, of all that the log says of one case."""
    records = [record for one in desk.history(stream, open=False) for record in notices_of(one, INCARNATION)]
    return [dict(record.headers)["ce_type"].decode() for record in records]


def test_imported_history_never_acts_until_it_goes_live_and_then_only_on_what_is_due_from_there(
    desk: Desk, pool: Pool
) -> None:
    stream = imported(desk, "open there", days_ago=3)
    before = desk.names(stream)
    desk.later(days=8)
    assert look(desk, pool) == {}
    assert (desk.names(stream), told(desk, stream)) == (before, [])

    go_live(desk.service, desk.store.read.head().position, desk.around("person:ann"), desk.at)
    assert look(desk, pool) == {}
    assert told(desk, stream) == []

    desk.later(days=4)
    assert look(desk, pool) == {"miss": 1}
    (last,) = desk.history(stream, open=False)[len(before) :]
    assert last.event.model_dump()["clock"] == "resolution"
    assert told(desk, stream) == ["plaint.notice.deadline_missed.v1"]
    assert look(desk, pool) == {}


def test_a_word_holds_for_what_was_imported_before_it_alone(desk: Desk, pool: Pool) -> None:
    first = imported(desk, "first", days_ago=0)
    go_live(desk.service, desk.store.read.head().position, desk.around(), desk.at)
    second = imported(desk, "second", days_ago=0)
    desk.later(days=3)
    look(desk, pool)
    assert "deadline_missed" in desk.names(first)
    assert "deadline_missed" not in desk.names(second)

    go_live(desk.service, desk.store.read.head().position, desk.around(), desk.at)
    desk.later(days=20)
    look(desk, pool)
    assert desk.names(second).count("deadline_missed") == 1  # the whole; all else ran out before the word


def test_the_word_is_a_fact_of_the_log_so_a_rebuild_knows_it_and_fires_nothing_again(desk: Desk, pool: Pool) -> None:
    stream = imported(desk, "one", days_ago=0)
    through = desk.store.read.head().position
    go_live(desk.service, through, desk.around("person:ann"), desk.at)
    assert live(desk.service.book()) == [Live(0, through, MONDAY)]
    desk.later(days=30)
    look(desk, pool)
    before = desk.names(stream)
    assert "deadline_missed" in before
    drop(pool, [SlaTimers()])
    assert look(desk, pool) == {}
    assert desk.names(stream) == before
