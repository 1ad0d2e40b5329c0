"""Why rules decided what they did, for the routes of questions: it needs the configuration and the keys' register."""

from collections.abc import Callable, Sequence

from engine.store.batch import Recorded
from engine.store.store import Store
from projections.answers import Views
from projections.replay.library import library
from projections.replay.ruled import Ruled, ruled
from projections.replay.sentence import Language


def ruling(store: Store, views: Views) -> Callable[[Sequence[Recorded], Language], Ruled]:
    """Return what tells of an opened history which rules decided what, and what else would have held."""

    def of(history: Sequence[Recorded], language: Language) -> Ruled:
        return ruled(history, library(store.read), views.snapshot, store.keys.streams_of, language)

    return of
