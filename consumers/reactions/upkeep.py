"""What has had its time ends: answers, messages set aside and their keys, files that no case names.

Each kind of work has its own pace, and is put off alone when it fails. All of it is bounded, stands
in small transactions that no writer waits for, and may be done by several processes at once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from engine.store import retention
from engine.store.database.errors import DatabaseUnavailable
from engine.store.database.pool import Pool
from engine.store.store import Store
from engine.store.vault.sweep import Sweep

_HOURLY: Final = timedelta(hours=1)
_SELDOM: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Finding:
    """What there is to say: a name for the log and figures. ``serious``: somebody should look."""

    event: str
    figures: Mapping[str, object] = field(default_factory=dict)
    serious: bool = False


@dataclass(slots=True)
class _Work:
    name: str
    every: timedelta
    do: Callable[[datetime], Iterator[Finding]]
    due: datetime | None = None


class Upkeep:
    """The works of one installation. ``kept`` is how long answers are kept."""

    def __init__(self, store: Store, pool: Pool, sweep: Sweep, kept: timedelta) -> None:
        self._store, self._pool, self._sweep, self._kept = store, pool, sweep, kept
        self._works = (
            _Work("answers", _HOURLY, self._forget_answers),
            _Work("set_aside", _HOURLY, self._end_weeks),
            _Work("content", _SELDOM, self._sweep_contents),
        )

    def do(self, now: datetime) -> Iterator[Finding]:
        """Do what is due, at the first call everything. What fails is due again after its usual time."""
        for work in self._works:
            if work.due is None or work.due <= now:
                work.due = now + work.every
                try:
                    yield from work.do(now)
                except (DatabaseUnavailable, OSError) as error:
                    yield Finding("upkeep_put_off", {"work": work.name, "reason": str(error)}, serious=True)

    def _forget_answers(self, now: datetime) -> Iterator[Finding]:
        if count := retention.forget_answers(self._pool, now - self._kept):
            yield Finding("answers_forgotten", {"count": count})

    def _end_weeks(self, _: datetime) -> Iterator[Finding]:
        ended = self._store.set_aside.destroy_past_weeks()
        if ended.unrelayed:
            yield Finding("dead_letters_ended_unrelayed", {"count": ended.unrelayed}, serious=True)
        if ended.keys:
            yield Finding("set_aside_keys_destroyed", {"count": ended.keys})

    def _sweep_contents(self, now: datetime) -> Iterator[Finding]:
        swept = self._sweep.run(now)
        if swept.whose != "ours":
            yield Finding("content_directory_not_ours", {"whose": swept.whose}, serious=True)
        figures = {
            "put_aside": swept.put_aside,
            "deleted": swept.deleted,
            "put_back": swept.put_back,
            "drafts": swept.drafts,
        }
        if any(figures.values()):
            yield Finding("content_swept", figures)
        if swept.missing:
            contents = [str(content_id) for content_id in swept.missing]
            yield Finding("content_missing", {"count": len(contents), "contents": contents}, serious=True)
