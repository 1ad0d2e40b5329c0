"""Is a negative message likely not a real customer's? Signs with figures, for a person to decide by.

Nothing is refused or removed because of it. The signs, and what each counts:

- ``same_text`` 3: others wrote nearly the same within the window; 4 where three and more did;
- ``burst`` 1: far more came within a day than usually do;
- ``new_authors`` 1: clearly more of that day's authors than usual have never been customers;
- ``unknown_author`` 1: so is this one;
- ``no_details`` 1: no number, date, order or place by which it could be checked.

From 4 on it is suspected. A wave after a real fault stays below: its texts differ and tell details.
How well it does on labelled messages stands in ``tests/engine/text/test_authenticity.py``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from engine.text.similarity import COPY, Sketch, copied

SUSPECTED: Final = 4
TAG: Final = "suspected-inauthentic"
"""How a complaint is marked: nothing is answered of itself until who decides that it is real takes it off."""
WINDOW: Final = timedelta(days=30)
"""Within which copies are looked for, before and after."""
_DAY: Final = timedelta(hours=24)
_FEW: Final = 5
"""Fewer than this within a day are no burst, however quiet it usually is."""
_TIMES: Final = 4
"""A burst is so many times what usually comes in a day."""
_SHARE: Final = 0.3
"""By so much the share of new authors must be above the usual."""
_MANY_COPIES: Final = 3
_DETAIL: Final = re.compile(r"\d")

Sign = Literal["same_text", "burst", "new_authors", "unknown_author", "no_details"]


@dataclass(frozen=True, slots=True)
class Written:
    """A negative message as it is compared; nothing in it is what somebody wrote."""

    key: str
    author: str
    """An opaque id: the same for the same person."""
    at: datetime
    sketch: Sketch
    known: bool
    """He has bought, or has written before."""
    details: bool
    """It tells something that can be checked, see ``has_details``."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual where it was written: negative messages a day, and the share of them by unknown authors."""

    per_day: float
    new_share: float


class Reason(NamedTuple):
    """A sign, its number (copies, messages within a day, per cent of new authors), and the messages meant."""

    sign: Sign
    points: int
    number: int
    others: tuple[str, ...] = ()


class Judged(NamedTuple):
    """All signs that were found, the weightiest first."""

    reasons: tuple[Reason, ...]

    @property
    def points(self) -> int:
        return sum(reason.points for reason in self.reasons)

    @property
    def suspected(self) -> bool:
        return self.points >= SUSPECTED


def has_details(text: str, references: Sequence[str] = ()) -> bool:
    """Whether a message tells something that can be checked: a number, a date, an order or product of the case."""
    return bool(references) or _DETAIL.search(text) is not None


def judge(one: Written, around: Sequence[Written], usual: Usual) -> Judged:
    """Return the signs that ``one`` is no real customer's, given the other negative messages around its time."""
    others = [other for other in around if other.key != one.key and abs(other.at - one.at) <= WINDOW]
    found = (_copies(one, others), *_burst(one, others, usual), _unknown(one), _vague(one))
    reasons = (reason for reason in found if reason is not None)
    return Judged(tuple(sorted(reasons, key=lambda reason: -reason.points)))


def _copies(one: Written, others: Sequence[Written]) -> Reason | None:
    copies = [
        other for other in others if other.author != one.author and copied(one.sketch, other.sketch) >= COPY
    ]  # fmt: skip
    if not copies:
        return None
    points = 4 if len(copies) >= _MANY_COPIES else 3
    return Reason("same_text", points, len(copies), tuple(sorted(other.key for other in copies)))


def _burst(one: Written, others: Sequence[Written], usual: Usual) -> tuple[Reason | None, ...]:
    near = [other for other in others if abs(other.at - one.at) <= _DAY]
    number = len(near) + 1
    if number < max(_FEW, _TIMES * usual.per_day):
        return ()
    keys = tuple(sorted(other.key for other in near))
    new = sum(not each.known for each in (one, *near)) / number
    clearly_more = new >= min(1.0, usual.new_share + _SHARE)
    share = Reason("new_authors", 1, round(100 * new), keys) if clearly_more else None
    return Reason("burst", 1, number, keys), share


def _unknown(one: Written) -> Reason | None:
    return None if one.known else Reason("unknown_author", 1, 1)


def _vague(one: Written) -> Reason | None:
    return None if one.details else Reason("no_details", 1, 1)
