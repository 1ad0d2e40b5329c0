"""The ledger of erasures as the settings name it, and its comparison with the database at every opening."""

import structlog

from consumers.wiring import clock
from consumers.wiring.settings import Settings
from engine.service import Service
from engine.store.database.pool import Pool
from engine.store.store import Store
from engine.store.vault.erasure import Erasures
from engine.store.vault.ledger import FileLedger

_log = structlog.get_logger()


def erasures(settings: Settings, pool: Pool, store: Store) -> Erasures:
    """Return what carries out erasures; its ledger is made with its first line."""
    if settings.erasure_ledger is None:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Erasures(pool, store.keys, store.contents, FileLedger(settings.ledger))


def settle(service: Service) -> None:
    """Have every erasure of the ledger hold in this database, whatever backup it was restored from.

    Raises:
        LedgerDamaged, LedgerUnavailable: no door may open.
    """
    settled = service.settle(clock.now())
    if settled.incarnation is not None:
        _log.warning("log_lost_events", incarnation=str(settled.incarnation), note="a new incarnation of the log began")
    if settled.completed or settled.again or settled.entered:
        _log.warning("erasures_settled", completed=settled.completed, again=settled.again, entered=settled.entered)
