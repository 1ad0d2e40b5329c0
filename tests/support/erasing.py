"""A desk that can erase: a store, a service and a ledger on a database of the test's own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from engine.erased import Erased
from engine.incoming import Refused
from engine.service import Service
from engine.store.database.pool import Pool, open_pool
from engine.store.store import Store
from engine.store.vault.erasure import Erasures
from engine.store.vault.ledger import Entry, FileLedger
from engine.store.vault.master import KeyFile
from schemas.words import Withheld
from support.installation import Desk, derived

REQUEST = derived("request")
MASTER = KeyFile({"m1": bytes(range(32))})


@dataclass
class Eraser(Desk):
    """A desk with its ledger."""

    pool: Pool | None = None
    erasures: Erasures | None = None

    @property
    def ledger(self) -> FileLedger:
        assert self.erasures is not None
        assert isinstance(self.erasures.ledger, FileLedger)
        return self.erasures.ledger

    def sql(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        assert self.pool is not None
        with self.pool.connection() as connection:
            cursor = connection.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def erase(self, subject: UUID, request: UUID = REQUEST, *, by: str = "person:dpo") -> Erased | Refused:
        return self.service.erase(subject, "request", request, self.around(by), self.at)

    def erased(self, subject: UUID, request: UUID = REQUEST) -> Erased:
        result = self.erase(subject, request)
        assert isinstance(result, Erased), result
        return result

    def author(self, stream: UUID) -> UUID:
        """Return whose the first words of a stream are."""
        subject = self.history(stream, open=False)[0].event.subject_id
        assert subject is not None
        return subject

    def texts(self, stream: UUID) -> list[object]:
        """Return body or note of each event of a stream that has one: the text, 'sealed' or 'erased'."""
        found: list[object] = []
        for one in self.history(stream):
            for field in ("body", "note"):
                value = getattr(one.event, field, None)
                if value is not None:
                    found.append(value.withheld if isinstance(value, Withheld) else value.strip())
        return found


@contextmanager
def eraser(conninfo: str, place: Path, *, ledger: Path | None = None) -> Iterator[Eraser]:
    """Open a desk on a migrated database; two of one place are two processes."""
    with open_pool(conninfo, max_size=6, name="erasing") as pool, Store(pool, MASTER, place / "content") as store:
        erasures = Erasures(pool, store.keys, store.contents, FileLedger(ledger or place / "erasures.ledger"))
        service = Service(store, erasures)
        yield Eraser(store, service, conninfo, pool=pool, erasures=erasures)


def lines(place: Path) -> Sequence[bytes]:
    """Return the lines of the ledger."""
    return (place / "erasures.ledger").read_bytes().splitlines()


class Died(BaseException):
    """The process ended here."""


def cut_off(subject: UUID, erase: Callable[[UUID], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the process die with the intent on disk and nothing committed."""
    intend = FileLedger.intend

    def intend_and_die(self: FileLedger, entry: Entry) -> None:
        intend(self, entry)
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(FileLedger, "intend", intend_and_die)
        with pytest.raises(Died):
            erase(subject)
