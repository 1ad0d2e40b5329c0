"""Each shipped policy judges a short history; the dues are counted by hand, with the day of the week beside."""

from collections.abc import Sequence
from typing import Any

import pytest

from consumers.wiring import presets
from engine.configuration.activation import expanded
from engine.sla.document import judge_document
from schemas.configuration import Calendar, Policy
from support.clocks import on, received

CALENDARS = {one.item.id: one.item for one in presets.all_shipped() if isinstance(one.item, Calendar)}
POLICIES = {one.item.id: one.item for one in presets.all_shipped() if isinstance(one.item, Policy)}
FINAL = {"message": "m", "final": True}


def judged(policy: str, events: Sequence[dict[str, Any]], at: str) -> dict[str, tuple[str, str]]:
    """State and due of each clock of a shipped policy, by kind."""
    rule = POLICIES[policy]
    document = {
        "calendar": expanded(CALENDARS[str(rule.calendar)]).model_dump(mode="json"),
        "calendars": [expanded(CALENDARS["desk"]).model_dump(mode="json")],
        "policy": rule.model_dump(mode="json", exclude_none=True),
        "events": list(events),
        "at": at,
    }
    return {row["kind"]: (row["state"], row["due_at"]) for row in judge_document(document)["clocks"]}


def statutory(policy: str, events: Sequence[dict[str, Any]], at: str) -> dict[str, tuple[str, str]]:
    return {kind: found for kind, found in judged(policy, events, at).items() if kind.startswith("statutory:")}


def test_default_a_first_reply_within_a_working_hour() -> None:
    """17:30 on a Monday in Moscow: half an hour then, half an hour on Tuesday."""
    found = judged("default", [received("2024-03-04T17:30:00+03:00")], "2024-03-04T18:00:00+03:00")

    assert found["first_reply"] == ("running", "2024-03-05T06:30:00Z")
    assert found["resolution"] == ("running", "2024-03-19T15:00:00Z")  # ten working days; 8 March is none


def test_reviews_three_working_hours_over_a_holiday_and_a_weekend() -> None:
    """17:30 on Thursday 7 March; Friday is a holiday: half an hour, then two and a half on Monday."""
    found = judged("reviews", [received("2024-03-07T17:30:00+03:00")], "2024-03-07T18:00:00+03:00")

    assert found["first_reply"] == ("running", "2024-03-11T08:30:00Z")


def test_iso_10002_a_target_for_each_step() -> None:
    """Monday 4 March 2024, 09:00 in Moscow; Friday 8 March is a holiday."""
    assert judged("iso-10002", [received()], "2024-03-04T09:00:00+03:00") == {
        "acknowledgement": ("running", "2024-03-05T15:00:00Z"),
        "first_reply": ("running", "2024-03-05T15:00:00Z"),
        "registration": ("running", "2024-03-04T10:00:00Z"),
        "resolution": ("running", "2024-04-02T15:00:00Z"),
        "stage:registration": ("running", "2024-03-05T15:00:00Z"),
        "total_resolution": ("running", "2024-04-30T15:00:00Z"),
        "update": ("running", "2024-03-12T15:00:00Z"),
    }


DISP = [received("2026-04-01T10:00:00+01:00")]


@pytest.mark.parametrize(
    ("more", "at", "state"),
    [
        ([], "2026-05-27T23:00:00Z", "running"),
        ([], "2026-05-27T23:00:01Z", "missed"),
        ([on("replied", "2026-05-27T23:59:59+01:00", **FINAL)], "2026-06-01T00:00:00Z", "fulfilled"),
        ([on("replied", "2026-05-01T10:00:00Z", message="m", final=False)], "2026-06-01T00:00:00Z", "missed"),
        ([on("resolved", "2026-05-01T10:00:00Z", outcome="upheld")], "2026-06-01T00:00:00Z", "missed"),
    ],
)
def test_uk_fca_disp_a_final_response_by_the_end_of_eight_weeks(
    more: list[dict[str, Any]], at: str, state: str
) -> None:
    """Wednesday 1 April 2026; eight weeks end on Wednesday 27 May, British Summer Time. Only what was sent counts."""
    found = judged("uk-fca-disp", [*DISP, *more], at)

    assert found["statutory:uk-fca-disp-final"] == (state, "2026-05-27T23:00:00Z")
    assert found["acknowledgement"][1] == "2026-04-02T23:00:00Z"  # before Good Friday


