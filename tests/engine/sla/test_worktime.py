"""Open time is added and counted as an oracle that knows nothing of zones' rules does."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.sla.calendar import BeyondCalendar, OpenTime, compile_calendar, from_us, to_us
from engine.sla.worktime import (
    add_open,
    add_working_time,
    closings_between,
    count_open,
    nth_open_day,
    working_time,
)
from schemas.configuration.calendar import Calendar

QUARTER = timedelta(minutes=15)
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Zones whose clock jumps at midnight, by half an hour, by a whole day, twice around a month of fasting, and never.
ZONES = (
    "UTC", "America/New_York", "Europe/Moscow", "Europe/Rome", "Australia/Lord_Howe", "America/Sao_Paulo",
    "Asia/Tehran", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Chatham", "America/Havana",
)  # fmt: skip


def _hhmm(quarter: int) -> str:
    return f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"


@st.composite
def hours(draw: st.DrawFn) -> list[str]:
    edges = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    return [f"{_hhmm(a)}-{_hhmm(b)}" for a, b in zip(edges[::2], edges[1::2], strict=False)]


@st.composite
def calendars(draw: st.DrawFn, first: date) -> Calendar:
    near = st.integers(0, 20).map(lambda days: first + timedelta(days=days))
    week = {name: draw(hours()) for name in NAMES}
    week["wed"] = week["wed"] or ["00:00-24:00"]
    return Calendar.model_validate(
        {
            "id": "any",
            "version": 1,
            "timezone": draw(st.sampled_from(ZONES)),
            "week": week,
            "holidays": draw(st.lists(near, max_size=3)),
            "exceptions": draw(st.dictionaries(near, hours(), max_size=3)),
        }
    )


def first_reading(zone: ZoneInfo, wall: datetime) -> datetime:
    """The first instant at which the clock on the wall reads ``wall`` or later, found by looking at it."""
    moment = wall.replace(tzinfo=UTC) - timedelta(hours=15)
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += QUARTER
    return moment


def walked(calendar: Calendar, first: date, days: int) -> list[tuple[datetime, datetime]]:
    """Every open interval from ``first``, day by day."""
    zone, found = ZoneInfo(calendar.timezone), []
    for number in range(days):
        day = first + timedelta(days=number)
        if day in calendar.exceptions:
            opened = calendar.exceptions[day]
        else:
            opened = () if day in calendar.holidays else calendar.week.days()[day.weekday()]
        midnight = datetime.combine(day, datetime.min.time())
        for one in opened:
            start = first_reading(zone, midnight + timedelta(minutes=one.start))
            end = first_reading(zone, midnight + timedelta(minutes=one.end))
            if start < end:
                found.append((start, end))
    return found


@st.composite
def situations(draw: st.DrawFn) -> tuple[Calendar, date, datetime, timedelta]:
    first = draw(st.dates(date(2009, 1, 1), date(2036, 1, 1)) | st.sampled_from(JUMPS))
    calendar = draw(calendars(first))
    start = datetime.combine(first, datetime.min.time(), UTC) + draw(
        st.timedeltas(timedelta(days=1), timedelta(days=8))
    )
    return calendar, first, start, draw(st.timedeltas(timedelta(0), timedelta(days=9)))


JUMPS = [
    date(2024, 3, 8), date(2024, 11, 1), date(2011, 12, 27), date(2011, 3, 25), date(2014, 10, 24), date(2018, 11, 2),
    date(2021, 9, 20), date(2022, 9, 19), date(2023, 12, 28), date(2024, 4, 4), date(2024, 3, 30),
]  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(situations())
def test_counting_equals_walking_over_the_intervals(situation: tuple[Calendar, date, datetime, timedelta]) -> None:
    calendar, first, start, length = situation
    end = start + length

    expected = sum(
        (
            max(min(closing, end) - max(opening, start), timedelta(0))
            for opening, closing in walked(calendar, first, 20)
        ),
        timedelta(0),
    )

    assert working_time(compile_calendar(calendar), start, end) == expected


@settings(max_examples=120, deadline=None)
@given(situations(), st.timedeltas(timedelta(microseconds=1), timedelta(hours=30)))
def test_adding_equals_walking_over_the_intervals(
    situation: tuple[Calendar, date, datetime, timedelta], amount: timedelta
) -> None:
    calendar, first, start, _ = situation

    left, expected = amount, None
    for opening, closing in walked(calendar, first, 40):
        here = max(closing - max(opening, start), timedelta(0))
        if here >= left:
            expected = max(opening, start) + left
            break
        left -= here

    found = add_working_time(compile_calendar(calendar), start, amount)
    assert found == expected or (expected is None and found > start + timedelta(days=29))


@settings(max_examples=60, deadline=None)
@given(situations(), st.integers(1, 12))
def test_the_nth_open_day_closes_with_its_last_interval(
    situation: tuple[Calendar, date, datetime, timedelta], count: int
) -> None:
    calendar, first, _, _ = situation
    compiled = compile_calendar(calendar)
    zone = ZoneInfo(calendar.timezone)
    closings: dict[date, datetime] = {}
    for opening, closing in walked(calendar, first, 100):
        closings[(closing - timedelta(microseconds=1)).astimezone(zone).date()] = closing
        assert opening < closing
    open_days = sorted(day for day in closings if day > first)

    day, closing_us = nth_open_day(compiled, first.toordinal(), count)

    assert (date.fromordinal(day), from_us(closing_us)) == (open_days[count - 1], closings[open_days[count - 1]])


@settings(max_examples=60, deadline=None)
@given(situations())
def test_closings_are_counted_from_the_first_instant_up_to_the_last(
    situation: tuple[Calendar, date, datetime, timedelta],
) -> None:
    calendar, first, start, length = situation
    compiled = compile_calendar(calendar)
    closings = [nth_open_day(compiled, first.toordinal() - 2, count)[1] for count in range(1, 25)]

    for begin, end in (
        (to_us(start), to_us(start + length)),
        (closings[2], closings[9]),
        (closings[2], closings[9] + 1),
    ):
        expected = sum(1 for closing in closings if begin <= closing < end)
        if end <= closings[-1] and begin >= closings[0]:
            assert closings_between(compiled, begin, end) == expected


def _compiled(zone: str, **week: list[str]) -> OpenTime:
    return compile_calendar(Calendar.model_validate({"id": "x", "version": 1, "timezone": zone, "week": week}))


def test_a_closing_at_the_end_of_the_year_belongs_to_the_old_year() -> None:
    calendar = _compiled("UTC", **{name: ["00:00-24:00"] for name in NAMES})
    new_year = to_us(datetime(2024, 1, 1, tzinfo=UTC))

    assert [
        closings_between(calendar, new_year - 1, new_year),
        closings_between(calendar, new_year - 1, new_year + 1),
        closings_between(calendar, new_year, new_year + 1),
        closings_between(calendar, new_year + 1, new_year + 2),
    ] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("day", "expected_hours"), [(date(2024, 3, 10), 23), (date(2024, 11, 3), 25), (date(2024, 7, 1), 24)]
)
def test_a_day_of_a_clock_change_has_as_many_hours_as_it_had(day: date, expected_hours: int) -> None:
    calendar = _compiled("America/New_York", **{name: ["00:00-24:00"] for name in NAMES})
    begin, end = calendar.begin_of(day.toordinal()), calendar.begin_of(day.toordinal() + 1)

    assert count_open(calendar, begin, end) == expected_hours * 3_600_000_000


def test_a_skipped_opening_is_the_jump_and_a_repeated_one_its_first_occurrence() -> None:
    calendar = _compiled("America/New_York", sun=["01:30-02:30"])

    spring = nth_open_day(calendar, date(2024, 3, 9).toordinal(), 1)[1]
    assert from_us(spring) == datetime(2024, 3, 10, 7, tzinfo=UTC)
    autumn_opening = add_open(calendar, to_us(datetime(2024, 11, 3, tzinfo=UTC)), 1) - 1
    assert from_us(autumn_opening) == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)


def test_a_day_that_a_zone_skipped_is_no_open_day() -> None:
    calendar = _compiled("Pacific/Apia", thu=["09:00-17:00"], fri=["09:00-17:00"], sat=["09:00-17:00"])

    day, _ = nth_open_day(calendar, date(2011, 12, 29).toordinal(), 1)

    assert date.fromordinal(day) == date(2011, 12, 31)


@example(start=datetime(2023, 12, 31, 23, tzinfo=UTC), years=3)
@settings(max_examples=20, deadline=None)
@given(
    start=st.dates(date(2015, 1, 1), date(2020, 1, 1)).map(
        lambda day: datetime(day.year, day.month, day.day, 1, 2, 3, 4, UTC)
    ),
    years=st.integers(1, 9),
)
def test_what_is_added_over_years_is_counted_back(start: datetime, years: int) -> None:
    calendar = _compiled("Europe/Rome", mon=["09:00-13:00", "14:00-18:00"], thu=["22:00-24:00"])
    amount = timedelta(hours=500 * years, microseconds=1)

    assert working_time(calendar, start, add_working_time(calendar, start, amount)) == amount


def test_a_calendar_that_is_hardly_ever_open_ends_with_an_error_not_a_loop() -> None:
    calendar = _compiled("UTC", mon=["00:00-00:01"])

    with pytest.raises(BeyondCalendar, match="beyond 1900 to 2400"):
        add_working_time(calendar, datetime(2024, 1, 1, tzinfo=UTC), timedelta(hours=900))
