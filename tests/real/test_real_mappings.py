"""The shipped mappings make of the real files what was counted from the files without them."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from consumers.files import tables, traces
from consumers.files.history import mapping_named
from consumers.files.mapping import past_case
from consumers.files.record import Record, opened
from consumers.wiring import presets
from engine import past_events
from engine.complaint.decider import Case, fold
from engine.complaint.stage import Closed, Exited
from engine.configuration import in_force
from engine.configuration.activation import activation
from engine.configuration.in_force import Book
from engine.incoming import Circumstances, Sender
from engine.past import PastCase
from schemas.complaint.correspondence import ComplaintReplied
from schemas.complaint.lifecycle import ComplaintClosed, ComplaintReopened, ComplaintResolved, OutcomeDisputed
from schemas.complaint.registration import ComplaintReceived
from schemas.complaint.waiting import InformationProvided, InformationRequested
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.mapping import Mapping
from schemas.envelope import FileSource
from support.real_figures import CFPB, HELPDESK, Figures, cfpb, helpdesk, real_data

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
AROUND = Circumstances(
    sender=Sender("import", "service:import", "local"), source=FileSource(file="0" * 64, line=1), received_at=NOW
)


def identify(name: str) -> UUID:
    return uuid5(UUID(int=7), name)


@cache
def shipped_book() -> Book:
    """Return what the shipped configuration brings into force, the policies that the mappings name among it."""
    events = (activation(item) for item in presets.in_force(None))
    return in_force.fold(event for event in events if isinstance(event, ConfigurationActivated))


def records(path: Path, mapping: Mapping) -> Iterator[Record]:
    with opened(path) as source:
        if mapping.source.kind == "csv":
            yield from tables.records(source, mapping.source)
        else:
            yield from traces.records(source)


@pytest.fixture(scope="module")
def cases() -> dict[str, list[PastCase]]:
    folder = real_data()
    found = {}
    for name, file in (("cfpb", CFPB), ("helpdesk", HELPDESK)):
        mapping = mapping_named(name)
        found[name] = [past_case(mapping, record, identify) for record in records(folder / file, mapping)]
    return found


def folded(case: PastCase) -> Case:
    """Return the state that the decider folds from the case's stored events."""
    state = fold(past_events.stamped(case, identify(case.key), AROUND, shipped_book()))
    assert isinstance(state, Case)
    return state


def figures(cases: list[PastCase]) -> Figures:
    """Count what the mapping made."""
    found = Figures()
    for case in cases:
        events = [fact.event for fact in case.facts]
        kinds = Counter(type(event) for event in events)
        first = events[0]
        assert isinstance(first, ComplaintReceived)
        stage = folded(case).stage
        ended = stage.after_exit if isinstance(stage, Closed) else stage
        if isinstance(ended, Exited):
            found.exits[ended.reason] += 1
        found.complaints += 1
        found.events += len({fact.line for fact in case.facts})
        found.stages[stage.name] += 1
        found.channels[first.channel] += 1
        found.months[f"{case.facts[0].occurred_at:%Y-%m}"] += 1
        found.reopenings += kinds[ComplaintReopened]
        found.reopened += kinds[ComplaintReopened] > 0
        found.waits += kinds[InformationRequested]
        found.waited += kinds[InformationRequested] > 0
        found.waits_ended += kinds[InformationProvided]
        found.replied += kinds[ComplaintReplied]
        found.resolved += kinds[ComplaintResolved]
        found.closed += kinds[ComplaintClosed]
        found.disputed += kinds[OutcomeDisputed]
    return found


def test_every_figure_of_the_regulators_table_is_met(cases: dict[str, list[PastCase]]) -> None:
    counted = cfpb(real_data())
    assert counted.complaints == 1551
    assert counted.stages == {"closed": 1074, "investigation": 477}
    assert figures(cases["cfpb"]) == counted


def test_every_figure_of_the_help_desk_is_met(cases: dict[str, list[PastCase]]) -> None:
    counted = helpdesk(real_data())
    assert (counted.complaints, counted.events, counted.waits, counted.reopened) == (4580, 21348, 1463, 152)
    assert counted.reopenings == 161
    assert figures(cases["helpdesk"]) == counted


def test_a_complaint_of_the_file_is_one_complaint_of_ours(cases: dict[str, list[PastCase]]) -> None:
    for found in cases.values():
        assert len({case.key for case in found}) == len(found)


def test_the_cycle_that_events_name_is_the_one_that_the_decider_is_in(cases: dict[str, list[PastCase]]) -> None:
    for case in cases["helpdesk"]:
        named = [fact.event.cycle for fact in case.facts if isinstance(fact.event, ComplaintReopened)]
        assert named == list(range(2, len(named) + 2))
        assert folded(case).cycle == len(named) + 1


def test_every_reply_names_a_message_that_was_recorded(cases: dict[str, list[PastCase]]) -> None:
    for case in (case for found in cases.values() for case in found):
        dumped = [fact.event.model_dump() for fact in case.facts if hasattr(fact.event, "message")]
        replies = [fact.event.message for fact in case.facts if isinstance(fact.event, ComplaintReplied)]
        sent = [event["message"] for event in dumped if event.get("direction") == "outbound"]
        assert replies == sent


def test_mapping_a_file_twice_makes_the_same_events(cases: dict[str, list[PastCase]]) -> None:
    mapping = mapping_named("helpdesk")
    path = real_data() / HELPDESK
    again = [
        past_case(mapping, record, identify) for record, _ in zip(records(path, mapping), range(200), strict=False)
    ]
    assert again == cases["helpdesk"][:200]