def test_uk_fca_psd_business_days_pass_over_easter_and_the_bank_holidays_of_may() -> None:
    """Thursday 2 April 2026. Closed: 3 and 6 April, 4 and 25 May."""
    events = [received("2026-04-02T10:00:00+01:00")]
    extended = on(
        "deadline_extended", "2026-04-27T12:00:00Z", clock="statutory:uk-fca-psd-final", due_at="2026-05-27T23:00:00Z"
    )

    assert statutory("uk-fca-psd", events, "2026-04-28T00:00:00Z") == {
        "statutory:uk-fca-psd-final": ("missed", "2026-04-27T23:00:00Z"),
        "statutory:uk-fca-psd-latest": ("running", "2026-05-27T23:00:00Z"),
    }
    assert statutory("uk-fca-psd", [*events, extended], "2026-04-28T00:00:00Z") == {
        "statutory:uk-fca-psd-final": ("running", "2026-05-27T23:00:00Z"),
        "statutory:uk-fca-psd-latest": ("running", "2026-05-27T23:00:00Z"),
    }


def test_us_cfpb_counts_dates_in_washington() -> None:
    """13 January 2012: 15 days end with 28 January (EST), 60 with 13 March (EDT since the 11th)."""
    events = [received("2012-01-13", occurred_precision="day")]

    assert judged("us-cfpb", events, "2012-01-20T00:00:00Z") == {
        "statutory:us-cfpb-response": ("running", "2012-01-29T05:00:00Z"),
        "statutory:us-cfpb-final": ("running", "2012-03-14T04:00:00Z"),
    }


def test_us_cfpb_forwarded_starts_with_the_authoritys_message_not_with_the_complaint() -> None:
    early = [received("2026-03-02T10:00:00-05:00")]
    forwarded = on(
        "message_recorded", "2026-03-10T15:00:00-04:00", direction="inbound", counterparty="authority", message="f"
    )

    assert statutory("us-cfpb-forwarded", early, "2026-03-20T00:00:00Z") == {}
    assert statutory("us-cfpb-forwarded", [*early, forwarded], "2026-03-20T00:00:00Z") == {
        "statutory:us-cfpb-response": ("running", "2026-03-26T04:00:00Z"),
        "statutory:us-cfpb-final": ("running", "2026-05-10T04:00:00Z"),
    }


@pytest.mark.parametrize(
    ("policy", "due"),
    [("au-asic-rg271", "2026-10-28T13:00:00Z"), ("au-asic-rg271-super", "2026-11-12T13:00:00Z")],
)
def test_au_asic_rg271_calendar_days_over_the_change_of_the_clock(policy: str, due: str) -> None:
    """Monday 28 September 2026 in Sydney; summer time begins on 4 October."""
    found = judged(policy, [received("2026-09-28T10:00:00+10:00")], "2026-09-28T11:00:00+10:00")

    assert found[f"statutory:{policy}"] == ("running", due)
    assert found["acknowledgement"] == ("running", "2026-09-29T14:00:00Z")


def test_eu_adr_counts_from_the_complete_file_and_a_begun_investigation_is_no_refusal() -> None:
    """The file is complete on Monday 2 February 2026: three weeks to the 23rd, 90 days to 3 May (summer time)."""
    events = [
        received("2026-01-20T10:00:00+01:00"),
        on("registered", "2026-02-02T10:00:00+01:00"),
        on("investigation_started", "2026-02-20T10:00:00+01:00"),
    ]

    assert statutory("eu-adr", events, "2026-03-01T00:00:00Z") == {
        "statutory:eu-adr-refusal": ("fulfilled", "2026-02-23T23:00:00Z"),
        "statutory:eu-adr-outcome": ("running", "2026-05-03T22:00:00Z"),
    }


@pytest.mark.parametrize(
    ("policy", "demanded", "due"),
    [
        ("ru-zozpp-22", "2026-02-11", "2026-02-24T21:00:00Z"),  # Saturday 21st, then the holiday of the 23rd
        ("ru-zozpp-22", "2024-04-17", "2024-04-27T21:00:00Z"),  # Saturday, but a working day by decree 1314
        ("ru-zozpp-22", "2026-02-27", "2026-03-10T21:00:00Z"),  # the 9th is off, since the 8th is a Sunday
        ("ru-zozpp-21", "2024-12-21", "2024-12-28T21:00:00Z"),  # Saturday, worked
        ("ru-zozpp-21", "2024-12-22", "2025-01-09T21:00:00Z"),  # Sunday, two days off by decree, the holidays
        ("ru-zozpp-21", "2025-04-25", "2025-05-05T21:00:00Z"),  # Friday 2 May is off by decree 1335
        ("ru-zozpp-20", "2025-11-20", "2026-01-12T21:00:00Z"),  # 4 January; the 9th is off by decree 1466
        ("ru-zozpp-20", "2026-03-02", "2026-04-16T21:00:00Z"),  # an ordinary Thursday
    ],
)
def test_ru_consumer_law_a_term_that_ends_on_a_day_off_ends_on_the_next_working_day(
    policy: str, demanded: str, due: str
) -> None:
    events = [received(f"{demanded}T12:00:00+03:00")]

    assert statutory(policy, events, f"{demanded}T13:00:00+03:00") == {f"statutory:{policy}": ("running", due)}


