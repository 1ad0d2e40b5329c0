"""Imported history goes live: from then on its clocks act like all others, for what is due from then on."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from engine.configuration.activation import Configuration
from engine.configuration.in_force import Book
from engine.incoming import Circumstances
from schemas.configuration.imports import LiveImports


class Activating(Protocol):
    """What of the service is asked here."""

    def book(self) -> Book: ...

    def activate(self, configurations: Iterable[Configuration], around: Circumstances, now: datetime) -> int: ...


def go_live(service: Activating, through: int, around: Circumstances, now: datetime) -> LiveImports:
    """Let the clocks of what was imported up to position ``through`` act from ``now`` on, and return what holds.

    Who imported nothing since the last time repeats it: what was said then still holds for what was
    imported before. The entry stands in the log of configurations, with who gave the word and when.
    """
    while True:
        known = service.book().live_imports
        wanted = LiveImports(version=len(known) + 1, through=through, since=now)
        if service.activate([wanted], around, now):
            return wanted
