"""Both real files through everything: import into PostgreSQL, views, questions; figures as counted from the files.

The import is broken off once and goes on, so the figures prove that nothing is lost or doubled by it.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest

from consumers.files.history import History, Past, Progress, mapping_named
from consumers.wiring import presets
from engine.incoming import Circumstances, Sender
from engine.service import Service
from engine.store.database.pool import Pool, open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from projections.views.funnel.ask import NAME, Funnel, FunnelFilter, counts
from schemas.envelope import FileSource
from schemas.words import Channel
from support.postgres import fresh_database
from support.real_figures import CFPB, HELPDESK, Figures, cfpb, helpdesk, real_data
from support.views import asking, build

pytestmark = pytest.mark.slow
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
CFPB_CHANNELS: tuple[Channel, ...] = ("web_form", "call", "authority", "letter")
"""The help desk's complaints are all of the channel ``other``, so the channel tells the files apart."""


class BrokenOff(Exception):
    """The import was interrupted here."""


def breaks_off(progress: Progress) -> None:
    if progress.added >= 1000:
        raise BrokenOff


@dataclass(frozen=True)
class Imported:
    """Both files, imported and projected."""

    folder: Path
    pool: Pool
    store: Store
    history: History
    broken: int
    """Complaints that were there when the import of the help desk went on."""
    results: dict[str, Progress]

    def funnel(self, wanted: FunnelFilter) -> Funnel:
        with asking(self.pool).snapshot([NAME]) as snapshot:
            return counts(snapshot, wanted)


def history(store: Store) -> History:
    around = Circumstances(
        sender=Sender("import", "service:import", "local"), source=FileSource(file="0" * 64, line=1), received_at=NOW
    )
    service = Service(store)
    service.activate(presets.in_force(None), around, NOW)
    position = lambda source: store.positions.look_up([source]).get(source)  # noqa: E731 -- one look-up
    return History(Past(service.record, position, service.identify, around, lambda: NOW))


@pytest.fixture(scope="module")
def imported(
    postgres_server: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Imported]:
    folder = real_data()
    contents = tmp_path_factory.mktemp("contents")
    with (
        fresh_database(postgres_server, template=database_template) as conninfo,
        open_pool(conninfo, max_size=4, name="plaint test") as pool,
        Store(pool, KeyFile({"test": b"k" * 32}), contents) as store,
    ):
        doing = history(store)
        with pytest.raises(BrokenOff):
            doing.run(folder / HELPDESK, mapping_named("helpdesk"), breaks_off)
        broken = len(known(pool))
        results = {
            "helpdesk": doing.run(folder / HELPDESK, mapping_named("helpdesk")),
            "cfpb": doing.run(folder / CFPB, mapping_named("cfpb")),
        }
        build(pool, store.read, batch=4096)
        yield Imported(folder, pool, store, doing, broken, results)


def known(pool: Pool) -> set[object]:
    with pool.connection() as connection:
        query = "SELECT DISTINCT stream FROM plaint.events WHERE name LIKE 'complaint.%'"
        return {row[0] for row in connection.execute(query).fetchall()}


def test_an_import_that_broke_off_went_on_behind_its_last_commit(imported: Imported) -> None:
    result = imported.results["helpdesk"]
    assert (imported.broken, result.resumed_at) == (1000, 1000)
    assert (result.cases, result.added, result.already, result.rejected) == (4580, 3580, 0, 0)
    assert imported.results["cfpb"].added == 1551


def test_the_same_files_again_add_nothing(imported: Imported) -> None:
    before = imported.store.read.head()
    for name, file in (("helpdesk", HELPDESK), ("cfpb", CFPB)):
        again = imported.history.run(imported.folder / file, mapping_named(name))
        assert (again.added, again.already, again.events, again.rejected) == (0, 0, 0, 0)
    assert imported.store.read.head() == before


def test_the_funnel_of_the_help_desk_is_that_of_its_file(imported: Imported) -> None:
    found, counted = imported.funnel(FunnelFilter(channel="other")), helpdesk(imported.folder)
    assert counted.reopened == 152
    assert summary(found) == expected(counted)


def test_the_funnel_of_the_regulators_table_is_that_of_its_file(imported: Imported) -> None:
    counted = cfpb(imported.folder)
    funnels = [imported.funnel(FunnelFilter(channel=channel)) for channel in CFPB_CHANNELS]
    assert {c: f.received for c, f in zip(CFPB_CHANNELS, funnels, strict=True)} == counted.channels
    together: Counter[str] = Counter()
    for funnel in funnels:
        together.update(summary(funnel))
    assert +together == +expected(counted)


def test_no_other_channel_has_a_complaint(imported: Imported) -> None:
    others = set(get_args(Channel)) - {"other", *CFPB_CHANNELS}
    assert {channel: imported.funnel(FunnelFilter(channel=channel)).received for channel in others} == dict.fromkeys(
        others, 0
    )


def test_every_month_of_receipt_is_that_of_the_files(imported: Imported) -> None:
    months = helpdesk(imported.folder).months + cfpb(imported.folder).months
    for month, complaints in months.items():
        year, number = map(int, month.split("-"))
        first, last = date(year, number, 1), date(year, number, monthrange(year, number)[1])
        assert (month, imported.funnel(FunnelFilter(from_=first, to=last)).received) == (month, complaints)
    assert imported.funnel(FunnelFilter(origin="import")).received == sum(months.values()) == 6131


def summary(funnel: Funnel) -> Counter[str]:
    """Return what the funnel says, in the words of the figures."""
    there = {f"now:{stage.stage}": stage.there_now for stage in funnel.stages if stage.stage != "closed"}
    ended = next(stage for stage in funnel.stages if stage.stage == "closed")
    outcomes = next(stage for stage in funnel.stages if stage.stage == "satisfaction_check")
    return +Counter(
        {
            **there,
            "now:closed": ended.there_now,
            "received": funnel.received,
            "registered": funnel.registered,
            "exits": sum(funnel.exits.values()),
            "reopened": funnel.reopened,
            "reopenings": funnel.reopenings,
            "waits": funnel.waits,
            "waited": funnel.waited,
            "resolved": outcomes.entered,
            "closed": ended.entered,
            "left_out": funnel.left_out,
        }
    )


def expected(counted: Figures) -> Counter[str]:
    """Return what the funnel must say."""
    return +Counter(
        {
            **{f"now:{stage}": complaints for stage, complaints in counted.stages.items()},
            "received": counted.complaints,
            "registered": counted.complaints,
            "exits": sum(counted.exits.values()),
            "reopened": counted.reopened,
            "reopenings": counted.reopenings,
            "waits": counted.waits,
            "waited": counted.waited,
            "resolved": counted.resolved,
            "closed": counted.closed,
        }
    )
