"""Small documents straight from single sentences of the contract; every figure was worked out with a calendar by hand.

An office in Berlin, seven hours a day; Easter 2025 and 1 May are closed, 2 May is short. In winter 09:00 is 08:00Z.
"""

from typing import Any

import pytest

from support.clocks import WEEKDAYS, inbound, judged, on, received, reply

CLOSED = ["2025-04-18", "2025-04-21", "2025-05-01"]
OFFICE: dict[str, Any] = {
    "id": "office",
    "version": 1,
    "timezone": "Europe/Berlin",
    "week": {day: ["09:00-12:00", "13:00-17:00"] for day in WEEKDAYS},
    "holidays": CLOSED,
    "exceptions": {"2025-05-02": ["09:00-12:00"]},
}
TERMS: dict[str, Any] = {**OFFICE, "id": "terms", "week": {key: ["00:00-24:00"] for key in WEEKDAYS}, "exceptions": {}}
NIGHT: dict[str, Any] = {**OFFICE, "id": "night", "week": {"sun": ["02:30-04:00"]}}
MONDAY = "2025-03-03T09:00:00+01:00"


def at(day: str, time: str) -> str:
    """A local time of 2025 before summer time, such as 03-03 and 09:00."""
    return f"2025-{day}T{time}:00+01:00"


def row(kind: str, started: str, due: str, state: str, elapsed: float, **more: Any) -> dict[str, Any]:
    """One expected row; instants are of 2025 in UTC, without the year and the seconds."""
    found = {"cycle": 1, "instance": 1, "fulfilled": None, "missed": None, "left": None, "over": None, "late": False}
    found.update(more)
    instants = {"started_at": started, "due_at": due, "fulfilled_at": found["fulfilled"], "missed_at": found["missed"]}
    return {
        "kind": kind,
        "cycle": found["cycle"],
        "instance": found["instance"],
        **{name: None if value is None else f"2025-{value}:00Z" for name, value in instants.items()},
        "state": state,
        "elapsed_seconds": elapsed,
        "remaining_seconds": found["left"],
        "overdue_seconds": found["over"],
        "late_evidence": found["late"],
    }


def clock(kind: str, target: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "target": target, **more}


def asked(day: str, time: str, request: str = "r", **more: Any) -> dict[str, Any]:
    return on("information_requested", at(day, time), request_id=request, **more)


def told(day: str, time: str, request: str = "r") -> dict[str, Any]:
    return on("information_provided", at(day, time), request_id=request)


def applied(time: str, *clocks: dict[str, Any]) -> dict[str, Any]:
    return on("sla_applied", at("03-03", time), clocks=list(clocks), reason="priority")


