"""``plaint rules``: why a rule decided what it did, whether rules do what they say, and what others would do."""

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import Case, Json, Language, case_id, note, snapshot, spoken
from consumers.cli.session import in_words, read_settings, sender, session
from consumers.cli.sla_cases import Since, Until, received_since, received_until
from consumers.wiring import presets
from consumers.wiring.build import Installation
from engine.configuration.admissible import problems
from engine.store.access_log import Access
from engine.store.batch import Recorded
from projections.replay.concern import Asking, CaseRun
from projections.replay.concerns import CONCERNS
from projections.replay.library import Which, library
from projections.replay.ruled import Decision, Ruled, ruled
from projections.replay.rules_what_if import Totals
from projections.replay.rules_what_if import what_if as replayed
from schemas.configuration import ConfigurationRefused, load_with_lines
from schemas.configuration.document import Document, problem
from schemas.configuration.rule_set import RuleSet

Tested = tuple[str, RuleSet]
"""Where a rule set stands, and what it says."""


def explain(case: Case, /, *, language: Language = None, json: Json = False) -> int:
    """Tell which rule decided what in a case, what it looked at, and what else would have held.

    Rules look at words, so the reading is kept in the access log. In the list of rules, + gave something,
    = holds but came too late, - does not hold.
    """
    with session() as here:
        stream = case_id(here, case)
        note(here, stream, "history")
        history = here.store.read.stream(stream, open=True)
        if not history:
            output.stop(output.NOT_FOUND, f"no case '{case}'; 'plaint case list' shows the numbers")
        known, language = library(here.store.read), spoken(here, language)
        found = ruled(history, known, partial(snapshot, here), here.store.keys.streams_of, language)
    if json:
        output.emit_model(found)
    else:
        _print(found)
    return output.OK


def run_cases(
    *files: Annotated[str, Parameter(help="Files with rule sets; absent: those that the settings bring into force.")],
    json: Json = False,
) -> int:
    """Run the given/then cases that stand in rule sets; needs no database.

    Exits with 1 where one does not hold.
    """
    tested = [_loaded(file) for file in files] if files else _configured()
    runs = [(name, rules, _run(rules)) for name, rules in tested]
    failed = sum(not one.passed for _, _, ones in runs for one in ones)
    if json:
        output.emit_json({"rule_sets": [_run_data(*one) for one in runs], "failed": failed})
    else:
        for name, rules, ones in runs:
            _print_run(name, rules, ones)
    return output.SOME_REJECTED if failed else output.OK


def what_if(
    draft: Annotated[str, Parameter(help="A file with the draft of a rule set.")],
    /,
    *,
    since: Since = None,
    until: Until = None,
    json: Json = False,
) -> int:
    """Replay recorded cases under a draft rule set: who would get what; changes nothing.

    Words are opened for the rules to look at and are never shown; the access log keeps who asked.
    """
    _, rules = _loaded(draft)
    concern = CONCERNS[rules.concern]
    with session() as here:
        known = library(here.store.read)
        _refuse_unfit(draft, rules, known.book.latest_calendar)
        here.store.access_log.note(Access(actor=sender(here).actor, what="list"))
        which = Which((), received_since(since), received_until(until))
        with snapshot(here, concern.reads) as seen, output.progress("cases", None) as bar:
            asking = Asking(seen, here.store.keys.streams_of, known.book)
            opened = partial(_opened, here)
            totals = replayed(rules, concern, known, here.store.read, asking, which, opened=opened, progress=bar.at)
    if json:
        output.emit_json({"concern": rules.concern, "version": rules.version, **totals.data()})
    else:
        _print_totals(totals, rules)
    return output.OK


def person(
    name: Annotated[str, Parameter(help="As doors are told it, such as a login name.")], /, *, json: Json = False
) -> int:
    """Print how rules and events call a local person: the opaque id that a staff list names."""
    with session() as here:
        known_as = here.person_of(name)
    if json:
        output.emit_json({"person": known_as})
    else:
        _line(known_as)
    return output.OK


