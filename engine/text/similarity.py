"""How alike texts are: copies of one text, and texts about one matter. Russian and English, no downloads.

A ``Sketch`` holds what is compared, as numbers: nothing that somebody wrote. **Copies** are told by
the share of common runs of five letters (Jaccard); names, numbers and a changed word lower it
little. **One matter** is told by the words' stems and the pieces of four letters within them, each
weighed by how rare it is among the texts at hand (cosine). Texts of two languages are never alike.
How well both do on labelled texts stands in ``tests/engine/text/test_similarity.py``.
"""

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from engine.text.words import plain, stem, stems

COPY: Final = 0.6
"""From this share of common runs on, one text is a copy of the other."""
ONE_MATTER: Final = 0.16
"""From this likeness on, two texts are about one matter."""
_RUN: Final = 5
_PIECE: Final = 4
_SHORTEST: Final = 20
"""Characters: a shorter text (``thanks``, ``ok``) is a copy of nothing."""
_LONGEST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is compared of a text: runs of letters, and stems and pieces with their counts, as 32-bit numbers."""

    runs: frozenset[int]
    counts: Mapping[int, int]


class Alike(NamedTuple):
    """Another text that is alike, by its key, and how much: 0 to 1."""

    key: str
    likeness: float


def sketch(text: str) -> Sketch:
    """Return what of a text is compared; equal texts have equal sketches."""
    said = plain(text)[:_LONGEST].lower()
    letters = " ".join(re.findall(r"[^\W\d_]+", said))
    runs = (letters[start : start + _RUN] for start in range(len(letters) - _RUN + 1))
    found = frozenset(map(_number, runs)) if len(letters) >= _SHORTEST else frozenset[int]()
    return Sketch(found, Counter(map(_number, _features(said))))


def _features(text: str) -> Iterable[str]:
    for one in stems(text):
        yield f"={one}"
        if len(one) > _PIECE:
            yield from (one[start : start + _PIECE] for start in range(len(one) - _PIECE + 1))


def _number(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def copied(one: Sketch, other: Sketch) -> float:
    """Return how far one text is a copy of the other: the share of their runs that both have, 0 to 1."""
    if not one.runs or not other.runs:
        return 0.0
    common = len(one.runs & other.runs)
    return common / (len(one.runs) + len(other.runs) - common)


class Corpus:
    """Texts that are compared with one another, by key; how rare a piece is, is counted among them."""

    def __init__(self, texts: Mapping[str, Sketch]) -> None:
        self._texts = dict(texts)
        self._holders: dict[int, list[str]] = {}
        for key, one in self._texts.items():
            for number in one.counts:
                self._holders.setdefault(number, []).append(key)
        self._weights = {number: math.log(1 + len(self._texts) / len(keys)) for number, keys in self._holders.items()}
        self._rarest = math.log(1 + len(self._texts))
        self._lengths = {key: self._length(one) for key, one in self._texts.items()}

    def like(self, text: Sketch, *, least: float = ONE_MATTER, without: str | None = None) -> list[Alike]:
        """Return the texts about the same matter, the most alike first; of equals the lower key."""
        sums: dict[str, float] = {}
        for number, count in text.counts.items():
            weight = self._weight(number) ** 2 * _damped(count)
            for key in self._holders.get(number, ()):
                sums[key] = sums.get(key, 0.0) + weight * _damped(self._texts[key].counts[number])
        own = self._length(text)
        found = (Alike(key, total / (own * self._lengths[key])) for key, total in sums.items() if key != without)
        return sorted((one for one in found if one.likeness >= least), key=lambda one: (-one.likeness, one.key))

    def pairs(self, *, least: float = ONE_MATTER) -> dict[tuple[str, str], float]:
        """Return every pair of these texts that is about one matter, the lower key first."""
        found: dict[tuple[str, str], float] = {}
        for key, one in self._texts.items():
            for alike in self.like(one, least=least, without=key):
                found[min(key, alike.key), max(key, alike.key)] = alike.likeness
        return found

    def _weight(self, number: int) -> float:
        return self._weights.get(number, self._rarest)

    def _length(self, one: Sketch) -> float:
        squares = ((self._weight(number) * _damped(count)) ** 2 for number, count in one.counts.items())
        return math.sqrt(sum(squares)) or 1.0


def _damped(count: int) -> float:
    return 1 + math.log(count)


def clusters(
    keys: Iterable[str], pairs: Mapping[tuple[str, str], float], *, least: float = ONE_MATTER
) -> list[list[str]]:
    """Return the groups of two and more that belong together, the largest first, keys in order.

    Groups grow by their average likeness (a chain of chance likenesses is none): two are joined
    while the mean over all their pairs, an absent pair counting 0, is at least ``least``.
    """
    groups = {key: [key] for key in sorted(set(keys))}
    for (one, other), _ in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0])):
        mine, theirs = groups[one], groups[other]
        if mine is not theirs and _mean(mine, theirs, pairs) >= least:
            joined = sorted([*mine, *theirs])
            groups.update(dict.fromkeys(joined, joined))
    found = {id(group): group for group in groups.values() if len(group) > 1}
    return sorted(found.values(), key=lambda group: (-len(group), group))


def _mean(mine: Sequence[str], theirs: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> float:
    total = sum(pairs.get((min(one, other), max(one, other)), 0.0) for one in mine for other in theirs)
    return total / (len(mine) * len(theirs))


def in_common(texts: Sequence[str], *, most: int = 5) -> tuple[str, ...]:
    """Return the stems that most of these texts share, the most widely shared first: what was found alike.

    Of two texts those that both have. Stems of words are personal as texts are.
    """
    holders: Counter[str] = Counter()
    for text in texts:
        holders.update({stem(one) for one in stems(text)})
    shared = [(number, one) for one, number in holders.items() if number > len(texts) / 2 and number > 1]
    return tuple(one for _, one in sorted(shared, key=lambda pair: (-pair[0], -len(pair[1]), pair[1]))[:most])
