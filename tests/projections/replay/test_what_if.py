"""Recorded histories under another policy: who would get it, what would be kept; pinned judgements stand beside."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from engine.sla.policy import applied_clocks
from engine.store.batch import Recorded
from projections.replay import library as libraries
from projections.replay.explained import explained
from projections.replay.library import Which, library
from projections.replay.what_if import Pair, Tally, WhatIf
from schemas.complaint.classification import ComplaintPrioritised
from schemas.complaint.clocks import SlaApplied
from schemas.complaint.correspondence import ComplaintReplied
from schemas.configuration.policy import Policy
from support.histories import APPLIED, CALENDAR, CLOCKS, PERSON, RECEIVED, START, Writer, registered, uid

HOUR = timedelta(hours=1)
LATER = START + timedelta(days=60)
REPLY = ComplaintReplied(subject_id=PERSON, message=uid("reply"), final=True)


class Log:
    """The whole of a log in a list, as a reader gives it."""

    def __init__(self, writer: Writer) -> None:
        self._log = writer.log()
        self.asked: list[int] = []

    def head(self) -> Any:
        return self._log.head()

    def log(self, after: int, limit: int, *, names: Collection[str] | None = None) -> Sequence[Recorded]:
        return [one for one in self._log.events if one.position > after and (not names or one.name in names)][:limit]

    def streams(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[Recorded]]:
        self.asked.append(len(ids))
        return {stream: [one for one in self._log.events if one.stream == stream] for stream in ids}


def policy(*clocks: dict[str, Any], id: str = "strict", **more: Any) -> Policy:
    return Policy.model_validate({"id": id, "version": 1, "calendar": CALENDAR.id, "clocks": clocks, **more})


FIRST = {"kind": "first_reply", "target": "30 working minutes"}


def opened(writer: Writer, case: str, *, reply: timedelta | None = None, origin: Any = "live") -> Writer:
    """A complaint that the default policy claims (a first reply within a working hour); answered after ``reply``."""
    promise = APPLIED.model_copy(update={"clocks": tuple(one for one in CLOCKS if one.kind == "first_reply")})
    writer.add(case, RECEIVED, registered(), promise, at=START, origin=origin)
    return writer if reply is None else writer.add(case, REPLY, at=START + reply, origin=origin)


def judging(writer: Writer, draft: Policy, at: datetime = LATER) -> tuple[WhatIf, Log]:
    log = Log(writer)
    return WhatIf(library(log), draft, at), log


def states(pairs: Iterable[Pair]) -> list[tuple[Any, ...]]:
    return [
        (one.key, *(None if side is None else (side.state, side.due_at) for side in (one.then, one.now)))
        for one in pairs
    ]


def test_a_case_is_judged_under_another_policy_beside_its_own() -> None:
    judge, log = judging(opened(Writer().configured(), "a", reply=timedelta(minutes=45)), policy(FIRST))

    pairs = list(judge.rejudged(log, Which()))

    key = ("first_reply", 1, 1)
    assert states(pairs) == [(key, ("fulfilled", START + HOUR), ("missed", START + HOUR / 2))]
    assert [(one.case, one.number, one.differs) for one in pairs] == [(uid("a"), "PL-00000-00001", True)]
    assert judge.totals.data() == {
        "cases": 1, "under_it": 1, "newly_under_it": 1, "no_longer_under_it": 0, "differ": 1,
        "kinds": [{
            "kind": "first_reply",
            "then": {"kept": 1, "late_evidence": 0, "missed": 0, "cancelled": 0, "open": 0, "attainment": 1.0},
            "now": {"kept": 0, "late_evidence": 0, "missed": 1, "cancelled": 0, "open": 0, "attainment": 0.0},
        }],
        "changes": [{"kind": "first_reply", "then": "fulfilled", "now": "missed", "clocks": 1}],
    }  # fmt: skip


def test_a_clock_that_one_side_does_not_have_stands_alone() -> None:
    judge, log = judging(opened(Writer().configured(), "a"), policy({"kind": "registration", "target": "1 hour"}))

    assert [(one.key[0], one.then is None, one.now is None) for one in judge.rejudged(log, Which())] == [
        ("first_reply", False, True),
        ("registration", True, False),
    ]


def test_under_its_own_promises_nothing_differs() -> None:
    writer = opened(opened(Writer().configured(), "a", reply=HOUR), "b")
    same = policy({"kind": "first_reply", "target": "1 working hour", "warn": [75]}, id="default")
    judge, log = judging(writer, same)

    assert [one.differs for one in judge.rejudged(log, Which())] == [False, False]
    assert (judge.totals.got, judge.totals.newly) == (2, 0)


def test_cases_are_named_or_chosen_by_when_they_were_received() -> None:
    writer = Writer().configured()
    for day in range(4):
        writer.add(f"case {day}", RECEIVED, APPLIED, at=START + timedelta(days=day))

    def chosen(which: Which) -> list[UUID]:
        judge, log = judging(writer, policy(FIRST))
        return list(dict.fromkeys(one.case for one in judge.rejudged(log, which)))

    assert chosen(Which((uid("case 2"), uid("case 0")))) == [uid("case 2"), uid("case 0")]
    since, until = START + timedelta(days=1), START + timedelta(days=3)
    assert chosen(Which(since=since, until=until)) == [uid("case 1"), uid("case 2")]


def test_a_draft_is_given_to_those_alone_whom_it_claims() -> None:
    """b becomes urgent after ten minutes: half an hour is counted from then on as the unused share of the hour."""
    writer = opened(opened(Writer().configured(), "a", reply=timedelta(minutes=45)), "b")
    writer.add("b", ComplaintPrioritised(subject_id=PERSON, priority="urgent"), at=START + timedelta(minutes=10))
    writer.add("b", REPLY, at=START + timedelta(minutes=45))
    judge, log = judging(writer, policy(FIRST, order=10, when={"priority": "urgent"}))

    totals = judge.under_draft(log, Which()).data()

    none = {"late_evidence": 0, "cancelled": 0, "open": 0}
    assert totals == {
        "cases": 2, "under_it": 1, "newly_under_it": 1, "no_longer_under_it": 0, "differ": totals["differ"],
        "kinds": totals["kinds"], "changes": totals["changes"],
    }  # fmt: skip
    assert [one for one in totals["kinds"] if one["kind"] == "first_reply"] == [{
        "kind": "first_reply",
        "then": {"kept": 2, "missed": 0, "attainment": 1.0, **none},
        "now": {"kept": 1, "missed": 1, "attainment": 0.5, **none},
    }]  # fmt: skip
    assert {"kind": "first_reply", "then": "fulfilled", "now": "missed", "clocks": 1} in totals["changes"]


def test_who_had_the_policy_and_would_not_get_the_draft_is_counted() -> None:
    judge, log = judging(
        opened(Writer().configured(), "a"), policy(FIRST, id="default", order=10, when={"channel": "letter"})
    )

    totals = judge.under_draft(log, Which())

    assert (totals.got, totals.newly, totals.lost) == (0, 0, 1)
    assert {kind: tally.data()["missed"] for kind, tally in totals.then.items()} == {"first_reply": 1}
    assert totals.now == {}


def test_a_case_that_the_draft_has_nothing_to_do_with_is_judged_as_it_was_promised() -> None:
    judge, log = judging(opened(Writer().configured(), "a"), policy(FIRST, order=10, when={"channel": "letter"}))

    totals = judge.under_draft(log, Which())

    assert (totals.got, totals.lost, totals.differ) == (0, 0, 0)
    assert totals.then == totals.now == {"first_reply": Tally(missed=1)}


def test_late_evidence_is_counted_apart_and_imported_history_is_none() -> None:
    """Both answers occurred in time and were stored a month later; only the one that lived here is late evidence."""
    writer = Writer().configured()
    for case, origin in (("lived", "live"), ("brought", "import")):
        opened(writer, case, origin=origin)
        answered = Writer().add(case, REPLY, at=START + HOUR / 2, origin="import" if origin == "import" else "live")
        around = answered.events[0].envelope.model_copy(update={"received_at": START + timedelta(days=30)})
        position, stored = len(writer.events) + 1, START + timedelta(days=30)
        one = answered.events[0]._replace(envelope=around, position=position, version=4, recorded_at=stored)
        writer.events.append(one)
    judge, log = judging(writer, policy({"kind": "first_reply", "target": "40 working minutes"}))

    pairs = list(judge.rejudged(log, Which()))

    assert [(one.then and one.then.late_evidence, one.now and one.now.late_evidence) for one in pairs] == [
        (True, True), (False, False),
    ]  # fmt: skip
    assert judge.totals.then == judge.totals.now == {"first_reply": Tally(kept=2, late_evidence=1)}
    assert judge.totals.then["first_reply"].attainment == 1.0


def test_what_an_import_named_a_policy_for_keeps_it() -> None:
    """An import selects nothing: each of its policies is named. The draft of that policy holds for it all the same."""
    draft = policy(FIRST, id="default", order=10, when={"channel": "letter"})
    judge, log = judging(opened(Writer().configured(), "a", reply=timedelta(minutes=45), origin="import"), draft)

    totals = judge.under_draft(log, Which())

    assert (totals.got, totals.newly, totals.lost) == (1, 0, 0)
    assert totals.now == {"first_reply": Tally(missed=1)}


def test_histories_are_read_some_at_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(libraries, "PAGE", 10)
    writer = Writer().configured()
    for number in range(7):
        opened(writer, f"case {number}")
    judge, log = judging(writer, policy(FIRST))
    seen: list[int] = []

    judge.under_draft(log, Which(), seen.append)

    assert (log.asked, seen, judge.totals.cases) == ([2, 2, 2, 1], [2, 4, 6, 7], 7)


def test_a_promise_is_explained_by_the_policies_that_were_asked() -> None:
    log = Log(opened(Writer().configured(), "a"))

    (clock,) = explained(log, library(log), uid("a"), LATER)

    (promise,) = clock.applied
    assert (promise.policy, promise.version, promise.reason, promise.since) == ("default", 1, "first", START)
    assert promise.considered is not None
    assert [one.data() for one in promise.considered] == [
        {"policy": "default", "version": 1, "order": 1000, "holds": True, "fields": {}}
    ]


def test_a_promise_that_was_named_is_not_said_to_have_been_selected() -> None:
    log = Log(opened(Writer().configured(), "a", origin="import"))

    (clock,) = explained(log, library(log), uid("a"), LATER)

    assert [promise.considered for promise in clock.applied] == [None]


def test_a_clock_tells_every_promise_that_held_for_it() -> None:
    clocks = applied_clocks(policy(FIRST), {CALENDAR.id: CALENDAR.version})
    again = SlaApplied(subject_id=PERSON, reason="priority", policy="strict", policy_version=4, clocks=clocks)
    log = Log(opened(Writer().configured(), "a").add("a", again, at=START + timedelta(minutes=10)))

    (clock,) = explained(log, library(log), uid("a"), datetime(2026, 3, 3, tzinfo=UTC))

    assert [(one.policy, one.version, one.reason) for one in clock.applied] == [
        ("default", 1, "first"), ("strict", 4, "priority"),
    ]  # fmt: skip
    assert [(one.what, one.due_before, one.due_after) for one in clock.moved] == [
        ("terms", START + HOUR, START + timedelta(minutes=35)),
    ]