# ------------------------------------------------------------------------------------------------ what is asked for


def _opened(here: Installation, streams: Sequence[UUID]) -> Iterable[Sequence[Recorded]]:
    return here.store.read.streams(streams, open=True).values()


def _loaded(file: str) -> Tested:
    item, document = _document(file)
    if not isinstance(item, RuleSet):
        output.stop(
            output.CONFIGURATION, f"{file}: {problem(document, ('kind',), 'is no rule set; write kind: rule_set')}"
        )
    return file, item


def _document(file: str) -> tuple[object, Document]:
    try:
        return load_with_lines(Path(file).read_text(encoding="utf-8-sig"), file)
    except ConfigurationRefused as error:
        output.stop(output.CONFIGURATION, str(error))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        output.stop(output.NOT_FOUND, f"{file}: {reason or error}; name a file that can be read")


def _configured() -> list[Tested]:
    """Return the rule sets that the settings bring into force, by name."""
    with in_words():
        chosen = read_settings()
        found = presets.in_force(chosen.config_dir, chosen.named_presets)
    return [(one.id, one) for one in found if isinstance(one, RuleSet)]


def _refuse_unfit(file: str, rules: RuleSet, calendars: Iterable[str]) -> None:
    """End the command where the draft would not be admissible beside what is in force."""
    if found := problems([rules], calendars):
        _, document = _document(file)
        told = [f"{file}: {problem(document, one.path, one.fix)}" for one in found]
        output.stop(output.CONFIGURATION, "\n".join(told))


def _run(rules: RuleSet) -> Sequence[CaseRun]:
    concern = CONCERNS.get(rules.concern)
    return concern.test(rules) if concern is not None and concern.test is not None else ()


def _run_data(name: str, rules: RuleSet, runs: Sequence[CaseRun]) -> dict[str, object]:
    cases = [{"case": one.case, "passed": one.passed, "differs": list(one.differs)} for one in runs]
    return {"file": name, "concern": rules.concern, "version": rules.version, "cases": cases}


# ------------------------------------------------------------------------------------------------ what is printed


def _print(found: Ruled) -> None:
    columns = ("position", "rule set", "rule", "decided", "overruled")
    output.table(columns, [_row(one) for one in found.decisions])
    for one in found.concerns:
        when = f"as it was at position {one.position}" if one.recorded else "in force now; nothing of it was recorded"
        _line(f"\n{one.concern}, version {one.version} ({when})")
        for line in one.words:
            _line(line)


def _row(one: Decision) -> tuple[object, ...]:
    later = one.overruled
    told = "" if later is None else f"at {later.position} by {later.actor}" + (f": {later.why}" if later.why else "")
    return one.position, f"{one.rule_set} {one.version}", one.rule, one.words, told


def _print_run(name: str, rules: RuleSet, runs: Sequence[CaseRun]) -> None:
    passed = sum(one.passed for one in runs)
    _line(f"{name}: {rules.concern}, version {rules.version}: {passed} of {len(runs)} cases hold")
    for one in runs:
        if not one.passed:
            _line(f"  {one.case}: {'; '.join(one.differs)}")


def _print_totals(totals: Totals, rules: RuleSet) -> None:
    _line(f"{totals.cases} cases; {totals.differ} would get something else by {rules.concern}, version {rules.version}")
    first = {(one.field, one.now, one.draft): one.number or str(one.case) for one in totals.examples}
    data = totals.data()["changes"]
    rows = [
        (one["field"], one["now"], one["draft"], one["cases"], first[one["field"], one["now"], one["draft"]])
        for one in data
    ]
    if rows:
        output.table(("field", "now", "draft", "cases", "for example"), rows)


def _line(text: str) -> None:
    sys.stdout.write(output.harmless(text) + "\n")
