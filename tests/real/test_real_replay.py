"""Real histories replayed: from memory, sealed rows and opened ones the bytes are the same; any order folds."""

import random
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from consumers.files import tables, traces
from consumers.files.history import mapping_named
from consumers.files.mapping import past_case
from consumers.files.record import opened
from consumers.wiring import presets
from engine import past_events
from engine.complaint import decider
from engine.complaint.case import Case
from engine.complaint.state_bytes import to_bytes
from engine.incoming import Circumstances, Done, Sender
from engine.past import PastCase
from engine.store.batch import NewEvent
from engine.streams.folded import Folded, from_octets, to_octets
from projections.replay.as_of import ImportedLater, When, case_as_of
from schemas.envelope import FileSource
from support.installation import Desk
from support.real_figures import CFPB, HELPDESK, real_data

pytestmark = pytest.mark.slow
_SAMPLE = 150
_AROUND = Circumstances(
    sender=Sender("import", "service:import", "local"),
    source=FileSource(file="0" * 64, line=1),
    received_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
)


def sampled(desk: Desk, name: str) -> list[PastCase]:
    """Return cases of a real file, chosen by a fixed seed."""
    folder: Path = real_data()
    mapping = mapping_named(name)
    with opened(folder / (CFPB if name == "cfpb" else HELPDESK)) as source:
        found = tables.records(source, mapping.source) if mapping.source.kind == "csv" else traces.records(source)
        cases = [past_case(mapping, record, desk.service.identify) for record in found]
    return random.Random(2).sample(cases, _SAMPLE)  # no secret


@pytest.fixture(params=["cfpb", "helpdesk"])
def imported(desk: Desk, request: pytest.FixtureRequest) -> dict[UUID, tuple[NewEvent, ...]]:
    """Import a sample; returns what was handed to the store, by stream."""
    desk.service.activate(presets.in_force(None), desk.around(), desk.at)
    cases = sampled(desk, request.param)
    result = desk.service.record(cases, _AROUND)
    assert (result.added, result.already) == (_SAMPLE, 0)
    book = desk.service.book()
    streams = {desk.service.identify(case.key): case for case in cases}
    return {stream: past_events.stamped(case, stream, _AROUND, book) for stream, case in streams.items()}


def test_every_way_to_replay_gives_the_same_bytes(desk: Desk, imported: dict[UUID, tuple[NewEvent, ...]]) -> None:
    sealed, again = (desk.store.read.streams(list(imported)) for _ in range(2))
    in_clear = desk.store.read.streams(list(imported), open=True)
    for stream, events in imported.items():
        ways = {to_bytes(decider.fold(each[stream])) for each in (sealed, again, in_clear)}
        assert ways == {to_bytes(decider.fold(events))}


def test_any_order_of_a_real_history_folds(desk: Desk, imported: dict[UUID, tuple[NewEvent, ...]]) -> None:
    chance = random.Random(3)  # no secret
    for events in imported.values():
        shuffled = chance.sample(events, len(events))
        assert to_bytes(decider.fold(shuffled)) == to_bytes(decider.fold(shuffled))


def test_every_state_of_a_real_history_comes_back_from_a_snapshot(imported: dict[UUID, tuple[NewEvent, ...]]) -> None:
    for events in imported.values():
        for end in range(1, len(events) + 1):
            state = decider.fold(events[:end])
            assert isinstance(state, Case)
            back = from_octets(to_octets(Folded(state, "main")))
            assert back == Folded(state, "main")
            assert isinstance(back.state, Case)
            assert to_bytes(decider.fold_on(back.state, events[end:])) == to_bytes(decider.fold(events))


def test_an_imported_case_goes_on_live_under_its_number(desk: Desk, imported: dict[UUID, tuple[NewEvent, ...]]) -> None:
    for stream in list(imported)[:20]:
        before = desk.case(stream)
        answer = desk.hear(
            channel="web_form", id=str(stream), text="It is broken again, I want a refund!",
            number=before.registration.number,
        )  # fmt: skip
        assert isinstance(answer, Done)
        if answer.opened:
            assert not before.lifecycle.is_open
            assert desk.names(answer.stream)[-1] == "linked"
        else:
            assert answer.stream == stream
            assert desk.names(stream).count("received") == 1


def test_by_recorded_time_an_imported_case_points_to_world_time(
    desk: Desk, imported: dict[UUID, tuple[NewEvent, ...]]
) -> None:
    for stream, events in list(imported.items())[:20]:
        ends = max(one.envelope.occurred_at for one in events)
        with pytest.raises(ImportedLater, match="--occurred"):
            case_as_of(desk.store.read, stream, When(recorded=ends))
        assert case_as_of(desk.store.read, stream, When(occurred=ends)).events == len(events)
        begins = min(one.envelope.occurred_at for one in events)
        first = case_as_of(desk.store.read, stream, When(occurred=begins))
        assert first.events == sum(one.envelope.occurred_at <= begins for one in events)
