"""Both real files through everything: import into PostgreSQL, views, questions; figures as counted from the files.

The import is broken off once and goes on, so the figures prove that nothing is lost or doubled by it.
"""

from calendar import monthrange
from collections import Counter
from datetime import date
from typing import get_args

import pytest

from consumers.files.history import mapping_named
from projections.views.funnel.ask import Funnel, FunnelFilter, counts
from schemas.words import Channel
from support.real_figures import CFPB, HELPDESK, Figures, cfpb, helpdesk
from support.real_import import Imported, history

pytestmark = pytest.mark.slow
CFPB_CHANNELS: tuple[Channel, ...] = ("web_form", "call", "authority", "letter")
"""The help desk's complaints are all of the channel ``other``, so the channel tells the files apart."""


def funnel_of(imported: Imported, wanted: FunnelFilter) -> Funnel:
    with imported.snapshot() as snapshot:
        return counts(snapshot, wanted)


def test_an_import_that_broke_off_went_on_behind_its_last_commit(imported: Imported) -> None:
    result = imported.told["helpdesk"]
    assert (imported.told["broken"], result["resumed_at"]) == (1000, 1000)
    assert (result["cases"], result["added"], result["already"], result["rejected"]) == (4580, 3580, 0, 0)
    assert imported.told["cfpb"]["added"] == 1551


def test_the_same_files_again_add_nothing(imported: Imported) -> None:
    doing, before = history(imported.store), imported.store.read.head()
    for name, file in (("helpdesk", HELPDESK), ("cfpb", CFPB)):
        again = doing.run(imported.folder / file, mapping_named(name))
        assert (again.added, again.already, again.events, again.rejected) == (0, 0, 0, 0)
    assert imported.store.read.head() == before


def test_the_funnel_of_the_help_desk_is_that_of_its_file(imported: Imported) -> None:
    found, counted = funnel_of(imported, FunnelFilter(channel="other")), helpdesk(imported.folder)
    assert counted.reopened == 152
    assert summary(found) == expected(counted)


def test_the_funnel_of_the_regulators_table_is_that_of_its_file(imported: Imported) -> None:
    counted = cfpb(imported.folder)
    funnels = [funnel_of(imported, FunnelFilter(channel=channel)) for channel in CFPB_CHANNELS]
    assert {c: f.received for c, f in zip(CFPB_CHANNELS, funnels, strict=True)} == counted.channels
    together: Counter[str] = Counter()
    for funnel in funnels:
        together.update(summary(funnel))
    assert +together == +expected(counted)


def test_no_other_channel_has_a_complaint(imported: Imported) -> None:
    others = set(get_args(Channel)) - {"other", *CFPB_CHANNELS}
    assert {
        channel: funnel_of(imported, FunnelFilter(channel=channel)).received for channel in others
    } == dict.fromkeys(others, 0)


def test_every_month_of_receipt_is_that_of_the_files(imported: Imported) -> None:
    months = helpdesk(imported.folder).months + cfpb(imported.folder).months
    for month, complaints in months.items():
        year, number = map(int, month.split("-"))
        first, last = date(year, number, 1), date(year, number, monthrange(year, number)[1])
        assert (month, funnel_of(imported, FunnelFilter(from_=first, to=last)).received) == (month, complaints)
    assert funnel_of(imported, FunnelFilter(origin="import")).received == sum(months.values()) == 6131


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