H = 3600
TARGETS = {
    "N working hours is that much open time from the start": (
        [clock("first_reply", "4 working hours")],
        [received(at("03-03", "10:30"))],
        at("03-03", "13:30"),
        [row("first_reply", "03-03T09:30", "03-03T14:30", "running", 2 * H, left=2 * H)],
    ),
    "a start in closed time counts from the next opening, and started_at is the event all the same": (
        [clock("first_reply", "90 working minutes")],
        [received(at("03-08", "11:00"))],
        at("03-08", "12:00"),
        [row("first_reply", "03-08T10:00", "03-10T09:30", "running", 0, left=5400)],
    ),
    "a start in the break counts from its end": (
        [clock("first_reply", "1 working hour")],
        [received(at("03-03", "12:15"))],
        at("03-03", "13:15"),
        [row("first_reply", "03-03T11:15", "03-03T13:00", "running", 900, left=2700)],
    ),
    "N hours are real time": (
        [clock("first_reply", "30 hours")],
        [received(at("03-07", "16:00"))],
        at("03-08", "16:00"),
        [row("first_reply", "03-07T15:00", "03-08T21:00", "running", 24 * H, left=6 * H)],
    ),
    "N working days end with the last open interval of the N-th open day after the local date of the start": (
        [clock("resolution", "2 working days")],
        [received("2025-04-16T23:30:00+02:00")],
        "2025-04-17T12:30:00+02:00",
        [row("resolution", "04-16T21:30", "04-22T15:00", "running", 3 * H, left=11 * H)],
    ),
    "the local date is the calendar's, whatever zone the instant was written in": (
        [clock("resolution", "1 working day")],
        [received("2025-03-03T23:30:00Z")],
        "2025-03-04T09:00:00Z",
        [row("resolution", "03-03T23:30", "03-05T16:00", "running", H, left=13 * H)],
    ),
    "an exception is what is open that day": (
        [clock("resolution", "1 working day")],
        [received("2025-04-30T10:00:00+02:00")],
        "2025-04-30T17:00:00+02:00",
        [row("resolution", "04-30T08:00", "05-02T10:00", "running", 6 * H, left=3 * H)],
    ),
    "N calendar days end at 24:00 local of the N-th day after that date, over the change of the clocks": (
        [clock("total_resolution", "5 calendar days")],
        [received(at("03-27", "15:00"))],
        "2025-03-31T00:00:00+02:00",
        [row("total_resolution", "03-27T14:00", "04-01T22:00", "running", 80 * H, left=48 * H)],
    ),
    "N weeks end at 24:00 local of the 7N-th day": (
        [clock("total_resolution", "1 week")],
        [received("2025-10-20T09:00:00+02:00")],
        "2025-10-20T09:00:00+02:00",
        [row("total_resolution", "10-20T07:00", "10-27T23:00", "running", 0, left=184 * H)],
    ),
    "N months end with the same day N months on or the month's last": (
        [clock("total_resolution", "1 month")],
        [received(at("01-31", "08:00"))],
        at("02-28", "00:00"),
        [row("total_resolution", "01-31T07:00", "02-28T23:00", "running", 664 * H, left=24 * H)],
    ),
}
PAUSES = {
    "a pause moves a working deadline only by the open time it covers": (
        [clock("resolution", "7 working hours")],
        [received(MONDAY), asked("03-03", "11:00"), told("03-03", "14:00")],
        at("03-03", "16:00"),
        [row("resolution", "03-03T08:00", "03-04T10:00", "running", 4 * H, left=3 * H)],
    ),
    "an open day at whose end the clock is paused is not counted": (
        [clock("resolution", "2 working days")],
        [received(at("03-03", "10:00")), asked("03-04", "16:00"), told("03-05", "09:00")],
        at("03-05", "12:00"),
        [row("resolution", "03-03T09:00", "03-06T16:00", "running", 15 * H, left=11 * H)],
    ),
    "while paused the due is as if resumed at the instant of judging, and a statutory clock is never paused": (
        [clock("resolution", "7 working hours"), clock("statutory:x", "5 calendar days")],
        [received(MONDAY), asked("03-03", "10:00")],
        at("03-04", "10:00"),
        [
            row("resolution", "03-03T08:00", "03-04T16:00", "paused", H, left=6 * H),
            row("statutory:x", "03-03T08:00", "03-08T23:00", "running", 25 * H, left=110 * H),
        ],
    ),
    "requests to third parties pause nothing": (
        [clock("resolution", "7 working hours")],
        [received(MONDAY), asked("03-03", "10:00", from_="third_party")],
        at("03-03", "11:00"),
        [row("resolution", "03-03T08:00", "03-03T16:00", "running", 2 * H, left=5 * H)],
    ),
    "several requests end with the last": (
        [clock("agent_work", "7 working hours")],
        [received(MONDAY), asked("03-03", "10:00"), asked("03-03", "11:00", "s"), told("03-03", "12:00"),
         told("03-03", "15:00", "s")],
        at("03-03", "17:00"),
        [row("agent_work", "03-03T08:00", "03-04T13:00", "running", 3 * H, left=4 * H)],
    ),
    "it is missed also while paused, its overdue runs through the pause": (
        [clock("agent_work", "1 working hour")],
        [received(MONDAY), asked("03-03", "10:30")],
        at("03-03", "14:00"),
        [row("agent_work", "03-03T08:00", "03-03T09:00", "missed", 5400, missed="03-03T09:00", over=3 * H)],
    ),
    "a clock that closes while paused keeps its pause": (
        [clock("resolution", "4 working hours")],
        [received(MONDAY), asked("03-03", "10:00"), on("resolved", at("03-05", "10:00"))],
        at("03-07", "10:00"),
        [row("resolution", "03-03T08:00", "03-05T13:00", "fulfilled", H, fulfilled="03-05T09:00")],
    ),
}  # fmt: skip
ENDS = {
    "fulfilled exactly at the due is kept": (
        [clock("first_reply", "2 working hours")],
        [received(MONDAY), on("replied", at("03-03", "11:00"), final=False)],
        at("03-03", "15:00"),
        [row("first_reply", "03-03T08:00", "03-03T10:00", "fulfilled", 2 * H, fulfilled="03-03T10:00")],
    ),
    "fulfilled late stays missed, with its overdue frozen": (
        [clock("first_reply", "1 working hour")],
        [received(MONDAY), reply(at("03-03", "14:00"))],
        at("03-05", "15:00"),
        [row("first_reply", "03-03T08:00", "03-03T09:00", "missed", 4 * H, fulfilled="03-03T13:00",
             missed="03-03T09:00", over=3 * H)],
    ),
    "a first reply is never fulfilled by complaint.acknowledged": (
        [clock("acknowledgement", "2 working hours"), clock("first_reply", "2 working hours")],
        [received(MONDAY), on("acknowledged", at("03-03", "10:00"))],
        at("03-03", "10:30"),
        [
            row("acknowledgement", "03-03T08:00", "03-03T10:00", "fulfilled", H, fulfilled="03-03T09:00"),
            row("first_reply", "03-03T08:00", "03-03T10:00", "running", 5400, left=1800),
        ],
    ),
    "next_reply opens an instance at the oldest unanswered message": (
        [clock("next_reply", "3 working hours")],
        [received(MONDAY), inbound(at("03-03", "10:00")), inbound(at("03-03", "11:00")), reply(at("03-03", "11:30")),
         inbound(at("03-03", "14:00"))],
        at("03-03", "15:00"),
        [
            row("next_reply", "03-03T09:00", "03-03T13:00", "fulfilled", 5400, fulfilled="03-03T10:30"),
            row("next_reply", "03-03T13:00", "03-03T16:00", "running", H, left=2 * H, instance=2),
        ],
    ),
    "reopened opens cycle 2 anew, or goes on; what cycle 1 was judged stays": (
        [clock("resolution", "7 working hours"), clock("total_resolution", "3 calendar days")],
        [received(MONDAY), on("resolved", at("03-03", "11:00")), on("closed", at("03-03", "11:30")),
         on("reopened", at("03-05", "15:00"))],
        at("03-05", "16:00"),
        [
            row("resolution", "03-03T08:00", "03-03T16:00", "fulfilled", 2 * H, fulfilled="03-03T10:00"),
            row("resolution", "03-05T14:00", "03-06T14:00", "running", H, left=6 * H, cycle=2),
            row("total_resolution", "03-03T08:00", "03-06T23:00", "fulfilled", 2 * H, fulfilled="03-03T10:00"),
            row("total_resolution", "03-05T14:00", "03-06T23:00", "running", 55 * H, left=32 * H, cycle=2),
        ],
    ),
    "a continued clock carries what had elapsed when a day fulfilled it, at its 00:00, wherever that day stands": (
        [clock("remedy", "2 working hours", start="complaint.received")],
        [received("2025-03-03", occurred_precision="day"), on("resolved", at("03-03", "10:00"), outcome="upheld"),
         reply("2025-03-03", purpose="final", occurred_precision="day"),
         on("reopened", at("03-03", "15:00"), reason="dissatisfied", cycle=2)],
        at("03-03", "16:00"),
        [row("remedy", "03-02T23:00", "03-03T10:00", "fulfilled", 0, fulfilled="03-02T23:00"),
         row("remedy", "03-03T14:00", "03-03T16:00", "running", H, cycle=2, left=H)],
    ),
    "a continued clock whose due stays and passed in between is missed from the reopening on": (
        [clock("total_resolution", "7 working hours")],
        [received(MONDAY), on("resolved", at("03-03", "11:00")), on("reopened", at("03-05", "15:00"))],
        at("03-05", "16:00"),
        [
            row("total_resolution", "03-03T08:00", "03-03T16:00", "fulfilled", 2 * H, fulfilled="03-03T10:00"),
            row("total_resolution", "03-05T14:00", "03-03T16:00", "missed", 20 * H, missed="03-05T14:00", over=H,
                cycle=2),
        ],
    ),
    "it is so, too, where a day of the due's own date ends it: that day's end came after the reopening": (
        [clock("total_resolution", "2 working hours")],
        [received(MONDAY), on("resolved", at("03-03", "10:00")), on("reopened", at("03-03", "15:00")),
         on("resolved", "2025-03-03", occurred_precision="day")],
        at("03-03", "16:00"),
        [
            row("total_resolution", "03-03T08:00", "03-03T10:00", "fulfilled", H, fulfilled="03-03T09:00"),
            row("total_resolution", "03-03T14:00", "03-03T10:00", "missed", 0, fulfilled="03-02T23:00",
                missed="03-03T14:00", over=0, cycle=2),
        ],
    ),
    "the time between resolved and reopened does not count, also where a day with its 00:00 before it ends the clock": (
        [clock("agent_work", "2 working hours", reopen="continue")],
        [received(MONDAY), on("resolved", at("03-03", "10:00")), on("reopened", at("03-03", "15:00")),
         on("resolved", "2025-03-03", occurred_precision="day")],
        at("03-03", "16:00"),
        [
            row("agent_work", "03-03T08:00", "03-03T10:00", "fulfilled", H, fulfilled="03-03T09:00"),
            row("agent_work", "03-03T14:00", "03-03T15:00", "fulfilled", 0, fulfilled="03-02T23:00", cycle=2),
        ],
    ),
    "a duplicate closed unanswered within its time is cancelled": (
        [clock("first_reply", "7 working hours")],
        [received(MONDAY), on("discontinued", at("03-03", "10:00"), reason="duplicate"),
         on("closed", at("03-03", "10:00"))],
        at("03-05", "16:00"),
        [row("first_reply", "03-03T08:00", "03-03T16:00", "cancelled", H)],
    ),
    "a day fulfils in time when it is not after the date of the due": (
        [clock("total_resolution", "2 calendar days")],
        [received("2025-03-03", occurred_precision="day"), on("resolved", "2025-03-05", occurred_precision="day")],
        at("03-09", "10:00"),
        [row("total_resolution", "03-02T23:00", "03-05T23:00", "fulfilled", 48 * H, fulfilled="03-04T23:00")],
    ),
    "a later day is missed even where its instant equals the due": (
        [clock("total_resolution", "2 calendar days")],
        [received("2025-03-03", occurred_precision="day"), on("resolved", "2025-03-06", occurred_precision="day")],
        at("03-09", "10:00"),
        [row("total_resolution", "03-02T23:00", "03-05T23:00", "missed", 72 * H, fulfilled="03-05T23:00",
             missed="03-05T23:00", over=0)],
    ),
    "what reached a trusted clock after the due is late evidence": (
        [clock("first_reply", "2 working hours")],
        [received(MONDAY), on("replied", at("03-03", "10:00"), recorded_at=at("03-03", "12:00"))],
        at("03-05", "10:00"),
        [row("first_reply", "03-03T08:00", "03-03T10:00", "fulfilled", H, fulfilled="03-03T09:00", late=True)],
    ),
}  # fmt: skip
KINDS = {
    "registration runs from received to registered": (
        [clock("registration", "2 working hours")],
        [received(at("03-03", "16:00")), on("registered", at("03-04", "10:00"))],
        at("03-05", "10:00"),
        [row("registration", "03-03T15:00", "03-04T09:00", "fulfilled", 2 * H, fulfilled="03-04T09:00")],
    ),
    "a wait runs from the request to what was asked for": (
        [clock("requester_wait", "1 working day")],
        [received(MONDAY), asked("03-03", "10:00"), told("03-04", "09:30")],
        at("03-05", "10:00"),
        [row("requester_wait", "03-03T09:00", "03-04T16:00", "fulfilled", 23400, fulfilled="03-04T08:30")],
    ),
    "an update is due after each message that is not a survey": (
        [clock("update", "1 working day")],
        [received(MONDAY), reply(at("03-03", "10:00"), purpose="acknowledgement"),
         reply(at("03-03", "11:00"), purpose="survey")],
        at("03-03", "12:00"),
        [
            row("update", "03-03T08:00", "03-04T16:00", "fulfilled", H, fulfilled="03-03T09:00"),
            row("update", "03-03T09:00", "03-04T16:00", "running", 2 * H, left=11 * H, instance=2),
        ],
    ),
    "a stage runs from entering it to leaving it": (
        [clock("stage:investigation", "4 working hours")],
        [received(MONDAY), on("investigation_started", at("03-03", "10:00")), on("resolved", at("03-03", "15:00"))],
        at("03-05", "10:00"),
        [row("stage:investigation", "03-03T09:00", "03-03T14:00", "fulfilled", 4 * H, fulfilled="03-03T14:00")],
    ),
    "the name of a stage starts a clock by entering that stage and fulfils it by leaving that one, no other": (
        [clock("total_resolution", "7 working hours", start="stage:investigation", fulfil=["stage:investigation"]),
         clock("resolution", "7 working hours", fulfil=["stage:corrective_action"])],
        [received(MONDAY), on("investigation_started", at("03-03", "10:00")),
         on("cause_established", at("03-03", "11:00")), on("resolved", at("03-03", "15:00"))],
        at("03-05", "10:00"),
        [row("resolution", "03-03T08:00", "03-03T16:00", "fulfilled", 5 * H, fulfilled="03-03T14:00"),
         row("total_resolution", "03-03T09:00", "03-04T09:00", "fulfilled", H, fulfilled="03-03T10:00")],
    ),
    "in cancel, too, the name of a stage means leaving it": (
        [clock("first_reply", "7 working hours", cancel=["stage:registration"]),
         clock("resolution", "7 working hours", cancel=["stage:investigation"])],
        [received(MONDAY), on("investigation_started", at("03-03", "10:00"))],
        at("03-03", "11:00"),
        [row("first_reply", "03-03T08:00", "03-03T16:00", "cancelled", H),
         row("resolution", "03-03T08:00", "03-03T16:00", "running", 2 * H, left=5 * H)],
    ),
    "a clock may start at the reopening": (
        [clock("resolution", "7 working hours", start="complaint.reopened")],
        [received(MONDAY), on("resolved", at("03-03", "10:00")), on("reopened", at("03-03", "14:00"))],
        at("03-03", "15:00"),
        [row("resolution", "03-03T13:00", "03-04T13:00", "running", H, left=6 * H, cycle=2)],
    ),
    "a public complaint is closed in public": (
        [clock("public_closing", "1 working day")],
        [received(MONDAY, channel="review"), on("resolved", at("03-03", "11:00")),
         reply(at("03-04", "11:00"), visibility="public", purpose="public_closing")],
        at("03-05", "10:00"),
        [row("public_closing", "03-03T10:00", "03-04T16:00", "fulfilled", 7 * H, fulfilled="03-04T10:00")],
    ),
    "forward carries the unused share: 6 of 14 h used, of 7 h 4 are left": (
        [clock("first_reply", "14 working hours")],
        [received(MONDAY), applied("16:00", clock("first_reply", "7 working hours", priority_change="forward"))],
        at("03-03", "17:00"),
        [row("first_reply", "03-03T08:00", "03-04T11:00", "running", 7 * H, left=3 * H)],
    ),
    "forward where nothing is left to carry: due at the change": (
        [clock("first_reply", "4 working hours")],
        [received(MONDAY), applied("14:00", clock("first_reply", "3 calendar days"))],
        at("03-03", "15:00"),
        [row("first_reply", "03-03T08:00", "03-03T13:00", "missed", 6 * H, missed="03-03T13:00", over=H)],
    ),
    "forward to days on the day of the start: the date of the start never counts, though it did before": (
        [clock("first_reply", "same working day by 16:00")],
        [received(MONDAY), applied("10:00", clock("first_reply", "1 working day"))],
        at("03-03", "10:00"),
        [row("first_reply", "03-03T08:00", "03-04T16:00", "running", H, left=13 * H)],
    ),
    "retroactive counts the new target from the start, never due before the change": (
        [clock("first_reply", "14 working hours")],
        [received(MONDAY), applied("16:00", clock("first_reply", "2 working hours", priority_change="retroactive"))],
        at("03-03", "17:00"),
        [row("first_reply", "03-03T08:00", "03-03T15:00", "missed", 7 * H, missed="03-03T15:00", over=H)],
    ),
    "reset gives the full target from the change": (
        [clock("first_reply", "14 working hours")],
        [received(MONDAY), applied("16:00", clock("first_reply", "2 working hours", priority_change="reset"))],
        at("03-03", "17:00"),
        [row("first_reply", "03-03T08:00", "03-04T09:00", "running", 7 * H, left=H)],
    ),
    "reset does so where the target is as it was": (
        [clock("first_reply", "14 working hours")],
        [received(MONDAY), applied("16:00", clock("first_reply", "14 working hours", priority_change="reset"))],
        at("03-03", "17:00"),
        [row("first_reply", "03-03T08:00", "03-05T15:00", "running", 7 * H, left=13 * H)],
    ),
}  # fmt: skip
OTHER_CALENDARS = {
    "roll next moves a closed end day past Easter": (
        TERMS,
        [clock("statutory:x", "14 calendar days", roll="next")],
        "2025-04-04T10:00:00+02:00",
        [row("statutory:x", "04-04T08:00", "04-22T22:00", "running", 0, left=446 * H)],
    ),
    "roll previous moves it back to the working day before": (
        TERMS,
        [clock("statutory:x", "14 calendar days", roll="previous")],
        "2025-04-04T10:00:00+02:00",
        [row("statutory:x", "04-04T08:00", "04-17T22:00", "running", 0, left=326 * H)],
    ),
    "a skipped local time is the instant of the jump: an hour is open between 02:30 and 04:00": (
        NIGHT,
        [clock("statutory:x", "1 working hour")],
        at("03-29", "10:00"),
        [row("statutory:x", "03-29T09:00", "03-30T02:00", "running", 0, left=H)],
    ),
    "a repeated local time is its first occurrence: two hours and a half are open": (
        NIGHT,
        [clock("statutory:x", "2 working hours")],
        "2025-10-25T10:00:00+02:00",
        [row("statutory:x", "10-25T08:00", "10-26T02:30", "running", 0, left=2 * H)],
    ),
}
DOCUMENTS = {**TARGETS, **PAUSES, **ENDS, **KINDS}


@pytest.mark.parametrize("sentence", DOCUMENTS)
def test_a_sentence_of_the_contract_holds(sentence: str) -> None:
    clocks, events, look, expected = DOCUMENTS[sentence]

    assert judged(clocks, events, look, OFFICE) == expected


@pytest.mark.parametrize("sentence", OTHER_CALENDARS)
def test_a_sentence_about_calendars_holds(sentence: str) -> None:
    calendar, clocks, look, expected = OTHER_CALENDARS[sentence]

    assert judged(clocks, [received(look)], look, calendar) == expected
