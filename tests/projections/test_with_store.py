"""The views on the real log: stored sealed, read back by the real reader."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from uuid import UUID

import pytest

from engine.store.batch import Append, Batch, NewEvent
from engine.store.database.pool import Pool
from engine.store.mapper import Mapper, UnknownEvent
from engine.store.read import Reader
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from projections.replay.as_of import When, case_as_of
from projections.views import all_views
from projections.views.audit_trail.ask import NAME as TRAIL
from projections.views.audit_trail.ask import TrailFilter, trail
from projections.views.cases.ask import NAME as CASES
from projections.views.cases.ask import CaseFilter, listing, names
from schemas.catalogue import EVENTS
from schemas.complaint.lifecycle import ComplaintResolved
from schemas.streams.subject import SubjectErased
from support.histories import APPLIED, FEEDBACK, PERSON, RECEIVED, SECRET, START, Writer, registered, uid
from support.views import asking, build, positions, rows

TOLD = (
    Writer()
    .configured()
    .add("case", RECEIVED, APPLIED, registered())
    .add("thanks", FEEDBACK)
    .add("case", ComplaintResolved(subject_id=PERSON, outcome="upheld", findings=SECRET))
)


@pytest.fixture
def store(pool: Pool, tmp_path: Path) -> Iterator[Store]:
    with Store(pool, KeyFile({"m1": bytes(range(32))}), tmp_path / "contents") as opened:
        for stream, run in groupby(TOLD.events, key=lambda one: one.stream):
            events = list(run)
            new = tuple(NewEvent(one.envelope, one.event) for one in events)
            opened.commit(Batch(appends=(Append(stream, events[0].version - 1, new),)))
        yield opened


def test_sealed_events_give_the_rows_of_open_ones(pool: Pool, store: Store) -> None:
    build(pool, store.read, batch=2)
    sealed = rows(pool)
    assert SECRET not in repr(sealed)
    assert positions(pool) == dict.fromkeys(sorted(view.name for view in all_views()), len(TOLD.events))
    assert [one[2] for one in sealed["cases_list_v1"] if one[1] == "complaint"] == ["PL-00000-00001"]
    assert len(sealed["sla_timers_clocks_v2"]) > 0


def test_the_trail_opens_the_texts_of_the_log(pool: Pool, store: Store) -> None:
    build(pool, store.read)
    with asking(pool).snapshot([TRAIL]) as snapshot:
        found = trail(snapshot, TrailFilter(case=uid("case")), "ru", store.read, texts=True)
    assert [[text.value for text in one.texts or ()] for one in found.entries] == [
        [SECRET] * 4, [SECRET], [SECRET] * 2, [SECRET] * 2,
    ]  # fmt: skip


def test_a_case_as_of_a_position_is_read_from_the_log(store: Store) -> None:
    found = case_as_of(store.read, uid("case"), When(position=4), texts=True)
    assert (found.version, found.position) == (2, 4)
    assert found.texts is not None
    assert SECRET in found.model_dump_json()


def test_an_answer_names_the_log_it_speaks_of(pool: Pool, store: Store) -> None:
    build(pool, store.read)
    with asking(pool).snapshot([CASES], at_least=store.read.head().position) as snapshot:
        found = listing(snapshot, CaseFilter())
    head = store.read.head()
    assert (found.position, found.as_of, found.incarnation) == (head.position, head.recorded_at, head.incarnation)


def test_an_unknown_event_stops_the_runner_and_nothing_is_skipped(pool: Pool, store: Store) -> None:
    older = {name: event for name, event in EVENTS.items() if name != ComplaintResolved.NAME}
    with pytest.raises(UnknownEvent, match=r"complaint.resolved.v1 at position 7 is unknown"):
        build(pool, Reader(pool, store.keys, Mapper(older)), batch=2)
    assert positions(pool) == dict.fromkeys(sorted(view.name for view in all_views()), 6)
    build(pool, store.read)
    assert set(positions(pool).values()) == {7}


def test_an_erasure_is_an_entry_like_any_other(pool: Pool, store: Store) -> None:
    gone = SubjectErased(subject=PERSON, streams=(uid("case"),), request_id=uid("wish"), reason="request")
    around = TOLD.events[0].envelope.model_copy(update={"event_id": uid("erasure"), "why": None, "occurred_at": START})
    store.commit(Batch(appends=(Append(uid("erasures"), 0, (NewEvent(around, gone),)),)))
    build(pool, store.read)
    with asking(pool).snapshot([TRAIL]) as snapshot:
        found = trail(snapshot, TrailFilter(name="subject.erased"), "en")
    assert [one.words for one in found.entries] == [
        f"The keys of person {PERSON} were destroyed (on request); complaints: {uid('case')}"
    ]


def test_a_search_finds_sealed_words_until_their_person_is_erased(pool: Pool, store: Store) -> None:
    build(pool, store.read)
    assert _found(pool) == [uid("case")]
    gone = SubjectErased(subject=PERSON, streams=(uid("case"),), request_id=uid("wish"), reason="request")
    around = TOLD.events[0].envelope.model_copy(update={"event_id": uid("erasure"), "why": None, "occurred_at": START})
    store.commit(Batch(appends=(Append(uid("erasures"), 0, (NewEvent(around, gone),)),)))
    build(pool, store.read)
    assert _found(pool) == []


def _found(pool: Pool) -> list[UUID]:
    wanted = CaseFilter(search="Petrovich", kind="complaint")
    with asking(pool).snapshot(names(wanted)) as snapshot:
        return [one.id for one in listing(snapshot, wanted).cases]
