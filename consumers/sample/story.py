"""One case's life, and the lives of many in the order of time: pure, by seed, number, language and period.

The plots and channels of every hundred cases are dealt like cards, so that each hundred has its share
of all of them, and a sample of any size looks like the whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from random import Random
from typing import Final, Literal
from uuid import uuid5

from consumers.sample.people import Tongue, person
from consumers.sample.plots import exits, feedback, lives, turns
from consumers.sample.scene import Scene, cast
from consumers.sample.script import NAMESPACE, Step, awake, worked
from schemas.words import Channel

Language = Literal["ru", "en", "mix"]
Plot = Callable[[Scene], None]

_ANY: Final[tuple[Channel, ...]] = (
    "email", "web_form", "messenger", "chat", "call", "visit", "review", "social", "letter", "other",
)  # fmt: skip
_PRIVATE: Final = tuple(channel for channel in _ANY if channel not in ("review", "social"))
_WRITTEN: Final[tuple[Channel, ...]] = ("email", "web_form", "messenger")
_CHANNELS: Final[dict[Channel, int]] = {
    "email": 27, "web_form": 17, "messenger": 15, "call": 13, "chat": 8, "review": 6, "letter": 4, "social": 4,
    "visit": 3, "other": 3,
}  # fmt: skip
_DESK_HOURS: Final = ("call", "visit", "chat", "letter")
"""Channels that are open while the desk is."""
_PLOTS: Final[tuple[tuple[int, Plot, tuple[Channel, ...]], ...]] = (
    (15, lives.straight, _ANY),
    (8, lives.waiting, _ANY),
    (4, lives.waiting_for_department, _ANY),
    (9, lives.small_refund, _ANY),
    (5, lives.large_refund, _PRIVATE),
    (1, lives.reversed_payment, _PRIVATE),
    (6, lives.put_right, _ANY),
    (3, lives.handed_over, _ANY),
    (3, lives.promised, _ANY),
    (2, lives.corrected, _ANY),
    (4, turns.disputed, _ANY),
    (3, turns.reopened, _ANY),
    (1, turns.continued, _PRIVATE),
    (2, turns.thanked_after, _ANY),
    (1, turns.absent, ("email",)),
    (1, turns.swapped, ("email", "web_form")),
    (1, turns.twice, _WRITTEN),
    (1, turns.turned, _WRITTEN),
    (2, lives.forwarded, ("authority",)),
    (5, lives.forgotten, _ANY),
    (3, exits.explained, _ANY),
    (1, exits.not_ours, _PRIVATE),
    (1, exits.withdrawn, _ANY),
    (2, exits.unresponsive, _ANY),
    (1, exits.duplicated, ("email", "call", "web_form")),
    (1, exits.disguised_spam, ("email", "web_form")),
    (5, feedback.question, ("email", "web_form", "messenger", "chat")),
    (2, feedback.suggestion, ("email", "web_form", "messenger")),
    (3, feedback.compliment, ("email", "web_form", "messenger", "visit")),
    (3, feedback.praise_review, ("review",)),
    (1, feedback.spam, ("email", "web_form", "social")),
)
"""Share of a hundred cases, plot, channels on which it can play."""
PLOTS: Final = tuple(plot.__name__ for _, plot, _ in _PLOTS)
"""The names of all plots."""
_DECK: Final = tuple(index for index, (share, _, _) in enumerate(_PLOTS) for _ in range(share))
_CHANNEL_DECK: Final = tuple(channel for channel, share in _CHANNELS.items() for _ in range(share))


@dataclass(frozen=True, slots=True)
class Period:
    """The simulated weeks: from ``start`` until before ``end``, both aware."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """One case's life: its plot by name, and the steps that lie before the end of the period."""

    case: str
    plot: str
    channel: Channel
    language: Tongue
    steps: tuple[Step, ...]


def run_of(seed: int, language: Language, period: Period) -> str:
    """Return the short name of a sample; every id in it derives from this, so two samples share none."""
    told = f"{seed}/{language}/{period.start.astimezone(UTC).isoformat()}/{period.end.astimezone(UTC).isoformat()}"
    return uuid5(NAMESPACE, told).hex[:10]


def begins(seed: int, index: int, period: Period) -> datetime:
    """Return when a case begins: fewer at weekends, most around noon."""
    draw = Random(f"{seed}/{index}/begins")
    days = max(1, (period.end - period.start).days)
    day = period.start + timedelta(days=draw.randrange(days))
    if day.weekday() >= 5 and draw.random() < 0.55:
        day = period.start + timedelta(days=draw.randrange(days))
    at = day + timedelta(seconds=round(draw.triangular(4, 21, 9.5) * 3600))
    return awake(at, draw) if period.start <= at < period.end else period.start


def story(seed: int, index: int, language: Language, period: Period) -> Story:
    """Return the life of case number ``index``. The same arguments always give the same story."""
    draw = Random(f"{seed}/{index}/{language}/{period.start.isoformat()}")
    plot, channel = _dealt(seed, index, draw)
    tongue: Tongue = draw.choice(("ru", "en")) if language == "mix" else language
    run = run_of(seed, language, period)
    at = begins(seed, index, period)
    if channel in _DESK_HOURS:
        at = worked(at, draw.random())
    who = person(f"{run}/{_owner(index, channel, draw)}/{tongue}", tongue)
    steps: list[Step] = []
    order = f"{draw.choice('ABCDEFH')}{100_000 + draw.randrange(900_000)}"
    plot(Scene(run, str(index), at, draw, cast(who, channel, at, order, draw), steps))
    told = sorted((step for step in steps if step.at < period.end), key=lambda step: step.at)
    return Story(str(index), plot.__name__, channel, tongue, tuple(told))


def steps(cases: int, seed: int, language: Language, period: Period) -> Iterator[tuple[int, Step]]:
    """Yield the steps of all cases in the order of time, each with how many cases have begun by then.

    Memory holds the cases that are going on at one time, however many there are.
    """
    order = sorted((begins(seed, index, period), index) for index in range(cases))
    waiting: list[tuple[datetime, int, int, Step]] = []
    for begun, (at, index) in enumerate(order):
        while waiting and waiting[0][0] < at:
            yield begun, heappop(waiting)[3]
        for number, step in enumerate(story(seed, index, language, period).steps):
            heappush(waiting, (step.at, index, number, step))
    while waiting:
        yield cases, heappop(waiting)[3]


def _dealt(seed: int, index: int, draw: Random) -> tuple[Plot, Channel]:
    """Return the cards of a case: its plot, and a channel on which that can play."""
    hundred, place = divmod(index, 100)
    _, plot, fitting = _PLOTS[_deck(seed, hundred)[place]]
    channel = _channels(seed, hundred)[place]
    return plot, channel if channel in fitting else draw.choice(fitting)


@lru_cache(maxsize=4)
def _deck(seed: int, hundred: int) -> tuple[int, ...]:
    return tuple(Random(f"{seed}/{hundred}/plots").sample(_DECK, len(_DECK)))


@lru_cache(maxsize=4)
def _channels(seed: int, hundred: int) -> tuple[Channel, ...]:
    return tuple(Random(f"{seed}/{hundred}/channels").sample(_CHANNEL_DECK, len(_CHANNEL_DECK)))


def _owner(index: int, channel: Channel, draw: Random) -> int:
    """Return whose case it is: now and then an earlier complainant's, where one person may have several threads."""
    several = channel in ("email", "web_form", "call", "letter") and index > 0 and draw.random() < 0.08
    return draw.randrange(index) if several else index