APPROVED = on(
    "remedy_approved", "2026-03-04T10:00:00+03:00", remedy_id="r", amount={"amount": "900", "currency": "RUB"}
)
PART = on("compensated", "2026-03-05T10:00:00+03:00", remedy_id="r", amount={"amount": "400", "currency": "RUB"})
REST = on("compensated", "2026-03-12T10:00:00+03:00", remedy_id="r", amount={"amount": "500", "currency": "RUB"})
ENDED = [
    on("replied", "2026-03-05T11:00:00+03:00", **FINAL),
    on("resolved", "2026-03-05T12:00:00+03:00", outcome="upheld"),
    on("closed", "2026-03-05T13:00:00+03:00"),
]


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([APPROVED, PART, *ENDED], "missed"),
        ([APPROVED, PART, *ENDED, REST], "fulfilled"),
        (ENDED, "fulfilled"),  # the reasoned refusal
        (ENDED[1:2], "missed"),
        ([on("discontinued", "2026-03-05T12:00:00+03:00", reason="withdrawn")], "cancelled"),
        ([on("discontinued", "2026-03-05T12:00:00+03:00", reason="unfounded")], "missed"),
    ],
    ids=["paid in part", "paid in full", "refused with reasons", "only resolved", "withdrawn", "put aside"],
)
def test_ru_consumer_law_is_fulfilled_by_the_remedy_or_a_reasoned_refusal(
    events: list[dict[str, Any]], state: str
) -> None:
    """Demanded on Monday 2 March 2026: ten days, to Thursday the 12th."""
    found = statutory("ru-zozpp-22", [received("2026-03-02T10:00:00+03:00"), *events], "2026-03-20T00:00:00Z")

    assert found == {"statutory:ru-zozpp-22": (state, "2026-03-12T21:00:00Z")}


def test_ru_59fz_counts_from_registration_and_an_extension_never_passes_sixty_days() -> None:
    """Received on Monday 2 March 2026, registered on the 4th. Sunday 3 May stays: the law moves no term."""
    events = [received("2026-03-02T10:00:00+03:00"), on("registered", "2026-03-04T10:00:00+03:00")]
    moved = on(
        "deadline_extended",
        "2026-04-01T10:00:00+03:00",
        clock="statutory:ru-59fz-answer",
        due_at="2026-05-10T21:00:00Z",
    )
    late = on("replied", "2026-05-06T10:00:00+03:00", **FINAL)

    found = judged("ru-59fz", events, "2026-04-03T21:00:00Z")
    assert found["registration"] == ("fulfilled", "2026-03-05T21:00:00Z")
    assert found["statutory:ru-59fz-answer"] == ("running", "2026-04-03T21:00:00Z")
    assert statutory("ru-59fz", [*events, moved, late], "2026-05-20T00:00:00Z") == {
        "statutory:ru-59fz-answer": ("fulfilled", "2026-05-10T21:00:00Z"),
        "statutory:ru-59fz-latest": ("missed", "2026-05-03T21:00:00Z"),
    }


def test_ru_442fz_counts_working_days_from_registration() -> None:
    """Registered on Monday 27 April 2026; off: 1 May, and 11 May for the Saturday of Victory Day."""
    events = [received("2026-04-24T10:00:00+03:00"), on("registered", "2026-04-27T10:00:00+03:00")]

    found = judged("ru-442fz", events, "2026-04-28T00:00:00Z")
    assert found["registration"] == ("fulfilled", "2026-04-27T21:00:00Z")
    assert found["statutory:ru-442fz-answer"] == ("running", "2026-05-20T21:00:00Z")
    assert found["statutory:ru-442fz-latest"] == ("running", "2026-06-03T21:00:00Z")


@pytest.mark.parametrize("policy", [name for name, one in POLICIES.items() if one.letters])
def test_letters_hang_on_clocks_of_their_policy_and_name_their_rule(policy: str) -> None:
    kinds = {clock.kind for clock in POLICIES[policy].clocks}

    for letter in POLICIES[policy].letters:
        assert letter.source
        assert letter.clock is None or letter.clock in kinds
