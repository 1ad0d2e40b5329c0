"""The tables of the page on policies and calendars are those that are shipped."""

from consumers.wiring import presets
from schemas.configuration import Calendar, Policy
from support.pages import ROOT, only_in_the_checkout

only_in_the_checkout()

PAGE = (ROOT / "engine" / "configuration" / "README.md").read_text(encoding="utf-8")


def rows(header: str) -> list[list[str]]:
    lines = PAGE[PAGE.index(header) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]


def test_every_policy_stands_in_the_table_and_every_statutory_clock_with_its_term() -> None:
    told: dict[str, dict[str, str]] = {}
    policy = ""
    for name, clock, term, *_ in rows("| policy | clock |"):
        policy = name or policy
        told.setdefault(policy, {})[clock] = term.removesuffix(", rolled")
    shipped = {one.item.id: one.item for one in presets.all_shipped() if isinstance(one.item, Policy)}

    assert sorted(told) == sorted(shipped)
    for name, clocks in told.items():
        if name == "us-cfpb-forwarded":  # "the same two"
            continue
        targets = {clock.kind: str(clock.target) for clock in shipped[name].clocks}
        assert {kind for kind in targets if kind.startswith("statutory:")} <= set(clocks), name
        assert {kind: term for kind, term in clocks.items() if kind in targets and term[0].isdigit()} == {
            kind: targets[kind] for kind, term in clocks.items() if kind in targets and term[0].isdigit()
        }, name


def test_the_policies_whose_terms_the_table_calls_rolled_are_those_that_roll() -> None:
    told = {clock for _, clock, term, *_ in rows("| policy | clock |") if term.endswith("rolled")}
    policies = (one.item for one in presets.all_shipped() if isinstance(one.item, Policy))

    assert told == {clock.kind for one in policies for clock in one.clocks if clock.roll == "next"}


def test_every_calendar_stands_in_the_table() -> None:
    told = [name for names, *_ in rows("| calendar | open |") for name in names.split(", ")]

    assert sorted(told) == sorted(one.item.id for one in presets.all_shipped() if isinstance(one.item, Calendar))
