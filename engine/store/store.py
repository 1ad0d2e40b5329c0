"""The event store put together: one way to write, one way to read, and the look-ups beside them."""

from pathlib import Path
from types import TracebackType
from typing import Self

from engine.store.access_log import AccessLog
from engine.store.answers import Answers
from engine.store.batch import Batch, Committed
from engine.store.commit import Writer
from engine.store.conversations import Contacts, Conversations
from engine.store.database.pool import Pool
from engine.store.herald import Herald
from engine.store.mapper import Mapper
from engine.store.positions import Positions
from engine.store.read import Reader
from engine.store.session import reachable
from engine.store.set_aside import SetAsideBox
from engine.store.snapshots import Snapshots, fold_of_this_program
from engine.store.standings import Standings
from engine.store.topics import Topics
from engine.store.vault.content import Contents
from engine.store.vault.erased import ErasedSubjects
from engine.store.vault.keys import Keys
from engine.store.vault.master import MasterKeys
from engine.store.vault.service_keys import ServiceKeys
from engine.store.vault.wrapping import WrappingKeys


class Store:
    """One database's store, for any number of threads. The pool stays the caller's to close.

    ``content_directory`` is shared by every process that uses the same database.

    Raises:
        DatabaseUnavailable: the fingerprint key or the wrapping key cannot be read or made now.
        UnknownMasterKey: the database's keys were wrapped by a master key that is not given.
    """

    def __init__(self, pool: Pool, master: MasterKeys, content_directory: Path) -> None:
        mapper = Mapper()
        services = ServiceKeys(pool, master)
        self._pool = pool
        self._herald = Herald(pool)
        self.keys = Keys(pool, WrappingKeys(services))
        self.fingerprint = services.fingerprint()
        self.read = Reader(pool, self.keys, mapper)
        self.snapshots = Snapshots(pool, self.read, mapper, fold_of_this_program())
        self.contents = Contents(pool, self.keys, content_directory)
        self.erased = ErasedSubjects(pool)
        self.positions = Positions(pool)
        self.answers = Answers(pool)
        self.conversations = Conversations(pool)
        self.contacts = Contacts(pool)
        self.set_aside = SetAsideBox(pool, services)
        self.access_log = AccessLog(pool)
        self.topics = Topics(pool)
        self.standings = Standings(pool)
        self._writer = Writer(pool, self.keys, self.set_aside, self._herald, mapper)

    def commit(self, batch: Batch) -> Committed:
        """Write a batch, all or nothing; see ``Writer.commit`` for what it raises."""
        return self._writer.commit(batch)

    def reachable(self, seconds: float) -> bool:
        """Whether the database answers within this time; anything else that is asked may wait for half a minute."""
        return reachable(self._pool, seconds)

    def close(self) -> None:
        """Send the last hint; to be called before the pool is closed."""
        self._herald.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
